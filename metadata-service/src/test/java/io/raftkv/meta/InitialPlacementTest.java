package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.Slot;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class InitialPlacementTest {
  private static final int[] SHARDS = {1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 31, 64, 100, 257};

  @Test
  void slotsReplicasAndLeadershipsAreEvenForEveryShapeOfCluster() {
    for (int nodes = 1; nodes <= 12; nodes++) {
      for (int factor = 1; factor <= nodes; factor++) {
        for (int shards : SHARDS) {
          checkEven(nodes, shards, factor);
        }
      }
    }
  }

  @Test
  void slotsAreEvenUpToOneShardPerSlot() {
    checkEven(3, 1_000, 3);
    checkEven(7, 10_000, 3);
    checkEven(4, Slot.COUNT, 2);
    checkEven(100, 16_000, 3);
  }

  private static void checkEven(int nodes, int shards, int factor) {
    String shape = nodes + " nodes, " + shards + " shards, factor " + factor;
    List<ShardSpec> plan = plan(nodes, shards, factor);
    Map<String, Integer> replicas = new HashMap<>();
    Map<String, Integer> leaders = new HashMap<>();
    Samples.nodeIds(nodes)
        .forEach(
            id -> {
              replicas.put(id, 0);
              leaders.put(id, 0);
            });
    Set<UUID> groups = new HashSet<>();
    int nextSlot = 0;
    int number = 1;
    for (ShardSpec shard : plan) {
      assertThat(shard.id()).as(shape).isEqualTo("s" + number++);
      assertThat(shard.slots()).as(shape).hasSize(1);
      SlotRange slots = shard.slots().get(0);
      assertThat(slots.first()).as(shape).isEqualTo(nextSlot);
      assertThat(slots.size())
          .as(shape)
          .isBetween(Slot.COUNT / shards, (Slot.COUNT + shards - 1) / shards);
      nextSlot = slots.last() + 1;
      assertThat(shard.replicas()).as(shape).hasSize(factor).allMatch(Replica::isVoter);
      shard.replicas().forEach(replica -> replicas.merge(replica.nodeId(), 1, Integer::sum));
      leaders.merge(shard.preferredLeader(), 1, Integer::sum);
      assertThat(groups.add(shard.groupId())).as(shape).isTrue();
    }
    assertThat(plan).as(shape).hasSize(shards);
    assertThat(nextSlot).as(shape).isEqualTo(Slot.COUNT);
    assertThat(spread(replicas.values())).as("replicas of " + shape).isLessThanOrEqualTo(1);
    assertThat(spread(leaders.values())).as("leaders of " + shape).isLessThanOrEqualTo(1);
  }

  private static int spread(Collection<Integer> counts) {
    return Collections.max(counts) - Collections.min(counts);
  }

  /** When a node fails, many others share its load, even where the factor divides the nodes. */
  @Test
  void nodeSharesItsShardsWithManyOthers() {
    Set<String> neighbours = new TreeSet<>();
    for (ShardSpec shard : plan(9, 60, 3)) {
      if (shard.replicaOn("n1").isPresent()) {
        shard.replicas().forEach(replica -> neighbours.add(replica.nodeId()));
      }
    }
    assertThat(neighbours).hasSizeGreaterThan(5);
  }

  @Test
  void orderOfTheNodesGivenDoesNotMatter() {
    assertThat(InitialPlacement.plan("c", List.of("n10", "n2", "n1"), 5, 2))
        .isEqualTo(InitialPlacement.plan("c", List.of("n1", "n2", "n10"), 5, 2));
  }

  @Test
  void threeNodesLeadInTurn() {
    assertThat(plan(3, 4, 3))
        .extracting(ShardSpec::preferredLeader)
        .containsExactly("n1", "n2", "n3", "n1");
  }

  @Test
  void impossiblePlanIsRefusedWithItsReason() {
    assertRefused(0, 1, 1, "no nodes");
    assertRefused(3, 0, 1, "number of shards must be 1 to 16384, not 0");
    assertRefused(3, 16_385, 1, "number of shards must be 1 to 16384, not 16385");
    assertRefused(3, 1, 0, "replication factor must be at least 1, not 0");
    assertRefused(3, 1, 4, "replication factor 4 needs as many nodes, there are 3");
    assertThatThrownBy(() -> InitialPlacement.plan("c", List.of("n1", "n1"), 1, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("named twice");
  }

  private static void assertRefused(int nodes, int shards, int factor, String reason) {
    assertThatThrownBy(() -> plan(nodes, shards, factor))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(reason);
  }

  private static List<ShardSpec> plan(int nodes, int shards, int factor) {
    return InitialPlacement.plan(Samples.CLUSTER, Samples.nodeIds(nodes), shards, factor);
  }
}
