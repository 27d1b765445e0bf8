package io.raftkv.storage;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;

/** Where slots come apart in parts that weigh about the same. */
public final class SlotParts {
  private SlotParts() {}

  /**
   * The first slot of each part but the lowest one, ascending. Each part has a slot; where one slot
   * weighs more than a part should, those next to it weigh less.
   *
   * @param slots at least as many as there are to be parts
   * @param parts two at least
   * @param weightUpTo what those of the slots weigh that are no higher than a given one; not less
   *     for a higher one. It is asked O(log of the number of slots) times for each part
   * @return empty if none of them weighs anything
   */
  public static List<Integer> starts(SlotSet slots, int parts, IntToLongFunction weightUpTo) {
    int[] ascending =
        slots.ranges().stream()
            .flatMapToInt(range -> IntStream.rangeClosed(range.first(), range.last()))
            .toArray();
    if (parts < 2 || ascending.length < parts) {
      throw new IllegalArgumentException(ascending.length + " slots in " + parts + " parts");
    }
    long total = weightUpTo.applyAsLong(ascending[ascending.length - 1]);
    if (total == 0) {
      return List.of();
    }
    List<Integer> starts = new ArrayList<>();
    int first = 0; // of the part that is looked for the end of
    for (int part = 1; part < parts; part++) {
      long wanted = part * total; // in all parts up to this one, as many times as there are parts
      int low = first; // the last slot of the part, and where it may be at most
      int high = ascending.length - 1 - (parts - part);
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (parts * weightUpTo.applyAsLong(ascending[middle]) < wanted) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      if (low > first) {
        long more = parts * weightUpTo.applyAsLong(ascending[low]) - wanted;
        long less = wanted - parts * weightUpTo.applyAsLong(ascending[low - 1]);
        low -= less < more ? 1 : 0;
      }
      first = low + 1;
      starts.add(ascending[first]);
    }
    return starts;
  }
}
