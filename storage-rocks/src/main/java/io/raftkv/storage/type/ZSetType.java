package io.raftkv.storage.type;

import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.List;

/**
 * The sorted set of one key. A key that does not exist is an empty set; a set that becomes empty is
 * deleted. After {@link #put} and {@link #remove(byte[])}, {@link #save} writes the metadata
 * record, once for a command with many members.
 *
 * <p>Small sets live in the metadata record (see {@link InlineLimits}), others in element rows:
 * there all is O(log n + members returned or removed). Scores are never NaN. -0 becomes 0 in a set
 * that Redis packs, which it does until there are more than 128 members, or one of more than 64
 * bytes, or {@link #expect} says so; from then on the set keeps the sign of what is added. Not
 * thread-safe; lives for one command.
 */
public final class ZSetType {
  private final KeyHandle key;
  private ZSetBody body;
  private boolean changed;
  private boolean large;

  /**
   * The sorted set of a key.
   *
   * @throws io.raftkv.storage.WrongTypeException if the key holds another type
   */
  public ZSetType(KeyHandle key) {
    this.key = key;
    MetaRow meta = key.metaIf(KeyType.ZSET);
    if (meta != null) {
      body =
          meta.encoding() == MetaRow.INLINE
              ? new InlineZSet(meta.payload())
              : RowZSet.open(key, meta);
    }
  }

  /**
   * Makes the key a sorted set of these members, without expiry, whatever it was; without members
   * the key is deleted. Returns the number of different members.
   *
   * @param members in any order; one that comes twice counts once
   */
  public static long replace(KeyHandle key, List<ScoredMember> members) {
    if (members.isEmpty()) {
      key.delete();
      return 0;
    }
    ZSetBody body = bodyOf(key, members).store();
    key.replace(KeyType.ZSET, body.encoding(), body.payload(), MetaRow.NO_EXPIRY);
    return body.size();
  }

  /**
   * As {@link #replace}, for what Redis adds one by one: of the members before the first that makes
   * the set large, -0 becomes 0.
   *
   * @param counted whether Redis knows beforehand how many there are, and so makes the set large
   *     from the start if there are many
   */
  public static long replaceOneByOne(KeyHandle key, List<ScoredMember> members, boolean counted) {
    List<ScoredMember> added = new ArrayList<>(members);
    if (!counted || members.size() <= InlineLimits.ENTRIES) {
      added
          .subList(0, InlineZSet.packedOf(members))
          .replaceAll(each -> new ScoredMember(each.member(), InlineZSet.packed(each.score())));
    }
    return replace(key, added);
  }

  /** Of many members the rows and their ranks are written at once, in order. */
  private static ZSetBody bodyOf(KeyHandle key, List<ScoredMember> members) {
    if (InlineZSet.packedOf(members) < members.size()) {
      return RowZSet.create(key, members);
    }
    ZSetBody body = new InlineZSet();
    for (ScoredMember each : members) {
      body = withRoomFor(each.member(), key, body);
      body.put(each.member(), each.score());
    }
    return body;
  }

  /** True if the set has members, which is to say that its key exists. */
  public boolean exists() {
    return body != null;
  }

  public long size() {
    return body == null ? 0 : body.size();
  }

  /** The score of a member, NaN if there is no such member. */
  public double score(byte[] member) {
    return body == null ? Double.NaN : body.score(member);
  }

  /**
   * What follows names so many members, whether they are added or not. As in Redis from 7.2 on more
   * than a small set may have make a large one of it, even if some are named twice.
   */
  public void expect(int members) {
    large = members > InlineLimits.ENTRIES;
    if (large && body != null) {
      makeLarge();
    }
  }

  private void makeLarge() {
    if (body instanceof InlineZSet small) {
      body = RowZSet.moveOut(key, small);
    }
    changed |= ((RowZSet) body).unpack();
  }

  /** Adds a member, or gives it another score. */
  public void put(byte[] member, double score) {
    if (Double.isNaN(score)) {
      throw new IllegalArgumentException("NaN is no score");
    }
    if (body == null) {
      body = new InlineZSet();
      if (large) {
        makeLarge();
      }
    }
    body = withRoomFor(member, key, body);
    body.put(member, score);
    changed = true;
  }

  /** Removes a member; returns whether it was there. */
  public boolean remove(byte[] member) {
    if (body == null || !body.remove(member)) {
      return false;
    }
    noteRemoval();
    return true;
  }

  /** Removes the members of a range; returns how many. */
  public long remove(ZSetRange range) {
    long removed = body == null ? 0 : body.remove(range);
    if (removed > 0) {
      noteRemoval();
    }
    return removed;
  }

  /**
   * Removes the members from one rank to another, both included; ranks outside the set are cut.
   *
   * @return how many were removed
   */
  public long removeRanks(long first, long last) {
    long from = Math.max(first, 0);
    long to = Math.min(last, size() - 1);
    if (from > to) {
      return 0;
    }
    long removed = body.remove(from, to);
    noteRemoval();
    return removed;
  }

  /** Writes what has changed since the last call to the metadata record. */
  public void save() {
    if (changed) {
      changed = false;
      body = body.store();
      key.update(KeyType.ZSET, body.encoding(), body.payload());
    }
  }

  /** How many members come before this one, or, backwards, after it; -1 if it is not there. */
  public long rank(byte[] member, boolean backwards) {
    double score = score(member);
    return Double.isNaN(score) ? -1 : body.rank(member, score, backwards);
  }

  /**
   * The members from one rank to another, both included; ranks outside the set are cut.
   *
   * @param backwards the highest member has rank 0, and comes first
   */
  public List<ScoredMember> ranks(long first, long last, boolean backwards) {
    long from = Math.max(first, 0);
    long to = Math.min(last, size() - 1);
    if (from > to) {
      return List.of();
    }
    try (ZSetCursor cursor = body.walk(backwards ? size() - 1 - from : from, backwards)) {
      return take(cursor, to - from + 1);
    }
  }

  /**
   * Members of a range.
   *
   * @param backwards the highest member comes first
   * @param skip how many to leave out at first, not negative
   * @param limit how many to return at most, not negative
   */
  public List<ScoredMember> range(ZSetRange range, boolean backwards, long skip, long limit) {
    if (body == null || limit == 0) {
      return List.of();
    }
    try (ZSetCursor cursor = body.walk(range, backwards, skip)) {
      return take(cursor, limit);
    }
  }

  /** The members of a range in order; close it, and change nothing before. The set must exist. */
  public ZSetCursor walk(ZSetRange range) {
    return walk(range, false, 0);
  }

  /**
   * The members of a range; close it, and change nothing before. The set must exist.
   *
   * @param backwards the highest member comes first
   * @param skip how many to leave out at first, not negative
   */
  public ZSetCursor walk(ZSetRange range, boolean backwards, long skip) {
    return body.walk(range, backwards, skip);
  }

  /**
   * The members from a rank that exists to the last one; close it, and change nothing before.
   *
   * @param backwards the highest member has rank 0, and the walk ends with the lowest
   */
  public ZSetCursor walkFrom(long rank, boolean backwards) {
    return body.walk(backwards ? size() - 1 - rank : rank, backwards);
  }

  /**
   * The members behind one that is there, to the last or, backwards, the lowest one; close it, and
   * change nothing before.
   */
  public ZSetCursor walkAfter(ScoredMember member, boolean backwards) {
    return body.walkAfter(member, backwards);
  }

  /** How many members a range has. */
  public long count(ZSetRange range) {
    return body == null ? 0 : body.count(range);
  }

  /** All members in order; close it, and change nothing before. The set must exist. */
  public ZSetCursor walk() {
    return body.walk(0, false);
  }

  /**
   * Adds about {@code count} members to {@code page}, small sets in one go. Every member that is
   * there from the first call to the last is seen.
   *
   * @param cursor 0 to begin, else what the call before returned
   * @return where to go on, 0 at the end
   */
  public long scan(long cursor, long count, List<ScoredMember> page) {
    return body == null ? 0 : body.scan(cursor, count, page);
  }

  /** A random member of a set that exists; all have the same chance. */
  public ScoredMember random(SeededRandom random) {
    return body.random(random);
  }

  /** {@code count} different random members, or all if there are fewer. */
  public List<ScoredMember> sample(SeededRandom random, long count) {
    if (count >= size()) {
      return ranks(0, size() - 1, false);
    }
    return count <= 0 ? List.of() : body.sample(random, Math.toIntExact(count));
  }

  private void noteRemoval() {
    if (body.size() == 0) {
      key.delete();
      body = null;
      changed = false;
    } else {
      changed = true;
    }
  }

  private List<ScoredMember> take(ZSetCursor cursor, long limit) {
    List<ScoredMember> taken = new ArrayList<>();
    while (taken.size() < limit && cursor.next()) {
      key.hold(cursor.member());
      taken.add(new ScoredMember(cursor.member(), cursor.score()));
    }
    return taken;
  }

  private static ZSetBody withRoomFor(byte[] member, KeyHandle key, ZSetBody body) {
    return body instanceof InlineZSet small && !small.hasRoomFor(member)
        ? RowZSet.moveOut(key, small)
        : body;
  }
}
