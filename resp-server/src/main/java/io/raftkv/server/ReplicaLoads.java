package io.raftkv.server;

import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.raft.LeaderView;
import io.raftkv.raft.Replica;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * What this node's replicas are asked for, as averages in which what was counts half as much after
 * {@link #HALF_LIFE_NANOS}. Sampled by one thread; read by any.
 */
final class ReplicaLoads {
  static final long HALF_LIFE_NANOS = TimeUnit.SECONDS.toNanos(20);

  /**
   * Counters of a replica, and what they mean.
   *
   * @param reads counted so far
   * @param writes counted so far
   * @param led whether it led then
   * @param load averages
   */
  private record Sample(long reads, long writes, boolean led, ReplicaLoad load) {}

  private final Node node;
  private volatile Map<UUID, Sample> samples = Map.of();
  private long lastNanos;

  ReplicaLoads(Node node) {
    this.node = node;
  }

  /** Looks at the counters; to be called about once or twice per second. */
  void sample(long nowNanos) {
    long elapsedNanos = Math.max(1, nowNanos - lastNanos);
    lastNanos = nowNanos;
    Map<UUID, Sample> next = new HashMap<>();
    for (Replica replica : node.raft().replicas()) {
      if (replica.isAlive()) {
        LeaderView view = replica.view();
        UUID group = replica.group();
        next.put(
            group,
            sample(
                samples.get(group),
                replica.reads(),
                node.shards().commandsApplied(group),
                view != null && view.ready(),
                elapsedNanos));
      }
    }
    samples = Map.copyOf(next);
  }

  /**
   * Writes count for who led all the time. A log that is replayed at a start is applied before
   * anybody leads.
   */
  private static Sample sample(
      Sample before, long reads, long writes, boolean leads, long elapsedNanos) {
    if (before == null || reads < before.reads || writes < before.writes) {
      return new Sample(reads, writes, leads, ReplicaLoad.NONE); // the replica is a new one
    }
    boolean counts = leads && before.led;
    return new Sample(
        reads,
        writes,
        leads,
        new ReplicaLoad(
            average(before.load.readsPerSecond(), reads - before.reads, elapsedNanos),
            average(
                before.load.writesPerSecond(), counts ? writes - before.writes : 0, elapsedNanos)));
  }

  /**
   * The average after some more events.
   *
   * @param before events per second
   * @param events in the time since
   */
  static double average(double before, long events, long elapsedNanos) {
    double kept = Math.pow(0.5, (double) elapsedNanos / HALF_LIFE_NANOS);
    double now = (double) events * TimeUnit.SECONDS.toNanos(1) / elapsedNanos;
    return kept * before + (1 - kept) * now;
  }

  /** What a replica is asked for. */
  ReplicaLoad of(UUID group) {
    Sample sample = samples.get(group);
    return sample == null ? ReplicaLoad.NONE : sample.load;
  }
}
