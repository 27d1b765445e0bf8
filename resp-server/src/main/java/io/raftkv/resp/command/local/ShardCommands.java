package io.raftkv.resp.command.local;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** RAFTKV.SHARD: the shards as they are, and jobs on them. Immutable. */
final class ShardCommands {
  private static final String PER_SHARD = "O(s) for s shards";
  private static final String PER_REPLICA = "O(r) for r replicas, which are asked";
  private static final List<String> SPLIT_OPTIONS = List.of("INTO", "AT", "BY", "FORCE", "SYNC");
  private static final String JOB = "O(s) for s shards; the job goes on after the reply";

  private final NodeStatus status;
  private final ShardReplies replies;
  private final JobCommands jobs;

  ShardCommands(NodeStatus status, ShardReplies replies, JobCommands jobs) {
    this.status = status;
    this.replies = replies;
    this.jobs = jobs;
  }

  List<CommandSpec> all() {
    return AdminCommands.family("RAFTKV.SHARD", "Tells of the shards, and works on them by jobs.")
        .add(
            "LIST",
            2,
            AdminCommands.SINCE,
            PER_SHARD,
            "Return all shards.",
            (args, connection) -> replies.list())
        .addAsync(
            "STATUS <shard>",
            3,
            AdminCommands.SINCE,
            PER_REPLICA,
            "Return a shard with the position of each of its replicas.",
            (args, connection) -> replies.status(shardOf(args)))
        .addAsync(
            "CHECKSUM <shard>",
            3,
            AdminCommands.SINCE,
            "O(n) for n bytes of the shard",
            "Return index and SHA-256 of the rows of this node's replica; reads all of them.",
            (args, connection) -> checksum(shardOf(args)))
        .addAsync(
            "CREATE <shard> [NODES <node> ...] [SLOTS <first>-<last> ...] [SYNC]",
            -3,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that makes a new shard, for slots that no shard owns; return its id.",
            (args, connection) -> create(args),
            "Without NODES its replicas are where there are the fewest.",
            JobCommands.SYNC_HELP)
        .addAsync(
            "DELETE <shard> [FORCE] [SYNC]",
            -3,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that ends a shard; return its id.",
            (args, connection) -> delete(args),
            "FORCE: although it owns slots, whose keys are lost.",
            JobCommands.SYNC_HELP)
        .addAsync(
            "MERGE <shard> <shard> [<shard> ...] [INTO <new-shard>] [SYNC]",
            -4,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that gives the slots of several shards to a new one; return its id.",
            (args, connection) -> merge(args),
            "Their replicas have to be on the same nodes.",
            JobCommands.SYNC_HELP)
        .addAsync(
            "MIGRATE <shard> [FROM <node>] [TO <node>] [SYNC]",
            -5,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that moves a replica of a shard to another node; return its id.",
            (args, connection) -> migrate(args),
            "With TO alone there is one replica more, with FROM alone one less.",
            JobCommands.SYNC_HELP)
        .addAsync(
            "SPLIT <shard> [INTO <new-shard> ...] [AT <slot> ... | BY LOAD|SIZE] [FORCE] [SYNC]",
            -3,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that gives the upper slots of a shard to new ones; return its id.",
            (args, connection) -> split(args),
            "INTO: up to 16 new shards, lower slots first; one if neither it nor AT is given.",
            "AT: the first slot of each new shard; by default all parts have as many slots.",
            "BY LOAD: all parts have as many of the keys that clients used in the last minute.",
            "BY SIZE: all parts have as many bytes.",
            "FORCE: although it is the only shard, so that commands with keys of several slots work.",
            JobCommands.SYNC_HELP)
        .addAsync(
            "TRANSFER-LEADER <shard> TO <node> [SYNC]",
            -5,
            AdminCommands.SINCE,
            JOB,
            "Begin a job that has another node lead a shard, from now on; return its id.",
            (args, connection) -> transfer(args),
            JobCommands.SYNC_HELP)
        .all();
  }

  private ShardInfo shardOf(Args args) {
    return status
        .cluster()
        .shard(idOf(args))
        .orElseThrow(() -> new CommandException(LocalErrors.noShard(args.text(2))));
  }

  private static String idOf(Args args) {
    return args.text(2).toLowerCase(Locale.ROOT);
  }

  private CompletionStage<Reply> checksum(ShardInfo shard) {
    if (shard.replicaOn(status.nodeId()).isEmpty()) {
      throw new CommandException(
          LocalErrors.noReplicaOfShard(shard.id(), ClusterTopology.whereIs(shard)));
    }
    return status
        .checksum(shard.groupId())
        .thenApply(
            digest ->
                Reply.array(Reply.integer(digest.appliedIndex()), Reply.bulk(digest.sha256())))
        .exceptionally(ShardCommands::damage);
  }

  private static Reply damage(Throwable failure) {
    if (failure.getCause() instanceof CorruptStoreException damage) {
      return Reply.error(LocalErrors.damaged(damage.getMessage()));
    }
    throw failure instanceof CompletionException known ? known : new CompletionException(failure);
  }

  private CompletionStage<Reply> create(Args args) {
    List<String> nodes = new ArrayList<>();
    List<SlotRange> slots = new ArrayList<>();
    boolean sync = false;
    List<String> into = null;
    for (int i = 3; i < args.size(); i++) {
      if (args.is(i, "NODES")) {
        into = nodes;
      } else if (args.is(i, "SLOTS")) {
        into = null;
        while (i + 1 < args.size() && !args.is(i + 1, "NODES") && !args.is(i + 1, "SYNC")) {
          i++;
          slots.add(slots(args.text(i)));
        }
      } else if (args.is(i, "SYNC")) {
        sync = true;
        into = null;
      } else if (into != null) {
        into.add(args.text(i));
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    ClusterState cluster = status.cluster();
    return jobs.start(
        () ->
            JobPlans.create(
                cluster, idOf(args), nodes, status.config().cluster().replicationFactor(), slots),
        sync);
  }

  private static SlotRange slots(String text) {
    try {
      return SlotRange.parse(text);
    } catch (IllegalArgumentException none) {
      throw new CommandException(LocalErrors.INVALID_SLOT);
    }
  }

  private CompletionStage<Reply> delete(Args args) {
    boolean force = false;
    boolean sync = false;
    for (int i = 3; i < args.size(); i++) {
      if (args.is(i, "FORCE")) {
        force = true;
      } else if (args.is(i, "SYNC")) {
        sync = true;
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    boolean forced = force;
    ClusterState cluster = status.cluster();
    return jobs.start(() -> JobPlans.delete(cluster, idOf(args), forced), sync);
  }

  private CompletionStage<Reply> merge(Args args) {
    List<String> shards = new ArrayList<>();
    Optional<String> into = Optional.empty();
    boolean sync = false;
    for (int i = 2; i < args.size(); i++) {
      if (args.is(i, "SYNC")) {
        sync = true;
      } else if (args.is(i, "INTO") && i + 1 < args.size() && into.isEmpty()) {
        into = Optional.of(args.text(++i).toLowerCase(Locale.ROOT));
      } else if (!sync && into.isEmpty() && !args.is(i, "INTO")) {
        shards.add(args.text(i).toLowerCase(Locale.ROOT));
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    Optional<String> newId = into;
    ClusterState cluster = status.cluster();
    return jobs.start(() -> JobPlans.merge(cluster, shards, newId), sync);
  }

  private CompletionStage<Reply> migrate(Args args) {
    NodeOptions options = nodes(args, true);
    ClusterState cluster = status.cluster();
    return jobs.start(
        () -> JobPlans.migrate(cluster, idOf(args), options.from(), options.to()), options.sync());
  }

  private CompletionStage<Reply> split(Args args) {
    List<String> into = new ArrayList<>();
    List<Integer> at = new ArrayList<>();
    Optional<NodeStatus.SplitBy> by = Optional.empty();
    boolean force = false;
    boolean sync = false;
    for (int i = 3; i < args.size(); i++) {
      boolean hasValue = i + 1 < args.size();
      if (args.is(i, "FORCE")) {
        force = true;
      } else if (args.is(i, "SYNC")) {
        sync = true;
      } else if (hasValue && args.is(i, "INTO") && into.isEmpty()) {
        do {
          into.add(args.text(++i).toLowerCase(Locale.ROOT));
        } while (i + 1 < args.size() && !isSplitOption(args, i + 1));
      } else if (hasValue && args.is(i, "AT") && at.isEmpty() && by.isEmpty()) {
        do {
          at.add((int) args.int64(++i, 0, Slot.COUNT - 1, LocalErrors.INVALID_SLOT));
        } while (i + 1 < args.size() && !isSplitOption(args, i + 1));
      } else if (hasValue && args.is(i, "BY") && at.isEmpty()) {
        by = Optional.of(splitBy(args, ++i));
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    SplitOptions options = new SplitOptions(into, force, sync);
    if (by.isEmpty()) {
      return split(idOf(args), at, options);
    }
    return splitBy(shardOf(args), by.get(), options);
  }

  /** A word behind which no more shards or slots are listed. */
  private static boolean isSplitOption(Args args, int at) {
    return SPLIT_OPTIONS.stream().anyMatch(option -> args.is(at, option));
  }

  private record SplitOptions(List<String> into, boolean force, boolean sync) {}

  private static NodeStatus.SplitBy splitBy(Args args, int at) {
    for (NodeStatus.SplitBy by : NodeStatus.SplitBy.values()) {
      if (args.is(at, by.name())) {
        return by;
      }
    }
    throw new CommandException(RespErrors.SYNTAX);
  }

  private CompletionStage<Reply> split(String shardId, List<Integer> at, SplitOptions options) {
    ClusterState cluster = status.cluster();
    return jobs.start(
        () -> JobPlans.split(cluster, shardId, options.into(), at, options.force()),
        options.sync());
  }

  private CompletionStage<Reply> splitBy(
      ShardInfo shard, NodeStatus.SplitBy by, SplitOptions options) {
    int parts = 1 + Math.max(1, options.into().size());
    if (shard.slotCount() < parts || parts > JobPlans.MAX_SPLIT + 1) {
      return split(shard.id(), List.of(), options); // which says so
    }
    return status
        .splitPoints(shard, parts, by)
        .handle(
            (at, failure) -> {
              if (failure != null) {
                throw new CommandException(LocalErrors.splitPointUnknown(shard.id(), failure));
              }
              if (at.isEmpty()) {
                throw new CommandException(LocalErrors.noSplitPoint(shard.id(), by));
              }
              return split(shard.id(), at, options);
            })
        .thenCompose(Function.identity());
  }

  private CompletionStage<Reply> transfer(Args args) {
    NodeOptions options = nodes(args, false);
    String to = options.to().orElseThrow(() -> new CommandException(RespErrors.SYNTAX));
    ClusterState cluster = status.cluster();
    return jobs.start(() -> JobPlans.transfer(cluster, idOf(args), to), options.sync());
  }

  private record NodeOptions(Optional<String> from, Optional<String> to, boolean sync) {}

  private static NodeOptions nodes(Args args, boolean mayLeave) {
    Optional<String> from = Optional.empty();
    Optional<String> to = Optional.empty();
    boolean sync = false;
    for (int i = 3; i < args.size(); i++) {
      boolean names = i + 1 < args.size();
      if (args.is(i, "SYNC")) {
        sync = true;
      } else if (names && args.is(i, "TO")) {
        to = Optional.of(args.text(++i));
      } else if (names && mayLeave && args.is(i, "FROM")) {
        from = Optional.of(args.text(++i));
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    return new NodeOptions(from, to, sync);
  }
}
