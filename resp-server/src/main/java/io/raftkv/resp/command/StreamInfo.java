package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.PendingEntry;
import io.raftkv.storage.type.StreamConsumer;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamGroup;
import io.raftkv.storage.type.StreamType;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** XINFO: what a stream, its groups and their consumers are like. */
final class StreamInfo {
  private static final long DEFAULT_COUNT = 10;

  /** Redis keeps up to so many entries in one node of its tree, and tells how many there are. */
  private static final long ENTRIES_PER_NODE = 100;

  /** The entries of XINFO and its subcommands. */
  static final List<CommandSpec> ALL =
      new DataSubcommands("XINFO", false)
          .add(
              command("XINFO|CONSUMERS")
                  .arity(4)
                  .docs(
                      Group.STREAM,
                      "5.0.0",
                      "O(n) for n consumers",
                      "Returns the consumers of a group."),
              StreamInfo::consumers)
          .add(
              command("XINFO|GROUPS")
                  .arity(3)
                  .docs(Group.STREAM, "5.0.0", "O(n) for n groups", "Returns the consumer groups."),
              StreamInfo::groups)
          .add(
              command("XINFO|STREAM")
                  .arity(-3)
                  .docs(
                      Group.STREAM,
                      "5.0.0",
                      "O(1), with FULL O(n) for n entries, groups and consumers returned",
                      "Returns figures about a stream. Those of a radix tree are made up: there is"
                          + " none."),
              StreamInfo::stream)
          .all(
              Group.STREAM,
              "5.0.0",
              "A container for commands that tell about streams.",
              "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
              "CONSUMERS <key> <groupname>",
              "    Show consumers of <groupname>.",
              "GROUPS <key>",
              "    Show the stream consumer groups.",
              "STREAM <key> [FULL [COUNT <count>]",
              "    Show information about the stream.",
              "HELP",
              "    Prints this help.");

  private StreamInfo() {}

  private static Reply consumers(Args args, Keyspace db) {
    StreamGroup group = existing(args, db).group(args.bytes(3));
    if (group == null) {
      throw new CommandException(RespErrors.noGroupOfKey(args.text(2), args.text(3)));
    }
    long now = db.clockMillis();
    return Reply.array(
        group.consumers().stream()
            .map(
                consumer ->
                    StreamReplies.map(
                        "name",
                        Reply.bulk(consumer.name()),
                        "pending",
                        consumer.pending(),
                        "idle",
                        Math.max(0, now - consumer.seenMillis()),
                        "inactive",
                        inactive(consumer, now)))
            .toList());
  }

  private static long inactive(StreamConsumer consumer, long now) {
    return consumer.activeMillis() == StreamConsumer.NEVER
        ? StreamConsumer.NEVER
        : Math.max(0, now - consumer.activeMillis());
  }

  private static Reply groups(Args args, Keyspace db) {
    return Reply.array(
        existing(args, db).groups().stream()
            .map(
                group ->
                    StreamReplies.map(
                        "name",
                        Reply.bulk(group.name()),
                        "consumers",
                        group.consumerCount(),
                        "pending",
                        group.pendingCount(),
                        "last-delivered-id",
                        StreamReplies.id(group.lastDelivered()),
                        "entries-read",
                        entriesRead(group),
                        "lag",
                        lag(group)))
            .toList());
  }

  private static Reply stream(Args args, Keyspace db) {
    StreamType stream = existing(args, db);
    boolean full = args.size() > 3;
    if (full && ((args.size() != 4 && args.size() != 6) || !args.is(3, "FULL"))) {
      throw new CommandException(RespErrors.badSubcommand("XINFO", args.text(1)));
    }
    long count = DEFAULT_COUNT;
    if (args.size() == 6) {
      if (!args.is(4, "COUNT")) {
        throw new CommandException(RespErrors.badSubcommand("XINFO", args.text(1)));
      }
      count = args.int64(5);
    }
    List<Object> figures = figures(stream);
    if (full) {
      long limit = count < 0 ? DEFAULT_COUNT : count == 0 ? StreamType.UNLIMITED : count;
      List<StreamEntry> entries = stream.range(StreamId.MIN, StreamId.MAX, false, limit);
      List<Reply> groups = stream.groups().stream().map(group -> full(group, limit)).toList();
      figures.addAll(
          List.of("entries", StreamReplies.entries(entries), "groups", Reply.array(groups)));
    } else {
      figures.addAll(List.of("groups", stream.groupCount()));
      figures.addAll(List.of("first-entry", edge(stream, false)));
      figures.addAll(List.of("last-entry", edge(stream, true)));
    }
    return StreamReplies.map(figures.toArray());
  }

  /** What both forms of XINFO STREAM begin with: names and what they stand for, in turn. */
  private static List<Object> figures(StreamType stream) {
    return new ArrayList<>(
        List.of(
            "length",
            stream.length(),
            "radix-tree-keys",
            nodes(stream),
            "radix-tree-nodes",
            nodes(stream) + 1,
            "last-generated-id",
            StreamReplies.id(stream.lastId()),
            "max-deleted-entry-id",
            StreamReplies.id(stream.maxDeletedId()),
            "entries-added",
            stream.entriesAdded(),
            "recorded-first-entry-id",
            StreamReplies.id(stream.firstId())));
  }

  private static long nodes(StreamType stream) {
    return (stream.length() + ENTRIES_PER_NODE - 1) / ENTRIES_PER_NODE;
  }

  private static Reply edge(StreamType stream, boolean last) {
    List<StreamEntry> found = stream.range(StreamId.MIN, StreamId.MAX, last, 1);
    return found.isEmpty() ? Reply.NULL : StreamReplies.entry(found.get(0));
  }

  private static Reply full(StreamGroup group, long limit) {
    List<PendingEntry> pending =
        group.pending().range(StreamId.MIN, StreamId.MAX, limit, entry -> true);
    return StreamReplies.map(
        "name",
        Reply.bulk(group.name()),
        "last-delivered-id",
        StreamReplies.id(group.lastDelivered()),
        "entries-read",
        entriesRead(group),
        "lag",
        lag(group),
        "pel-count",
        group.pendingCount(),
        "pending",
        Reply.array(pending.stream().map(StreamInfo::pendingOfGroup).toList()),
        "consumers",
        Reply.array(
            group.consumers().stream().map(consumer -> full(group, consumer, limit)).toList()));
  }

  private static Reply pendingOfGroup(PendingEntry entry) {
    return Reply.array(
        StreamReplies.id(entry.id()),
        Reply.bulk(entry.consumer()),
        Reply.integer(entry.deliveredMillis()),
        Reply.integer(entry.deliveries()));
  }

  private static Reply full(StreamGroup group, StreamConsumer consumer, long limit) {
    List<PendingEntry> pending =
        group.pending().rangeOf(consumer, StreamId.MIN, StreamId.MAX, limit, entry -> true);
    return StreamReplies.map(
        "name",
        Reply.bulk(consumer.name()),
        "seen-time",
        consumer.seenMillis(),
        "active-time",
        consumer.activeMillis(),
        "pel-count",
        consumer.pending(),
        "pending",
        Reply.array(pending.stream().map(StreamInfo::pendingOfConsumer).toList()));
  }

  private static Reply pendingOfConsumer(PendingEntry entry) {
    return Reply.array(
        StreamReplies.id(entry.id()),
        Reply.integer(entry.deliveredMillis()),
        Reply.integer(entry.deliveries()));
  }

  private static Reply entriesRead(StreamGroup group) {
    long read = group.entriesRead();
    return read == StreamGroup.UNKNOWN ? Reply.NULL : Reply.integer(read);
  }

  private static Reply lag(StreamGroup group) {
    OptionalLong lag = group.lag();
    return lag.isPresent() ? Reply.integer(lag.getAsLong()) : Reply.NULL;
  }

  private static StreamType existing(Args args, Keyspace db) {
    StreamType stream = new StreamType(db.key(args.bytes(2)));
    if (!stream.exists()) {
      throw new CommandException(RespErrors.NO_SUCH_KEY);
    }
    return stream;
  }
}
