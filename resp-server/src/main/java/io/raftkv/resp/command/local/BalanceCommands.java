package io.raftkv.resp.command.local;

import io.raftkv.meta.Balancing;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** RAFTKV.BALANCE: what the cluster does by itself. Immutable. */
final class BalanceCommands {
  private static final String ALL = "O(n + s) for n nodes, which are asked, and s shards";
  private static final int MAX_MOVES = 1_000;
  private static final int DEFAULT_MOVES = 100;
  private static final int LAST_ACTIONS = 10;

  private final NodeStatus status;
  private final JobCommands jobs;

  BalanceCommands(NodeStatus status, JobCommands jobs) {
    this.status = status;
    this.jobs = jobs;
  }

  List<CommandSpec> all() {
    return AdminCommands.family(
            "RAFTKV.BALANCE", "Says what the cluster does by itself, and tells of it.")
        .addAsync(
            "ON",
            2,
            AdminCommands.SINCE,
            "O(1)",
            "Have replicas and leaderships spread over the nodes, and lost replicas made anew.",
            (args, connection) -> set(Balancing.ON))
        .addAsync(
            "REPAIR",
            2,
            AdminCommands.SINCE,
            "O(1)",
            "Have lost replicas made anew, and nothing else; so a cluster begins.",
            (args, connection) -> set(Balancing.REPAIR))
        .addAsync(
            "OFF",
            2,
            AdminCommands.SINCE,
            "O(1)",
            "Have nothing done that nobody asked for. A job that runs goes on.",
            (args, connection) -> set(Balancing.OFF))
        .addAsync(
            "STATUS",
            2,
            AdminCommands.SINCE,
            ALL,
            "Return what each node has, what is done next or why nothing is, and what was done.",
            (args, connection) -> report(0, this::balance))
        .addAsync(
            "DRY-RUN [<count>]",
            -2,
            AdminCommands.SINCE,
            ALL + ", for each move",
            "Return the moves that would be made until all is balanced (default: 100 at most).",
            (args, connection) -> dryRun(args))
        .all();
  }

  private CompletionStage<Reply> set(Balancing next) {
    return jobs.change(new MetaCommand.SetBalancing(next));
  }

  private CompletionStage<Reply> dryRun(Args args) {
    if (args.size() > 3) {
      throw new CommandException(RespErrors.wrongArity("RAFTKV.BALANCE|DRY-RUN"));
    }
    int limit =
        args.size() == 3
            ? (int) args.int64(2, 1, MAX_MOVES, LocalErrors.limit(MAX_MOVES))
            : DEFAULT_MOVES;
    return report(limit, BalanceCommands::moves);
  }

  private CompletionStage<Reply> report(int maxMoves, Function<BalanceReport, Reply> show) {
    return status
        .balance(maxMoves)
        .handle(
            (report, lost) ->
                lost == null
                    ? show.apply(report)
                    : Reply.error(
                        LocalErrors.noBalanceReport(
                            lost instanceof CompletionException && lost.getCause() != null
                                ? lost.getCause()
                                : lost)));
  }

  private static Reply moves(BalanceReport report) {
    return new MapReply()
        .put("moves", report.moves())
        .put("obstacle", report.obstacle().isEmpty() ? null : report.obstacle())
        .reply();
  }

  private Reply balance(BalanceReport report) {
    ClusterState cluster = status.cluster();
    List<Reply> nodes = new ArrayList<>();
    for (BalanceReport.NodeFigures node : report.nodes()) {
      nodes.add(
          new MapReply()
              .put("node", node.nodeId())
              .put("state", cluster.node(node.nodeId()).map(BalanceCommands::state).orElse(null))
              .put("replicas", node.replicas())
              .put("bytes", node.bytes())
              .put("leaders", node.leaders())
              .put("ops-per-second", node.operations())
              .reply());
    }
    return new MapReply()
        .put("mode", cluster.balancing().text())
        .put("nodes", Reply.array(nodes))
        .put("imbalance-bytes", report.imbalance().now())
        .put("threshold-bytes", report.imbalance().threshold())
        .put("imbalance-ops", report.leaderImbalance().now())
        .put("threshold-ops", report.leaderImbalance().threshold())
        .put("next", report.next())
        .put(
            "last-actions",
            cluster.jobs().descendingMap().values().stream()
                .filter(JobInfo::isAutomatic)
                .limit(LAST_ACTIONS)
                .map(BalanceCommands::describe)
                .toList())
        .reply();
  }

  private static String state(NodeInfo node) {
    return AdminCommands.lower(node.state());
  }

  private static String describe(JobInfo job) {
    return String.format(
        "%s %s of %s by %s, %s: %s",
        job.id(),
        AdminCommands.lower(job.kind()),
        String.join(", ", job.shardIds()),
        job.argument(JobInfo.ORIGIN),
        AdminCommands.lower(job.state()),
        job.plan().argument(JobInfo.REASON).orElse(""));
  }
}
