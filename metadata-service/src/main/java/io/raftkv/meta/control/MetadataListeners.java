package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.job.Members;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Who listens in the metadata group: each node of the cluster that has no vote there. Votes stay
 * with the nodes that the cluster began with. Pure; run by the leader of the group, which makes one
 * change after the other.
 */
public final class MetadataListeners {
  /**
   * A change of members.
   *
   * @param nodeId the node that it is about
   * @param joins whether it is to be a member, or to be one no more
   * @param next all members then
   */
  public record Change(String nodeId, boolean joins, Members next) {}

  private MetadataListeners() {}

  /**
   * The next change to be made, if any.
   *
   * @param members as they are, no change being under way
   * @param isHeard whether a node has been heard of lately
   * @param mayTry false for a node with which a change has failed a moment ago: others go on
   */
  public static Optional<Change> next(
      ClusterState state, Members members, Predicate<String> isHeard, Predicate<String> mayTry) {
    return add(state, members, isHeard, mayTry).or(() -> takeOut(state, members, mayTry));
  }

  private static Optional<Change> add(
      ClusterState state, Members members, Predicate<String> isHeard, Predicate<String> mayTry) {
    return state.members().stream()
        .map(NodeInfo::id)
        .filter(node -> !members.contains(node) && !isLeaving(state, node))
        .filter(isHeard)
        .filter(mayTry)
        .findFirst()
        .map(node -> new Change(node, true, members.withListener(node)));
  }

  /** Also one that was added late, by a change that was asked for before it was removed. */
  private static Optional<Change> takeOut(
      ClusterState state, Members members, Predicate<String> mayTry) {
    return members.listeners().stream()
        .filter(node -> isLeaving(state, node) && mayTry.test(node))
        .findFirst()
        .map(node -> new Change(node, false, members.without(node)));
  }

  /** Whether a node is none of the cluster, or is being removed from it. */
  public static boolean isLeaving(ClusterState state, String nodeId) {
    return state.node(nodeId).map(NodeInfo::state).orElse(NodeState.REMOVED) == NodeState.REMOVED
        || state
            .jobOfNode(nodeId)
            .filter(job -> job.kind() == JobKind.REMOVE && job.state() == JobState.RUNNING)
            .isPresent();
  }
}
