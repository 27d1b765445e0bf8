package io.raftkv.meta.job;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.StateEdit.DropShard;
import io.raftkv.meta.StateEdit.PutShard;
import java.util.List;
import java.util.Optional;

/**
 * A new shard: its record brings its replicas to life; when they have a leader it gets its slots.
 */
final class CreateSteps implements Steps {
  /** Ranges, separated by spaces; empty for a shard that is to have none yet. */
  static final String SLOTS = "slots";

  static final List<String> NAMES = List.of("start", "open");

  @Override
  public JobAction take(Scene scene) {
    ShardInfo shard = scene.shard();
    return scene.job().stepIndex() == 0 ? start(scene, shard) : open(scene, shard.spec());
  }

  private static JobAction start(Scene scene, ShardInfo shard) {
    for (String node : shard.voters()) {
      if (scene.facts().replica(node, shard.groupId()).isEmpty()) {
        ClusterFacts.NodeFacts said = scene.facts().nodes().get(node);
        if (said != null && !said.noRoom().isEmpty()) {
          return scene.failed("node " + node + " cannot take a replica: " + said.noRoom());
        }
        return scene.await("node " + node + " has not started its replica");
      }
    }
    return scene.leader().isPresent() ? scene.taken() : scene.awaitLeader();
  }

  private static JobAction open(Scene scene, ShardSpec spec) {
    List<SlotRange> slots = SlotRange.parseAll(scene.job().argument(SLOTS));
    for (SlotRange range : slots) {
      for (int slot = range.first(); slot <= range.last(); slot++) {
        String owner = scene.state().routing().shardOf(slot);
        if (owner != null) {
          return scene.failed("slot " + slot + " belongs to shard " + owner);
        }
      }
    }
    Optional<JobInfo> holder = slots.isEmpty() ? Optional.empty() : scene.routingHolder();
    if (holder.isPresent()) {
      return scene.await("job " + holder.get().id() + " has not ended, which changes the routing");
    }
    Optional<JobInfo> closing = closing(scene.state(), slots);
    if (closing.isPresent()) {
      return scene.await("job " + closing.get().id() + " has not ended who owned the slots");
    }
    return scene.taken(
        new PutShard(
            new ShardSpec(
                spec.id(), spec.groupId(), slots, spec.replicas(), spec.preferredLeader()),
            ShardState.ACTIVE,
            scene.shard().version()));
  }

  /** A job that ends the shard which had one of these slots: some node may still use it. */
  private static Optional<JobInfo> closing(ClusterState state, List<SlotRange> slots) {
    return state.jobs().values().stream()
        .filter(job -> job.kind() == JobKind.DELETE && !job.state().isFinal())
        .filter(
            job ->
                SlotRange.parseAll(job.argument(SLOTS)).stream()
                    .anyMatch(range -> slots.stream().anyMatch(range::overlaps)))
        .findFirst();
  }

  @Override
  public JobAction undo(Scene scene) {
    return scene.undone(new DropShard(scene.shard().id(), scene.shard().version()));
  }
}
