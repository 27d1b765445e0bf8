package io.raftkv.resp.command;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.type.SetType;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;

/**
 * Stands at one hash after another of the members of a set, in {@link SetType#ORDER}. Reads a few
 * members ahead, so that it holds some of them and no cursor, however many sets are walked over
 * together, and however long it stands still. Of members for which there is no room only the hash
 * is held: they are read again when they are wanted.
 */
final class OrderedMembers implements Comparable<OrderedMembers> {
  /** Most members that are read ahead, of all sets that are walked over together. */
  private static final int AHEAD_MEMBERS = 4096;

  /** Most bytes of members that are held, of all sets that are walked over together. */
  private static final long AHEAD_BYTES = 4L << 20;

  /** A member, or null for some of this hash that are not held. */
  private record Head(long hash, byte[] member) {}

  private final SetType set;
  private final long mostMembers;
  private final long mostBytes;
  private final ArrayDeque<Head> ahead = new ArrayDeque<>();

  /** Members of smaller hashes have been read ahead, all of them; greater than any at the end. */
  private long unread;

  /**
   * Stands at the first hash.
   *
   * @param together how many sets are walked over together
   */
  OrderedMembers(SetType set, int together) {
    this.set = set;
    boolean small = !set.isOrdered(); // held as a whole: it would be sorted for each piece
    this.mostMembers = small ? Long.MAX_VALUE : Math.max(1, AHEAD_MEMBERS / together);
    this.mostBytes = small ? Long.MAX_VALUE : Math.max(1, AHEAD_BYTES / together);
  }

  private Head head() {
    if (ahead.isEmpty() && unread <= KeyRows.HASH_MAX) {
      new Reading().run();
    }
    return ahead.peek();
  }

  /** Reads ahead, never only some of the members of one hash. */
  private final class Reading {
    private final long from = unread;
    private long lastHash;
    private long members;
    private long bytes;

    private void run() {
      unread = KeyRows.HASH_MAX + 1;
      set.forEachFrom(from, this::take);
    }

    private boolean take(byte[] member) {
      long hash = KeyRows.hash(member);
      if (hash != lastHash && (members >= mostMembers || bytes >= mostBytes)) {
        unread = hash;
        return false;
      }
      lastHash = hash;
      members++;
      bytes += member.length;
      if (bytes <= mostBytes) {
        ahead.add(new Head(hash, member));
      } else if (ahead.isEmpty()
          || ahead.getLast().hash != hash
          || ahead.getLast().member != null) {
        ahead.add(new Head(hash, null));
      }
      return true;
    }
  }

  /** True if there are no more members. */
  boolean isAtEnd() {
    return head() == null;
  }

  /** The hash where this stands; not at the end. */
  long hash() {
    return head().hash;
  }

  /** The order of the hashes where both stand, neither of them at the end. */
  @Override
  public int compareTo(OrderedMembers other) {
    return Long.compare(hash(), other.hash());
  }

  /**
   * Adds all members of the hash where this stands, and moves to the next hash; not at the end.
   *
   * @param members where they are held once, if they come twice
   */
  void takeInto(Collection<byte[]> members) {
    long hash = hash();
    boolean allHeld = true;
    while (!ahead.isEmpty() && ahead.peek().hash == hash) {
      Head head = ahead.remove();
      if (head.member != null) {
        members.add(head.member);
      } else {
        allHeld = false;
      }
    }
    if (!allHeld) {
      set.forEachFrom(
          hash,
          member -> {
            boolean here = KeyRows.hash(member) == hash;
            if (here) {
              members.add(member);
            }
            return here;
          });
    }
  }

  /**
   * Moves on to a member or behind it; returns whether it is there. Each wanted one has to come
   * behind the one before it.
   */
  boolean comesTo(byte[] wanted) {
    long wantedHash = KeyRows.hash(wanted);
    Head head = head();
    while (head != null && head.hash < wantedHash) {
      ahead.remove();
      if (ahead.isEmpty()) {
        unread = Math.max(unread, wantedHash);
      }
      head = head();
    }
    return head != null
        && head.hash == wantedHash
        && (Arrays.equals(head.member, wanted) || set.contains(wanted));
  }
}
