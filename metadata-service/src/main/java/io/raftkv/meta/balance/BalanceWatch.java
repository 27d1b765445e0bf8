package io.raftkv.meta.balance;

import io.raftkv.meta.Balancing;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Measures how long things have been as they are. By the looks of the one who drives the balancer
 * alone: times in the records are those of clocks, which may be wrong or jump, and a node's data
 * must not be given up too early. So whoever begins to lead the metadata group begins anew, and so
 * does one that has not looked for long.
 *
 * <p>Used by one thread.
 */
public final class BalanceWatch {
  /** Who does not look for so long has slept, and has not seen what was meanwhile. */
  static final Duration MAX_GAP = Duration.ofSeconds(30);

  /**
   * Something that lasts as long as it stays equal.
   *
   * @param what it is
   * @param sinceNanos when it was first seen
   */
  private record Lasting(Object what, long sinceNanos) {}

  private final BalanceSettings settings;
  private Map<String, Lasting> offline = new HashMap<>();
  private Map<String, Lasting> large = new HashMap<>();
  private Map<String, Lasting> busy = new HashMap<>();
  private Map<Neighbours, Lasting> small = new HashMap<>();
  private Map<String, Lasting> running = new HashMap<>();
  private Map<Way, Lasting> worthwhile = new HashMap<>();
  private Map<String, Long> endedNanos = new HashMap<>();
  private Set<String> ended = new HashSet<>();
  private long quietSinceNanos;
  private long lastLookNanos;

  /**
   * @param nowNanos the clock of {@link System#nanoTime}, as in all other calls
   */
  public BalanceWatch(BalanceSettings settings, long nowNanos) {
    this.settings = settings;
    this.quietSinceNanos = nowNanos;
    this.lastLookNanos = nowNanos;
  }

  /** Looks at everything; to be called often, and before each decision. */
  public Observed look(ClusterState state, ClusterFacts facts, long nowNanos) {
    if (nowNanos - lastLookNanos > MAX_GAP.toNanos()) {
      offline.clear();
      large.clear();
      busy.clear();
      small.clear();
      running.clear();
      worthwhile.clear();
      quietSinceNanos = nowNanos;
    }
    lastLookNanos = nowNanos;
    Map<String, Object> nowOffline = new HashMap<>();
    for (NodeInfo node : state.members()) {
      if (node.state() == NodeState.OFFLINE && !facts.hears(node.id())) {
        nowOffline.put(node.id(), node.updatedAtMillis()); // changes if it was back meanwhile
      }
    }
    offline = lasting(offline, nowOffline, nowNanos);
    lookAtShards(state, facts, nowNanos);
    lookAtJobs(state, nowNanos);
    lookAtPlans(state, facts, nowNanos);
    return new Observed(
        millis(quietSinceNanos, nowNanos),
        millis(offline, nowNanos),
        sinceEnded(nowNanos),
        millis(large, nowNanos),
        millis(busy, nowNanos),
        millis(running, nowNanos),
        fresh(nowNanos),
        millis(small, nowNanos));
  }

  /** A shard with other slots is another one: what was said of it before counts no more. */
  private void lookAtShards(ClusterState state, ClusterFacts facts, long nowNanos) {
    BalanceSettings.Split split = settings.split();
    Map<String, Object> nowLarge = new HashMap<>();
    Map<String, Object> nowBusy = new HashMap<>();
    if (split.bytes() > 0 || split.operations() > 0) {
      for (ShardInfo shard : state.shards().values()) {
        List<SlotRange> slots = shard.slots();
        if (split.bytes() > 0 && facts.ownedBytes(shard.groupId()) >= split.bytes()) {
          nowLarge.put(shard.id(), slots);
        }
        if (split.operations() > 0 && facts.operations(shard.groupId()) >= split.operations()) {
          nowBusy.put(shard.id(), slots);
        }
      }
    }
    large = lasting(large, nowLarge, nowNanos);
    busy = lasting(busy, nowBusy, nowNanos);
  }

  /**
   * While a node that is not offline does not answer nothing is moved, and what it would say is not
   * known: it need not be anything new.
   */
  private void lookAtPlans(ClusterState state, ClusterFacts facts, long nowNanos) {
    if (state.balancing() != Balancing.ON) {
      worthwhile.clear();
      small.clear();
    } else if (state.members().stream()
        .allMatch(node -> node.state() == NodeState.OFFLINE || facts.hears(node.id()))) {
      Map<Way, Object> now = new HashMap<>();
      Placement.of(state, facts).worthwhile().forEach(way -> now.put(way, way));
      worthwhile = lasting(worthwhile, now, nowNanos);
      lookAtSmall(state, facts, nowNanos);
    }
  }

  private void lookAtSmall(ClusterState state, ClusterFacts facts, long nowNanos) {
    BalanceSettings.Merge merge = settings.merge();
    Map<Neighbours, Object> now = new HashMap<>();
    if (merge.bytes() > 0) {
      for (Neighbours pair : Neighbours.of(state)) {
        ShardInfo first = state.shard(pair.first()).orElseThrow();
        ShardInfo second = state.shard(pair.second()).orElseThrow();
        long bytes = facts.ownedBytes(first.groupId()) + facts.ownedBytes(second.groupId());
        double operations = facts.operations(first.groupId()) + facts.operations(second.groupId());
        if (bytes <= merge.bytes() && operations <= merge.operations()) {
          now.put(pair, List.of(first.slots(), second.slots()));
        }
      }
    }
    small = lasting(small, now, nowNanos);
  }

  private Set<Way> fresh(long nowNanos) {
    Set<Way> fresh = new HashSet<>();
    worthwhile.forEach(
        (way, lasting) -> {
          if (nowNanos - lasting.sinceNanos < settings.steady().toNanos()) {
            fresh.add(way);
          }
        });
    return fresh;
  }

  /** Jobs that had ended before the first look count as if they had ended just now. */
  private void lookAtJobs(ClusterState state, long nowNanos) {
    Map<String, Object> places = new HashMap<>();
    Set<String> nowEnded = new HashSet<>();
    for (JobInfo job : state.jobs().values()) {
      if (!job.isAutomatic()) {
        continue;
      }
      if (!job.state().isFinal()) {
        places.put(job.id(), List.of(job.state(), job.stepIndex(), job.bytesDone()));
      } else {
        nowEnded.add(job.id());
        if (!ended.contains(job.id())) {
          quietSinceNanos = nowNanos;
          job.shardIds().forEach(shard -> endedNanos.put(shard, nowNanos));
        }
      }
    }
    ended = nowEnded;
    running = lasting(running, places, nowNanos);
    endedNanos.keySet().retainAll(state.shards().keySet());
  }

  private static <K> Map<K, Lasting> lasting(
      Map<K, Lasting> before, Map<K, Object> now, long nowNanos) {
    Map<K, Lasting> next = new HashMap<>();
    now.forEach(
        (id, what) -> {
          Lasting known = before.get(id);
          next.put(
              id, known != null && known.what.equals(what) ? known : new Lasting(what, nowNanos));
        });
    return next;
  }

  private Map<String, Long> sinceEnded(long nowNanos) {
    Map<String, Long> rest = new HashMap<>();
    endedNanos.forEach((shard, since) -> rest.put(shard, millis(since, nowNanos)));
    return rest;
  }

  private static <K> Map<K, Long> millis(Map<K, Lasting> things, long nowNanos) {
    Map<K, Long> millis = new HashMap<>();
    things.forEach((id, thing) -> millis.put(id, millis(thing.sinceNanos, nowNanos)));
    return millis;
  }

  private static long millis(long sinceNanos, long nowNanos) {
    return TimeUnit.NANOSECONDS.toMillis(nowNanos - sinceNanos);
  }
}
