package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.rdb.DumpPayload;
import io.raftkv.resp.rdb.MalformedDumpException;
import io.raftkv.resp.rdb.OversizedDumpException;
import io.raftkv.resp.rdb.RdbValue;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import java.util.List;

/**
 * DUMP and RESTORE: values as Redis writes them, so that keys move between it and RaftKV. The bytes
 * are the business of {@link DumpPayload}.
 *
 * <p>A payload is hostile input, and RESTORE reads it in apply: whatever is wrong with it is an
 * error reply, equal on every replica.
 */
public final class DumpCommands {
  private static final int FIRST_OPTION = 4;
  private static final int MAX_FREQUENCY = 255;

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          command("DUMP")
              .arity(2)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.GENERIC,
                  "2.6.0",
                  "O(N) where N is the number of elements and their bytes.",
                  "Returns the value of a key in Redis' serialization.")
              .differs("A value of more than 64 MB is refused.")
              .reads(DumpCommands::dump),
          restoring("RESTORE", "2.6.0", "Makes a key from a value in Redis' serialization."),
          restoring(
              "RESTORE-ASKING",
              "3.0.0",
              "RESTORE, as MIGRATE of a node of a Redis Cluster sends it."));

  private DumpCommands() {}

  private static CommandSpec restoring(String name, String since, String summary) {
    return command(name)
        .arity(-4)
        .keys(KeySpec.FIRST)
        .flags(Flag.DENYOOM)
        .categories("dangerous")
        .docs(
            Group.GENERIC,
            since,
            "O(N*log(N)) where N is the number of elements, and O(M) for their M bytes.",
            summary)
        .differs(
            "A value of more than 256 MB when unpacked is refused, and a time to live that ends"
                + " behind 64 bits of milliseconds; Redis takes that one for a time in the past.")
        .writes(DumpCommands::restore);
  }

  private static Reply dump(Args args, Keyspace keys) {
    KeyHandle key = keys.key(args.bytes(1));
    if (!key.exists()) {
      return Reply.NULL;
    }
    try {
      return Reply.bulk(DumpedValues.write(key));
    } catch (OversizedDumpException tooLarge) {
      throw new CommandException(RespErrors.DUMP_TOO_LARGE);
    }
  }

  private static Reply restore(Args args, Keyspace keys) {
    Options options = Options.of(args);
    KeyHandle key = keys.key(args.bytes(1));
    if (key.exists() && !options.replace) {
      throw new CommandException(RespErrors.BUSY_KEY);
    }
    if (args.int64(2) < 0) {
      throw new CommandException(RespErrors.RESTORE_TTL);
    }
    RdbValue value = decode(args.bytes(3));
    long deadline = deadline(args, keys, options.absolute);
    key.delete();
    if (deadline > keys.timeMillis()) {
      DumpedValues.store(value, key);
      if (deadline != MetaRow.NO_EXPIRY && key.exists()) {
        key.expireAt(deadline);
      }
    }
    return Reply.OK;
  }

  /** When the key dies; 0 stands for never. */
  private static long deadline(Args args, Keyspace keys, boolean absolute) {
    ExpireUnit unit = absolute ? ExpireUnit.PXAT : ExpireUnit.PX;
    return args.int64(2) == 0 ? MetaRow.NO_EXPIRY : unit.deadline(args, 2, keys);
  }

  private static RdbValue decode(byte[] payload) {
    if (!DumpPayload.isSealed(payload)) {
      throw new CommandException(RespErrors.DUMP_NOT_SEALED);
    }
    try {
      return DumpPayload.decode(payload);
    } catch (MalformedDumpException mistake) {
      throw new CommandException(RespErrors.DUMP_BAD_FORMAT);
    } catch (OversizedDumpException tooLarge) {
      throw new CommandException(RespErrors.RESTORE_TOO_LARGE);
    }
  }

  /** IDLETIME and FREQ are for eviction, which RaftKV has not: checked and forgotten. */
  private record Options(boolean replace, boolean absolute) {
    static Options of(Args args) {
      boolean replace = false;
      boolean absolute = false;
      boolean idleTime = false;
      boolean frequency = false;
      for (int i = FIRST_OPTION; i < args.size(); i++) {
        boolean hasValue = i + 1 < args.size();
        if (args.is(i, "REPLACE")) {
          replace = true;
        } else if (args.is(i, "ABSTTL")) {
          absolute = true;
        } else if (args.is(i, "IDLETIME") && hasValue && !frequency) {
          requireWithin(args.int64(++i), Long.MAX_VALUE, RespErrors.RESTORE_IDLE_TIME);
          idleTime = true;
        } else if (args.is(i, "FREQ") && hasValue && !idleTime) {
          requireWithin(args.int64(++i), MAX_FREQUENCY, RespErrors.RESTORE_FREQUENCY);
          frequency = true;
        } else {
          throw new CommandException(RespErrors.SYNTAX);
        }
      }
      return new Options(replace, absolute);
    }

    private static void requireWithin(long number, long max, String error) {
      if (number < 0 || number > max) {
        throw new CommandException(error);
      }
    }
  }
}
