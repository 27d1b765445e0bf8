package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Commands on the entries of a stream: parse, decide, reply. Where entries live is {@link
 * StreamType}'s business. Ids made here come from the time of the log entry.
 */
public final class StreamCommands {
  /** The entries of the family, those on groups included. */
  public static final List<CommandSpec> ALL = all();

  private StreamCommands() {}

  private static List<CommandSpec> all() {
    List<CommandSpec> all =
        new ArrayList<>(
            List.of(
                command("XADD")
                    .arity(-5)
                    .keys(KeySpec.FIRST)
                    .flags(Flag.DENYOOM, Flag.FAST)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(1), plus O(n) for n entries trimmed away",
                        "Appends an entry to a stream. Ids with blanks in front are refused, here and"
                            + " in all other stream commands. With ~ it trims as exactly as with =, but for LIMIT.")
                    .writes(StreamCommands::xadd),
                command("XTRIM")
                    .arity(-4)
                    .keys(KeySpec.FIRST)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(n) for n entries removed",
                        "Removes entries from the beginning of a stream. With ~ it trims as exactly as"
                            + " with =, but for LIMIT.")
                    .writes(StreamCommands::xtrim),
                command("XLEN")
                    .arity(2)
                    .keys(KeySpec.FIRST)
                    .flags(Flag.FAST)
                    .docs(Group.STREAM, "5.0.0", "O(1)", "Returns the number of entries.")
                    .reads((args, db) -> Reply.integer(stream(args, db).length())),
                command("XRANGE")
                    .arity(-4)
                    .keys(KeySpec.FIRST)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(log n + m) for m entries returned",
                        "Returns the entries from one id to another.")
                    .reads((args, db) -> range(args, db, false)),
                command("XREVRANGE")
                    .arity(-4)
                    .keys(KeySpec.FIRST)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(log n + m) for m entries returned",
                        "Returns the entries from one id back to another.")
                    .reads((args, db) -> range(args, db, true)),
                command("XDEL")
                    .arity(-3)
                    .keys(KeySpec.FIRST)
                    .flags(Flag.FAST)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(log n) per entry",
                        "Deletes entries by their ids.")
                    .writes(StreamCommands::xdel),
                command("XSETID")
                    .arity(-3)
                    .keys(KeySpec.FIRST)
                    .flags(Flag.DENYOOM, Flag.FAST)
                    .docs(Group.STREAM, "5.0.0", "O(log n)", "Sets the last id of a stream.")
                    .writes(StreamCommands::xsetid),
                command("XREAD")
                    .arity(-4)
                    .keys(KeySpec.firstHalfBehind("STREAMS", 1))
                    .flags(Flag.BLOCKING)
                    .docs(
                        Group.STREAM,
                        "5.0.0",
                        "O(log n + m) per stream for m entries returned",
                        "Returns the entries of several streams that are after an id of each. Never"
                            + " waits: BLOCK is accepted and has no effect.")
                    .reads(StreamReads::xread)));
    all.addAll(StreamGroupCommands.ALL);
    all.addAll(StreamInfo.ALL);
    return List.copyOf(all);
  }

  /** The stream of the key in the first argument. */
  static StreamType stream(Args args, Keyspace db) {
    return new StreamType(db.key(args.bytes(1)));
  }

  private static Reply xadd(Args args, Keyspace db) {
    StreamTrim.Parser options = new StreamTrim.Parser();
    boolean mayCreate = true;
    StreamIds.Wanted wanted = null; // for *: any
    int at = 2;
    while (at < args.size() && !args.is(at, "*")) {
      int next = options.accept(args, at);
      if (next == at) {
        if (!args.is(at, "NOMKSTREAM")) {
          wanted = StreamIds.Wanted.parse(args.bytes(at));
          break;
        }
        mayCreate = false;
        next++;
      }
      at = next;
    }
    StreamTrim trim = options.finishAdd();
    int firstField = at + 1;
    int words = args.size() - firstField;
    if (words < 2 || words % 2 != 0) {
      throw new CommandException(RespErrors.wrongArity(args.text(0)));
    }
    if (wanted != null && wanted.isZero()) {
      throw new CommandException(RespErrors.XADD_ID_ZERO);
    }
    StreamType stream = stream(args, db);
    if (!stream.exists()) {
      if (!mayCreate) {
        return Reply.NULL;
      }
      stream.create();
    }
    StreamId last = stream.lastId();
    if (last.equals(StreamId.MAX)) {
      throw new CommandException(RespErrors.XADD_IDS_EXHAUSTED);
    }
    StreamId id = wanted == null ? generate(last, db.timeMillis()) : wanted.after(last);
    if (id == null || !id.isAfter(last)) {
      throw new CommandException(RespErrors.XADD_ID_NOT_AFTER);
    }
    stream.add(new StreamEntry(id, Arrays.asList(args.words()).subList(firstField, args.size())));
    if (trim != null) {
      trim.applyTo(stream);
    }
    stream.save();
    return StreamReplies.id(id);
  }

  /** The first id of this millisecond, unless the stream is ahead of it. */
  private static StreamId generate(StreamId last, long nowMillis) {
    StreamId now = new StreamId(nowMillis, 0);
    return now.isAfter(last) ? now : last.next();
  }

  private static Reply xtrim(Args args, Keyspace db) {
    StreamTrim.Parser options = new StreamTrim.Parser();
    int at = 2;
    while (at < args.size()) {
      int next = options.accept(args, at);
      if (next == at) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      at = next;
    }
    StreamTrim trim = options.finish();
    if (trim == null) {
      throw new CommandException(RespErrors.XTRIM_NO_STRATEGY);
    }
    StreamType stream = stream(args, db);
    long removed = stream.exists() ? trim.applyTo(stream) : 0;
    if (removed > 0) {
      stream.save();
    }
    return Reply.integer(removed);
  }

  /** As in Redis a COUNT of 0 or less is answered with a null, if the key exists. */
  private static Reply range(Args args, Keyspace db, boolean backwards) {
    StreamId from = StreamIds.rangeStart(args.bytes(backwards ? 3 : 2));
    StreamId to = StreamIds.rangeEnd(args.bytes(backwards ? 2 : 3));
    long limit = StreamType.UNLIMITED;
    for (int i = 4; i < args.size(); i += 2) {
      if (i + 1 == args.size() || !args.is(i, "COUNT")) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      limit = args.int64(i + 1);
    }
    StreamType stream = stream(args, db);
    if (!stream.exists()) {
      return Reply.EMPTY_ARRAY;
    }
    return limit <= 0 ? Reply.NULL_ARRAY : EntryRun.of(stream, from, to, backwards, limit);
  }

  /** As in Redis the ids are only looked at if the stream exists. */
  private static Reply xdel(Args args, Keyspace db) {
    StreamType stream = stream(args, db);
    if (!stream.exists()) {
      return Reply.ZERO;
    }
    long deleted = stream.delete(StreamIds.parseAll(args, 2, args.size()));
    if (deleted > 0) {
      stream.save();
    }
    return Reply.integer(deleted);
  }

  private static Reply xsetid(Args args, Keyspace db) {
    StreamId id = StreamIds.parse(args.bytes(2));
    long added = -1;
    StreamId maxDeleted = null;
    for (int i = 3; i < args.size(); i += 2) {
      boolean hasValue = i + 1 < args.size();
      if (hasValue && args.is(i, "ENTRIESADDED")) {
        added = args.int64(i + 1);
        if (added < 0) {
          throw new CommandException(RespErrors.XSETID_ADDED_NEGATIVE);
        }
      } else if (hasValue && args.is(i, "MAXDELETEDID")) {
        maxDeleted = StreamIds.parse(args.bytes(i + 1));
        if (id.isBefore(maxDeleted)) {
          throw new CommandException(RespErrors.XSETID_BEFORE_GIVEN_DELETED);
        }
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    StreamType stream = stream(args, db);
    if (!stream.exists()) {
      throw new CommandException(RespErrors.NO_SUCH_KEY);
    }
    if (id.isBefore(stream.maxDeletedId())) {
      throw new CommandException(RespErrors.XSETID_BEFORE_DELETED);
    }
    if (stream.hasEntryAfter(id)) {
      throw new CommandException(RespErrors.XSETID_BEFORE_LAST);
    }
    if (added >= 0 && added < stream.length()) {
      throw new CommandException(RespErrors.XSETID_ADDED_BELOW_LENGTH);
    }
    // As in Redis 0-0 means that nothing was given.
    stream.setIds(id, added, StreamId.MIN.equals(maxDeleted) ? null : maxDeleted);
    stream.save();
    return Reply.OK;
  }
}
