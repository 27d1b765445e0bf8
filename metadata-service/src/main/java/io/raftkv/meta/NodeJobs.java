package io.raftkv.meta;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What jobs mean to nodes, as {@link JobApplier} asks. A job about a node holds it. What works for
 * such a job, the moves of the node's replicas, begins one after the other, and only while the job
 * runs: one that was asked for by a leader that did not know of its end comes too late.
 */
final class NodeJobs {
  private static final int MAX_NAMED = 5;

  private NodeJobs() {}

  /** What stands against a job; empty if nothing does. */
  static String objection(ClusterState state, JobInfo.Plan plan) {
    Optional<String> node = plan.argument(JobInfo.NODE);
    if (node.isPresent()) {
      NodeInfo known = state.nodes().get(node.get());
      if (known == null) {
        return "no node " + node.get();
      }
      if (known.state() == NodeState.REMOVED) {
        return "node " + node.get() + " was removed";
      }
      Optional<JobInfo> holder = state.jobOfNode(node.get());
      if (holder.isPresent()) {
        return "node " + node.get() + " is busy with " + JobApplier.name(holder.get());
      }
      String wrong = plan.kind() == JobKind.REMOVE ? objection(state, known) : "";
      if (!wrong.isEmpty()) {
        return wrong;
      }
    }
    return plan.argument(JobInfo.PARENT).map(parent -> objection(state, plan, parent)).orElse("");
  }

  private static String objection(ClusterState state, JobInfo.Plan plan, String parentId) {
    JobInfo parent = state.jobs().get(parentId);
    if (parent == null || parent.state() != JobState.RUNNING) {
      return "job " + parentId + " does not run any more";
    }
    if (!parent.nodeId().equals(plan.argument(JobInfo.FROM))) {
      return "job " + parentId + " is not for a node that it would leave";
    }
    return state.jobs().values().stream()
        .filter(job -> job.worksFor(parentId))
        .findFirst()
        .map(other -> "job " + parentId + " has " + JobApplier.name(other) + " already")
        .orElse("");
  }

  /** What stands against the removal of a node. */
  private static String objection(ClusterState state, NodeInfo node) {
    if (state.members().size() == 1) {
      return "node %s is the only one of the cluster".formatted(node.id());
    }
    List<ShardInfo> hosted = state.shardsOn(node.id());
    if (!hosted.isEmpty()) {
      return "node %s still has replicas, of %s%s: RAFTKV.NODE DRAIN %1$s moves them to other nodes"
          .formatted(
              node.id(),
              String.join(", ", hosted.stream().limit(MAX_NAMED).map(ShardInfo::id).toList()),
              hosted.size() > MAX_NAMED ? " and others" : "");
    }
    return "";
  }

  /**
   * What stands against a shard that a job would begin with; empty if nothing does. A node that is
   * to become empty gets neither a replica nor a preferred leadership.
   *
   * @param known the shard before, or null
   */
  static String objection(StateDraft draft, ShardInfo known, ShardSpec next) {
    Set<String> gains = new HashSet<>();
    next.replicas().forEach(replica -> gains.add(replica.nodeId()));
    if (known != null) {
      known.replicas().forEach(replica -> gains.remove(replica.nodeId()));
    }
    if (known == null || !known.preferredLeader().equals(next.preferredLeader())) {
      gains.add(next.preferredLeader());
    }
    return gains.stream()
        .filter(id -> draft.nodes.containsKey(id) && draft.nodes.get(id).draining())
        .sorted()
        .findFirst()
        .map(id -> "node " + id + " is to become empty")
        .orElse("");
  }

  /** Whether a job about a node begins as it must. */
  static boolean isPrepared(StateDraft draft, JobInfo job) {
    return !Set.of(JobKind.DRAIN, JobKind.REMOVE, JobKind.REPLACE).contains(job.kind())
        || job.nodeId().filter(id -> draft.nodes.get(id).draining()).isPresent();
  }

  /**
   * Makes an edit of the job's node; empty, or what is wrong with it.
   *
   * @param events gets what the history is to say of it
   */
  static String edit(StateDraft draft, JobInfo job, StateEdit edit, List<HistoryEvent> events) {
    NodeInfo node = job.nodeId().map(draft.nodes::get).orElse(null);
    if (node == null) {
      return JobApplier.name(job) + " has no node";
    }
    if (edit instanceof StateEdit.DrainNode drain) {
      if (node.draining() != drain.draining()) {
        events.add(drain(draft, node, drain.draining(), JobApplier.name(job)));
      }
      return "";
    }
    if (edit instanceof StateEdit.RemoveNode) {
      remove(draft, node, events);
      return "";
    }
    throw new IllegalStateException("no meaning for " + edit.getClass());
  }

  /** Its replicas are looked at when the state is made. */
  private static void remove(StateDraft draft, NodeInfo node, List<HistoryEvent> events) {
    draft.put(node.withState(NodeState.REMOVED, draft.updatedAtMillis));
    draft.metadataVoters =
        draft.metadataVoters.stream().filter(id -> !id.equals(node.id())).toList();
    events.add(
        new HistoryEvent(
            draft.version,
            draft.updatedAtMillis,
            EventKind.NODE_STATE_CHANGED,
            node.id(),
            node.state() + " to REMOVED"));
  }

  /** Puts it into the draft; what the history is to say of it. */
  static HistoryEvent drain(StateDraft draft, NodeInfo node, boolean draining, String why) {
    NodeInfo next = node.withDraining(draining, draft.updatedAtMillis);
    draft.put(next);
    return new HistoryEvent(
        draft.version,
        draft.updatedAtMillis,
        EventKind.NODE_STATE_CHANGED,
        node.id(),
        "%s to %s%s: %s"
            .formatted(node.state(), next.state(), draining ? ", to become empty" : "", why));
  }
}
