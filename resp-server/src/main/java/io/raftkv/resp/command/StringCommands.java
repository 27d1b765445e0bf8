package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.command.CommandSpec.FanOut;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.StringType;
import java.util.List;

/**
 * String and counter commands: parse, decide, reply. Where the bytes live is {@link StringType}'s
 * business.
 */
public final class StringCommands {
  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          command("GET")
              .arity(2)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(Group.STRING, "1.0.0", "O(1)", "Returns the string value of a key.")
              .reads(StringCommands::get),
          command("SET")
              .arity(-3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(1)",
                  "Sets the string value of a key, ignoring its type. The key is created if it"
                      + " doesn't exist.")
              .writes(StringCommands::set),
          command("SETNX")
              .arity(3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(1)",
                  "Sets the string value of a key only when the key doesn't exist.")
              .writes(StringCommands::setNx),
          command("SETEX")
              .arity(4)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.STRING,
                  "2.0.0",
                  "O(1)",
                  "Sets the string value and expiration time of a key. Creates the key if it"
                      + " doesn't exist.")
              .writes((args, keys) -> setWithExpiry(args, keys, ExpireUnit.EX)),
          command("PSETEX")
              .arity(4)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.STRING,
                  "2.6.0",
                  "O(1)",
                  "Sets both string value and expiration time in milliseconds of a key. The key is"
                      + " created if it doesn't exist.")
              .writes((args, keys) -> setWithExpiry(args, keys, ExpireUnit.PX)),
          command("GETSET")
              .arity(3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(1)",
                  "Returns the previous string value of a key after setting it to a new value.")
              .writes(StringCommands::getSet),
          command("GETEX")
              .arity(-2)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(
                  Group.STRING,
                  "6.2.0",
                  "O(1)",
                  "Returns the string value of a key after setting its expiration time.")
              .writes(StringCommands::getEx),
          command("GETDEL")
              .arity(2)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(
                  Group.STRING,
                  "6.2.0",
                  "O(1)",
                  "Returns the string value of a key after deleting the key.")
              .writes(StringCommands::getDel),
          command("MGET")
              .arity(-2)
              .keys(KeySpec.ALL)
              .flags(Flag.FAST)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(N) where N is the number of keys to retrieve.",
                  "Atomically returns the string values of one or more keys.")
              .differs(
                  "With keys on several shards more than 32 MB of values from one of them are refused.")
              .fanOut(FanOut.JOIN_BY_KEY)
              .reads(StringCommands::mget),
          command("MSET")
              .arity(-3)
              .keys(KeySpec.PAIRS)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.STRING,
                  "1.0.1",
                  "O(N) where N is the number of keys to set.",
                  "Atomically creates or modifies the string values of one or more keys.")
              .fanOut(FanOut.ALL_OK_BY_KEY)
              .writes(StringCommands::mset),
          command("MSETNX")
              .arity(-3)
              .keys(KeySpec.PAIRS)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.STRING,
                  "1.0.1",
                  "O(N) where N is the number of keys to set.",
                  "Atomically modifies the string values of one or more keys only when all keys"
                      + " don't exist.")
              .writes(StringCommands::msetNx),
          command("INCR")
              .arity(2)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(1)",
                  "Increments the integer value of a key by one. Uses 0 as initial value if the"
                      + " key doesn't exist.")
              .writes((args, keys) -> Counters.add(args, keys, 1)),
          command("DECR")
              .arity(2)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(1)",
                  "Decrements the integer value of a key by one. Uses 0 as initial value if the"
                      + " key doesn't exist.")
              .writes((args, keys) -> Counters.add(args, keys, -1)),
          command("INCRBY")
              .arity(3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(1)",
                  "Increments the integer value of a key by a number. Uses 0 as initial value if"
                      + " the key doesn't exist.")
              .writes((args, keys) -> Counters.add(args, keys, args.int64(2))),
          command("DECRBY")
              .arity(3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(1)",
                  "Decrements a number from the integer value of a key. Uses 0 as initial value if"
                      + " the key doesn't exist.")
              .writes(Counters::decrBy),
          command("INCRBYFLOAT")
              .arity(3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.STRING,
                  "2.6.0",
                  "O(1)",
                  "Increments the floating point value of a key by a number. Uses 0 as initial"
                      + " value if the key doesn't exist.")
              .writes(Counters::incrByFloat),
          command("APPEND")
              .arity(3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.STRING,
                  "2.0.0",
                  "O(N) where N is the length of the appended string." + StringParts.AFTER_WHOLE,
                  "Appends a string to the value of a key. Creates the key if it doesn't exist.")
              .admission(ValueLimit::attach)
              .writes(StringParts::append),
          command("STRLEN")
              .arity(2)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(Group.STRING, "2.2.0", "O(1)", "Returns the length of a string value.")
              .reads(StringParts::strlen),
          command("GETRANGE")
              .arity(4)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.STRING,
                  "2.4.0",
                  "O(N) where N is the length of the range" + StringParts.OR_OF_WHOLE,
                  "Returns a substring of the string stored at a key.")
              .reads(StringParts::getRange),
          command("SUBSTR")
              .arity(4)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.STRING,
                  "1.0.0",
                  "O(N) where N is the length of the range" + StringParts.OR_OF_WHOLE,
                  "Returns a substring from a string value.")
              .reads(StringParts::getRange),
          command("SETRANGE")
              .arity(4)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.STRING,
                  "2.2.0",
                  "O(N) where N is the length of the value." + StringParts.AFTER_WHOLE,
                  "Overwrites a part of a string value with another by an offset. Creates the key"
                      + " if it doesn't exist.")
              .admission(ValueLimit::attach)
              .writes(StringParts::setRange),
          command("LCS")
              .arity(-3)
              .keys(KeySpec.FIRST_TWO)
              .docs(
                  Group.STRING,
                  "7.0.0",
                  "O(N*M) where N and M are the lengths of the two strings.",
                  "Finds the longest common substring. Strings of more than 4 MiB, or whose lengths"
                      + " multiplied are more than 2^28, are refused.")
              .reads(StringParts::lcs));

  private StringCommands() {}

  private static StringType string(Args args, Keyspace keys) {
    return new StringType(keys.key(args.bytes(1)));
  }

  private static Reply get(Args args, Keyspace keys) {
    return Reply.bulkOrNull(string(args, keys).get());
  }

  private static Reply set(Args args, Keyspace keys) {
    SetOptions options = SetOptions.ofSet(args);
    long deadline = options.deadline(args, keys);
    KeyHandle key = keys.key(args.bytes(1));
    StringType string = new StringType(key);
    Reply before = options.get() ? Reply.bulkOrNull(string.get()) : null;
    if ((options.onlyIfAbsent() && key.exists()) || (options.onlyIfPresent() && !key.exists())) {
      return before == null ? Reply.NULL : before;
    }
    if (options.keepTtl() && key.exists()) {
      deadline = key.meta().expireAtMillis();
    }
    setUntil(key, args.bytes(2), deadline, keys);
    return before == null ? Reply.OK : before;
  }

  /** A value whose time is over before it is set leaves no key behind. */
  private static void setUntil(KeyHandle key, byte[] value, long deadline, Keyspace keys) {
    if (deadline <= keys.timeMillis()) {
      key.delete();
    } else {
      new StringType(key).set(value, deadline);
    }
  }

  private static Reply setNx(Args args, Keyspace keys) {
    KeyHandle key = keys.key(args.bytes(1));
    if (key.exists()) {
      return Reply.ZERO;
    }
    new StringType(key).set(args.bytes(2));
    return Reply.ONE;
  }

  private static Reply setWithExpiry(Args args, Keyspace keys, ExpireUnit unit) {
    setUntil(keys.key(args.bytes(1)), args.bytes(3), unit.positiveDeadline(args, 2, keys), keys);
    return Reply.OK;
  }

  private static Reply getSet(Args args, Keyspace keys) {
    StringType string = string(args, keys);
    byte[] before = string.get();
    string.set(args.bytes(2));
    return Reply.bulkOrNull(before);
  }

  /** As in Redis, a wrong number matters only if there is a key. */
  private static Reply getEx(Args args, Keyspace keys) {
    SetOptions options = SetOptions.ofGetEx(args);
    KeyHandle key = keys.key(args.bytes(1));
    byte[] value = new StringType(key).get();
    if (value == null) {
      return Reply.NULL;
    }
    if (options.unit() != null) {
      KeyExpiry.expire(key, options.deadline(args, keys), keys);
    } else if (options.persist() && key.meta().expireAtMillis() != MetaRow.NO_EXPIRY) {
      key.expireAt(MetaRow.NO_EXPIRY);
    }
    return Reply.bulk(value);
  }

  private static Reply getDel(Args args, Keyspace keys) {
    KeyHandle key = keys.key(args.bytes(1));
    byte[] value = new StringType(key).get();
    key.delete();
    return Reply.bulkOrNull(value);
  }

  private static Reply mget(Args args, Keyspace keys) {
    return ValueRun.of(
        args.size() - 1,
        i -> {
          KeyHandle key = keys.key(args.bytes(i + 1));
          boolean isString = key.exists() && key.meta().type() == KeyType.STRING;
          return isString ? new StringType(key).get() : null;
        },
        i -> keys.key(args.bytes(i + 1)));
  }

  private static Reply mset(Args args, Keyspace keys) {
    requirePairs(args);
    for (int i = 1; i < args.size(); i += 2) {
      new StringType(keys.key(args.bytes(i))).set(args.bytes(i + 1));
    }
    return Reply.OK;
  }

  private static Reply msetNx(Args args, Keyspace keys) {
    requirePairs(args);
    for (int i = 1; i < args.size(); i += 2) {
      if (keys.key(args.bytes(i)).exists()) {
        return Reply.ZERO;
      }
    }
    mset(args, keys);
    return Reply.ONE;
  }

  private static void requirePairs(Args args) {
    if (args.size() % 2 == 0) {
      throw new CommandException(RespErrors.wrongArity(args.text(0)));
    }
  }
}
