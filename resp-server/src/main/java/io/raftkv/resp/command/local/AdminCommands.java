package io.raftkv.resp.command.local;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.HistoryEvent;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.RoutingChange;
import io.raftkv.meta.RoutingRollback;
import io.raftkv.meta.RoutingTable;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.ClusterChanges;
import io.raftkv.server.NodeStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;

/**
 * RAFTKV.NODE, RAFTKV.ROUTING and their like: the cluster as it is, for operators. Immutable.
 *
 * <p>Who leads is told as this node knows it, null where it does not.
 */
public final class AdminCommands {
  static final String SINCE = "0.1.0";
  private static final String PER_SHARD = "O(s) for s shards";
  private static final int MAX_ENTRIES = 1_000;
  private static final int DEFAULT_CHANGES = 10;
  private static final int DEFAULT_EVENTS = 20;

  private final NodeStatus status;
  private final Executor readers;
  private final ShardReplies shards;
  private final NodeReplies nodes;
  private final JobCommands jobs;

  /**
   * @param changes where they ask for changes of the cluster
   * @param readers runs commands that read files or stores
   */
  public AdminCommands(NodeStatus status, ClusterChanges changes, Executor readers) {
    this.status = status;
    this.readers = readers;
    this.shards = new ShardReplies(status);
    this.nodes = new NodeReplies(status);
    this.jobs = new JobCommands(status, changes);
  }

  /** The entries for the command table. */
  public List<CommandSpec> all() {
    List<CommandSpec> all = new ArrayList<>();
    all.addAll(new ShardCommands(status, shards, jobs).all());
    all.addAll(new NodeCommands(status, nodes, jobs).all());
    all.addAll(routing());
    all.addAll(cluster());
    all.addAll(jobs.all());
    all.addAll(new BalanceCommands(status, jobs).all());
    all.add(
        command("RAFTKV.EVENTS")
            .arity(-1)
            .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
            .docs(
                Group.CLUSTER,
                SINCE,
                "O(n) for n events",
                "Returns the newest events of the cluster's history, newest first.")
            .localAsync(OffLoop.on(readers, this::events)));
    return List.copyOf(all);
  }

  static Subcommands family(String name, String summary) {
    return new Subcommands(
        name, Group.CLUSTER, SINCE, summary, Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE);
  }

  private List<CommandSpec> routing() {
    return family("RAFTKV.ROUTING", "Tells which shard owns which slots.")
        .add(
            "GET",
            2,
            SINCE,
            PER_SHARD,
            "Return the routing table: slots, shard, leader.",
            (args, connection) -> routingTable())
        .addAsync(
            "HISTORY [<count>]",
            -2,
            SINCE,
            "O(n) for n changes",
            "Return the newest changes of the routing table, newest first (default: 10).",
            OffLoop.on(readers, this::routingHistory))
        .addAsync(
            "ROLLBACK <version>",
            3,
            SINCE,
            "O(n) for n changes since then",
            "Have the owners of an earlier version again, or tell what stands against it.",
            OffLoop.on(readers, this::rollBack),
            "Slots change hands with what is in them: only a version with the owners of today is not"
                + " refused.")
        .all();
  }

  private Reply routingTable() {
    ClusterState cluster = status.cluster();
    List<Reply> entries = new ArrayList<>();
    for (RoutingTable.Entry entry : cluster.routing().entries()) {
      String leader = status.leaderOf(cluster.shards().get(entry.shardId()).groupId());
      entries.add(
          Reply.array(
              Reply.bulk(entry.range().toString()),
              Reply.bulk(entry.shardId()),
              leader == null ? Reply.NULL : Reply.bulk(leader)));
    }
    return new MapReply()
        .put("version", cluster.routing().version())
        .put("assigned-slots", cluster.routing().assignedSlots())
        .put("slots", Reply.array(entries))
        .reply();
  }

  private Reply routingHistory(Args args) {
    if (args.size() > 3) {
      throw new CommandException(RespErrors.wrongArity("RAFTKV.ROUTING|HISTORY"));
    }
    List<Reply> changes = new ArrayList<>();
    for (RoutingChange change : status.routingChanges(limit(args, 2, DEFAULT_CHANGES))) {
      changes.add(
          new MapReply()
              .put("version", change.version())
              .put("cluster-version", change.stateVersion())
              .putTime("time", change.timeMillis())
              .put("moves", change.moves().stream().map(AdminCommands::describe).toList())
              .reply());
    }
    return Reply.array(changes);
  }

  private Reply rollBack(Args args) {
    ClusterState cluster = status.cluster();
    long version = args.int64(2, 1, cluster.routing().version(), LocalErrors.NO_ROUTING_VERSION);
    RoutingTable then =
        RoutingRollback.tableOf(
                cluster.routing(), version, status.routingChanges(MetaApplier.MAX_ROUTING_CHANGES))
            .orElseThrow(() -> new CommandException(LocalErrors.ROUTING_FORGOTTEN));
    List<String> objections = RoutingRollback.objections(cluster, then);
    if (!objections.isEmpty()) {
      throw new CommandException(LocalErrors.refused(String.join("; ", objections)));
    }
    return Reply.OK;
  }

  private static String describe(RoutingChange.Move move) {
    return move.range() + ": " + orNobody(move.from()) + " -> " + orNobody(move.to());
  }

  private static String orNobody(String shard) {
    return shard.isEmpty() ? "nobody" : shard;
  }

  private List<CommandSpec> cluster() {
    return family("RAFTKV.CLUSTER", "Tells of the cluster as a whole.")
        .addAsync(
            "STATUS",
            2,
            SINCE,
            PER_SHARD,
            "Return the cluster at a glance.",
            (args, connection) ->
                status
                    .metadataAgeMillis()
                    .thenApply(millis -> clusterStatus(new MetadataAge(millis))))
        .all();
  }

  private Reply clusterStatus(MetadataAge age) {
    ClusterState cluster = status.cluster();
    return new MapReply()
        .put("cluster", cluster.clusterId())
        .put("state", lower(cluster.status()))
        .put("version", cluster.version())
        .putTime("created", cluster.createdAtMillis())
        .putTime("updated", cluster.updatedAtMillis())
        .put("routing-version", cluster.routing().version())
        .put("assigned-slots", cluster.routing().assignedSlots())
        .put("this-node", status.nodeId())
        .put("metadata", age.text())
        .put("metadata-leader", status.leaderOf(status.metadataGroup()))
        .put("metadata-voters", String.join(" ", cluster.metadataVoters()))
        .put("nodes", nodes.lines(age))
        .put("shards", shards.lines())
        .put(
            "running-jobs",
            cluster.jobs().values().stream().filter(j -> !j.state().isFinal()).count())
        .reply();
  }

  private Reply events(Args args) {
    if (args.size() > 2) {
      throw new CommandException(RespErrors.wrongArity("RAFTKV.EVENTS"));
    }
    List<Reply> events = new ArrayList<>();
    for (HistoryEvent event : status.events(limit(args, 1, DEFAULT_EVENTS))) {
      events.add(
          new MapReply()
              .putTime("time", event.timeMillis())
              .put("version", event.version())
              .put("kind", lower(event.kind()))
              .put("subject", event.subject())
              .put("text", event.text())
              .reply());
    }
    return Reply.array(events);
  }

  private static int limit(Args args, int index, int otherwise) {
    return index < args.size()
        ? (int) args.int64(index, 1, MAX_ENTRIES, LocalErrors.limit(MAX_ENTRIES))
        : otherwise;
  }

  /** A constant as replies show it. */
  static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
