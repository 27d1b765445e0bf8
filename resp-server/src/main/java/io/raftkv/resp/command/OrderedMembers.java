package io.raftkv.resp.command;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.type.SetType;
import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * Stands at one member of a set after another, in {@link SetType#ORDER}. Reads a few ahead, so that
 * it holds some members and no cursor, however many sets are walked over together, and however long
 * it stands still.
 */
final class OrderedMembers implements Comparable<OrderedMembers> {
  /** Most members that are read ahead, of all sets that are walked over together. */
  private static final int AHEAD_MEMBERS = 4096;

  /** From so many bytes on no more are read ahead, of one set. */
  private static final int AHEAD_BYTES = 16 * 1024;

  private final SetType set;
  private final int mostAhead;
  private final ArrayDeque<byte[]> ahead = new ArrayDeque<>();
  private byte[] last;
  private boolean readAll;
  private byte[] member;
  private long hash;

  /**
   * Stands before the first member.
   *
   * @param together how many sets are walked over together
   */
  OrderedMembers(SetType set, int together) {
    this.set = set;
    this.mostAhead = Math.max(1, AHEAD_MEMBERS / together);
  }

  /** Moves to the next member; false at the end. */
  boolean next() {
    if (ahead.isEmpty() && !readAll) {
      readAhead();
    }
    member = ahead.poll();
    if (member != null) {
      hash = KeyRows.hash(member);
    }
    return member != null;
  }

  private void readAhead() {
    readAll = true;
    int[] bytes = {0};
    set.forEachOrdered(
        last,
        each -> {
          ahead.add(each);
          last = each;
          bytes[0] += each.length;
          readAll = ahead.size() < mostAhead && bytes[0] < AHEAD_BYTES;
          return readAll;
        });
  }

  /** The member where this stands; not at the end. */
  byte[] member() {
    return member;
  }

  /** The order of the members where both stand. */
  @Override
  public int compareTo(OrderedMembers other) {
    return compare(other.hash, other.member);
  }

  private int compare(long otherHash, byte[] other) {
    return hash == otherHash
        ? Arrays.compareUnsigned(member, other)
        : Long.compare(hash, otherHash);
  }

  /**
   * Moves on to a member or behind it; returns whether it is there. Each wanted one has to come
   * behind the one before it.
   */
  boolean comesTo(byte[] wanted) {
    long wantedHash = KeyRows.hash(wanted);
    boolean begun = member != null;
    while (begun || next()) {
      int order = compare(wantedHash, wanted);
      if (order >= 0) {
        return order == 0;
      }
      begun = false;
    }
    return false;
  }
}
