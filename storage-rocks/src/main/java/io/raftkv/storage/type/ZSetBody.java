package io.raftkv.storage.type;

import io.raftkv.storage.SeededRandom;
import java.util.List;

/**
 * The members of a sorted set in one of its two encodings. {@link ZSetType} writes {@link #payload}
 * to the metadata record after changes; a body that has become empty is not used any further.
 */
abstract sealed class ZSetBody permits InlineZSet, RowZSet {
  abstract long size();

  /** The score of a member, NaN if there is no such member. */
  abstract double score(byte[] member);

  /** Adds a member, or gives it another score. */
  abstract void put(byte[] member, double score);

  /** Removes a member; returns whether it was there. */
  abstract boolean remove(byte[] member);

  /** Members before the given one, which exists; backwards, those behind it. */
  abstract long rank(byte[] member, double score, boolean backwards);

  /** How many members a range has. */
  abstract long count(ZSetRange range);

  /** The members of a range but for the first {@code skip} of the walk. */
  abstract ZSetCursor walk(ZSetRange range, boolean backwards, long skip);

  /** From the member of this rank, which exists, to the last or, backwards, the first one. */
  abstract ZSetCursor walk(long rank, boolean backwards);

  /** From behind this member, which is in the set, to the last or, backwards, the first one. */
  abstract ZSetCursor walkAfter(ScoredMember member, boolean backwards);

  /** Removes the members of a range; returns how many. */
  abstract long remove(ZSetRange range);

  /** Removes the members from one rank to another, both included; both exist. */
  abstract long remove(long firstRank, long lastRank);

  /**
   * Adds about {@code count} members to {@code page}, at least one if there are any left.
   *
   * @param cursor 0 to begin, else what the call before returned
   * @return where to go on, 0 at the end
   */
  abstract long scan(long cursor, long count, List<ScoredMember> page);

  /** A random member. */
  abstract ScoredMember random(SeededRandom random);

  /** {@code count} different random members; {@code count} is not larger than the set. */
  abstract List<ScoredMember> sample(SeededRandom random, int count);

  /**
   * Writes what is not in rows yet. After changes it comes last, before {@link #payload}.
   *
   * @return the members as they are stored now, which may be in other rows than before
   */
  abstract ZSetBody store();

  /** Encoding for the metadata record. */
  abstract int encoding();

  /** Payload for the metadata record. */
  abstract byte[] payload();
}
