package io.raftkv.meta.job;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaCommand.AdvanceJob.Progress;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.StateEdit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;

/** A job and all that its next action depends on. */
record Scene(ClusterState state, JobInfo job, ClusterFacts facts) {
  /** The shard that the job is about; there is one as long as the job holds it. */
  ShardInfo shard() {
    return shard(job.shardIds().get(0));
  }

  ShardInfo shard(String id) {
    return state
        .shard(id)
        .orElseThrow(() -> new IllegalStateException("job " + job.id() + " lost shard " + id));
  }

  /** Who leads the group of that shard. */
  Optional<ClusterFacts.Leader> leader() {
    return facts.leader(shard().groupId());
  }

  Optional<String> argument(String name) {
    return job.plan().argument(name);
  }

  /** Another job, until whose end the routing stays as it is. */
  Optional<JobInfo> routingHolder() {
    return state.jobs().values().stream()
        .filter(other -> other.holdsRouting() && !other.id().equals(job.id()))
        .findFirst();
  }

  /** Everything the job has done to a group is gone from a node, or the node itself is. */
  boolean isGoneFrom(String nodeId, UUID group) {
    if (facts.hears(nodeId)) {
      return facts.replica(nodeId, group).isEmpty();
    }
    NodeState known = state.node(nodeId).map(NodeInfo::state).orElse(NodeState.REMOVED);
    return known == NodeState.OFFLINE || known == NodeState.REMOVED;
  }

  /** It did not answer, but may do so at the next look. */
  boolean mayAnswer(String nodeId) {
    NodeState known = state.node(nodeId).map(NodeInfo::state).orElse(NodeState.REMOVED);
    return !facts.hears(nodeId)
        && !facts.silent().contains(nodeId)
        && known != NodeState.OFFLINE
        && known != NodeState.REMOVED;
  }

  JobAction await(String reason) {
    return new JobAction.Await(reason, 0, 0);
  }

  JobAction awaitLeader() {
    return await("no leader is known of shard " + shard().id());
  }

  /** The step is taken, and the job with it if it was the last. */
  JobAction taken(StateEdit... edits) {
    return takenWith("", edits);
  }

  /**
   * The same.
   *
   * @param note what people should know of it
   */
  JobAction takenWith(String note, StateEdit... edits) {
    int next = job.stepIndex() + 1;
    boolean last = next == job.plan().steps().size();
    return advance(new Place(last ? JobState.DONE : JobState.RUNNING, next), note, Map.of(), edits);
  }

  /** The step is taken, and has found out something that later ones need to know. */
  JobAction found(String argument, String value) {
    return found(Map.of(argument, value));
  }

  /** The same with several things. */
  JobAction found(Map<String, String> arguments) {
    Place next = new Place(JobState.RUNNING, job.stepIndex() + 1);
    return advance(next, "", arguments);
  }

  /** A part of what undoes the job. */
  JobAction undoneInPart(StateEdit... edits) {
    return undoneInPart(Map.of(), edits);
  }

  /** The same with what those need to know who go on with it. */
  JobAction undoneInPart(Map<String, String> arguments, StateEdit... edits) {
    return advance(Place.of(job), job.note(), arguments, edits);
  }

  /** All is as it was before the job. */
  JobAction undone(StateEdit... edits) {
    String why = job.plan().arguments().getOrDefault(JobRunner.FAILURE, "");
    JobState end = why.isEmpty() ? JobState.CANCELLED : JobState.FAILED;
    return advance(new Place(end, job.stepIndex()), why, Map.of(), edits);
  }

  /** The job cannot be done: what it did is to be undone. */
  JobAction failed(String why) {
    return new JobAction.Advance(failure(why));
  }

  /** What has the job undone. */
  AdvanceJob failure(String why) {
    Place undoing = new Place(JobState.UNDOING, job.stepIndex());
    return command(undoing, why, Map.of(JobRunner.FAILURE, why));
  }

  private JobAction advance(
      Place next, String note, Map<String, String> arguments, StateEdit... edits) {
    return new JobAction.Advance(command(next, note, arguments, edits));
  }

  private AdvanceJob command(
      Place next, String note, Map<String, String> arguments, StateEdit... edits) {
    return new AdvanceJob(
        job.id(),
        Place.of(job),
        new Progress(next, 0, 0, note),
        new TreeMap<>(arguments),
        List.of(edits));
  }
}
