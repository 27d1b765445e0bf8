package io.raftkv.meta.job;

import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.StateEdit.DropShard;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The end of a shard. Its slots, if it had any, belong to nobody from the beginning; when all nodes
 * know, it is no more, and what nodes have of a group that is no more they remove by themselves.
 */
final class DeleteSteps implements Steps {
  static final String GROUP = "group";

  static final List<String> NAMES = List.of("close", "drop", "clean");

  @Override
  public JobAction take(Scene scene) {
    return switch (scene.job().stepIndex()) {
      case 0 -> close(scene);
      case 1 -> scene.taken(new DropShard(scene.shard().id(), scene.shard().version()));
      default -> clean(scene);
    };
  }

  private static JobAction close(Scene scene) {
    Optional<String> unaware = mayStillSend(scene);
    if (unaware.isPresent()) {
      return scene.await("node " + unaware.get() + " may still send clients there");
    }
    List<String> voters = scene.shard().voters();
    long knowing =
        voters.stream()
            .map(scene.facts().nodes()::get)
            .filter(said -> said != null && said.stateVersion() >= scene.state().version())
            .count();
    if (2 * knowing <= voters.size()) {
      return scene.await("the others may still be a majority of the shard");
    }
    return scene.taken();
  }

  /** A node that may not know yet who owns which slots now. */
  static Optional<String> mayStillSend(Scene scene) {
    for (NodeInfo node : scene.state().members()) {
      boolean counts = node.state() != NodeState.OFFLINE;
      ClusterFacts.NodeFacts said = scene.facts().nodes().get(node.id());
      if (counts && (said == null || said.stateVersion() < scene.state().version())) {
        return Optional.of(node.id());
      }
    }
    return Optional.empty();
  }

  private static JobAction clean(Scene scene) {
    UUID group = UUID.fromString(scene.job().argument(GROUP));
    for (NodeInfo node : scene.state().members()) {
      if (!scene.isGoneFrom(node.id(), group)) {
        return scene.await("node " + node.id() + " still has files of the shard");
      }
    }
    return scene.taken();
  }

  @Override
  public JobAction undo(Scene scene) {
    throw new IllegalStateException("job " + scene.job().id() + " cannot be undone");
  }
}
