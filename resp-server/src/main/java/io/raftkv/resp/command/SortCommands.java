package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.WrongTypeException;
import io.raftkv.storage.type.ListType;
import io.raftkv.storage.type.ListType.End;
import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.SetType;
import io.raftkv.storage.type.ZSetCursor;
import io.raftkv.storage.type.ZSetType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * SORT and SORT_RO. Elements of equal weight are ordered by their bytes, so that all replicas, and
 * all calls, give the same order; Redis leaves it open for equal texts of {@code BY … ALPHA}.
 * Without a sort the members of a set come in the order of their hashes.
 */
public final class SortCommands {
  private static final String COST =
      "O(N+M*log(M)) where N is the number of elements and M the number of those returned.";

  private static final String MANY_ANSWERS =
      "More than 16,777,216 answers, elements times GETs, are refused.";

  private static final String CHANGES_NOTHING =
      "Never changes the sorted set that it sorts: in Redis a small one becomes a large one, which"
          + " keeps the sign of a score of -0 that it gets later.";

  private static final byte[] NOTHING = {};

  private static final CommandSpec SORT_RO =
      command("SORT_RO")
          .arity(-2)
          .keys(KeySpec.movable(1, 1, 1, args -> new int[] {1}))
          .categories("dangerous", "set", "sortedset", "list")
          .docs(
              Group.GENERIC,
              "7.0.0",
              COST,
              "Returns the sorted elements of a list, a set, or a sorted set. On several shards, BY"
                  + " and GET patterns must have the key's hash tag. "
                  + MANY_ANSWERS)
          .differs(CHANGES_NOTHING)
          .onSeveralShards(SortOptions::requireOneSlot)
          .reads((args, keys) -> sort(args, keys, false));

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          SORT_RO,
          command("SORT")
              .arity(-2)
              .keys(KeySpec.movable(1, 1, 1, SortOptions::keyPositions))
              .flags(Flag.DENYOOM)
              .categories("dangerous", "set", "sortedset", "list")
              .docs(
                  Group.GENERIC,
                  "1.0.0",
                  COST,
                  "Sorts the elements in a list, a set, or a sorted set, optionally storing the"
                      + " result. On several shards, BY and GET patterns must have the key's hash"
                      + " tag. Without STORE it runs as SORT_RO. "
                      + MANY_ANSWERS)
              .differs(CHANGES_NOTHING)
              .onSeveralShards(SortOptions::requireOneSlot)
              .readsAs(SORT_RO, SortOptions::cannotStore)
              .writes((args, keys) -> sort(args, keys, true)));

  /** Elements times GETs; a command of few words could ask for billions. */
  private static final int MAX_ANSWERS = 1 << 24;

  private SortCommands() {}

  private static Reply sort(Args args, Keyspace keys, boolean mayStore) {
    SortOptions options = SortOptions.parse(args, mayStore);
    KeyHandle source = keys.key(args.bytes(1));
    List<byte[]> elements = elements(source, options, keys);
    Lookups lookups = new Lookups(elements, options.get(), keys);
    if (options.storeAt() != 0) {
      List<byte[]> answers = lookups.all();
      keys.release();
      return store(answers, keys.key(args.bytes(options.storeAt())));
    }
    return options.get().isEmpty()
        ? Reply.bulks(elements)
        : ValueRun.of(lookups.count(), lookups::answer, lookups::answer);
  }

  /** The elements that LIMIT leaves, in their order. */
  private static List<byte[]> elements(KeyHandle source, SortOptions options, Keyspace keys) {
    if (!source.exists()) {
      return List.of();
    }
    return switch (source.meta().type()) {
      case LIST -> {
        ListType list = new ListType(source);
        yield options.unsorted()
            ? asTheyAre(list, options, keys)
            : sorted(part(list, 0, list.size(), keys), options, keys);
      }
      case ZSET -> {
        ZSetType set = new ZSetType(source);
        yield options.unsorted() ? asTheyAre(set, options) : sorted(all(set, keys), options, keys);
      }
      case SET -> {
        List<byte[]> members = new ArrayList<>();
        new SetType(source)
            .forEach(
                member -> {
                  keys.hold(member);
                  members.add(member);
                });
        yield options.unsorted() ? asTheyAre(members, options) : sorted(members, options, keys);
      }
      case STRING, HASH, STREAM -> throw new WrongTypeException();
    };
  }

  private static List<byte[]> part(ListType list, long from, long to, Keyspace keys) {
    List<byte[]> elements = new ArrayList<>();
    if (from < to) {
      list.forEachFrom(
          from,
          element -> {
            keys.hold(element);
            elements.add(element);
            return elements.size() < to - from;
          });
    }
    return elements;
  }

  private static List<byte[]> all(ZSetType set, Keyspace keys) {
    List<byte[]> members = new ArrayList<>();
    try (ZSetCursor cursor = set.walk()) {
      while (cursor.next()) {
        keys.hold(cursor.member());
        members.add(cursor.member());
      }
    }
    return members;
  }

  private static List<byte[]> asTheyAre(ListType list, SortOptions options, Keyspace keys) {
    SortOptions.Window window = options.window(list.size());
    if (!options.descending()) {
      return part(list, window.from(), window.to(), keys);
    }
    List<byte[]> fromTail =
        part(list, list.size() - window.to(), list.size() - window.from(), keys);
    Collections.reverse(fromTail);
    return fromTail;
  }

  private static List<byte[]> asTheyAre(ZSetType set, SortOptions options) {
    SortOptions.Window window = options.window(set.size());
    return members(set.ranks(window.from(), window.to() - 1, options.descending()));
  }

  /** Redis stores a set in a defined order, whatever was asked for. */
  private static List<byte[]> asTheyAre(List<byte[]> membersOfSet, SortOptions options) {
    if (options.storeAt() != 0) {
      membersOfSet.sort(direction(BY_BYTES, options));
    }
    return window(membersOfSet, options);
  }

  private static List<byte[]> members(List<ScoredMember> scored) {
    return scored.stream().map(ScoredMember::member).toList();
  }

  /** An element and what it is compared by: a number, or a text that may be missing. */
  private record Weighted(byte[] element, double number, byte[] text) {}

  private static final Comparator<byte[]> BY_BYTES = Arrays::compareUnsigned;

  private static final Comparator<Weighted> BY_ELEMENT =
      Comparator.comparing(Weighted::element, BY_BYTES);

  private static final Comparator<Weighted> BY_TEXT =
      Comparator.comparing(Weighted::text, Comparator.nullsFirst(BY_BYTES))
          .thenComparing(BY_ELEMENT);

  private static final Comparator<Weighted> BY_NUMBER =
      ((Comparator<Weighted>) SortCommands::compareNumbers).thenComparing(BY_ELEMENT);

  private static List<byte[]> sorted(List<byte[]> elements, SortOptions options, Keyspace keys) {
    List<Weighted> weighted = new ArrayList<>(elements.size());
    for (byte[] element : elements) {
      byte[] text = options.by() == null ? element : options.by().lookUp(element, keys);
      keys.hold(options.by() == null || text == null ? NOTHING : text);
      boolean counts = !options.alphabetic() && text != null;
      weighted.add(new Weighted(element, counts ? SortWeight.of(text) : 0, text));
    }
    weighted.sort(direction(options.alphabetic() ? BY_TEXT : BY_NUMBER, options));
    List<byte[]> sorted = new ArrayList<>(weighted.size());
    weighted.forEach(each -> sorted.add(each.element()));
    return window(sorted, options);
  }

  /** Unlike {@link Double#compare}, -0 and 0 are equal. */
  private static int compareNumbers(Weighted left, Weighted right) {
    return left.number() < right.number() ? -1 : left.number() > right.number() ? 1 : 0;
  }

  private static <T> Comparator<T> direction(Comparator<T> ascending, SortOptions options) {
    return options.descending() ? ascending.reversed() : ascending;
  }

  private static List<byte[]> window(List<byte[]> elements, SortOptions options) {
    SortOptions.Window window = options.window(elements.size());
    return elements.subList((int) window.from(), (int) window.to());
  }

  /** Per element the answer of each GET. */
  private record Lookups(List<byte[]> elements, List<SortPattern> patterns, Keyspace keys) {
    int count() {
      long count = (long) elements.size() * patterns.size();
      if (count > MAX_ANSWERS) {
        throw new CommandException(RespErrors.OUT_OF_RANGE);
      }
      keys.mayTakeLong(count);
      return (int) count;
    }

    /** Null if there is no such value. */
    byte[] answer(int index) {
      byte[] element = elements.get(index / patterns.size());
      return patterns.get(index % patterns.size()).lookUp(element, keys);
    }

    /** All answers, nulls included; without any GET, the elements. */
    List<byte[]> all() {
      if (patterns.isEmpty()) {
        return elements;
      }
      int count = count();
      List<byte[]> answers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        byte[] answer = answer(i);
        keys.hold(answer == null ? NOTHING : answer); // the same value as often as it is named
        answers.add(answer);
      }
      return answers;
    }
  }

  /** Makes the destination a list of the answers, an empty text for none; without any it goes. */
  private static Reply store(List<byte[]> answers, KeyHandle destination) {
    List<byte[]> elements = new ArrayList<>(answers.size());
    answers.forEach(answer -> elements.add(answer == null ? NOTHING : answer));
    destination.delete();
    new ListType(destination).push(End.TAIL, elements);
    return Reply.integer(elements.size());
  }
}
