package io.raftkv.meta;

import io.raftkv.storage.Slot;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Neighbouring hash slots.
 *
 * @param first the lowest slot
 * @param last the highest slot, itself included
 */
public record SlotRange(int first, int last) implements Comparable<SlotRange> {
  private static final Comparator<SlotRange> BY_FIRST =
      Comparator.comparingInt(SlotRange::first).thenComparingInt(SlotRange::last);

  private static final Pattern FORM = Pattern.compile("[0-9]{1,5}(-[0-9]{1,5})?");

  public SlotRange {
    if (first < 0 || last < first || last >= Slot.COUNT) {
      throw new IllegalArgumentException("no slot range: " + first + "-" + last);
    }
  }

  /**
   * Inverse of {@link #toString}: {@code 5} or {@code 5-10}.
   *
   * @throws IllegalArgumentException if it is no range of slots
   */
  public static SlotRange parse(String text) {
    if (!FORM.matcher(text).matches()) {
      throw new IllegalArgumentException("no slot range: " + text);
    }
    int dash = text.indexOf('-');
    int first = Integer.parseInt(dash < 0 ? text : text.substring(0, dash));
    return new SlotRange(first, dash < 0 ? first : Integer.parseInt(text.substring(dash + 1)));
  }

  /** The ranges in a text in which blanks separate them. */
  public static List<SlotRange> parseAll(String text) {
    return text.isEmpty() ? List.of() : Stream.of(text.split(" ")).map(SlotRange::parse).toList();
  }

  /** The text that {@link #parseAll} reads. */
  public static String format(Collection<SlotRange> ranges) {
    return ranges.stream().map(SlotRange::toString).collect(Collectors.joining(" "));
  }

  /** True if a slot lies in both. */
  public boolean overlaps(SlotRange other) {
    return first <= other.last && other.first <= last;
  }

  /** How many slots there are in it. */
  public int size() {
    return last - first + 1;
  }

  /** True if {@code slot} lies in it. */
  public boolean contains(int slot) {
    return slot >= first && slot <= last;
  }

  /**
   * The same slots in the only form that is stored: ascending, neighbours joined.
   *
   * @throws IllegalArgumentException if a slot occurs twice
   */
  public static List<SlotRange> normalize(Collection<SlotRange> ranges) {
    List<SlotRange> joined = new ArrayList<>(ranges.size());
    SlotRange previous = null;
    for (SlotRange range : ranges.stream().sorted(BY_FIRST).toList()) {
      if (previous != null && range.first <= previous.last) {
        throw new IllegalArgumentException(
            "slot ranges " + previous + " and " + range + " overlap");
      }
      if (previous != null && range.first == previous.last + 1) {
        previous = new SlotRange(previous.first, range.last);
        joined.set(joined.size() - 1, previous);
      } else {
        previous = range;
        joined.add(range);
      }
    }
    return List.copyOf(joined);
  }

  /**
   * Slots of the first that are not in the second; ascending, neighbours joined.
   *
   * @throws IllegalArgumentException if either has a slot twice
   */
  public static List<SlotRange> subtract(Collection<SlotRange> from, Collection<SlotRange> what) {
    List<SlotRange> rest = new ArrayList<>();
    List<SlotRange> gone = normalize(what);
    for (SlotRange range : normalize(from)) {
      int next = range.first;
      for (SlotRange hole : gone) {
        if (hole.overlaps(range)) {
          if (hole.first > next) {
            rest.add(new SlotRange(next, hole.first - 1));
          }
          next = hole.last + 1;
        }
      }
      if (next <= range.last) {
        rest.add(new SlotRange(next, range.last));
      }
    }
    return List.copyOf(rest);
  }

  @Override
  public int compareTo(SlotRange other) {
    return BY_FIRST.compare(this, other);
  }

  @Override
  public String toString() {
    return first == last ? Integer.toString(first) : first + "-" + last;
  }
}
