package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.ListType;
import io.raftkv.storage.type.ListType.End;
import java.util.Arrays;
import java.util.List;

/** List commands: parse, decide, reply. Where the elements live is {@link ListType}'s business. */
public final class ListCommands {
  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          command("LPUSH")
              .arity(-3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(Group.LIST, "1.0.0", "O(1) per element", "Puts elements at the head.")
              .writes((args, db) -> push(args, db, End.HEAD, false)),
          command("RPUSH")
              .arity(-3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(Group.LIST, "1.0.0", "O(1) per element", "Puts elements at the tail.")
              .writes((args, db) -> push(args, db, End.TAIL, false)),
          command("LPUSHX")
              .arity(-3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.LIST,
                  "2.2.0",
                  "O(1) per element",
                  "Puts elements at the head of a list that exists.")
              .writes((args, db) -> push(args, db, End.HEAD, true)),
          command("RPUSHX")
              .arity(-3)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM, Flag.FAST)
              .docs(
                  Group.LIST,
                  "2.2.0",
                  "O(1) per element",
                  "Puts elements at the tail of a list that exists.")
              .writes((args, db) -> push(args, db, End.TAIL, true)),
          command("LPOP")
              .arity(-2)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(Group.LIST, "1.0.0", "O(n) for n elements", "Takes elements from the head.")
              .writes((args, db) -> pop(args, db, End.HEAD)),
          command("RPOP")
              .arity(-2)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(Group.LIST, "1.0.0", "O(n) for n elements", "Takes elements from the tail.")
              .writes((args, db) -> pop(args, db, End.TAIL)),
          command("LLEN")
              .arity(2)
              .keys(KeySpec.FIRST)
              .flags(Flag.FAST)
              .docs(Group.LIST, "1.0.0", "O(1)", "Returns the length of a list.")
              .reads((args, db) -> Reply.integer(list(args, 1, db).size())),
          command("LINDEX")
              .arity(3)
              .keys(KeySpec.FIRST)
              .docs(Group.LIST, "1.0.0", "O(1)", "Returns the element at an index.")
              .reads(ListCommands::lindex),
          command("LSET")
              .arity(4)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM)
              .docs(Group.LIST, "1.0.0", "O(1)", "Replaces the element at an index.")
              .writes(ListCommands::lset),
          command("LRANGE")
              .arity(4)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.LIST,
                  "1.0.0",
                  "O(n) for n elements returned",
                  "Returns the elements from one index to another.")
              .reads(ListCommands::lrange),
          command("LTRIM")
              .arity(4)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.LIST,
                  "1.0.0",
                  "O(1) for many elements removed",
                  "Keeps the elements from one index to another and removes all others.")
              .writes(ListCommands::ltrim),
          command("LREM")
              .arity(4)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.LIST,
                  "1.0.0",
                  "O(n) for n elements looked at and moved",
                  "Removes elements that have a value.")
              .writes(ListCommands::lrem),
          command("LINSERT")
              .arity(5)
              .keys(KeySpec.FIRST)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.LIST,
                  "2.2.0",
                  "O(n) for n elements looked at and moved",
                  "Puts an element before or after another one.")
              .writes(ListCommands::linsert),
          command("LPOS")
              .arity(-3)
              .keys(KeySpec.FIRST)
              .docs(
                  Group.LIST,
                  "6.0.6",
                  "O(n) for n elements looked at",
                  "Returns the indexes of elements that have a value.")
              .reads(ListCommands::lpos),
          command("LMOVE")
              .arity(5)
              .keys(KeySpec.FIRST_TWO)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.LIST, "6.2.0", "O(1)", "Moves an element from one list's end to another's.")
              .writes((args, db) -> move(args, db, end(args, 3), end(args, 4))),
          command("RPOPLPUSH")
              .arity(3)
              .keys(KeySpec.FIRST_TWO)
              .flags(Flag.DENYOOM)
              .docs(
                  Group.LIST,
                  "1.2.0",
                  "O(1)",
                  "Moves an element from a list's tail to another's head.")
              .writes((args, db) -> move(args, db, End.TAIL, End.HEAD)),
          command("LMPOP")
              .arity(-4)
              .keys(KeySpec.counted(1))
              .docs(
                  Group.LIST,
                  "7.0.0",
                  "O(k + n) for k keys and n elements",
                  "Takes elements from the first list that has any.")
              .writes(ListCommands::lmpop));

  private ListCommands() {}

  private static Reply push(Args args, Keyspace db, End end, boolean onlyIfExists) {
    ListType list = list(args, 1, db);
    if (onlyIfExists && !list.exists()) {
      return Reply.ZERO;
    }
    list.push(end, Arrays.asList(args.words()).subList(2, args.size()));
    return Reply.integer(list.size());
  }

  private static Reply pop(Args args, Keyspace db, End end) {
    if (args.size() > 3) {
      throw new CommandException(RespErrors.wrongArity(args.text(0)));
    }
    boolean counted = args.size() == 3;
    long count = counted ? args.int64(2, 0, Long.MAX_VALUE, RespErrors.OUT_OF_RANGE_POSITIVE) : 1;
    ListType list = list(args, 1, db);
    if (!list.exists()) {
      return counted ? Reply.NULL_ARRAY : Reply.NULL;
    }
    List<byte[]> popped = list.pop(end, count);
    return counted ? Reply.bulks(popped) : Reply.bulk(popped.get(0));
  }

  /** As in Redis the index is only looked at if the list exists. */
  private static Reply lindex(Args args, Keyspace db) {
    ListType list = list(args, 1, db);
    return list.exists()
        ? Reply.bulkOrNull(list.get(fromHead(args.int64(2), list.size())))
        : Reply.NULL;
  }

  /** As in Redis the index is only looked at if the list exists. */
  private static Reply lset(Args args, Keyspace db) {
    ListType list = list(args, 1, db);
    if (!list.exists()) {
      throw new CommandException(RespErrors.NO_SUCH_KEY);
    }
    long index = fromHead(args.int64(2), list.size());
    if (index < 0 || index >= list.size()) {
      throw new CommandException(RespErrors.INDEX_OUT_OF_RANGE);
    }
    list.set(index, args.bytes(3));
    return Reply.OK;
  }

  private static Reply lrange(Args args, Keyspace db) {
    long first = args.int64(2);
    long last = args.int64(3);
    ListType list = list(args, 1, db);
    long size = list.size();
    return WholeCollections.elements(list, fromHead(first, size), fromHead(last, size));
  }

  private static Reply ltrim(Args args, Keyspace db) {
    long first = args.int64(2);
    long last = args.int64(3);
    ListType list = list(args, 1, db);
    list.trim(fromHead(first, list.size()), fromHead(last, list.size()));
    return Reply.OK;
  }

  private static Reply lrem(Args args, Keyspace db) {
    long count = args.int64(2);
    // The one number without a positive twin asks for more than any list has.
    long limit = count == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(count);
    End from = count < 0 ? End.TAIL : End.HEAD;
    return Reply.integer(list(args, 1, db).remove(args.bytes(3), from, limit));
  }

  private static Reply linsert(Args args, Keyspace db) {
    boolean before = args.is(2, "BEFORE");
    if (!before && !args.is(2, "AFTER")) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    ListType list = list(args, 1, db);
    if (!list.exists()) {
      return Reply.ZERO;
    }
    return Reply.integer(list.insert(args.bytes(3), args.bytes(4), before) ? list.size() : -1);
  }

  private static Reply lpos(Args args, Keyspace db) {
    long rank = 1;
    long count = -1;
    long maxCompared = 0;
    for (int i = 3; i < args.size(); i += 2) {
      if (i + 1 == args.size()) {
        throw new CommandException(RespErrors.SYNTAX);
      } else if (args.is(i, "RANK")) {
        rank = RandomCount.parse(args, i + 1);
        if (rank == 0) {
          throw new CommandException(RespErrors.LPOS_RANK_ZERO);
        }
      } else if (args.is(i, "COUNT")) {
        count = args.int64(i + 1, 0, Long.MAX_VALUE, RespErrors.LPOS_COUNT_NEGATIVE);
      } else if (args.is(i, "MAXLEN")) {
        maxCompared = args.int64(i + 1, 0, Long.MAX_VALUE, RespErrors.LPOS_MAXLEN_NEGATIVE);
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    boolean counted = count >= 0;
    List<Long> found =
        list(args, 1, db).positions(args.bytes(2), rank, counted ? count : 1, maxCompared);
    if (counted) {
      return Reply.array(found.stream().map(Reply::integer).toList());
    }
    return found.isEmpty() ? Reply.NULL : Reply.integer(found.get(0));
  }

  private static Reply move(Args args, Keyspace db, End from, End to) {
    ListType source = list(args, 1, db);
    if (!source.exists()) {
      return Reply.NULL;
    }
    if (Arrays.equals(args.bytes(1), args.bytes(2))) {
      return Reply.bulk(source.rotate(from, to));
    }
    ListType target = list(args, 2, db); // its type is checked before the source changes
    List<byte[]> moved = source.pop(from, 1);
    target.push(to, moved);
    return Reply.bulk(moved.get(0));
  }

  private static Reply lmpop(Args args, Keyspace db) {
    MultiPop pop = MultiPop.parse(args, "LEFT", "RIGHT");
    for (int i = pop.firstKey(); i < pop.firstKey() + pop.keys(); i++) {
      ListType list = list(args, i, db);
      if (list.exists()) {
        List<byte[]> popped = list.pop(pop.fromStart() ? End.HEAD : End.TAIL, pop.count());
        return Reply.array(Reply.bulk(args.bytes(i)), Reply.bulks(popped));
      }
    }
    return Reply.NULL_ARRAY;
  }

  private static ListType list(Args args, int keyAt, Keyspace db) {
    return new ListType(db.key(args.bytes(keyAt)));
  }

  private static End end(Args args, int index) {
    if (args.is(index, "LEFT")) {
      return End.HEAD;
    }
    if (args.is(index, "RIGHT")) {
      return End.TAIL;
    }
    throw new CommandException(RespErrors.SYNTAX);
  }

  /** The index counted from the head; a negative one counts from the tail. May be outside. */
  private static long fromHead(long index, long size) {
    return index < 0 ? index + size : index;
  }
}
