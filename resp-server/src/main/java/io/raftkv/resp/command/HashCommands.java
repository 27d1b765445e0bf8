package io.raftkv.resp.command;

import static io.raftkv.resp.command.Flag.DENYOOM;
import static io.raftkv.resp.command.Flag.FAST;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.HashType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Hash commands: parse, decide, reply. Where the bytes live is the business of {@link HashType}.
 * Those about deadlines of fields are {@link HashFieldCommands}.
 */
public final class HashCommands {
  private static final String CONSTANT = "O(1)";
  private static final String PER_FIELD = "O(N) where N is the number of fields given.";
  private static final String WHOLE = "O(N) where N is the size of the hash.";
  private static final String PER_RANDOM = "O(N) where N is the number of fields returned.";
  private static final String PER_SCAN = "O(1) for every call, O(N) for a whole scan of N fields.";

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          entry("HSET", -4, "2.0.0", PER_FIELD, "Sets fields of a hash.")
              .flags(DENYOOM, FAST)
              .writes(HashCommands::hset),
          entry("HMSET", -4, "2.0.0", PER_FIELD, "Sets fields of a hash and answers OK.")
              .flags(DENYOOM, FAST)
              .writes(HashCommands::hmset),
          entry("HSETNX", 4, "2.0.0", CONSTANT, "Sets a field of a hash unless it is there.")
              .flags(DENYOOM, FAST)
              .writes(HashCommands::hsetnx),
          entry("HGET", 3, "2.0.0", CONSTANT, "Returns the value of a field.")
              .flags(FAST)
              .reads((args, keys) -> Reply.bulkOrNull(hash(args, keys).get(args.bytes(2)))),
          entry("HMGET", -3, "2.0.0", PER_FIELD, "Returns the values of several fields.")
              .flags(FAST)
              .reads(HashCommands::hmget),
          entry("HGETALL", 2, "2.0.0", WHOLE, "Returns all fields with their values.")
              .reads((args, keys) -> WholeCollections.fieldsAndValues(hash(args, keys))),
          entry("HDEL", -3, "2.0.0", PER_FIELD, "Removes fields, and the hash with the last one.")
              .flags(FAST)
              .writes((args, keys) -> Reply.integer(hash(args, keys).removeAll(from(args, 2)))),
          entry("HLEN", 2, "2.0.0", CONSTANT, "Returns the number of fields.")
              .differs("Counts no field that is dead; Redis does until it has removed it.")
              .flags(FAST)
              .reads((args, keys) -> Reply.integer(hash(args, keys).size())),
          entry("HEXISTS", 3, "2.0.0", CONSTANT, "Tells whether a field is there.")
              .flags(FAST)
              .reads((args, keys) -> bool(hash(args, keys).contains(args.bytes(2)))),
          entry("HKEYS", 2, "2.0.0", WHOLE, "Returns all fields without their values.")
              .reads((args, keys) -> WholeCollections.fields(hash(args, keys))),
          entry("HVALS", 2, "2.0.0", WHOLE, "Returns the values of all fields.")
              .reads((args, keys) -> WholeCollections.values(hash(args, keys))),
          entry("HSTRLEN", 3, "3.2.0", CONSTANT, "Returns the number of bytes of a value.")
              .flags(FAST)
              .reads(HashCommands::hstrlen),
          entry("HINCRBY", 4, "2.0.0", CONSTANT, "Adds an integer to the value of a field.")
              .flags(DENYOOM, FAST)
              .writes(HashCommands::hincrby),
          entry("HINCRBYFLOAT", 4, "2.6.0", CONSTANT, "Adds a float to the value of a field.")
              .flags(DENYOOM, FAST)
              .writes(HashCommands::hincrbyfloat),
          entry("HRANDFIELD", -2, "6.2.0", PER_RANDOM, "Returns random fields of a hash.")
              .differs(RandomCount.DIFFERENCE)
              .reads(HashCommands::hrandfield),
          entry("HSCAN", -3, "2.8.0", PER_SCAN, "Returns the fields of a hash page by page.")
              .reads(HashCommands::hscan));

  private HashCommands() {}

  static CommandSpec.Builder entry(
      String name, int arity, String since, String cost, String summary) {
    return CommandSpec.command(name)
        .arity(arity)
        .keys(KeySpec.FIRST)
        .docs(Group.HASH, since, cost, summary);
  }

  private static HashType hash(Args args, Keyspace keys) {
    return new HashType(keys.key(args.bytes(1)));
  }

  private static List<byte[]> from(Args args, int index) {
    return Arrays.asList(args.words()).subList(index, args.size());
  }

  private static Reply bool(boolean value) {
    return value ? Reply.ONE : Reply.ZERO;
  }

  private static Reply hset(Args args, Keyspace keys) {
    return Reply.integer(putPairs("HSET", args, keys));
  }

  private static Reply hmset(Args args, Keyspace keys) {
    putPairs("HMSET", args, keys);
    return Reply.OK;
  }

  private static long putPairs(String command, Args args, Keyspace keys) {
    if (args.size() % 2 != 0) {
      throw new CommandException(RespErrors.wrongArity(command));
    }
    return hash(args, keys).putAll(from(args, 2));
  }

  private static Reply hsetnx(Args args, Keyspace keys) {
    HashType hash = hash(args, keys);
    return bool(!hash.contains(args.bytes(2)) && hash.put(args.bytes(2), args.bytes(3)));
  }

  private static Reply hmget(Args args, Keyspace keys) {
    HashType hash = hash(args, keys);
    return ValueRun.of(
        args.size() - 2, i -> hash.get(args.bytes(i + 2)), i -> hash.contains(args.bytes(i + 2)));
  }

  private static Reply hstrlen(Args args, Keyspace keys) {
    byte[] value = hash(args, keys).get(args.bytes(2));
    return Reply.integer(value == null ? 0 : value.length);
  }

  /** A missing field counts as 0; one that is there keeps its deadline. */
  private static Reply hincrby(Args args, Keyspace keys) {
    long delta = args.int64(3);
    HashType hash = hash(args, keys);
    HashType.Value stored = hash.find(args.bytes(2));
    long before =
        stored == null ? 0 : Numbers.parseLong(stored.bytes(), RespErrors.HASH_VALUE_NOT_INTEGER);
    long after = before + delta;
    if (((before ^ after) & (delta ^ after)) < 0) {
      throw new CommandException(RespErrors.OVERFLOW);
    }
    putKeepingDeadline(hash, args.bytes(2), Numbers.format(after), stored);
    return Reply.integer(after);
  }

  /** A missing field counts as 0; one that is there keeps its deadline. */
  private static Reply hincrbyfloat(Args args, Keyspace keys) {
    LongDouble delta = LongDouble.parse(args.bytes(3), RespErrors.NOT_FLOAT);
    if (!delta.isFinite()) {
      throw new CommandException(RespErrors.VALUE_NAN_OR_INFINITY);
    }
    HashType hash = hash(args, keys);
    HashType.Value stored = hash.find(args.bytes(2));
    LongDouble sum =
        stored == null
            ? delta
            : LongDouble.parse(stored.bytes(), RespErrors.HASH_VALUE_NOT_FLOAT).plus(delta);
    if (!sum.isFinite()) {
      throw new CommandException(RespErrors.NAN_OR_INFINITY);
    }
    byte[] after = sum.format();
    putKeepingDeadline(hash, args.bytes(2), after, stored);
    return Reply.bulk(after);
  }

  private static void putKeepingDeadline(
      HashType hash, byte[] field, byte[] after, HashType.Value before) {
    long deadline = before == null ? MetaRow.NO_EXPIRY : before.deadlineMillis();
    hash.put(field, new HashType.Value(after, deadline));
  }

  private static Reply hrandfield(Args args, Keyspace keys) {
    if (args.size() == 2) {
      HashType hash = hash(args, keys);
      return hash.size() == 0 ? Reply.NULL : Reply.bulk(hash.random(keys.random()).name());
    }
    long count = RandomCount.parse(args, 2);
    boolean withValues = args.size() == 4 && args.is(3, "WITHVALUES");
    if (args.size() > 3 && !withValues) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    if (withValues && Math.abs(count) > Long.MAX_VALUE / 2) {
      throw new CommandException(RespErrors.OUT_OF_RANGE);
    }
    HashType hash = hash(args, keys);
    if (count == 0 || hash.size() == 0) {
      return Reply.EMPTY_ARRAY;
    }
    List<HashType.Field> picks =
        count > 0
            ? hash.randomDistinct(count, keys.random())
            : hash.randomRepeated(RandomCount.repeated(count), keys.random());
    List<Reply> items = new ArrayList<>(withValues ? 2 * picks.size() : picks.size());
    for (HashType.Field picked : picks) {
      items.add(Reply.bulk(picked.name()));
      if (withValues) {
        items.add(Reply.bulk(picked.value()));
      }
    }
    return withValues ? Reply.pairs(items) : Reply.array(items);
  }

  private static Reply hscan(Args args, Keyspace keys) {
    return ScanOptions.scan(
        args,
        keys,
        true,
        key -> {
          HashType hash = new HashType(key);
          return (cursor, options, found) ->
              hash.scan(
                  cursor,
                  options.count(),
                  (field, value) -> {
                    if (options.matches(field)) {
                      found.add(Reply.bulk(field));
                      if (!options.noValues()) {
                        found.add(Reply.bulk(value));
                      }
                    }
                  });
        });
  }
}
