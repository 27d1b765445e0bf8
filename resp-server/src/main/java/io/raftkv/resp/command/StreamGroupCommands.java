package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.PendingEntry;
import io.raftkv.storage.type.StreamConsumer;
import io.raftkv.storage.type.StreamGroup;
import io.raftkv.storage.type.StreamPending;
import io.raftkv.storage.type.StreamType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Commands on what a consumer group was given: XREADGROUP, XACK, XPENDING, and those on claims. */
final class StreamGroupCommands {
  /** The entries, those of XGROUP included. */
  static final List<CommandSpec> ALL = all();

  private StreamGroupCommands() {}

  private static List<CommandSpec> all() {
    List<CommandSpec> all =
        new ArrayList<>(
            List.of(
                command("XREADGROUP")
                    .arity(-7)
                    .keys(KeySpec.firstHalfBehind("STREAMS", 4))
                    .flags(Flag.BLOCKING)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(log n + m) per stream for m entries returned",
                        "Delivers entries to a consumer of a group: new ones, or again those that it"
                            + " has not acknowledged. Never waits: BLOCK is accepted and has no"
                            + " effect.")
                    .writes(StreamReads::xreadgroup),
                command("XACK")
                    .arity(-4)
                    .keys(KeySpec.FIRST)
                    .flags(Flag.FAST)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(log n) per entry",
                        "Acknowledges entries that were delivered to a group.")
                    .writes(StreamGroupCommands::xack),
                command("XPENDING")
                    .arity(-3)
                    .keys(KeySpec.FIRST)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(log n + m) for m entries looked at; O(c) for c consumers without a range",
                        "Returns what was delivered to a group and not acknowledged.")
                    .reads(StreamGroupCommands::xpending),
                command("XCLAIM")
                    .arity(-6)
                    .keys(KeySpec.FIRST)
                    .flags(Flag.FAST)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(log n) per entry",
                        "Gives pending entries to another consumer.")
                    .writes(StreamClaims::xclaim),
                command("XAUTOCLAIM")
                    .arity(-6)
                    .keys(KeySpec.FIRST)
                    .flags(Flag.FAST)
                    .docs(
                        Group.STREAM,
                        "6.2.0",
                        "O(log n + m) for m entries looked at, at most ten times COUNT",
                        "Gives entries that have been pending for long to another consumer.")
                    .admission(StreamClaims::admitAuto)
                    .writes(StreamClaims::xautoclaim)));
    all.addAll(StreamGroupAdmin.ALL);
    return List.copyOf(all);
  }

  /**
   * The group that the first two arguments name.
   *
   * @throws CommandException if there is no such key or group
   */
  static StreamGroup requireGroup(StreamType stream, Args args) {
    StreamGroup group = stream.group(args.bytes(2));
    if (group == null) {
      throw new CommandException(RespErrors.noGroup(args.text(1), args.text(2)));
    }
    return group;
  }

  /** As in Redis the ids are only looked at if the group exists. */
  private static Reply xack(Args args, Keyspace db) {
    StreamType stream = StreamCommands.stream(args, db);
    StreamGroup group = stream.group(args.bytes(2));
    if (group == null) {
      return Reply.ZERO;
    }
    long acknowledged = group.pending().acknowledge(StreamIds.parseAll(args, 3, args.size()));
    if (acknowledged > 0) {
      stream.save();
    }
    return Reply.integer(acknowledged);
  }

  private static Reply xpending(Args args, Keyspace db) {
    if (args.size() == 3) {
      return summary(requireGroup(StreamCommands.stream(args, db), args));
    }
    if (args.size() < 6 || args.size() > 9) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    long minIdle = 0;
    int at = 3;
    if (args.is(at, "IDLE")) {
      minIdle = args.int64(at + 1);
      if (args.size() < 8) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      at += 2;
    }
    long limit = args.int64(at + 2);
    StreamId from = StreamIds.rangeStart(args.bytes(at));
    StreamId to = StreamIds.rangeEnd(args.bytes(at + 1));
    StreamGroup group = requireGroup(StreamCommands.stream(args, db), args);
    byte[] name = at + 3 < args.size() ? args.bytes(at + 3) : null;
    long now = db.clockMillis();
    long least = minIdle;
    Predicate<PendingEntry> wanted = entry -> least == 0 || now - entry.deliveredMillis() >= least;
    return pending(range(group, name, from, to, limit, wanted), now);
  }

  private static List<PendingEntry> range(
      StreamGroup group,
      byte[] consumerName,
      StreamId from,
      StreamId to,
      long limit,
      Predicate<PendingEntry> wanted) {
    StreamPending pending = group.pending();
    if (consumerName == null) {
      return pending.range(from, to, limit, wanted);
    }
    StreamConsumer consumer = group.consumer(consumerName);
    return consumer == null ? List.of() : pending.rangeOf(consumer, from, to, limit, wanted);
  }

  private static Reply pending(List<PendingEntry> entries, long nowMillis) {
    return Reply.array(
        entries.stream()
            .map(
                entry ->
                    Reply.array(
                        StreamReplies.id(entry.id()),
                        Reply.bulk(entry.consumer()),
                        Reply.integer(entry.idleMillis(nowMillis)),
                        Reply.integer(entry.deliveries())))
            .toList());
  }

  private static Reply summary(StreamGroup group) {
    PendingEntry first = group.pending().first();
    if (first == null) {
      return Reply.array(Reply.ZERO, Reply.NULL, Reply.NULL, Reply.NULL_ARRAY);
    }
    List<Reply> consumers = new ArrayList<>();
    for (StreamConsumer consumer : group.consumers()) {
      if (consumer.pending() > 0) {
        Reply count = Reply.bulk(Numbers.format(consumer.pending()));
        consumers.add(Reply.array(Reply.bulk(consumer.name()), count));
      }
    }
    return Reply.array(
        Reply.integer(group.pendingCount()),
        StreamReplies.id(first.id()),
        StreamReplies.id(group.pending().last().id()),
        Reply.array(consumers));
  }
}
