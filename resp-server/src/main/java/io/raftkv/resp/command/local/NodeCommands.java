package io.raftkv.resp.command.local;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** RAFTKV.NODE: the nodes as they are, and jobs on them. Immutable. */
final class NodeCommands {
  private static final String PER_SHARD = "O(s) for s shards";
  private static final String UNKNOWN_HELP =
      "A state is unknown while no majority of the metadata group confirms it.";
  private static final String JOB = "O(n) for n jobs; the job goes on after the reply";

  private final NodeStatus status;
  private final NodeReplies replies;
  private final JobCommands jobs;

  NodeCommands(NodeStatus status, NodeReplies replies, JobCommands jobs) {
    this.status = status;
    this.replies = replies;
    this.jobs = jobs;
  }

  List<CommandSpec> all() {
    return AdminCommands.family("RAFTKV.NODE", "Tells of the nodes, and works on them by jobs.")
        .addAsync(
            "LIST",
            2,
            AdminCommands.SINCE,
            PER_SHARD,
            "Return all nodes.",
            (args, connection) -> withAge(replies::list),
            UNKNOWN_HELP)
        .addAsync(
            "STATUS <node>",
            3,
            AdminCommands.SINCE,
            PER_SHARD,
            "Return a node with the shards it leads and follows, and the job that is about it.",
            (args, connection) -> status(nodeOf(args)),
            UNKNOWN_HELP)
        .addAsync(
            "DRAIN <node> [SYNC]",
            -3,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that moves all replicas of a node to others; return its id.",
            (args, connection) -> drain(args),
            "The node gets nothing new from then on. If that job runs already, its id is returned.",
            JobCommands.SYNC_HELP)
        .addAsync(
            "REMOVE <node> [FORCE] [SYNC]",
            -3,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that takes a node without replicas out of the cluster; return its id.",
            (args, connection) -> remove(args),
            "Its process ends. OK if it was removed before; the id of that job if it runs already.",
            "FORCE: although it does not answer.",
            JobCommands.SYNC_HELP)
        .addAsync(
            "REPLACE <node> WITH <node> [FORCE] [SYNC]",
            -5,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that moves what a node has to another one and removes it; return its id.",
            (args, connection) -> replace(args),
            "It is DRAIN to this node, and then REMOVE. If that job runs already, its id is returned.",
            "FORCE: although it does not answer.",
            JobCommands.SYNC_HELP)
        .addAsync(
            "RESUME <node>",
            3,
            AdminCommands.SINCE,
            "O(n) for n jobs",
            "Take a node as it is again; a job that empties or removes it is undone.",
            (args, connection) -> jobs.change(new MetaCommand.ResumeNode(nodeOf(args).id())),
            "What has moved away does not come back by itself.")
        .all();
  }

  private CompletionStage<Reply> status(NodeInfo node) {
    return withAge(age -> replies.status(node, age));
  }

  private CompletionStage<Reply> withAge(Function<MetadataAge, Reply> reply) {
    return status.metadataAgeMillis().thenApply(millis -> reply.apply(new MetadataAge(millis)));
  }

  private NodeInfo nodeOf(Args args) {
    return status
        .cluster()
        .node(args.text(2))
        .orElseThrow(() -> new CommandException(LocalErrors.noNode(args.text(2))));
  }

  private CompletionStage<Reply> drain(Args args) {
    boolean sync = args.size() > 3;
    if (sync && (args.size() > 4 || !args.is(3, "SYNC"))) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    ClusterState cluster = status.cluster();
    String node = nodeOf(args).id();
    return running(cluster, node, JobKind.DRAIN)
        .map(job -> jobs.follow(job.id(), sync))
        .orElseGet(() -> jobs.start(() -> JobPlans.drain(cluster, node), sync));
  }

  private CompletionStage<Reply> remove(Args args) {
    boolean forced = has("FORCE", args, 3);
    boolean waits = has("SYNC", args, 3);
    NodeInfo node = nodeOf(args);
    if (node.state() == NodeState.REMOVED) {
      return CompletableFuture.completedFuture(Reply.OK);
    }
    ClusterState cluster = status.cluster();
    return running(cluster, node.id(), JobKind.REMOVE)
        .map(job -> jobs.follow(job.id(), waits))
        .orElseGet(() -> jobs.start(() -> JobPlans.remove(cluster, node.id(), forced), waits));
  }

  private CompletionStage<Reply> replace(Args args) {
    if (!args.is(3, "WITH")) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    boolean forced = has("FORCE", args, 5);
    boolean waits = has("SYNC", args, 5);
    String node = nodeOf(args).id();
    String by = args.text(4);
    ClusterState cluster = status.cluster();
    return running(cluster, node, JobKind.REPLACE)
        .filter(job -> job.argument(JobInfo.TO).equals(by))
        .map(job -> jobs.follow(job.id(), waits))
        .orElseGet(() -> jobs.start(() -> JobPlans.replace(cluster, node, by, forced), waits));
  }

  /** Whether a word is among the last ones, which may be these two only. */
  private static boolean has(String word, Args args, int from) {
    boolean found = false;
    for (int i = from; i < args.size(); i++) {
      if (!args.is(i, "FORCE") && !args.is(i, "SYNC")) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      found |= args.is(i, word);
    }
    return found;
  }

  /** To ask for the same again changes nothing. */
  private static Optional<JobInfo> running(ClusterState cluster, String node, JobKind kind) {
    return cluster
        .jobOfNode(node)
        .filter(job -> job.kind() == kind && job.state() == JobState.RUNNING);
  }
}
