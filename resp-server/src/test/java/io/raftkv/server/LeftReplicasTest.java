package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.SlotRange;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LeftReplicasTest {
  private static final UUID GROUP = new UUID(0, 1);

  private final LeftReplicas left = new LeftReplicas("n1");
  private ClusterState now = ClusterState.EMPTY;

  private static ClusterState shardOn(Replica... replicas) {
    List<NodeSpec> nodes =
        List.of(
            new NodeSpec("n1", "host", 6379, 16379, 0, "", 0),
            new NodeSpec("n2", "host", 6380, 16380, 0, "", 0));
    ShardSpec shard =
        new ShardSpec("s1", GROUP, List.of(new SlotRange(0, 16383)), Arrays.asList(replicas), "");
    return MetaApplier.apply(
            ClusterState.EMPTY,
            new MetaCommand.Bootstrap("c", nodes, List.of(shard), List.of("n1")),
            1)
        .state();
  }

  private boolean hasLeft(ClusterState next) {
    left.changed(now, next);
    now = next;
    return left.has(GROUP);
  }

  @Test
  void replicaHasLeftFromItsRecordUntilItIsThereAgain() {
    assertThat(hasLeft(shardOn(Replica.voter("n1")))).isFalse();
    assertThat(hasLeft(shardOn(Replica.voter("n2")))).isTrue();
    assertThat(hasLeft(shardOn(Replica.voter("n2")))).as("still").isTrue();
    assertThat(hasLeft(shardOn(Replica.voter("n2"), Replica.listener("n1")))).isFalse();
    assertThat(hasLeft(shardOn(Replica.voter("n2")))).isTrue();
  }

  @Test
  void stateThatMayBeTooOldToNameThisNodeSaysNothing() {
    assertThat(hasLeft(shardOn(Replica.voter("n2")))).isFalse();
  }

  @Test
  void shardWithoutARecordIsNotLeft() {
    assertThat(hasLeft(shardOn(Replica.voter("n1")))).isFalse();
    assertThat(hasLeft(ClusterState.EMPTY)).as("it may have none before it begins").isFalse();
    assertThat(hasLeft(shardOn(Replica.voter("n2")))).isFalse();
  }
}
