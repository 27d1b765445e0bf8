package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.command.CommandSpec.FanOut;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.ExpirySweep;
import io.raftkv.storage.Flush;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyScan;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.Slot;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.type.HashType;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Commands on keys of any type: parse, decide, reply. */
public final class GenericCommands {
  private static final String PER_KEY = "O(N) where N is the number of keys.";

  /**
   * Deletes keys and hash fields that are due. The leader's expiry cycle sends it, and a read that
   * has to move shard time on; a client that sends it is told that there is no such command.
   */
  public static final CommandSpec SWEEP =
      command("RAFTKV.SWEEP")
          .arity(2)
          .flags(Flag.ADMIN)
          .docs(
              Group.SERVER,
              "0.1.0",
              "O(N) where N is the limit.",
              "Deletes keys and hash fields of a shard whose time has come; the leader sends it"
                  + " itself.")
          .forNodesOnly()
          .writes(GenericCommands::sweep);

  /** SCAN as the dispatcher sends it to one of several shards: the last slot comes first. */
  public static final CommandSpec SCAN_UP_TO =
      command("RAFTKV.SCAN")
          .arity(-3)
          .flags(Flag.ADMIN)
          .docs(
              Group.SERVER,
              "0.1.0",
              "O(N) where N is the number of keys walked over.",
              "Iterates over the keys of a shard up to a slot; the dispatcher sends it itself.")
          .reads(GenericCommands::scanUpTo);

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      Stream.of(own(), ObjectCommand.ALL, WithinSlots.ALL).flatMap(List::stream).toList();

  private GenericCommands() {}

  private static List<CommandSpec> own() {
    return List.of(
        command("DEL")
            .arity(-2)
            .keys(KeySpec.ALL)
            .docs(Group.GENERIC, "1.0.0", PER_KEY, "Deletes one or more keys.")
            .fanOut(FanOut.SUM_BY_KEY)
            .writes(GenericCommands::delete),
        command("UNLINK")
            .arity(-2)
            .keys(KeySpec.ALL)
            .flags(Flag.FAST)
            .docs(Group.GENERIC, "4.0.0", PER_KEY, "Asynchronously deletes one or more keys.")
            .fanOut(FanOut.SUM_BY_KEY)
            .writes(GenericCommands::delete),
        command("EXISTS")
            .arity(-2)
            .keys(KeySpec.ALL)
            .flags(Flag.FAST)
            .docs(Group.GENERIC, "1.0.0", PER_KEY, "Determines whether one or more keys exist.")
            .fanOut(FanOut.SUM_BY_KEY)
            .reads(GenericCommands::countExisting),
        command("TOUCH")
            .arity(-2)
            .keys(KeySpec.ALL)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC,
                "3.2.1",
                PER_KEY,
                "Returns the number of existing keys out of those specified after updating the"
                    + " time they were last accessed.")
            .fanOut(FanOut.SUM_BY_KEY)
            .reads(GenericCommands::countExisting),
        command("TYPE")
            .arity(2)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(Group.GENERIC, "1.0.0", "O(1)", "Determines the type of value stored at a key.")
            .reads(GenericCommands::type),
        command("EXPIRE")
            .arity(-3)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(Group.GENERIC, "1.0.0", "O(1)", "Sets the expiration time of a key in seconds.")
            .writes((args, keys) -> KeyExpiry.expire(args, keys, ExpireUnit.EX)),
        command("PEXPIRE")
            .arity(-3)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC,
                "2.6.0",
                "O(1)",
                "Sets the expiration time of a key in milliseconds.")
            .writes((args, keys) -> KeyExpiry.expire(args, keys, ExpireUnit.PX)),
        command("EXPIREAT")
            .arity(-3)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC,
                "1.2.0",
                "O(1)",
                "Sets the expiration time of a key to a Unix timestamp.")
            .writes((args, keys) -> KeyExpiry.expire(args, keys, ExpireUnit.EXAT)),
        command("PEXPIREAT")
            .arity(-3)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC,
                "2.6.0",
                "O(1)",
                "Sets the expiration time of a key to a Unix milliseconds timestamp.")
            .differs("The last millisecond of 64 bits stands for none: the one before it is kept.")
            .writes((args, keys) -> KeyExpiry.expire(args, keys, ExpireUnit.PXAT)),
        command("TTL")
            .arity(2)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC, "1.0.0", "O(1)", "Returns the expiration time in seconds of a key.")
            .reads((args, keys) -> KeyExpiry.timeToLive(args, keys, true)),
        command("PTTL")
            .arity(2)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC,
                "2.6.0",
                "O(1)",
                "Returns the expiration time in milliseconds of a key.")
            .reads((args, keys) -> KeyExpiry.timeToLive(args, keys, false)),
        command("EXPIRETIME")
            .arity(2)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC,
                "7.0.0",
                "O(1)",
                "Returns the expiration time of a key as a Unix timestamp.")
            .reads((args, keys) -> KeyExpiry.expireTime(args, keys, true)),
        command("PEXPIRETIME")
            .arity(2)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC,
                "7.0.0",
                "O(1)",
                "Returns the expiration time of a key as a Unix milliseconds timestamp.")
            .reads((args, keys) -> KeyExpiry.expireTime(args, keys, false)),
        command("PERSIST")
            .arity(2)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(Group.GENERIC, "2.2.0", "O(1)", "Removes the expiration time of a key.")
            .writes(KeyExpiry::persist),
        command("RENAME")
            .arity(3)
            .keys(KeySpec.FIRST_TWO)
            .docs(
                Group.GENERIC,
                "1.0.0",
                "O(1) within a slot, else O(N) where N is the number of elements.",
                "Renames a key and overwrites the destination.")
            .writes(GenericCommands::rename),
        command("RENAMENX")
            .arity(3)
            .keys(KeySpec.FIRST_TWO)
            .flags(Flag.FAST)
            .docs(
                Group.GENERIC,
                "1.0.0",
                "O(1) within a slot, else O(N) where N is the number of elements.",
                "Renames a key only when the target key name doesn't exist.")
            .writes(GenericCommands::renameNx),
        command("COPY")
            .arity(-3)
            .keys(KeySpec.FIRST_TWO)
            .flags(Flag.DENYOOM)
            .docs(
                Group.GENERIC,
                "6.2.0",
                "O(N) where N is the number of elements.",
                "Copies the value of a key to a new key.")
            .admission(
                (words, limits) -> {
                  CopyOptions.parse(new Args(words), 0, limits.databases());
                  return words;
                })
            .writes(GenericCommands::copy),
        command("MOVE")
            .arity(3)
            .keys(KeySpec.FIRST)
            .flags(Flag.FAST)
            .docs(Group.GENERIC, "1.0.0", "O(1)", "Moves a key to another database.")
            .admission(
                (words, limits) -> {
                  DatabaseCommands.index(new Args(words), 2, limits.databases());
                  return words;
                })
            .writes(GenericCommands::move),
        command("RANDOMKEY")
            .arity(1)
            .docs(Group.GENERIC, "1.0.0", "O(1)", "Returns a random key name from the database.")
            .fanOut(FanOut.FIRST_NON_NULL)
            .reads(KeyWalks::randomKey),
        command("KEYS")
            .arity(2)
            .categories("dangerous")
            .docs(
                Group.GENERIC,
                "1.0.0",
                "O(N) where N is the number of keys in the database.",
                "Returns all key names that match a pattern.")
            .differs(
                "With several shards more than 32 MB of keys from one of them are refused: use SCAN.")
            .fanOut(FanOut.CONCAT_ALL_SHARDS)
            .reads(KeyRun::run),
        command("SCAN")
            .arity(-2)
            .docs(
                Group.GENERIC,
                "2.8.0",
                "O(1) for every call, O(N) for a complete iteration over N keys.",
                "Iterates over the key names in the database.")
            .fanOut(FanOut.BY_CURSOR)
            .reads(KeyWalks::scan),
        // The group of the next three is "server" in Redis, but their ACL category is not
        // "admin".
        command("DBSIZE")
            .arity(1)
            .flags(Flag.FAST)
            .docs(Group.GENERIC, "1.0.0", "O(1)", "Returns the number of keys in the database.")
            .fanOut(FanOut.SUM_ALL_SHARDS)
            .reads(KeyWalks::dbSize),
        command("FLUSHDB")
            .arity(-1)
            .categories("dangerous")
            .docs(
                Group.GENERIC,
                "1.0.0",
                "O(1) if the other databases are empty, else O(N) where N is the number of keys.",
                "Removes all keys from the current database.")
            .fanOut(FanOut.ALL_OK_ALL_SHARDS)
            .writes((args, keys) -> flush(args, keys, Flush::database)),
        command("FLUSHALL")
            .arity(-1)
            .categories("dangerous")
            .docs(Group.GENERIC, "1.0.0", "O(1)", "Removes all keys from all databases.")
            .fanOut(FanOut.ALL_OK_ALL_SHARDS)
            .writes((args, keys) -> flush(args, keys, Flush::everything)),
        SWEEP,
        SCAN_UP_TO);
  }

  /** The slot at which a SCAN with this cursor goes on. */
  public static int slotOfCursor(byte[] cursor) {
    long position = KeyWalks.position(cursor);
    return position < 0 || position >= KeyScan.END
        ? Slot.COUNT - 1
        : (int) (position >>> KeyRows.HASH_BITS);
  }

  private static Reply scanUpTo(Args args, Keyspace keys) {
    byte[][] words = Arrays.copyOfRange(args.words(), 1, args.size());
    int lastSlot = (int) args.int64(1, 0, Slot.COUNT - 1, RespErrors.NOT_INTEGER);
    return KeyWalks.scan(new Args(words), keys, lastSlot).reply();
  }

  private static Reply delete(Args args, Keyspace keys) {
    long deleted = 0;
    for (int i = 1; i < args.size(); i++) {
      deleted += keys.key(args.bytes(i)).delete() ? 1 : 0;
    }
    return Reply.integer(deleted);
  }

  /** A key that is named twice counts twice. */
  private static Reply countExisting(Args args, Keyspace keys) {
    long existing = 0;
    for (int i = 1; i < args.size(); i++) {
      existing += keys.key(args.bytes(i)).exists() ? 1 : 0;
    }
    return Reply.integer(existing);
  }

  private static Reply type(Args args, Keyspace keys) {
    KeyHandle key = keys.key(args.bytes(1));
    return Reply.simple(key.exists() ? key.meta().type().redisName() : "none");
  }

  private static Reply rename(Args args, Keyspace keys) {
    KeyHandle source = requireKey(args, keys);
    if (!Arrays.equals(args.bytes(1), args.bytes(2))) {
      source.moveTo(keys.key(args.bytes(2)));
    }
    return Reply.OK;
  }

  private static Reply renameNx(Args args, Keyspace keys) {
    KeyHandle source = requireKey(args, keys);
    KeyHandle target = keys.key(args.bytes(2));
    if (target.exists()) { // also if it is the source
      return Reply.ZERO;
    }
    source.moveTo(target);
    return Reply.ONE;
  }

  private static KeyHandle requireKey(Args args, Keyspace keys) {
    KeyHandle key = keys.key(args.bytes(1));
    if (!key.exists()) {
      throw new CommandException(RespErrors.NO_SUCH_KEY);
    }
    return key;
  }

  /** What stands behind the keys of a COPY. */
  private record CopyOptions(int database, boolean replace) {
    private static CopyOptions parse(Args args, int current, int databases) {
      boolean replace = false;
      int database = current;
      for (int i = 3; i < args.size(); i++) {
        if (args.is(i, "REPLACE")) {
          replace = true;
        } else if (args.is(i, "DB") && i + 1 < args.size()) {
          database = DatabaseCommands.index(args, ++i, databases);
        } else {
          throw new CommandException(RespErrors.SYNTAX);
        }
      }
      return new CopyOptions(database, replace);
    }
  }

  private static Reply copy(Args args, Keyspace keys) {
    CopyOptions options = CopyOptions.parse(args, keys.database(), Keyspace.DATABASES);
    int database = options.database();
    if (database == keys.database() && Arrays.equals(args.bytes(1), args.bytes(2))) {
      throw new CommandException(RespErrors.SAME_OBJECT);
    }
    KeyHandle source = keys.key(args.bytes(1));
    KeyHandle target = keys.select(database).key(args.bytes(2));
    if (!source.exists() || (target.exists() && !options.replace())) {
      return Reply.ZERO;
    }
    source.copyTo(target);
    return Reply.ONE;
  }

  private static Reply move(Args args, Keyspace keys) {
    int database = DatabaseCommands.index(args, 2, Keyspace.DATABASES);
    if (database == keys.database()) {
      throw new CommandException(RespErrors.SAME_OBJECT);
    }
    KeyHandle source = keys.key(args.bytes(1));
    KeyHandle target = keys.select(database).key(args.bytes(1));
    if (!source.exists() || target.exists()) {
      return Reply.ZERO;
    }
    source.moveTo(target);
    return Reply.ONE;
  }

  /** Both ways of flushing cost the same here; Redis' words for them are accepted. */
  private static Reply flush(Args args, Keyspace keys, Consumer<Keyspace> flush) {
    boolean known = args.size() == 2 && (args.is(1, "ASYNC") || args.is(1, "SYNC"));
    if (args.size() > 1 && !known) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    flush.accept(keys);
    return Reply.OK;
  }

  private static Reply sweep(Args args, Keyspace keys) {
    int limit = (int) args.int64(1, 1, ExpirySweep.MAX_LIMIT, RespErrors.OUT_OF_RANGE_POSITIVE);
    return Reply.integer(ExpirySweep.sweep(keys, limit, HashType::sweep));
  }
}
