package io.raftkv.storage.type;

import java.util.Arrays;

/** Which part of a sorted set is meant, in the terms of BYSCORE or BYLEX. */
public sealed interface ZSetRange {
  /** True if a member is not below the range. */
  boolean aboveMin(byte[] member, double score);

  /** True if a member is not above the range. */
  boolean belowMax(byte[] member, double score);

  /** Members whose score lies between two limits; neither is NaN. */
  record ByScore(double min, boolean minExcluded, double max, boolean maxExcluded)
      implements ZSetRange {
    @Override
    public boolean aboveMin(byte[] member, double score) {
      return minExcluded ? score > min : score >= min;
    }

    @Override
    public boolean belowMax(byte[] member, double score) {
      return maxExcluded ? score < max : score <= max;
    }
  }

  /**
   * Members between two limits, in the order of unsigned bytes. As in Redis that is well defined
   * only if all scores are equal; else it is the run of members from the first that is not below
   * the range up to the next one that is above it.
   */
  record ByMember(Limit min, Limit max) implements ZSetRange {
    @Override
    public boolean aboveMin(byte[] member, double score) {
      return switch (min.kind()) {
        case LOWEST -> true;
        case INCLUDED -> Arrays.compareUnsigned(member, min.value()) >= 0;
        case EXCLUDED -> Arrays.compareUnsigned(member, min.value()) > 0;
        case HIGHEST -> false;
      };
    }

    @Override
    public boolean belowMax(byte[] member, double score) {
      return switch (max.kind()) {
        case LOWEST -> false;
        case INCLUDED -> Arrays.compareUnsigned(member, max.value()) <= 0;
        case EXCLUDED -> Arrays.compareUnsigned(member, max.value()) < 0;
        case HIGHEST -> true;
      };
    }
  }

  /**
   * One end of a {@link ByMember}.
   *
   * @param value empty for the kinds that need none
   */
  record Limit(Kind kind, byte[] value) {
    /** How a limit cuts. */
    public enum Kind {
      /** Before all members. */
      LOWEST,
      INCLUDED,
      EXCLUDED,
      /** Behind all members. */
      HIGHEST
    }

    public static final Limit LOWEST = new Limit(Kind.LOWEST, new byte[0]);
    public static final Limit HIGHEST = new Limit(Kind.HIGHEST, new byte[0]);

    public static Limit included(byte[] value) {
      return new Limit(Kind.INCLUDED, value);
    }

    public static Limit excluded(byte[] value) {
      return new Limit(Kind.EXCLUDED, value);
    }
  }
}
