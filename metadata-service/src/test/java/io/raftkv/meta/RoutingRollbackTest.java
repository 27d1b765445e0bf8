package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoutingRollbackTest {
  private static final ClusterState BEFORE = Samples.cluster(3, 2, 3);

  private static RoutingChange change(RoutingTable from, RoutingTable to) {
    return new RoutingChange(to.version(), to.version(), 1, from.movesTo(to));
  }

  private static ClusterState withSlots(ClusterState state, String shard, String... ranges) {
    ShardInfo info = state.shards().get(shard);
    return Samples.withShard(
        state, Samples.withSlots(info, List.of(ranges).stream().map(SlotRange::parse).toList()));
  }

  @Test
  void earlierTablesAreFoundAsFarAsTheHistoryReaches() {
    ClusterState one = withSlots(BEFORE, "s2", "8192-9000");
    RoutingTable first = BEFORE.routing();
    RoutingTable second = RoutingTable.of(first.version() + 1, one.shards().values());
    RoutingTable third = RoutingTable.of(first.version() + 2, BEFORE.shards().values());
    List<RoutingChange> changes =
        new ArrayList<>(List.of(change(second, third), change(first, second)));
    assertThat(RoutingRollback.tableOf(third, first.version(), changes)).contains(first);
    assertThat(RoutingRollback.tableOf(third, second.version(), changes)).contains(second);
    assertThat(RoutingRollback.tableOf(second, first.version(), changes))
        .as("the state may be older than the history")
        .contains(first);
    changes.remove(1);
    assertThat(RoutingRollback.tableOf(third, first.version(), changes)).isEmpty();
  }

  @Test
  void onlyTheSameOwnersAreNotRefused() {
    assertThat(RoutingRollback.objections(BEFORE, BEFORE.routing())).isEmpty();
    ClusterState now = withSlots(withSlots(BEFORE, "s1", "0-99"), "s2", "100-199", "300-16383");
    RoutingTable then =
        RoutingTable.of(
            1, withSlots(withSlots(BEFORE, "s1", "0-150"), "s2", "160-16383").shards().values());
    assertThat(RoutingRollback.objections(now, then))
        .containsExactly(
            "slots 100-150 were of shard s1, and what is in them is in shard s2 now: MERGE the two",
            "slots 151-159 were nobody's, and shard s2 has them, with what is in them: DELETE it",
            "slots 200-299 were of shard s2 and are nobody's now: what was in them is gone");
  }
}
