package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.SlotRange;
import io.raftkv.resp.dispatch.Routing;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RoutingSnapshotTest {
  private static ShardSpec shard(int number, SlotRange... slots) {
    return new ShardSpec(
        "s" + number, new UUID(0, number), List.of(slots), List.of(Replica.voter("n1")), "n1");
  }

  private static ClusterState cluster(ShardSpec... shards) {
    NodeSpec node = new NodeSpec("n1", "host", 6379, 16379, 0, "", 0);
    return MetaApplier.apply(
            ClusterState.EMPTY,
            new MetaCommand.Bootstrap("c", List.of(node), List.of(shards), List.of("n1")),
            1)
        .state();
  }

  @Test
  void nothingIsRoutedBeforeTheClusterIsFormed() {
    RoutingSnapshot empty = new RoutingSnapshot(ClusterState.EMPTY);
    assertThat(empty.version()).isZero();
    assertThat(empty.shards()).isEmpty();
    assertThat(empty.shardOf(0)).isNull();
    assertThat(empty.lastSlotOfRun(0)).isEqualTo(16383);
  }

  @Test
  void oneShardOwnsAllSlots() {
    RoutingSnapshot one = new RoutingSnapshot(cluster(shard(1, new SlotRange(0, 16383))));
    assertThat(one.version()).isEqualTo(1);
    assertThat(one.shards()).containsExactly(new Routing.Shard(new UUID(0, 1), "s1"));
    assertThat(one.shardOf(0)).isSameAs(one.shardOf(16383)).isSameAs(one.shards().get(0));
    assertThat(one.lastSlotOfRun(0)).isEqualTo(16383);
  }

  @Test
  void runsEndWhereTheOwnerChanges() {
    RoutingSnapshot routing =
        new RoutingSnapshot(
            cluster(
                shard(1, new SlotRange(1000, 1999), new SlotRange(5000, 5000)),
                shard(2, new SlotRange(0, 999), new SlotRange(2000, 2999)),
                shard(3)));
    assertThat(routing.shards())
        .as("in the order of their first slots, and only with slots")
        .extracting(Routing.Shard::id)
        .containsExactly("s2", "s1");
    assertThat(routing.shardOf(999).id()).isEqualTo("s2");
    assertThat(routing.shardOf(1000).id()).isEqualTo("s1");
    assertThat(routing.shardOf(3000)).isNull();
    assertThat(routing.lastSlotOfRun(0)).isEqualTo(999);
    assertThat(routing.lastSlotOfRun(999)).isEqualTo(999);
    assertThat(routing.lastSlotOfRun(1000)).isEqualTo(1999);
    assertThat(routing.lastSlotOfRun(2500)).isEqualTo(2999);
    assertThat(routing.lastSlotOfRun(3000)).isEqualTo(4999);
    assertThat(routing.lastSlotOfRun(5000)).isEqualTo(5000);
    assertThat(routing.lastSlotOfRun(5001)).isEqualTo(16383);
  }
}
