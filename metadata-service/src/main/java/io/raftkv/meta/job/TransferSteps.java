package io.raftkv.meta.job;

import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.StateEdit;
import io.raftkv.meta.StateEdit.PutShard;
import java.util.List;
import java.util.Optional;

/**
 * Another leader for a shard: it becomes the preferred one, or it would not stay, and the present
 * one hands over.
 */
final class TransferSteps implements Steps {
  static final String TO = "to";

  /** The preferred leader before. */
  static final String BEFORE = "before";

  static final List<String> NAMES = List.of("hand-over");

  @Override
  public JobAction take(Scene scene) {
    String to = scene.job().argument(TO);
    Optional<ClusterFacts.Leader> leader = scene.leader();
    if (leader.isEmpty()) {
      return scene.awaitLeader();
    }
    return leader.get().nodeId().equals(to)
        ? scene.taken()
        : new JobAction.HandOver(leader.get().nodeId(), leader.get().group(), to);
  }

  @Override
  public JobAction undo(Scene scene) {
    return scene.undone(prefer(scene.shard(), scene.job().argument(BEFORE)));
  }

  /** The shard with another preferred leader; none if that is no voter. */
  static StateEdit prefer(ShardInfo shard, String nodeId) {
    ShardSpec spec = shard.spec();
    String preferred = spec.replicas().contains(Replica.voter(nodeId)) ? nodeId : "";
    return new PutShard(
        new ShardSpec(spec.id(), spec.groupId(), spec.slots(), spec.replicas(), preferred),
        shard.state(),
        shard.version());
  }
}
