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
import java.util.NavigableMap;
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

  Optional<ClusterFacts.Leader> leader() {
    return facts.leader(shard().groupId());
  }

  Optional<String> argument(String name) {
    return Optional.ofNullable(job.plan().arguments().get(name));
  }

  /** Everything the job has done to a group is gone from a node, or the node itself is. */
  boolean isGoneFrom(String nodeId, UUID group) {
    if (facts.hears(nodeId)) {
      return facts.replica(nodeId, group).isEmpty();
    }
    NodeState known = state.node(nodeId).map(NodeInfo::state).orElse(NodeState.REMOVED);
    return known == NodeState.OFFLINE || known == NodeState.REMOVED;
  }

  JobAction await(String reason) {
    return new JobAction.Await(reason, 0, 0);
  }

  JobAction awaitLeader() {
    return await("no leader is known of shard " + shard().id());
  }

  /** The step is taken, and the job with it if it was the last. */
  JobAction taken(StateEdit... edits) {
    int next = job.stepIndex() + 1;
    boolean last = next == job.plan().steps().size();
    return advance(last ? JobState.DONE : JobState.RUNNING, next, "", edits);
  }

  /** All is as it was before the job. */
  JobAction undone(StateEdit... edits) {
    String why = job.plan().arguments().getOrDefault(JobRunner.FAILURE, "");
    JobState end = why.isEmpty() ? JobState.CANCELLED : JobState.FAILED;
    return advance(end, job.stepIndex(), why, edits);
  }

  /** The job cannot be done: what it did is to be undone. */
  JobAction failed(String why) {
    NavigableMap<String, String> arguments = new TreeMap<>();
    arguments.put(JobRunner.FAILURE, why);
    Progress progress = new Progress(new Place(JobState.UNDOING, job.stepIndex()), 0, 0, why);
    return new JobAction.Advance(
        new AdvanceJob(job.id(), Place.of(job), progress, arguments, List.of()));
  }

  private JobAction advance(JobState to, int stepIndex, String note, StateEdit... edits) {
    Progress progress = new Progress(new Place(to, stepIndex), 0, 0, note);
    return new JobAction.Advance(
        new AdvanceJob(job.id(), Place.of(job), progress, new TreeMap<>(), List.of(edits)));
  }
}
