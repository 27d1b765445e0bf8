package io.raftkv.raft;

import java.util.Comparator;

/**
 * The end of a Raft log. Of two logs the one with the later position has all that is committed if
 * one of them has.
 *
 * @param term term of the last entry, 0 if there is none
 * @param index index of the last entry, -1 if there is none
 */
public record LogPosition(long term, long index) implements Comparable<LogPosition> {
  private static final Comparator<LogPosition> BY_TERM_AND_INDEX =
      Comparator.comparingLong(LogPosition::term).thenComparingLong(LogPosition::index);

  @Override
  public int compareTo(LogPosition other) {
    return BY_TERM_AND_INDEX.compare(this, other);
  }
}
