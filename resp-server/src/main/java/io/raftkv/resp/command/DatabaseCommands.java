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
              .admission(
                  (words, limits) -> {
                    pair(new Args(words), limits.databases());
                    return words;
                  })
              .onSeveralShards(DatabaseCommands::refuse)
              .writes(DatabaseCommands::swap));

  private DatabaseCommands() {}

  /**
   * The number of a database.
   *
   * @param databases how many there are: for the node of the client what its configuration says, in
   *     apply all that there can be
   * @throws CommandException if it is none
   */
  static int index(Args args, int at, int databases) {
    long number = args.int64(at);
    if (number != (int) number) {
      throw new CommandException(RespErrors.NOT_INT32);
    }
    return checked(number, databases);
  }

  private static int checked(long number, int databases) {
    if (number < 0 || number >= databases) {
      throw new CommandException(RespErrors.DB_INDEX_OUT_OF_RANGE);
    }
    return (int) number;
  }

  /** Shards apply their logs each in its own time: somebody would see one half swapped. */
  private static void refuse(Args args) {
    throw new CommandException(RespErrors.SWAPDB_SEVERAL_SHARDS);
  }

  private static Reply swap(Args args, Keyspace keys) {
    int[] pair = pair(args, Keyspace.DATABASES);
    WritableRows rows = keys.writableRows();
    rows.homes(rows.homes().swapped(pair[0], pair[1]));
    return Reply.OK;
  }

  private static int[] pair(Args args, int databases) {
    long first = number(args, 1, RespErrors.SWAPDB_FIRST);
    long second = number(args, 2, RespErrors.SWAPDB_SECOND);
    return new int[] {checked(first, databases), checked(second, databases)};
  }

  private static long number(Args args, int at, String error) {
    return args.int64(at, Integer.MIN_VALUE, Integer.MAX_VALUE, error);
  }
}
