package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.Slot;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ClusterStateTest {
  private static final ClusterState STATE = Samples.cluster(5, 12, 3);

  @Test
  void emptyStateAnswersEveryQuestion() {
    ClusterState empty = ClusterState.EMPTY;
    assertThat(empty.isBootstrapped()).isFalse();
    assertThat(empty.version()).isZero();
    assertThat(empty.shardOfSlot(0)).isNull();
    assertThat(empty.node("n1")).isEmpty();
    assertThat(empty.shard("s1")).isEmpty();
    assertThat(empty.job("j1")).isEmpty();
    assertThat(empty.shardsOn("n1")).isEmpty();
    assertThat(empty.isSingleShard()).isFalse();
  }

  @Test
  void everySlotLeadsToTheShardThatOwnsIt() {
    for (int slot = 0; slot < Slot.COUNT; slot++) {
      int wanted = slot;
      ShardInfo shard = STATE.shardOfSlot(slot);
      assertThat(shard.slots()).anyMatch(range -> range.contains(wanted));
      assertThat(shard.id()).isEqualTo(STATE.routing().shardOf(slot));
    }
  }

  @Test
  void shardsAndNodesAreFoundThroughEachOther() {
    for (ShardInfo shard : STATE.shards().values()) {
      assertThat(STATE.nodesOf(shard)).extracting(NodeInfo::id).isEqualTo(shard.voters());
      assertThat(STATE.shardOfGroup(shard.groupId())).contains(shard);
      for (NodeInfo node : STATE.nodes().values()) {
        assertThat(STATE.shardsOn(node.id()).contains(shard))
            .isEqualTo(shard.replicaOn(node.id()).isPresent());
        assertThat(STATE.shardsPreferring(node.id()).contains(shard))
            .isEqualTo(shard.preferredLeader().equals(node.id()));
      }
    }
    assertThat(STATE.shardOfGroup(new UUID(0, 0))).isEmpty();
    assertThat(STATE.shards().keySet()).startsWith("s1", "s2", "s3").endsWith("s10", "s11", "s12");
  }

  @Test
  void redisClientsKnowNodesByAnIdOfTheirOwn() {
    for (NodeInfo node : STATE.nodes().values()) {
      String redisId = STATE.redisNodeId(node.id());
      assertThat(redisId).matches("[0-9a-f]{40}");
      assertThat(STATE.nodeByRedisId(redisId)).contains(node);
    }
    assertThat(STATE.nodeByRedisId("0".repeat(40))).isEmpty();
  }

  @Test
  void onlyOneShardWithAllSlotsIsASingleShard() {
    assertThat(Samples.cluster(3, 1, 3).isSingleShard()).isTrue();
    assertThat(Samples.cluster(3, 2, 3).isSingleShard()).isFalse();
    ClusterState one = Samples.cluster(3, 1, 3);
    ShardInfo shard = one.shards().get("s1");
    assertThat(
            Samples.withShard(one, Samples.withSlots(shard, List.of(new SlotRange(0, 5))))
                .isSingleShard())
        .isFalse();
    ClusterState two = Samples.cluster(3, 2, 3);
    ClusterState oneOwner =
        Samples.withShard(
            Samples.withShard(two, Samples.withSlots(two.shards().get("s2"), List.of())),
            Samples.withSlots(shard, List.of(new SlotRange(0, 16_383))));
    assertThat(oneOwner.isSingleShard()).as("the other one has no slots").isTrue();
  }

  @Test
  void mapsCannotBeChanged() {
    assertThatThrownBy(() -> STATE.nodes().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> STATE.shards().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> STATE.jobs().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  /** A state that breaks its own rules stops the replica instead of spreading. */
  @Test
  void brokenInvariantIsNoticed() {
    assertBroken("routing differs", draft -> draft.routing = RoutingTable.EMPTY);
    assertBroken(
        "slots routed to nobody",
        draft -> {
          draft.shards = new TreeMap<>(draft.shards);
          draft.shards.remove("s3");
        });
    assertBroken(
        "replica on no member",
        draft -> {
          draft.nodes = new TreeMap<>(draft.nodes);
          draft.nodes.remove("n5");
        });
    assertBroken("metadata voter", draft -> draft.metadataVoters = List.of("n6"));
    assertBroken("uncounted shard", draft -> draft.counters = StateCounters.START);
    assertBroken(
        "wrong name",
        draft -> {
          draft.shards = new TreeMap<>(draft.shards);
          draft.shards.put("s1", draft.shards.get("s2"));
        });
    assertBroken(
        "uncounted job",
        draft -> draft.jobs = new TreeMap<>(Map.of("j1", Samples.job(1, JobState.DONE))));
  }

  private static void assertBroken(String message, Consumer<StateDraft> harm) {
    StateDraft draft = StateDraft.after(STATE, Samples.TIME);
    harm.accept(draft);
    assertThatThrownBy(draft::build)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(message);
  }
}
