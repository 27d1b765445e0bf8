package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.StreamGroup;
import io.raftkv.storage.type.StreamType;
import java.util.List;

/** XGROUP: groups and their consumers come and go. */
final class StreamGroupAdmin {
  private static final int MOST_WORDS_OF_CREATE = 8;

  /** The entries of XGROUP and its subcommands. */
  static final List<CommandSpec> ALL =
      new DataSubcommands("XGROUP", true)
          .add(
              command("XGROUP|CREATE")
                  .arity(-5)
                  .flags(Flag.DENYOOM)
                  .docs(Group.STREAM, "5.0.0", "O(log n)", "Creates a consumer group.")
                  .differs(
                      "A number of entries read that grows beyond 64 bits is unknown from then on;"
                          + " in Redis it overflows."),
              StreamGroupAdmin::create)
          .add(
              command("XGROUP|SETID")
                  .arity(-5)
                  .docs(
                      Group.STREAM,
                      "5.0.0",
                      "O(log n)",
                      "Sets the id after which a group goes on to read."),
              StreamGroupAdmin::setId)
          .add(
              command("XGROUP|DESTROY")
                  .arity(4)
                  .docs(Group.STREAM, "5.0.0", "O(log n)", "Deletes a group with all that it has."),
              StreamGroupAdmin::destroy)
          .add(
              command("XGROUP|CREATECONSUMER")
                  .arity(5)
                  .flags(Flag.DENYOOM)
                  .docs(Group.STREAM, "6.2.0", "O(log n)", "Creates a consumer in a group."),
              StreamGroupAdmin::createConsumer)
          .add(
              command("XGROUP|DELCONSUMER")
                  .arity(5)
                  .docs(
                      Group.STREAM,
                      "5.0.0",
                      "O(n) for n entries pending for it",
                      "Deletes a consumer with all that is pending for it."),
              StreamGroupAdmin::deleteConsumer)
          .all(
              Group.STREAM,
              "5.0.0",
              "A container for commands on consumer groups.",
              "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
              "CREATE <key> <groupname> <id|$> [option]",
              "    Create a new consumer group. Options are:",
              "    * MKSTREAM",
              "      Create the empty stream if it does not exist.",
              "    * ENTRIESREAD entries_read",
              "      Set the group's entries_read counter (internal use).",
              "CREATECONSUMER <key> <groupname> <consumer>",
              "    Create a new consumer in the specified group.",
              "DELCONSUMER <key> <groupname> <consumer>",
              "    Remove the specified consumer.",
              "DESTROY <key> <groupname>",
              "    Remove the specified group.",
              "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
              "    Set the current group ID and entries_read counter.",
              "HELP",
              "    Prints this help.");

  private StreamGroupAdmin() {}

  /** What may follow the id in CREATE and SETID. */
  private record Options(boolean makeStream, long entriesRead) {
    static Options parse(Args args, boolean ofCreate) {
      boolean makeStream = false;
      long entriesRead = StreamGroup.UNKNOWN;
      for (int i = 5; i < args.size(); i++) {
        if (ofCreate && args.is(i, "MKSTREAM")) {
          makeStream = true;
        } else if (i + 1 < args.size() && args.is(i, "ENTRIESREAD")) {
          entriesRead = args.int64(++i); // -1 is what XINFO shows as null, and may be written back
          if (entriesRead < StreamGroup.UNKNOWN) {
            throw new CommandException(RespErrors.XGROUP_ENTRIES_READ);
          }
        } else {
          throw badSubcommand(args);
        }
      }
      return new Options(makeStream, entriesRead);
    }
  }

  private static Reply create(Args args, Keyspace db) {
    Options options = Options.parse(args, true);
    StreamType stream = stream(args, db);
    if (!stream.exists() && !options.makeStream()) {
      throw new CommandException(RespErrors.XGROUP_NO_KEY);
    }
    if (args.size() > MOST_WORDS_OF_CREATE) {
      throw badSubcommand(args);
    }
    StreamId last;
    if (args.is(4, "$")) {
      last = stream.exists() ? stream.lastId() : StreamId.MIN;
    } else {
      last = StreamIds.parse(args.bytes(4));
    }
    stream.create();
    if (!stream.createGroup(args.bytes(3), last, options.entriesRead())) {
      throw new CommandException(RespErrors.XGROUP_EXISTS);
    }
    stream.save();
    return Reply.OK;
  }

  private static Reply setId(Args args, Keyspace db) {
    Options options = Options.parse(args, false);
    StreamType stream = existing(args, db);
    StreamGroup group = requireGroup(stream, args);
    if (args.size() != 5 && args.size() != 7) {
      throw badSubcommand(args);
    }
    StreamId last = args.is(4, "$") ? stream.lastId() : StreamIds.parseOrEnd(args.bytes(4));
    group.moveTo(last, options.entriesRead());
    stream.save();
    return Reply.OK;
  }

  private static Reply destroy(Args args, Keyspace db) {
    StreamType stream = existing(args, db);
    if (!stream.destroyGroup(args.bytes(3))) {
      return Reply.ZERO;
    }
    stream.save();
    return Reply.ONE;
  }

  private static Reply createConsumer(Args args, Keyspace db) {
    StreamType stream = existing(args, db);
    if (!requireGroup(stream, args).createConsumer(args.bytes(4), db.timeMillis())) {
      return Reply.ZERO;
    }
    stream.save();
    return Reply.ONE;
  }

  private static Reply deleteConsumer(Args args, Keyspace db) {
    StreamType stream = existing(args, db);
    long pending = requireGroup(stream, args).deleteConsumer(args.bytes(4));
    if (pending == StreamGroup.UNKNOWN) {
      return Reply.ZERO;
    }
    stream.save();
    return Reply.integer(pending);
  }

  private static StreamType stream(Args args, Keyspace db) {
    return new StreamType(db.key(args.bytes(2)));
  }

  private static StreamType existing(Args args, Keyspace db) {
    StreamType stream = stream(args, db);
    if (!stream.exists()) {
      throw new CommandException(RespErrors.XGROUP_NO_KEY);
    }
    return stream;
  }

  private static StreamGroup requireGroup(StreamType stream, Args args) {
    StreamGroup group = stream.group(args.bytes(3));
    if (group == null) {
      throw new CommandException(RespErrors.noGroupOfKey(args.text(2), args.text(3)));
    }
    return group;
  }

  private static CommandException badSubcommand(Args args) {
    return new CommandException(RespErrors.badSubcommand("XGROUP", args.text(1)));
  }
}
