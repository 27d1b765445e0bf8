package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.WritableRows;
import java.util.List;

/** Commands on databases as such. */
public final class DatabaseCommands {
  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          // The group is "server" in Redis, but the ACL category is not "admin".
          command("SWAPDB")
              .arity(3)
              .flags(Flag.FAST)
              .categories("dangerous")
              .docs(
                  Group.GENERIC,
                  "4.0.0",
                  "O(1)",
                  "Swaps two databases; needs a cluster of one shard.")
              .onSeveralShards(DatabaseCommands::refuse)
              .writes(DatabaseCommands::swap));

  private DatabaseCommands() {}

  /**
   * The number of a database.
   *
   * @throws CommandException if it is none
   */
  static int index(Args args, int at) {
    long number = args.int64(at);
    if (number != (int) number) {
      throw new CommandException(RespErrors.NOT_INT32);
    }
    return checked(number);
  }

  private static int checked(long number) {
    if (number < 0 || number >= Keyspace.DATABASES) {
      throw new CommandException(RespErrors.DB_INDEX_OUT_OF_RANGE);
    }
    return (int) number;
  }

  /** Shards apply their logs each in its own time: somebody would see one half swapped. */
  private static void refuse(Args args) {
    throw new CommandException(RespErrors.SWAPDB_SEVERAL_SHARDS);
  }

  private static Reply swap(Args args, Keyspace keys) {
    long first = number(args, 1, RespErrors.SWAPDB_FIRST);
    long second = number(args, 2, RespErrors.SWAPDB_SECOND);
    WritableRows rows = keys.writableRows();
    rows.homes(rows.homes().swapped(checked(first), checked(second)));
    return Reply.OK;
  }

  private static long number(Args args, int at, String error) {
    return args.int64(at, Integer.MIN_VALUE, Integer.MAX_VALUE, error);
  }
}
