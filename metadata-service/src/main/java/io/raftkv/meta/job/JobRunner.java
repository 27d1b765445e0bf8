package io.raftkv.meta.job;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Says what is to be done next for a job. Pure. */
public final class JobRunner {
  /** The argument that says why a job is being undone, unless somebody cancelled it. */
  static final String FAILURE = "failure";

  private JobRunner() {}

  /**
   * The next action for a job that has not ended.
   *
   * @param state that has the job in it
   * @param facts heard after the job had come to where it is
   */
  public static JobAction next(ClusterState state, JobInfo job, ClusterFacts facts) {
    Scene scene = new Scene(state, job, facts);
    return job.state() == JobState.UNDOING ? steps(job).undo(scene) : steps(job).take(scene);
  }

  /** How far a job is in its present step, while an action for it goes on. */
  public static JobAction.Await progress(ClusterState state, JobInfo job, ClusterFacts facts) {
    return steps(job).progress(new Scene(state, job, facts));
  }

  private static Steps steps(JobInfo job) {
    return switch (job.kind()) {
      case CREATE -> new CreateSteps();
      case DELETE -> new DeleteSteps();
      case MIGRATE -> new MigrateSteps();
      case TRANSFER -> new TransferSteps();
      case SPLIT, MERGE, DRAIN ->
          throw new IllegalStateException("no steps for " + job.kind() + " yet");
    };
  }

  /**
   * What is to be done about shards that no job works on, whose groups have other members than
   * their records say: a request of a job that has ended may have arrived late.
   */
  public static List<JobAction.ChangeMembers> repairs(ClusterState state, ClusterFacts facts) {
    Set<String> held = new HashSet<>();
    for (JobInfo job : state.jobs().values()) {
      if (!job.state().isFinal()) {
        held.addAll(job.shardIds());
      }
    }
    List<JobAction.ChangeMembers> repairs = new ArrayList<>();
    for (ShardInfo shard : state.shards().values()) {
      Members wanted = Members.of(shard.spec());
      if (shard.state() == ShardState.ACTIVE && !held.contains(shard.id())) {
        facts
            .leader(shard.groupId())
            .filter(leader -> !leader.replica().changing())
            .filter(leader -> !leader.replica().members().equals(wanted))
            .map(leader -> leader.change(wanted))
            .ifPresent(repairs::add);
      }
    }
    return repairs;
  }
}
