package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * Random members of a sorted set in rows, in constant expected time and evenly.
 *
 * <p>The hashes are cut into as many equal windows as there are members, so that a window holds one
 * member on average. A random window with k members is taken with the chance k / {@link #FULL}, and
 * then one of its members: so each member of each window has the same chance. Only windows of more
 * than {@code FULL} members, one in a million, come out short.
 */
final class RowZSetSampler {
  private static final int FULL = 8;

  /** Windows tried before any member near a random hash will do; one pick in 5000 gets there. */
  private static final int TRIES = 64;

  /** A sample of more than one in this many reads the whole set once. */
  private static final int WALKED_SHARE = 3;

  private final RowZSet set;
  private final SeededRandom random;

  RowZSetSampler(RowZSet set, SeededRandom random) {
    this.set = set;
    this.random = random;
  }

  /** One member. */
  ScoredMember one() {
    long width = Math.max(1, (KeyRows.HASH_MAX + 1) / set.size());
    long windows = (KeyRows.HASH_MAX + width) / width;
    List<ScoredMember> held = new ArrayList<>(FULL);
    for (int i = 0; i < TRIES; i++) {
      long first = random.nextLong(windows) * width;
      held.clear();
      try (RowCursor cursor = set.membersFrom(first)) {
        while (held.size() < FULL
            && cursor.next()
            && ElementRows.hashOf(cursor.key()) - first < width) {
          held.add(RowZSet.memberAt(cursor));
        }
      }
      int pick = random.nextInt(FULL);
      if (pick < held.size()) {
        return held.get(pick);
      }
    }
    ScoredMember near = firstFrom(random.nextLong(KeyRows.HASH_MAX + 1));
    near = near == null ? firstFrom(0) : near;
    if (near == null) {
      throw wrongSize();
    }
    return near;
  }

  /** {@code count} different members, not more than there are. */
  List<ScoredMember> distinct(int count) {
    if (count > set.size() / WALKED_SHARE) {
      return byWalking(count);
    }
    List<ScoredMember> sample = new ArrayList<>(count);
    TreeSet<byte[]> seen = new TreeSet<>(Arrays::compareUnsigned);
    for (long tries = (long) count * FULL; sample.size() < count; tries--) {
      if (tries == 0) {
        return byWalking(count);
      }
      ScoredMember member = one();
      if (seen.add(member.member())) {
        sample.add(member);
      }
    }
    return sample;
  }

  /** Takes each member with the chance (still wanted) / (still to come): all samples alike. */
  private List<ScoredMember> byWalking(int count) {
    List<ScoredMember> sample = new ArrayList<>(count);
    long toCome = set.size();
    try (RowCursor cursor = set.membersFrom(0)) {
      while (sample.size() < count) {
        if (toCome == 0 || !cursor.next()) {
          throw wrongSize();
        }
        if (random.nextLong(toCome) < count - sample.size()) {
          sample.add(RowZSet.memberAt(cursor));
        }
        toCome--;
      }
    }
    return sample;
  }

  private ScoredMember firstFrom(long hash) {
    try (RowCursor cursor = set.membersFrom(hash)) {
      return cursor.next() ? RowZSet.memberAt(cursor) : null;
    }
  }

  private CorruptStoreException wrongSize() {
    return new CorruptStoreException("sorted set with fewer members than its size " + set.size());
  }
}
