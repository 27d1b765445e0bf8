package io.raftkv.storage.type;

import java.util.Arrays;
import java.util.Comparator;

/**
 * A member of a sorted set and its score.
 *
 * @param member belongs to the record; nobody changes it
 * @param score never NaN
 */
public record ScoredMember(byte[] member, double score) {
  /** The order of sorted sets: by score, -0 equal to 0, then by member as unsigned bytes. */
  public static final Comparator<ScoredMember> ORDER =
      (a, b) ->
          a.score < b.score
              ? -1
              : a.score > b.score ? 1 : Arrays.compareUnsigned(a.member, b.member);
}
