package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Compares the replicas that a node should run with those it runs. Pure: the caller runs it at
 * start and after every change of the state, and does what it says.
 *
 * <p>It never stops a replica that it does not know: the node may be behind, and the group new. Nor
 * does it start one that has no vote yet: the job that adds it does, with the leader's term.
 */
public final class ShardReconciler {
  /** Something for a node to do. */
  public sealed interface Action {}

  /**
   * Run this node's replica of a shard.
   *
   * @param shard with its group and peers
   */
  public record StartReplica(ShardInfo shard) implements Action {}

  private ShardReconciler() {}

  /**
   * What a node has to do, shard by shard in natural order; empty if all is as it should be.
   *
   * @param runningGroups Raft groups of shards that run on the node
   */
  public static List<Action> diff(ClusterState state, String nodeId, Set<UUID> runningGroups) {
    List<Action> actions = new ArrayList<>();
    for (ShardInfo shard : state.shardsOn(nodeId)) {
      boolean votes = shard.replicaOn(nodeId).map(Replica::isVoter).orElse(false);
      if (votes
          && shard.state() != ShardState.DELETING
          && !runningGroups.contains(shard.groupId())) {
        actions.add(new StartReplica(shard));
      }
    }
    return actions;
  }
}
