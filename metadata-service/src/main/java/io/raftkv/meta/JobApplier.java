package io.raftkv.meta;

import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.MetaCommand.ResumeNode;
import io.raftkv.meta.MetaCommand.StartJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the commands of jobs mean. A job holds its shards and its node: as long as it has not ended,
 * nothing but its own steps changes their records, how a node is judged excepted, and each step is
 * taken once, by the leader that saw the job where it was.
 */
final class JobApplier {
  /** Jobs that have ended and are still known; older ones are in the history only. */
  static final int MAX_ENDED_JOBS = 200;

  /**
   * How far above all shards so far the number of a new one may be: numbers are walked at start.
   */
  static final int MAX_SHARD_GAP = 1_000;

  private JobApplier() {}

  static MetaChange start(ClusterState state, StartJob command, long timeMillis) {
    for (String shardId : command.plan().shardIds()) {
      Optional<JobInfo> holder = state.jobOfShard(shardId);
      if (holder.isPresent()) {
        return MetaApplier.refused(
            state, "shard " + shardId + " is busy with " + name(holder.get()));
      }
    }
    String wrong = NodeJobs.objection(state, command.plan());
    if (wrong.isEmpty()) {
      wrong = objectionToAutomatic(state, command.plan());
    }
    if (!wrong.isEmpty()) {
      return MetaApplier.refused(state, wrong);
    }
    StateDraft draft = StateDraft.after(state, timeMillis);
    wrong = reserve(state, draft, command.plan());
    if (!wrong.isEmpty()) {
      return MetaApplier.refused(state, wrong);
    }
    long number = draft.counters.lastJob() + 1;
    JobInfo job =
        new JobInfo(
            "j" + number,
            command.plan(),
            JobState.RUNNING,
            0,
            0,
            0,
            "",
            draft.updatedAtMillis,
            draft.updatedAtMillis);
    draft.counters = draft.counters.withJob(number);
    draft.put(job);
    forgetOldest(draft);
    String text =
        lower(job)
            + " of "
            + job.nodeId().orElseGet(() -> String.join(", ", job.shardIds()))
            + job.plan().argument(JobInfo.REASON).map(why -> " by itself: " + why).orElse("");
    return edited(state, draft, job, command.edits(), EventKind.JOB_STARTED, text, job.id());
  }

  /**
   * What stands against a job that nobody asked for; empty if nothing does. It was found right by a
   * leader that may have been replaced since: it counts only if that knew all jobs, and if what it
   * serves still is wanted.
   */
  private static String objectionToAutomatic(ClusterState state, JobInfo.Plan plan) {
    Optional<String> origin = plan.argument(JobInfo.ORIGIN);
    if (origin.isEmpty()) {
      return "";
    }
    Balancing mode = state.balancing();
    boolean wanted =
        mode == Balancing.ON || (mode == Balancing.REPAIR && origin.get().equals(JobInfo.REPAIR));
    if (!wanted) {
      return "balancing is " + mode.text();
    }
    return plan.argument(JobInfo.AFTER).filter(state.newestJob()::equals).isPresent()
        ? ""
        : "another job has begun meanwhile";
  }

  static MetaChange advance(ClusterState state, AdvanceJob command, long timeMillis) {
    JobInfo job = state.jobs().get(command.jobId());
    if (job == null) {
      return MetaApplier.refused(state, "no job " + command.jobId());
    }
    if (job.state().isFinal() || !Place.of(job).equals(command.seen())) {
      return MetaApplier.refused(
          state,
          "job %s is %s at step %d, not %s at step %d"
              .formatted(
                  job.id(),
                  job.state(),
                  job.stepIndex(),
                  command.seen().state(),
                  command.seen().stepIndex()));
    }
    StateDraft draft = StateDraft.after(state, timeMillis);
    Place place = command.next().place();
    JobInfo next;
    try {
      next =
          new JobInfo(
              job.id(),
              job.plan().withArguments(new TreeMap<>(command.arguments())),
              place.state(),
              place.stepIndex(),
              command.next().bytesDone(),
              command.next().bytesTotal(),
              command.next().note(),
              job.createdAtMillis(),
              draft.updatedAtMillis);
    } catch (IllegalArgumentException impossible) {
      return MetaApplier.refused(state, impossible.getMessage());
    }
    draft.put(next);
    if (place.equals(command.seen())) {
      return edited(state, draft, next, command.edits(), null, "", "");
    }
    EventKind kind = next.state().isFinal() ? EventKind.JOB_ENDED : EventKind.JOB_ADVANCED;
    return edited(state, draft, next, command.edits(), kind, describe(next), "");
  }

  /** Whatever is about to empty the node is undone; if nothing is, it is taken as it is. */
  static MetaChange resume(ClusterState state, ResumeNode command, long timeMillis) {
    NodeInfo node = state.nodes().get(command.nodeId());
    if (node == null || node.state() == NodeState.REMOVED) {
      return MetaApplier.refused(
          state, (node == null ? "no node " : "removed was node ") + command.nodeId());
    }
    Optional<JobInfo> job = state.jobOfNode(node.id());
    if (job.isPresent()) {
      return cancel(state, new CancelJob(job.get().id()), timeMillis);
    }
    if (!node.draining()) {
      return MetaApplier.unchanged(state, "node " + node.id() + " is not draining");
    }
    StateDraft draft = StateDraft.after(state, timeMillis);
    HistoryEvent event = NodeJobs.drain(draft, node, false, "resumed");
    return MetaApplier.changed(state, draft, List.of(event), "");
  }

  static MetaChange cancel(ClusterState state, CancelJob command, long timeMillis) {
    JobInfo job = state.jobs().get(command.jobId());
    if (job == null) {
      return MetaApplier.refused(state, "no job " + command.jobId());
    }
    if (job.state() == JobState.UNDOING) {
      return MetaApplier.unchanged(state, "job " + job.id() + " is being undone already");
    }
    if (job.state().isFinal()) {
      return MetaApplier.refused(state, "job " + job.id() + " has ended");
    }
    if (!job.canBeCancelled()) {
      return MetaApplier.refused(
          state, "job " + job.id() + " is beyond the step from which it can be undone");
    }
    StateDraft draft = StateDraft.after(state, timeMillis);
    JobInfo next =
        new JobInfo(
            job.id(),
            job.plan(),
            JobState.UNDOING,
            job.stepIndex(),
            0,
            0,
            "",
            job.createdAtMillis(),
            draft.updatedAtMillis);
    draft.put(next);
    return edited(state, draft, next, List.of(), EventKind.JOB_ADVANCED, describe(next), "");
  }

  /**
   * The numbers of shards that a job is to make are its own from its beginning on, and nobody's if
   * it is undone. So what the job has left on some node, under the name that follows from the
   * number, is never taken for something of another job. Empty, or what is wrong with the numbers.
   */
  private static String reserve(ClusterState state, StateDraft draft, JobInfo.Plan plan) {
    for (String id : plan.shardIds()) {
      if (state.shard(id).isEmpty()) {
        long number = Ids.shardNumber(id);
        long last = draft.counters.lastShard();
        if (number <= last || number > last + MAX_SHARD_GAP) {
          return "a new shard's number must be from %d to %d, not %s"
              .formatted(last + 1, last + MAX_SHARD_GAP, id);
        }
        draft.counters = draft.counters.withShard(number);
      }
    }
    return "";
  }

  private static void forgetOldest(StateDraft draft) {
    List<String> ended =
        draft.jobs.values().stream().filter(job -> job.state().isFinal()).map(JobInfo::id).toList();
    ended.stream().limit(Math.max(0, ended.size() - MAX_ENDED_JOBS)).forEach(draft::removeJob);
  }

  /**
   * Makes the edits of a job's step, and ends the change.
   *
   * @param kind of the event that tells of it, or null for none
   */
  private static MetaChange edited(
      ClusterState before,
      StateDraft draft,
      JobInfo job,
      List<StateEdit> edits,
      EventKind kind,
      String text,
      String replyText) {
    boolean begins = !before.jobs().containsKey(job.id());
    List<HistoryEvent> events = new ArrayList<>();
    if (kind != null) {
      events.add(new HistoryEvent(draft.version, draft.updatedAtMillis, kind, job.id(), text));
    }
    boolean renews = edits.contains(new StateEdit.RenewRouting());
    if (renews && (begins || !job.holdsRouting())) {
      return MetaApplier.refused(before, name(job) + " has no shard wait for a new routing");
    }
    for (StateEdit edit : edits) {
      if (edit instanceof StateEdit.RenewRouting) {
        continue; // when all others are made
      }
      String wrong =
          edit instanceof StateEdit.OfShard ofShard
              ? edit(draft, job, ofShard, begins)
              : NodeJobs.edit(draft, job, edit, events);
      if (!wrong.isEmpty()) {
        return MetaApplier.refused(before, wrong);
      }
    }
    if (begins && !NodeJobs.isPrepared(draft, job)) {
      return MetaApplier.refused(before, "it begins without what it is for");
    }
    try {
      if (draft.shards != before.shards()) {
        route(before.routing(), draft);
      }
      renew(before, draft, job, renews);
      Optional<JobInfo> other = otherHolder(before, job);
      boolean routes = draft.routing.version() != before.routing().version();
      if (other.isPresent() && (routes || job.holdsRouting())) {
        return MetaApplier.refused(
            before, "the routing is about to be changed by " + name(other.get()));
      }
      return MetaApplier.changed(before, draft, events, replyText);
    } catch (IllegalArgumentException | IllegalStateException contradiction) {
      return MetaApplier.refused(before, contradiction.getMessage());
    }
  }

  /** A new version of the same routing, if the job's shards wait for one. */
  private static void renew(ClusterState before, StateDraft draft, JobInfo job, boolean asked) {
    JobInfo was = before.jobs().get(job.id());
    boolean released = was != null && was.holdsRouting() && !job.holdsRouting();
    if ((released || asked) && draft.routing.version() == before.routing().version()) {
      draft.routing = RoutingTable.of(before.routing().version() + 1, draft.shards.values());
    }
  }

  private static Optional<JobInfo> otherHolder(ClusterState state, JobInfo job) {
    return state.jobs().values().stream()
        .filter(other -> other.holdsRouting() && !other.id().equals(job.id()))
        .findFirst();
  }

  private static void route(RoutingTable before, StateDraft draft) {
    RoutingTable routing = RoutingTable.of(before.version() + 1, draft.shards.values());
    if (!routing.entries().equals(before.entries())) {
      draft.routing = routing;
    }
  }

  /**
   * Makes one edit; empty, or what is wrong with it. The shard that a job is about is there from
   * its beginning on, and a job that is undone makes none.
   */
  private static String edit(
      StateDraft draft, JobInfo job, StateEdit.OfShard edit, boolean begins) {
    String id = edit.shardId();
    boolean isFirst = job.shardIds().indexOf(id) == 0;
    boolean mayMake = job.state() == JobState.RUNNING && (begins || !isFirst);
    if (!job.shardIds().contains(id)) {
      return "shard " + id + " does not belong to " + name(job);
    }
    ShardInfo known = draft.shards.get(id);
    long version = known == null ? 0 : known.version();
    if (version != edit.seenVersion()) {
      return "shard %s has version %d, not %d".formatted(id, version, edit.seenVersion());
    }
    long now = draft.updatedAtMillis;
    if (edit instanceof StateEdit.PutShard put) {
      String wrong = begins ? NodeJobs.objection(draft, known, put.spec()) : "";
      if (!wrong.isEmpty()) {
        return wrong;
      }
      if (known != null) {
        if (!known.groupId().equals(put.spec().groupId())) {
          return "shard " + id + " keeps its Raft group";
        }
        draft.put(known.changed(put.spec(), lacking(job, known, put.spec()), put.state(), now));
        return "";
      }
      if (!mayMake) {
        return name(job) + " cannot make shard " + id + " any more";
      }
      int lacking =
          begins
              ? 0
              : job.shardIds().stream()
                  .map(draft.shards::get)
                  .filter(Objects::nonNull)
                  .mapToInt(origin -> lacking(job, origin, put.spec()))
                  .max()
                  .orElse(0);
      draft.put(new ShardInfo(put.spec(), lacking, put.state(), 1, now, now));
      return "";
    }
    if (known == null) {
      return "no shard " + id;
    }
    draft.removeShard(id);
    return "";
  }

  /**
   * How many voters a shard lacks after an edit. Who moves one leaves it as it is; who takes one
   * away wants no more than are left, so that none is put back. What any other job loses is to be
   * had again, and so is what a new shard has less than any of those that it comes from.
   *
   * @param known the shard before, or one that it comes from
   */
  private static int lacking(JobInfo job, ShardInfo known, ShardSpec next) {
    long voters = next.replicas().stream().filter(Replica::isVoter).count();
    if (job.kind() == JobKind.MIGRATE && job.plan().argument(JobInfo.FROM).isPresent()) {
      boolean takesAway =
          job.plan().argument(JobInfo.TO).isEmpty() && voters < known.voters().size();
      return takesAway ? 0 : known.lacking();
    }
    return (int) Math.max(0, known.lacking() + known.voters().size() - voters);
  }

  private static String describe(JobInfo job) {
    String what =
        switch (job.state()) {
          case RUNNING -> "step " + job.step();
          case UNDOING -> "being undone at step " + job.step();
          case DONE -> "done";
          case FAILED -> "failed";
          case CANCELLED -> "cancelled";
        };
    return lower(job) + ' ' + what + (job.note().isEmpty() ? "" : ": " + job.note());
  }

  /** A job as texts name it. */
  static String name(JobInfo job) {
    return "job " + job.id() + " (" + lower(job) + ")";
  }

  private static String lower(JobInfo job) {
    return job.kind().name().toLowerCase(Locale.ROOT);
  }
}
