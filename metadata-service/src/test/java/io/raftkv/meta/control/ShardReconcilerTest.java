package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.control.ShardReconciler.Action;
import io.raftkv.meta.control.ShardReconciler.StartReplica;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ShardReconcilerTest {
  private static final ClusterState STATE = Samples.cluster(5, 10, 3);

  @Test
  void freshNodeStartsAllItsReplicas() {
    List<Action> actions = ShardReconciler.diff(STATE, "n2", Set.of());
    assertThat(actions).isEqualTo(STATE.shardsOn("n2").stream().map(StartReplica::new).toList());
    assertThat(actions).hasSize(6);
  }

  @Test
  void nodeThatRunsWhatItShouldHasNothingToDo() {
    assertThat(ShardReconciler.diff(STATE, "n2", groups(STATE.shardsOn("n2")))).isEmpty();
  }

  @Test
  void onlyWhatIsMissingIsStarted() {
    ShardInfo missing = STATE.shardsOn("n2").get(3);
    Set<UUID> running = groups(STATE.shardsOn("n2"));
    running.remove(missing.groupId());
    assertThat(ShardReconciler.diff(STATE, "n2", running))
        .containsExactly(new StartReplica(missing));
  }

  /** The node may be behind: a group it does not know yet is not its business to stop. */
  @Test
  void unknownGroupIsLeftAlone() {
    Set<UUID> running = groups(STATE.shardsOn("n2"));
    running.add(new UUID(7, 7));
    assertThat(ShardReconciler.diff(STATE, "n2", running)).isEmpty();
  }

  @Test
  void shardBeingDeletedIsNotStartedAgain() {
    ShardInfo shard = STATE.shardsOn("n2").get(0);
    ClusterState state = Samples.withShard(STATE, Samples.withState(shard, ShardState.DELETING));
    assertThat(ShardReconciler.diff(state, "n2", Set.of()))
        .hasSize(5)
        .noneMatch(a -> a instanceof StartReplica start && start.shard().id().equals(shard.id()));
  }

  @Test
  void nodeWithoutReplicasAndEmptyClusterHaveNothingToDo() {
    assertThat(ShardReconciler.diff(STATE, "n9", Set.of())).isEmpty();
    assertThat(ShardReconciler.diff(ClusterState.EMPTY, "n1", Set.of())).isEmpty();
  }

  private static Set<UUID> groups(List<ShardInfo> shards) {
    return shards.stream().map(ShardInfo::groupId).collect(Collectors.toCollection(HashSet::new));
  }
}
