package io.raftkv.resp.command;

import static io.raftkv.resp.command.Flag.DENYOOM;
import static io.raftkv.resp.command.Flag.FAST;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.SetType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Set commands: parse, decide, reply. Where the bytes live is the business of {@link SetType}. */
public final class SetCommands {
  private static final String CONSTANT = "O(1)";
  private static final String PER_MEMBER = "O(N) where N is the number of members given.";
  private static final String WHOLE = "O(N) where N is the size of the set.";
  private static final String PER_RANDOM = "O(N) where N is the number of members returned.";
  private static final String PER_SCAN = "O(1) for every call, O(N) for a whole scan of N members.";
  private static final String INTERSECTION =
      "O(N*M) where N is the size of the smallest set and M is the number of sets.";
  private static final String ALL_MEMBERS = "O(N) where N is the number of members of all sets.";

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          entry("SADD", -3, "1.0.0", PER_MEMBER, "Adds members to a set.")
              .flags(DENYOOM, FAST)
              .writes((args, keys) -> Reply.integer(set(args, keys).addAll(from(args, 2)))),
          entry("SREM", -3, "1.0.0", PER_MEMBER, "Removes members, and the set with the last one.")
              .flags(FAST)
              .writes((args, keys) -> Reply.integer(set(args, keys).removeAll(from(args, 2)))),
          entry("SMEMBERS", 2, "1.0.0", WHOLE, "Returns all members of a set.")
              .reads((args, keys) -> WholeCollections.members(set(args, keys))),
          entry("SISMEMBER", 3, "1.0.0", CONSTANT, "Tells whether a set has a member.")
              .flags(FAST)
              .reads((args, keys) -> bool(set(args, keys).contains(args.bytes(2)))),
          entry("SMISMEMBER", -3, "6.2.0", PER_MEMBER, "Tells which members a set has.")
              .flags(FAST)
              .reads(SetCommands::smismember),
          entry("SCARD", 2, "1.0.0", CONSTANT, "Returns the number of members of a set.")
              .flags(FAST)
              .reads((args, keys) -> Reply.integer(set(args, keys).size())),
          entry("SPOP", -2, "1.0.0", PER_RANDOM, "Takes random members out of a set.")
              .differs(RandomCount.UNEVEN)
              .flags(FAST)
              .writes(SetCommands::spop),
          entry("SRANDMEMBER", -2, "1.0.0", PER_RANDOM, "Returns random members of a set.")
              .differs(RandomCount.DIFFERENCE)
              .reads(SetCommands::srandmember),
          entry("SMOVE", 4, "1.0.0", CONSTANT, "Moves a member from one set to another.")
              .keys(KeySpec.FIRST_TWO)
              .flags(FAST)
              .writes(SetCommands::smove),
          entry("SINTER", -2, "1.0.0", INTERSECTION, "Returns the members that all sets have.")
              .keys(KeySpec.ALL)
              .reads(
                  (args, keys) -> SetAlgebra.intersectionReply(sets(args, 1, args.size(), keys))),
          entry("SINTERSTORE", -3, "1.0.0", INTERSECTION, "Stores the members that all sets have.")
              .keys(KeySpec.ALL)
              .flags(DENYOOM)
              .writes(
                  (args, keys) ->
                      store(args, keys, intersection(sets(args, 2, args.size(), keys), keys))),
          entry("SINTERCARD", -3, "7.0.0", INTERSECTION, "Counts the members that all sets have.")
              .keys(KeySpec.counted(1))
              .reads(SetCommands::sintercard),
          entry("SUNION", -2, "1.0.0", ALL_MEMBERS, "Returns the members that any set has.")
              .keys(KeySpec.ALL)
              .reads((args, keys) -> SetAlgebra.unionReply(sets(args, 1, args.size(), keys))),
          entry("SUNIONSTORE", -3, "1.0.0", ALL_MEMBERS, "Stores the members that any set has.")
              .keys(KeySpec.ALL)
              .flags(DENYOOM)
              .writes(
                  (args, keys) ->
                      store(args, keys, SetAlgebra.union(sets(args, 2, args.size(), keys), keys))),
          entry("SDIFF", -2, "1.0.0", ALL_MEMBERS, "Returns what only the first set has.")
              .keys(KeySpec.ALL)
              .reads((args, keys) -> SetAlgebra.differenceReply(minuendAndOthers(args, 1, keys))),
          entry("SDIFFSTORE", -3, "1.0.0", ALL_MEMBERS, "Stores what only the first set has.")
              .keys(KeySpec.ALL)
              .flags(DENYOOM)
              .writes(
                  (args, keys) ->
                      store(args, keys, difference(minuendAndOthers(args, 2, keys), keys))),
          entry("SSCAN", -3, "2.8.0", PER_SCAN, "Returns the members of a set page by page.")
              .reads(SetCommands::sscan));

  private SetCommands() {}

  private static CommandSpec.Builder entry(
      String name, int arity, String since, String cost, String summary) {
    return CommandSpec.command(name)
        .arity(arity)
        .keys(KeySpec.FIRST)
        .docs(Group.SET, since, cost, summary);
  }

  private static SetType set(Args args, Keyspace keys) {
    return new SetType(keys.key(args.bytes(1)));
  }

  /**
   * The sets of the keys at these positions, each once however often it is named; all must be sets,
   * missing ones count as empty.
   */
  private static List<SetType> sets(Args args, int from, int to, Keyspace keys) {
    Set<byte[]> names = new TreeSet<>(Arrays::compareUnsigned);
    List<SetType> sets = new ArrayList<>();
    long members = 0;
    for (int i = from; i < to; i++) {
      if (names.add(args.bytes(i))) {
        SetType set = new SetType(keys.key(args.bytes(i)));
        members += set.size();
        sets.add(set);
      }
    }
    keys.mayTakeLong(members);
    return sets;
  }

  /** As {@link #sets}, but the first may be named again, and is there twice then. */
  private static List<SetType> minuendAndOthers(Args args, int from, Keyspace keys) {
    List<SetType> sets = new ArrayList<>(sets(args, from, from + 1, keys));
    sets.addAll(sets(args, from + 1, args.size(), keys));
    return sets;
  }

  private static List<byte[]> from(Args args, int index) {
    return Arrays.asList(args.words()).subList(index, args.size());
  }

  private static Reply bool(boolean value) {
    return value ? Reply.ONE : Reply.ZERO;
  }

  private static Reply members(List<byte[]> members) {
    return Reply.set(bulks(members));
  }

  private static List<Reply> bulks(List<byte[]> members) {
    List<Reply> items = new ArrayList<>(members.size());
    for (byte[] member : members) {
      items.add(Reply.bulk(member));
    }
    return items;
  }

  private static Reply smismember(Args args, Keyspace keys) {
    SetType set = set(args, keys);
    List<Reply> answers = new ArrayList<>(args.size() - 2);
    for (byte[] member : from(args, 2)) {
      answers.add(bool(set.contains(member)));
    }
    return Reply.array(answers);
  }

  private static Reply spop(Args args, Keyspace keys) {
    if (args.size() == 2) {
      List<byte[]> popped = set(args, keys).pop(1, keys.random());
      return popped.isEmpty() ? Reply.NULL : Reply.bulk(popped.get(0));
    }
    if (args.size() > 3) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    long count = args.int64(2, 0, Long.MAX_VALUE, RespErrors.OUT_OF_RANGE_POSITIVE);
    return members(set(args, keys).pop(count, keys.random()));
  }

  private static Reply srandmember(Args args, Keyspace keys) {
    if (args.size() == 2) {
      SetType set = set(args, keys);
      return set.size() == 0 ? Reply.NULL : Reply.bulk(set.random(keys.random()));
    }
    if (args.size() > 3) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    long count = RandomCount.parse(args, 2);
    SetType set = set(args, keys);
    if (count == 0 || set.size() == 0) {
      return Reply.EMPTY_ARRAY;
    }
    List<byte[]> picks =
        count > 0
            ? set.randomDistinct(count, keys.random())
            : set.randomRepeated(RandomCount.repeated(count), keys.random());
    return Reply.array(bulks(picks));
  }

  /** Without a source nothing else is looked at, not even the type of the target. */
  private static Reply smove(Args args, Keyspace keys) {
    KeyHandle sourceKey = keys.key(args.bytes(1));
    if (!sourceKey.exists()) {
      return Reply.ZERO;
    }
    SetType source = new SetType(sourceKey);
    SetType target = new SetType(keys.key(args.bytes(2)));
    List<byte[]> member = List.of(args.bytes(3));
    if (Arrays.equals(args.bytes(1), args.bytes(2))) {
      return bool(source.contains(args.bytes(3)));
    }
    if (source.removeAll(member) == 0) {
      return Reply.ZERO;
    }
    target.addAll(member);
    return Reply.ONE;
  }

  private static List<byte[]> intersection(List<SetType> sets, Keyspace keys) {
    List<byte[]> members = new ArrayList<>();
    SetAlgebra.intersect(sets, member -> hold(member, members, keys));
    return members;
  }

  private static List<byte[]> difference(List<SetType> sets, Keyspace keys) {
    List<byte[]> members = new ArrayList<>();
    SetAlgebra.subtract(sets, member -> hold(member, members, keys));
    return members;
  }

  private static boolean hold(byte[] member, List<byte[]> members, Keyspace keys) {
    keys.hold(member);
    return members.add(member);
  }

  private static Reply sintercard(Args args, Keyspace keys) {
    long numkeys = args.int64(1, 1, Long.MAX_VALUE, RespErrors.NUMKEYS_NOT_POSITIVE);
    if (numkeys > args.size() - 2) {
      throw new CommandException(RespErrors.NUMKEYS_TOO_LARGE);
    }
    int keysEnd = 2 + (int) numkeys;
    long limit = 0; // none
    for (int i = keysEnd; i < args.size(); i += 2) {
      if (!args.is(i, "LIMIT") || i + 1 == args.size()) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      limit = args.int64(i + 1, 0, Long.MAX_VALUE, RespErrors.LIMIT_NEGATIVE);
    }
    long enough = limit == 0 ? Long.MAX_VALUE : limit;
    long[] count = {0};
    SetAlgebra.intersect(sets(args, 2, keysEnd, keys), member -> ++count[0] < enough);
    return Reply.integer(count[0]);
  }

  /** The sources have been read to the end: the target may be one of them. */
  private static Reply store(Args args, Keyspace keys, List<byte[]> members) {
    keys.release();
    return Reply.integer(SetType.replace(keys.key(args.bytes(1)), members));
  }

  private static Reply sscan(Args args, Keyspace keys) {
    return ScanOptions.scan(
        args,
        keys,
        false,
        key -> {
          SetType set = new SetType(key);
          return (cursor, options, found) ->
              set.scan(
                  cursor,
                  options.count(),
                  member -> {
                    if (options.matches(member)) {
                      found.add(Reply.bulk(member));
                    }
                  });
        });
  }
}
