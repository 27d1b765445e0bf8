package io.raftkv.resp.command;

import io.raftkv.storage.type.SetType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Intersection, union and difference of sets. A key that does not exist is an empty set. */
final class SetAlgebra {
  private SetAlgebra() {}

  /**
   * Visits the members that all sets have, until the visitor answers false. Walks over the smallest
   * set only and looks its members up in the others, the smaller ones first.
   */
  static void intersect(List<SetType> sets, Predicate<byte[]> visitor) {
    List<SetType> bySize = new ArrayList<>(sets);
    bySize.sort(Comparator.comparingLong(SetType::size));
    SetType smallest = bySize.get(0);
    if (smallest.size() == 0) {
      return;
    }
    List<SetType> others = bySize.subList(1, bySize.size());
    smallest.forEachWhile(member -> !inAll(others, member) || visitor.test(member));
  }

  /** The members that any of the sets has, in the order in which they are met. */
  static List<byte[]> union(List<SetType> sets) {
    Set<ByteBuffer> seen = new HashSet<>();
    List<byte[]> members = new ArrayList<>();
    for (SetType set : sets) {
      set.forEach(
          member -> {
            if (seen.add(ByteBuffer.wrap(member))) {
              members.add(member);
            }
          });
    }
    return members;
  }

  /**
   * The members of the first set that no other one has. Looks each member up in the other sets, or,
   * if these have fewer members together, gathers what they have first.
   */
  static List<byte[]> difference(List<SetType> sets) {
    SetType first = sets.get(0);
    List<SetType> others = sets.subList(1, sets.size());
    List<byte[]> left = new ArrayList<>();
    if (first.size() == 0) {
      return left;
    }
    long members = 0;
    for (SetType other : others) {
      members += other.size();
    }
    if (members >= first.size()) {
      first.forEach(
          member -> {
            if (!inAny(others, member)) {
              left.add(member);
            }
          });
    } else {
      Set<ByteBuffer> excluded = new HashSet<>();
      for (SetType other : others) {
        other.forEach(member -> excluded.add(ByteBuffer.wrap(member)));
      }
      first.forEach(
          member -> {
            if (!excluded.contains(ByteBuffer.wrap(member))) {
              left.add(member);
            }
          });
    }
    return left;
  }

  private static boolean inAll(List<SetType> sets, byte[] member) {
    for (SetType set : sets) {
      if (!set.contains(member)) {
        return false;
      }
    }
    return true;
  }

  private static boolean inAny(List<SetType> sets, byte[] member) {
    for (SetType set : sets) {
      if (set.contains(member)) {
        return true;
      }
    }
    return false;
  }
}
