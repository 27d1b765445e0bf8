package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Clients of a {@link SplitSimulation}, who know what was acknowledged: each read must show it, all
 * of it and once. They ask nodes whose routing tables may be old, and wait where they are not
 * answered.
 */
final class SplitClients {
  private static final int PROBES = 10;
  private static final int PER_TICK = 4;

  private final long seed;
  private final Random random;
  private final Map<UUID, ModelGroup> groups;

  /** Slots that are written and read. */
  private final List<Integer> probes = new ArrayList<>();

  /** What was acknowledged. */
  private final Map<Integer, List<Integer>> truth = new HashMap<>();

  /** The newest routing version of what a group did not do. */
  private final Map<UUID, Long> refusedUpTo = new HashMap<>();

  private Count counting;
  private int writes;
  private int counts;

  /** A count of all rows, by one routing table, shard after shard, as DBSIZE does. */
  private static final class Count {
    private final ClusterState by;
    private final Set<Integer> atLeast;
    private final Set<UUID> left = new TreeSet<>();
    private final List<Integer> seen = new ArrayList<>();

    private Count(ClusterState by, Set<Integer> atLeast) {
      this.by = by;
      this.atLeast = Set.copyOf(atLeast);
      by.routing().shardIds().forEach(id -> left.add(by.shards().get(id).groupId()));
    }
  }

  SplitClients(long seed, Random random, Map<UUID, ModelGroup> groups) {
    this.seed = seed;
    this.random = random;
    this.groups = groups;
    for (int i = 0; i < PROBES; i++) {
      probes.add(random.nextInt(SlotStore.SLOTS / 2)); // of s1
    }
  }

  int writes() {
    return writes;
  }

  int counts() {
    return counts;
  }

  /** Some reads and writes, each at a node that has one of these states. */
  void ask(List<ClusterState> known, Set<String> down, int tick) {
    for (int i = 0; i < PER_TICK; i++) {
      int slot = probes.get(random.nextInt(probes.size()));
      ClusterState by = any(known);
      ShardInfo shard = by.shardOfSlot(slot);
      ModelGroup group = groups.get(shard.groupId());
      if (!group.works(down) || !isServed(group, by.routing().version(), tick)) {
        continue; // waits for a leader, or for newer routing
      }
      assertThat(group.committed().owns(slot))
          .as("seed %s tick %s: %s has slot %s", seed, tick, shard.id(), slot)
          .isTrue();
      checkRow(slot, shard, tick);
      int value = ++writes;
      group.commit(store -> store.write(slot, value), down, tick);
      truth.put(slot, group.committed().row(slot));
    }
    count(known, down, tick);
  }

  /**
   * Once something that was routed by a version was not done, nothing is that was routed by it: it
   * may be a later command of the same connection.
   */
  private boolean isServed(ModelGroup group, long routedBy, int tick) {
    long refused = refusedUpTo.getOrDefault(group.id, 0L);
    if (!group.committed().serves(routedBy)) {
      refusedUpTo.put(group.id, Math.max(refused, routedBy));
      return false;
    }
    assertThat(routedBy)
        .as("seed %s tick %s: order at %s", seed, tick, group.id)
        .isGreaterThan(refused);
    return true;
  }

  private ClusterState any(List<ClusterState> known) {
    return known.get(random.nextInt(known.size()));
  }

  private void count(List<ClusterState> known, Set<String> down, int tick) {
    if (counting == null) {
      counting = new Count(any(known), truth.keySet());
    }
    for (UUID id : List.copyOf(counting.left)) {
      if (groups.get(id).isGone()) {
        counting = null; // it was merged into another one long ago
        return;
      }
      SlotStore store = groups.get(id).committed();
      if (groups.get(id).works(down) && random.nextInt(3) != 0) {
        if (!isServed(groups.get(id), counting.by.routing().version(), tick)) {
          counting = null; // routed anew, all of it
          return;
        }
        counting.seen.addAll(store.rows().keySet());
        counting.left.remove(id);
      }
    }
    if (counting.left.isEmpty()) {
      assertThat(counting.seen)
          .as("seed %s tick %s: counted", seed, tick)
          .doesNotHaveDuplicates()
          .containsAll(counting.atLeast);
      counts++;
      counting = null;
    }
  }

  /**
   * All that was acknowledged is where the routing table says, fenced or not; or, when that shard
   * has let go of the slot, where the routing is about to say.
   */
  void check(ClusterState state, int tick) {
    for (int slot : probes) {
      ShardInfo owner = state.shardOfSlot(slot);
      boolean gone = groups.get(owner.groupId()).committed().away().get(slot);
      checkRow(slot, gone ? heir(state, slot) : owner, tick);
    }
  }

  private ShardInfo heir(ClusterState state, int slot) {
    return JobRunner.beginnings(state).stream()
        .flatMap(child -> state.shardOfGroup(child).stream())
        .filter(child -> groups.get(child.groupId()).committed().owns(slot))
        .findFirst()
        .orElseThrow(() -> new AssertionError("seed " + seed + ": nobody has slot " + slot));
  }

  private void checkRow(int slot, ShardInfo owner, int tick) {
    List<Integer> row = groups.get(owner.groupId()).committed().row(slot);
    if (row != truth.get(slot)) {
      assertThat(row)
          .as("seed %s tick %s: what %s has of slot %s", seed, tick, owner.id(), slot)
          .isEqualTo(truth.getOrDefault(slot, List.of()));
    }
  }
}
