package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaCommand.SetNodeState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Judges by heartbeats which nodes can be relied on. Runs on the leader of the metadata group; all
 * it knows comes as arguments, so equal inputs give equal verdicts.
 *
 * <pre>
 *   JOINING            heard of                  ONLINE
 *   ONLINE, DRAINING   silent for unhealthyAfter UNHEALTHY
 *   any of these       silent for offlineAfter   OFFLINE
 *   UNHEALTHY, OFFLINE heard of without a gap for recoverAfter  ONLINE
 * </pre>
 *
 * One that is to become empty is judged as any other: its jobs have to know that it is lost. To be
 * ONLINE is to be DRAINING for it. A node that is REMOVED is left alone. Silence is never counted
 * from before this detector began, and begins anew when the detector itself was not run for long:
 * then it was this process that slept, not the others.
 *
 * <p>Used by one thread. A new leader starts with a new detector.
 */
public final class FailureDetector {
  /**
   * When a node changes state.
   *
   * @param unhealthyAfter silence that makes a node UNHEALTHY
   * @param offlineAfter silence that makes it OFFLINE; longer
   * @param recoverAfter how long a node must be heard of without a gap to be ONLINE again
   */
  public record Thresholds(Duration unhealthyAfter, Duration offlineAfter, Duration recoverAfter) {
    public Thresholds {
      if (unhealthyAfter.isZero()
          || unhealthyAfter.isNegative()
          || offlineAfter.compareTo(unhealthyAfter) <= 0
          || recoverAfter.isNegative()) {
        throw new IllegalArgumentException(
            "thresholds must be 0 < unhealthy "
                + unhealthyAfter
                + " < offline "
                + offlineAfter
                + ", recover "
                + recoverAfter
                + " not negative");
      }
    }
  }

  /** What is remembered of a node between two runs. */
  private record Pulse(long lastHeardNanos, long aliveSinceNanos) {}

  private final long unhealthyAfterNanos;
  private final long offlineAfterNanos;
  private final long recoverAfterNanos;
  private Map<String, Pulse> pulses = new HashMap<>();
  private long countedFromNanos;
  private long lastRunNanos;

  /**
   * A detector that begins to listen now.
   *
   * @param nowNanos the clock of {@link System#nanoTime}, as in all other calls
   */
  public FailureDetector(Thresholds thresholds, long nowNanos) {
    this.unhealthyAfterNanos = thresholds.unhealthyAfter().toNanos();
    this.offlineAfterNanos = thresholds.offlineAfter().toNanos();
    this.recoverAfterNanos = thresholds.recoverAfter().toNanos();
    this.countedFromNanos = nowNanos;
    this.lastRunNanos = nowNanos;
  }

  /**
   * Judges all nodes. To be run several times per {@code unhealthyAfter}; the same verdict comes
   * again until the state shows it.
   *
   * @param lastHeardNanos when each node was last heard of; this node itself is heard of now
   * @return commands to propose, each valid only if the node is still in the state judged by
   */
  public List<SetNodeState> judge(
      ClusterState state, Map<String, Long> lastHeardNanos, long nowNanos) {
    if (nowNanos - lastRunNanos >= unhealthyAfterNanos) {
      countedFromNanos = nowNanos;
      pulses.clear();
    }
    lastRunNanos = nowNanos;
    List<SetNodeState> verdicts = new ArrayList<>();
    Map<String, Pulse> next = new HashMap<>();
    for (NodeInfo node : state.members()) {
      Pulse pulse = pulse(pulses.get(node.id()), lastHeardNanos.get(node.id()));
      if (pulse != null) {
        next.put(node.id(), pulse);
      }
      NodeState verdict = verdict(node.state(), pulse, nowNanos);
      if (verdict != node.state()) {
        verdicts.add(
            new SetNodeState(
                node.id(), Optional.of(node.state()), verdict, reason(verdict, pulse, nowNanos)));
      }
    }
    pulses = next; // forgets nodes that have left
    return verdicts;
  }

  /** Null if nothing was heard since counting began. */
  private Pulse pulse(Pulse known, Long heard) {
    if (heard == null || heard - countedFromNanos < 0) {
      return known;
    }
    if (known == null) {
      return new Pulse(heard, heard);
    }
    // Between two runs a gap may open and close again: the distance of the beats shows it.
    boolean gap = heard - known.lastHeardNanos >= unhealthyAfterNanos;
    return new Pulse(heard, gap ? heard : known.aliveSinceNanos);
  }

  private NodeState verdict(NodeState state, Pulse pulse, long nowNanos) {
    long silence = silence(pulse, nowNanos);
    boolean heardOf = pulse != null && silence < unhealthyAfterNanos;
    return switch (state) {
      case JOINING -> {
        if (heardOf) {
          yield NodeState.ONLINE;
        }
        yield silence >= offlineAfterNanos ? NodeState.OFFLINE : state;
      }
      case ONLINE, DRAINING -> {
        if (silence >= offlineAfterNanos) {
          yield NodeState.OFFLINE;
        }
        yield silence >= unhealthyAfterNanos ? NodeState.UNHEALTHY : state;
      }
      case UNHEALTHY, OFFLINE -> {
        if (heardOf && nowNanos - pulse.aliveSinceNanos >= recoverAfterNanos) {
          yield NodeState.ONLINE;
        }
        yield silence >= offlineAfterNanos ? NodeState.OFFLINE : state;
      }
      case REMOVED -> state;
    };
  }

  private long silence(Pulse pulse, long nowNanos) {
    return nowNanos - (pulse == null ? countedFromNanos : pulse.lastHeardNanos);
  }

  private String reason(NodeState verdict, Pulse pulse, long nowNanos) {
    return verdict == NodeState.ONLINE
        ? "heard of"
        : "silent for " + Duration.ofNanos(silence(pulse, nowNanos)).toMillis() + " ms";
  }
}
