package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Brings leaderships back to the preferred nodes, and away from nodes that are to become empty, one
 * at a time: a transfer is a short pause for its shard, and after the restart of a node hundreds
 * are due at once.
 *
 * <p>Used by one thread, on the leader of the metadata group. All it knows comes as arguments.
 */
public final class LeaderSpreader {
  /**
   * How careful to be.
   *
   * @param interval least time between two transfers
   * @param patience how long a transfer may take before the next is tried
   * @param retryAfter how long a shard is left alone after a transfer of it was proposed
   * @param maxLagEntries how many log entries the new leader may be behind
   */
  public record Settings(
      Duration interval, Duration patience, Duration retryAfter, long maxLagEntries) {
    public Settings {
      if (interval.isNegative()
          || patience.isNegative()
          || retryAfter.isNegative()
          || maxLagEntries < 0) {
        throw new IllegalArgumentException("negative settings for spreading leaders");
      }
    }
  }

  /**
   * A leadership to hand over.
   *
   * @param shardId the shard
   * @param groupId its Raft group
   * @param from node that leads now
   * @param to node that shall lead
   */
  public record Transfer(String shardId, UUID groupId, String from, String to) {}

  /** How far replicas are behind their leaders. */
  @FunctionalInterface
  public interface Lag {
    /** Log entries that the replica on a node is behind; empty if not known. */
    OptionalLong entries(String shardId, String nodeId);
  }

  /**
   * How long a shard is left alone that was begun, split or merged: its clients have just waited,
   * and would wait twice.
   */
  static final Duration REST = Duration.ofSeconds(3);

  /** How long a node is not asked again to take a leadership for which it was not ready. */
  static final Duration REFUSAL_REST = Duration.ofSeconds(2);

  private final long intervalNanos;
  private final long patienceNanos;
  private final long retryAfterNanos;
  private final long maxLagEntries;

  /** When a transfer of a shard was last proposed; only shards that may not be tried again yet. */
  private final Map<String, Long> proposedAtNanos = new HashMap<>();

  /** When a shard was last seen in the hands of a job for which its clients wait. */
  private final Map<String, Long> heldAtNanos = new HashMap<>();

  /** A node that did not want a shard's leadership. */
  private record Refusal(String shardId, String nodeId) {}

  private final Map<Refusal, Long> refusedAtNanos = new HashMap<>();

  private Transfer inFlight;
  private long lastProposedNanos;

  public LeaderSpreader(Settings settings) {
    this.intervalNanos = settings.interval().toNanos();
    this.patienceNanos = settings.patience().toNanos();
    this.retryAfterNanos = settings.retryAfter().toNanos();
    this.maxLagEntries = settings.maxLagEntries();
  }

  /**
   * The next transfer to make, if one is due and allowed. Returned once; it counts as tried.
   *
   * @param leaders who leads each shard; shards without a known leader are missing
   * @param nowNanos the clock of {@link System#nanoTime}
   */
  public Optional<Transfer> next(
      ClusterState state, Map<String, String> leaders, Lag lag, long nowNanos) {
    proposedAtNanos.values().removeIf(at -> nowNanos - at >= retryAfterNanos);
    refusedAtNanos.values().removeIf(at -> nowNanos - at >= REFUSAL_REST.toNanos());
    noteHeld(state, nowNanos);
    if (inFlight != null) {
      boolean arrived = inFlight.to().equals(leaders.get(inFlight.shardId()));
      if (!arrived && nowNanos - lastProposedNanos < patienceNanos) {
        return Optional.empty();
      }
      if (nowNanos - lastProposedNanos < intervalNanos) {
        return Optional.empty();
      }
      inFlight = null;
    }
    Optional<Transfer> next = candidate(state, leaders, lag);
    next.ifPresent(
        transfer -> {
          inFlight = transfer;
          lastProposedNanos = nowNanos;
          proposedAtNanos.put(transfer.shardId(), nowNanos);
        });
    return next;
  }

  /**
   * A transfer was not made: the node that shall lead is not ready for it. Others go on at once,
   * the same one is tried again soon.
   */
  public void refused(Transfer transfer, long nowNanos) {
    refusedAtNanos.put(new Refusal(transfer.shardId(), transfer.to()), nowNanos);
    if (transfer.equals(inFlight)) { // else it was too late, and counts as one that failed
      inFlight = null;
      proposedAtNanos.remove(transfer.shardId());
    }
  }

  /**
   * Whether a transfer is still to be made, now that its node has said that it is ready: it may
   * have been given up meanwhile, or clients wait for a job of the shard.
   */
  public boolean isDue(Transfer transfer, ClusterState state, long nowNanos) {
    noteHeld(state, nowNanos);
    return transfer.equals(inFlight)
        && !heldAtNanos.containsKey(transfer.shardId())
        && state
            .shard(transfer.shardId())
            .filter(shard -> shard.state() == ShardState.ACTIVE)
            .isPresent();
  }

  private void noteHeld(ClusterState state, long nowNanos) {
    heldAtNanos.values().removeIf(at -> nowNanos - at >= REST.toNanos());
    for (ShardInfo shard : state.shards().values()) {
      switch (shard.state()) {
        case CREATING, SPLITTING, MERGING -> heldAtNanos.put(shard.id(), nowNanos);
        case ACTIVE, MIGRATING, DELETING -> {} // nobody waits
      }
    }
  }

  /** Takes from the node that leads most: it is the one that gains most by giving. */
  private Optional<Transfer> candidate(ClusterState state, Map<String, String> leaders, Lag lag) {
    Map<String, Integer> led = new HashMap<>();
    leaders.values().forEach(nodeId -> led.merge(nodeId, 1, Integer::sum));
    List<Transfer> due = new ArrayList<>();
    for (ShardInfo shard : state.shards().values()) {
      String leader = leaders.get(shard.id());
      if (leader != null && mayMove(shard)) {
        wanted(state, shard, leader, lag)
            .ifPresent(to -> due.add(new Transfer(shard.id(), shard.groupId(), leader, to)));
      }
    }
    Transfer best = null;
    for (Transfer transfer : due) {
      if (best == null || led.get(transfer.from()) > led.get(best.from())) {
        best = transfer; // the first of equals: natural order decides, not a hash
      }
    }
    return Optional.ofNullable(best);
  }

  private boolean mayMove(ShardInfo shard) {
    return shard.state() == ShardState.ACTIVE
        && !proposedAtNanos.containsKey(shard.id())
        && !heldAtNanos.containsKey(shard.id());
  }

  /** Who should lead instead: the preferred node or, instead of one that is draining, any. */
  private Optional<String> wanted(ClusterState state, ShardInfo shard, String leader, Lag lag) {
    String preferred = shard.preferredLeader();
    if (preferred.equals(leader) || !mayLead(state, shard, preferred, lag)) {
      boolean leaves = state.node(leader).map(NodeInfo::draining).orElse(false);
      return shard.voters().stream()
          .filter(node -> leaves && !node.equals(leader) && mayLead(state, shard, node, lag))
          .findFirst();
    }
    return Optional.of(preferred);
  }

  private boolean mayLead(ClusterState state, ShardInfo shard, String nodeId, Lag lag) {
    if (!shard.replicaOn(nodeId).map(Replica::isVoter).orElse(false)
        || state.node(nodeId).map(NodeInfo::state).orElse(null) != NodeState.ONLINE
        || refusedAtNanos.containsKey(new Refusal(shard.id(), nodeId))) {
      return false;
    }
    OptionalLong behind = lag.entries(shard.id(), nodeId);
    return behind.isPresent() && behind.getAsLong() <= maxLagEntries;
  }
}
