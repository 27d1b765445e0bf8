package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.SetType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Intersection, union and difference of sets. A key that does not exist is an empty set.
 *
 * <p>As replies they may be larger than memory: from each set a few members are held. Their number
 * is found by making them twice, unless there are few.
 */
final class SetAlgebra {
  /** A set is looked into for each member of another one, unless it is at most so much larger. */
  private static final long MUCH_LARGER = 8;

  private SetAlgebra() {}

  /** The members that any of the sets has, in {@link SetType#ORDER}. */
  static Reply unionReply(List<SetType> sets) {
    return Reply.Streamed.walked(Reply.Shape.SET, () -> new Union(sets)::next);
  }

  /** The members that all sets have. */
  static Reply intersectionReply(List<SetType> sets) {
    return Reply.Streamed.walked(Reply.Shape.SET, () -> intersection(sets)::next);
  }

  /** The members of the first set that no other one has. */
  static Reply differenceReply(List<SetType> sets) {
    return Reply.Streamed.walked(Reply.Shape.SET, () -> difference(sets)::next);
  }

  /** Visits the members that all sets have, until the visitor answers false. */
  static void intersect(List<SetType> sets, Predicate<byte[]> visitor) {
    intersection(sets).forEachWhile(visitor);
  }

  /** Visits the members of the first set that no other one has, until the visitor answers false. */
  static void subtract(List<SetType> sets, Predicate<byte[]> visitor) {
    difference(sets).forEachWhile(visitor);
  }

  /** The members that any of the sets has, in the order in which they are met: all in memory. */
  static List<byte[]> union(List<SetType> sets, Keyspace keys) {
    Set<ByteBuffer> seen = new HashSet<>();
    List<byte[]> members = new ArrayList<>();
    for (SetType set : sets) {
      set.forEach(
          member -> {
            if (seen.add(ByteBuffer.wrap(member))) {
              keys.hold(member);
              members.add(member);
            }
          });
    }
    return members;
  }

  /** Walks over the smallest set only, and asks the smaller ones of the others first. */
  private static Selection intersection(List<SetType> sets) {
    List<SetType> bySize = new ArrayList<>(sets);
    bySize.sort(Comparator.comparingLong(SetType::size));
    return new Selection(bySize.get(0), bySize.subList(1, bySize.size()), true);
  }

  private static Selection difference(List<SetType> sets) {
    return new Selection(sets.get(0), sets.subList(1, sets.size()), false);
  }

  /** Those members of one set that all others have, or that none of them has. */
  private static final class Selection {
    private final SetType from;
    private final List<Predicate<byte[]>> others = new ArrayList<>();
    private final boolean wanted;
    private byte[] last;

    private Selection(SetType from, List<SetType> others, boolean wanted) {
      this.from = from;
      this.wanted = wanted;
      for (SetType other : others) {
        boolean alongside = from.isOrdered() && other.size() / MUCH_LARGER <= from.size();
        this.others.add(
            alongside ? new OrderedMembers(other, others.size())::comesTo : other::contains);
      }
    }

    private void forEachWhile(Predicate<byte[]> visitor) {
      from.forEachAfter(
          last,
          member -> {
            last = member;
            return !isSelected(member) || visitor.test(member);
          });
    }

    private boolean isSelected(byte[] member) {
      for (Predicate<byte[]> other : others) {
        if (other.test(member) != wanted) {
          return false;
        }
      }
      return true;
    }

    private void next(Reply.ElementTaker taker) {
      forEachWhile(member -> taker.take(Reply.bulk(member), null));
    }
  }

  /** Merges the sets, those members together that have the same hash: hardly ever several. */
  private static final class Union {
    private final List<SetType> sets;

    /** Those that have not ended, by the hashes where they stand; null before the first. */
    private PriorityQueue<OrderedMembers> runs;

    /** What is left of the members of one hash. */
    private final TreeSet<byte[]> together = new TreeSet<>(Arrays::compareUnsigned);

    private Union(List<SetType> sets) {
      this.sets = sets;
    }

    private void next(Reply.ElementTaker taker) {
      if (runs == null) {
        runs = new PriorityQueue<>();
        for (SetType set : sets) {
          add(new OrderedMembers(set, sets.size()));
        }
      }
      boolean goOn = true;
      while (goOn && !(together.isEmpty() && runs.isEmpty())) {
        if (together.isEmpty()) {
          readTogether();
        }
        goOn = taker.take(Reply.bulk(together.pollFirst()), null);
      }
    }

    private void readTogether() {
      long hash = runs.element().hash();
      while (!runs.isEmpty() && runs.element().hash() == hash) {
        OrderedMembers run = runs.remove();
        run.takeInto(together);
        add(run);
      }
    }

    private void add(OrderedMembers run) {
      if (!run.isAtEnd()) {
        runs.add(run);
      }
    }
  }
}
