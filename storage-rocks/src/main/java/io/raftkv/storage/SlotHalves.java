package io.raftkv.storage;

import java.util.OptionalInt;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;

/** Where slots come apart in two halves that weigh about the same. */
public final class SlotHalves {
  private SlotHalves() {}

  /**
   * The first slot of the upper half.
   *
   * @param slots two at least
   * @param weightUpTo what those of the slots weigh that are no higher than a given one; not less
   *     for a higher one. It is asked O(log of the number of slots) times
   * @return empty if none of them weighs anything
   */
  public static OptionalInt upper(SlotSet slots, IntToLongFunction weightUpTo) {
    int[] ascending =
        slots.ranges().stream()
            .flatMapToInt(range -> IntStream.rangeClosed(range.first(), range.last()))
            .toArray();
    long total = weightUpTo.applyAsLong(ascending[ascending.length - 1]);
    if (total == 0) {
      return OptionalInt.empty();
    }
    int low = 0; // the last slot of the lower half, and where it may be at most
    int high = ascending.length - 2;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (2 * weightUpTo.applyAsLong(ascending[middle]) < total) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low > 0) {
      long more = 2 * weightUpTo.applyAsLong(ascending[low]) - total;
      long less = total - 2 * weightUpTo.applyAsLong(ascending[low - 1]);
      low -= less < more ? 1 : 0;
    }
    return OptionalInt.of(ascending[low + 1]);
  }
}
