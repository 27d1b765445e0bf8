package io.raftkv.meta.job;

import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.StateEdit.DropShard;
import io.raftkv.meta.StateEdit.PutShard;
import java.util.List;
import java.util.stream.Stream;

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
        return scene.await("node " + node + " has not started its replica");
      }
    }
    return scene.leader().isPresent() ? scene.taken() : scene.awaitLeader();
  }

  private static JobAction open(Scene scene, ShardSpec spec) {
    List<SlotRange> slots =
        Stream.of(scene.job().argument(SLOTS).split(" "))
            .filter(range -> !range.isEmpty())
            .map(SlotRange::parse)
            .toList();
    return scene.taken(
        new PutShard(
            new ShardSpec(
                spec.id(), spec.groupId(), slots, spec.replicas(), spec.preferredLeader()),
            ShardState.ACTIVE));
  }

  @Override
  public JobAction undo(Scene scene) {
    return scene.undone(new DropShard(scene.shard().id()));
  }
}
