package io.raftkv.storage;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/** A set of hash slots. Immutable; cheap where the slots are few runs of neighbours. */
public final class SlotSet {
  /** No slot. */
  public static final SlotSet EMPTY = new SlotSet(new int[0]);

  /** Every slot. */
  public static final SlotSet ALL = of(0, Slot.COUNT - 1);

  private static final Pattern RANGE = Pattern.compile("[0-9]{1,5}(-[0-9]{1,5})?");

  /**
   * Neighbouring slots.
   *
   * @param first the lowest slot
   * @param last the highest slot, itself included
   */
  public record Range(int first, int last) {
    public Range {
      if (first < 0 || last < first || last >= Slot.COUNT) {
        throw new IllegalArgumentException("no slot range: " + first + "-" + last);
      }
    }
  }

  @FunctionalInterface
  private interface Choice {
    boolean has(boolean inThis, boolean inOther);
  }

  /** Ascending: in the set is what lies from every other one, the first included, to the next. */
  private final int[] edges;

  private SlotSet(int[] edges) {
    this.edges = edges;
  }

  /**
   * The slots from one to another.
   *
   * @param last the highest slot, itself included
   * @throws IllegalArgumentException if that is no range of slots
   */
  public static SlotSet of(int first, int last) {
    return of(new Range(first, last));
  }

  private static SlotSet of(Range range) {
    return new SlotSet(new int[] {range.first(), range.last() + 1});
  }

  /**
   * Inverse of {@link #toString}; takes ranges in any order, too.
   *
   * @throws IllegalArgumentException if the text is anything else
   */
  public static SlotSet parse(String text) {
    SlotSet all = EMPTY;
    if (!text.isEmpty()) {
      for (String range : text.split(" ", -1)) {
        all = all.union(of(parseRange(range)));
      }
    }
    return all;
  }

  private static Range parseRange(String text) {
    if (!RANGE.matcher(text).matches()) {
      throw new IllegalArgumentException("no slot range: " + text);
    }
    int dash = text.indexOf('-');
    int first = Integer.parseInt(dash < 0 ? text : text.substring(0, dash));
    return new Range(first, dash < 0 ? first : Integer.parseInt(text.substring(dash + 1)));
  }

  /** True if {@code slot} is one of them. O(log of the number of ranges). */
  public boolean contains(int slot) {
    int at = Arrays.binarySearch(edges, slot);
    int edgesUpToIt = at >= 0 ? at + 1 : -at - 1;
    return edgesUpToIt % 2 == 1;
  }

  /** True if all of the other's slots are in this one, too. */
  public boolean containsAll(SlotSet other) {
    return other.minus(this).isEmpty();
  }

  /** True if a slot is in both. */
  public boolean overlaps(SlotSet other) {
    return !combined(other, (here, there) -> here && there).isEmpty();
  }

  /** The slots of both. */
  public SlotSet union(SlotSet other) {
    return combined(other, (here, there) -> here || there);
  }

  /** The slots of this one that the other has not. */
  public SlotSet minus(SlotSet other) {
    return combined(other, (here, there) -> here && !there);
  }

  /** All other slots. */
  public SlotSet complement() {
    return ALL.minus(this);
  }

  /** One walk over the edges of both; {@code choice} leaves out what is in neither. */
  private SlotSet combined(SlotSet other, Choice choice) {
    int[] found = new int[edges.length + other.edges.length];
    int count = 0;
    int here = 0;
    int there = 0;
    boolean in = false;
    while (here < edges.length || there < other.edges.length) {
      int at = Math.min(edge(here), other.edge(there));
      here += edge(here) == at ? 1 : 0;
      there += other.edge(there) == at ? 1 : 0;
      if (choice.has(here % 2 == 1, there % 2 == 1) != in) {
        in = !in;
        found[count++] = at;
      }
    }
    return new SlotSet(Arrays.copyOf(found, count));
  }

  private int edge(int index) {
    return index < edges.length ? edges[index] : Integer.MAX_VALUE;
  }

  public boolean isEmpty() {
    return edges.length == 0;
  }

  /** How many slots there are in it. */
  public int size() {
    int size = 0;
    for (int i = 0; i < edges.length; i += 2) {
      size += edges[i + 1] - edges[i];
    }
    return size;
  }

  /** The same slots as ranges, ascending, between which slots are missing. */
  public List<Range> ranges() {
    List<Range> ranges = new ArrayList<>(edges.length / 2);
    for (int i = 0; i < edges.length; i += 2) {
      ranges.add(new Range(edges[i], edges[i + 1] - 1));
    }
    return ranges;
  }

  /** Bytes that {@link #encode} writes. */
  int encodedBytes() {
    return Short.BYTES + edges.length * Short.BYTES;
  }

  /** Writes {@code ranges:2 { first:2 last:2 }}. */
  void encode(ByteBuffer out) {
    out.putShort((short) (edges.length / 2));
    ranges().forEach(range -> out.putShort((short) range.first()).putShort((short) range.last()));
  }

  /**
   * Inverse of {@link #encode}.
   *
   * @throws CorruptStoreException if the ranges are none, or not in their one order
   */
  static SlotSet decode(ByteBuffer in) {
    int[] edges = new int[2 * (in.getShort() & 0xffff)];
    int before = -1;
    for (int i = 0; i < edges.length; i += 2) {
      edges[i] = in.getShort() & 0xffff;
      edges[i + 1] = (in.getShort() & 0xffff) + 1;
      if (edges[i] <= before || edges[i + 1] <= edges[i] || edges[i + 1] > Slot.COUNT) {
        throw new CorruptStoreException("slots " + Arrays.toString(edges));
      }
      before = edges[i + 1];
    }
    return new SlotSet(edges);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SlotSet that && Arrays.equals(edges, that.edges);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(edges);
  }

  /** The ranges with blanks between them: {@code 0-99 200}. */
  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(" ");
    for (Range range : ranges()) {
      text.add(
          range.first() == range.last()
              ? Integer.toString(range.first())
              : range.first() + "-" + range.last());
    }
    return text.toString();
  }
}
