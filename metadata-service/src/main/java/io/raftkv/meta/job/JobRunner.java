package io.raftkv.meta.job;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

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

  /**
   * Gives a job up that can be cancelled, with what people should know of it; it ends as failed.
   *
   * @param state that has the job in it
   * @param facts heard of it
   */
  public static MetaCommand giveUp(
      ClusterState state, JobInfo job, ClusterFacts facts, String why) {
    return new Scene(state, job, facts).failure(why);
  }

  private static Steps steps(JobInfo job) {
    return switch (job.kind()) {
      case CREATE -> new CreateSteps();
      case DELETE -> new DeleteSteps();
      case MIGRATE -> new MigrateSteps();
      case TRANSFER -> new TransferSteps();
      case SPLIT -> new SplitSteps();
      case DRAIN -> new DrainSteps();
      case REMOVE -> new RemoveSteps();
      case MERGE -> new MergeSteps();
      case REPLACE -> new ReplaceSteps();
    };
  }

  /**
   * Groups that jobs are about to begin, most of them without a record yet: cuts for them, and
   * files made of these, must stay.
   */
  public static Set<UUID> beginnings(ClusterState state) {
    return state.jobs().values().stream()
        .filter(job -> !job.state().isFinal() && job.kind().beginsWithCuts())
        .flatMap(job -> SplitSteps.childrenOf(job).stream())
        .collect(Collectors.toSet());
  }

  /**
   * Whether a node may make a replica of its cuts for this group now: while a job is about to begin
   * it, and no longer when its record is there. Who is not named in that is no member; and a member
   * that has lost its files would forget by what it had before what it has acknowledged since.
   */
  public static boolean mayBeSeeded(ClusterState state, UUID group) {
    return state.shardOfGroup(group).isEmpty()
        && beginnings(state).contains(group)
        && !isGivenUp(state, group);
  }

  /** The same for several, all at once. */
  public static boolean mayBeSeeded(ClusterState state, Collection<UUID> groups) {
    return groups.stream().allMatch(group -> mayBeSeeded(state, group));
  }

  /**
   * What a node is to do with its cuts for a group as soon as it has all of them: what it would be
   * asked for a little later.
   *
   * @param group the first one that a job is about to begin
   * @param cuts groups of which it has a cut for that
   * @return empty if some are missing, or the job is not there yet as far as this state tells
   */
  public static Optional<JobAction.Seed> seed(
      ClusterState state, String node, UUID group, Set<UUID> cuts) {
    return state.jobs().values().stream()
        .filter(job -> job.state() == JobState.RUNNING && job.kind().beginsWithCuts())
        .filter(job -> SplitSteps.childOf(job).equals(group) && isCutting(job))
        .map(job -> new JobAction.Seed(node, SplitSteps.childrenOf(job), sources(state, job)))
        .filter(seed -> cuts.containsAll(seed.sources()) && mayBeSeeded(state, seed.targets()))
        .findFirst();
  }

  private static boolean isCutting(JobInfo job) {
    return job.step().equals(job.kind() == JobKind.SPLIT ? SplitSteps.CUT : MergeSteps.CUT);
  }

  private static List<UUID> sources(ClusterState state, JobInfo job) {
    Scene scene = new Scene(state, job, new ClusterFacts(Map.of(), Set.of()));
    return job.kind() == JobKind.SPLIT ? SplitSteps.groups(scene) : MergeSteps.groups(scene);
  }

  /** True if a job was to begin this group, and is being undone or was not done. */
  static boolean isGivenUp(ClusterState state, UUID group) {
    return state.jobs().values().stream()
        .filter(job -> job.state() == JobState.UNDOING || isUndone(job))
        .anyMatch(job -> job.kind().beginsWithCuts() && SplitSteps.childrenOf(job).contains(group));
  }

  private static boolean isUndone(JobInfo job) {
    return job.state() == JobState.CANCELLED || job.state() == JobState.FAILED;
  }

  /**
   * What is to be done about groups that are not as recorded, when no job is to blame: a request of
   * a job that has ended may have arrived late.
   */
  public static List<JobAction> repairs(ClusterState state, ClusterFacts facts) {
    Set<String> held = new HashSet<>();
    for (JobInfo job : state.jobs().values()) {
      if (!job.state().isFinal()) {
        held.addAll(job.shardIds());
      }
    }
    List<JobAction> repairs = new ArrayList<>();
    for (ShardInfo shard : state.shards().values()) {
      Optional<ClusterFacts.Leader> leader = facts.leader(shard.groupId());
      Members wanted = Members.of(shard.spec());
      if (shard.state() == ShardState.ACTIVE && !held.contains(shard.id())) {
        leader
            .filter(known -> !known.replica().changing())
            .filter(known -> !known.replica().members().equals(wanted))
            .map(known -> known.change(wanted, shard.spec().preferredLeader()))
            .ifPresent(repairs::add);
      }
      leader.flatMap(known -> unfence(state, known)).ifPresent(repairs::add);
    }
    return repairs;
  }

  /**
   * Takes away a fence whose job was undone. A job that is not known may be one that this state is
   * too old for, and its fence is needed: only one that is known to have ended can do nothing more.
   */
  private static Optional<JobAction> unfence(ClusterState state, ClusterFacts.Leader leader) {
    ClusterFacts.SlotFacts slots = leader.replica().slots();
    return state.jobs().values().stream()
        .filter(job -> job.kind().beginsWithCuts() && isUndone(job))
        .filter(job -> slots.isFencedFor(SplitSteps.childOf(job)))
        .findFirst()
        .map(
            job ->
                new JobAction.Unfence(
                    leader.nodeId(), leader.group(), slots.epoch(), state.routing().version()));
  }
}
