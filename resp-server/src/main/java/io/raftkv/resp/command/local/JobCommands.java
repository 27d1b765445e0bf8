package io.raftkv.resp.command.local;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.job.JobRefusedException;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.ClusterChanges;
import io.raftkv.server.NodeStatus;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** RAFTKV.JOB, and what all commands that begin a job share. Immutable. */
final class JobCommands {
  static final String SYNC_HELP =
      "SYNC: reply when the job has ended, with the job, or an error if it was not done.";

  private static final String PER_JOB = "O(n) for n jobs";

  /** Nobody waits longer for anything; who wants to may ask again. */
  private static final Duration PATIENCE = Duration.ofDays(1);

  /** What a job is to be, or why not. */
  @FunctionalInterface
  interface Plan {
    MetaCommand.StartJob make() throws JobRefusedException;
  }

  private final NodeStatus status;
  private final ClusterChanges changes;

  JobCommands(NodeStatus status, ClusterChanges changes) {
    this.status = status;
    this.changes = changes;
  }

  List<CommandSpec> all() {
    return AdminCommands.family(
            "RAFTKV.JOB", "Tells of long operations on shards and nodes, and ends them.")
        .add(
            "LIST",
            2,
            AdminCommands.SINCE,
            PER_JOB,
            "Return all jobs that are known.",
            (args, connection) ->
                Reply.array(
                    status.cluster().jobs().values().stream().map(JobCommands::job).toList()))
        .add(
            "STATUS <job>",
            3,
            AdminCommands.SINCE,
            "O(1)",
            "Return a job.",
            (args, connection) -> job(jobOf(args)))
        .addAsync(
            "CANCEL <job>",
            3,
            AdminCommands.SINCE,
            "O(1)",
            "Have a job undone, unless it is beyond the step from which it cannot be.",
            (args, connection) -> cancel(jobOf(args)))
        .addAsync(
            "WAIT <job> [<milliseconds>]",
            -3,
            AdminCommands.SINCE,
            "O(1)",
            "Return a job when it has ended, or as it is after so long (default: a day).",
            (args, connection) -> await(args))
        .all();
  }

  private JobInfo jobOf(Args args) {
    return status
        .cluster()
        .job(args.text(2).toLowerCase(Locale.ROOT))
        .orElseThrow(() -> new CommandException(LocalErrors.noJob(args.text(2))));
  }

  private CompletionStage<Reply> cancel(JobInfo job) {
    return change(new MetaCommand.CancelJob(job.id()));
  }

  /** Changes the cluster at once. */
  CompletionStage<Reply> change(MetaCommand command) {
    return changes
        .propose(command)
        .thenApply(
            reply ->
                reply.outcome() == MetaReply.Outcome.REFUSED
                    ? Reply.error(LocalErrors.refused(reply.text()))
                    : Reply.OK)
        .exceptionally(lost -> Reply.error(LocalErrors.changeUncertain(lost)));
  }

  private CompletionStage<Reply> await(Args args) {
    if (args.size() > 4) {
      throw new CommandException(LocalErrors.wrongUse("RAFTKV.JOB", "WAIT"));
    }
    Duration patience =
        args.size() == 4
            ? Duration.ofMillis(
                args.int64(3, 1, PATIENCE.toMillis(), LocalErrors.TIMEOUT_NOT_INTEGER))
            : PATIENCE;
    return changes
        .ended(jobOf(args).id(), patience)
        .thenApply(job -> job == null ? Reply.NULL : job(job));
  }

  /** Begins a job: its id, or with {@code sync} what became of it. */
  CompletionStage<Reply> start(Plan plan, boolean sync) {
    MetaCommand.StartJob command;
    try {
      command = plan.make();
    } catch (JobRefusedException refused) {
      throw new CommandException(LocalErrors.refused(refused.getMessage()));
    }
    return changes
        .propose(command)
        .thenCompose(
            reply -> {
              if (reply.outcome() != MetaReply.Outcome.CHANGED) {
                return CompletableFuture.completedFuture(
                    Reply.error(LocalErrors.refused(reply.text())));
              }
              return follow(reply.text(), sync);
            })
        .exceptionally(lost -> Reply.error(LocalErrors.changeUncertain(lost)));
  }

  /** The id of a job that has begun, or with {@code sync} what became of it. */
  CompletionStage<Reply> follow(String jobId, boolean sync) {
    return sync
        ? changes.ended(jobId, PATIENCE).thenApply(JobCommands::outcome)
        : CompletableFuture.completedFuture(Reply.bulk(jobId));
  }

  private static Reply outcome(JobInfo job) {
    if (job == null) {
      return Reply.NULL;
    }
    return job.state() == JobState.FAILED || job.state() == JobState.CANCELLED
        ? Reply.error(
            LocalErrors.jobNotDone(job.id(), AdminCommands.lower(job.state()), job.note()))
        : job(job);
  }

  private static Reply job(JobInfo job) {
    return new MapReply()
        .put("id", job.id())
        .put("kind", AdminCommands.lower(job.kind()))
        .put("shards", job.shardIds())
        .put("node", job.nodeId().orElse(null))
        .put("state", AdminCommands.lower(job.state()))
        .put("step", job.step().isEmpty() ? null : job.step())
        .put("steps-taken", job.stepIndex())
        .put("steps", job.plan().steps().size())
        .put("bytes-done", job.bytesDone())
        .put("bytes-total", job.bytesTotal())
        .put("note", job.note().isEmpty() ? null : job.note())
        .put("by", job.plan().argument(JobInfo.ORIGIN).orElse(null))
        .put("reason", job.plan().argument(JobInfo.REASON).orElse(null))
        .putTime("created", job.createdAtMillis())
        .putTime("updated", job.updatedAtMillis())
        .reply();
  }
}
