package io.raftkv.meta.job;

import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.StateEdit.DrainNode;
import io.raftkv.meta.StateEdit.RemoveNode;
import io.raftkv.meta.control.MetadataPlan;
import java.util.List;
import java.util.Optional;

/**
 * The end of a node's membership. While this job runs the leader of the metadata group takes the
 * node out of that group ({@link MetadataPlan}); only when that is committed is it removed, and
 * told so.
 */
final class RemoveSteps implements Steps {
  /** Whether the node was draining before. */
  static final String BEFORE = "draining";

  static final String LEAVE = "leave";
  static final List<String> NAMES = List.of(LEAVE);

  @Override
  public JobAction take(Scene scene) {
    Optional<ClusterFacts.Leader> leader = scene.facts().leader(DerivedIds.METADATA_GROUP);
    if (leader.isEmpty()) {
      return scene.await("no leader is known of the metadata group");
    }
    if (leader.get().replica().changing()) {
      return scene.await("the members of the metadata group are being changed");
    }
    String node = scene.job().argument(JobInfo.NODE);
    Members members = leader.get().replica().members();
    if (members.voters().contains(node)) {
      return scene.await(
          MetadataPlan.obstacle(
              scene.state(),
              node,
              members.voters(),
              id -> scene.facts().runs(id, DerivedIds.METADATA_GROUP)));
    }
    if (members.contains(node)) {
      return scene.await("node %s is still a member of the metadata group".formatted(node));
    }
    return scene.taken(new RemoveNode());
  }

  /** The leader of the metadata group takes it in again. */
  @Override
  public JobAction undo(Scene scene) {
    return scene.undone(new DrainNode(Boolean.parseBoolean(scene.job().argument(BEFORE))));
  }
}
