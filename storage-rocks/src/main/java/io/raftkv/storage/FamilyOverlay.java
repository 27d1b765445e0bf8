package io.raftkv.storage;

import io.raftkv.storage.rocks.RowWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * The changes of one family that are not committed yet.
 *
 * <p>Invariant: the deleted ranges come before the pending rows. A range deletes rows of the store
 * only, for it removes pending rows inside at once; a pending row inside a range was therefore
 * written after it and wins. Ranges neither overlap nor touch. Not thread-safe.
 */
final class FamilyOverlay {
  /** Stands for "deleted" where a pending value is expected; compared by identity. */
  static final byte[] DELETED = new byte[0];

  /** Rough size of a pending row beside the bytes of row and value: objects and their headers. */
  private static final int ROW_OVERHEAD_BYTES = 100;

  private final Family family;
  private final UndoLog undo;
  private final LongConsumer growth;
  private final NavigableMap<byte[], byte[]> pending = new TreeMap<>(Arrays::compareUnsigned);
  private final NavigableMap<byte[], byte[]> ranges = new TreeMap<>(Arrays::compareUnsigned);

  /**
   * @param growth takes by how many bytes this has grown, after each change
   */
  FamilyOverlay(Family family, UndoLog undo, LongConsumer growth) {
    this.family = family;
    this.undo = undo;
    this.growth = growth;
  }

  Family family() {
    return family;
  }

  /** The pending value of a row, {@link #DELETED}, or null if the store decides. */
  byte[] get(byte[] row) {
    byte[] value = pending.get(row);
    return value == null && rangeWith(row) != null ? DELETED : value;
  }

  void put(byte[] row, byte[] value) {
    set(row, value);
  }

  void delete(byte[] row) {
    set(row, rangeWith(row) == null ? DELETED : null);
  }

  /** Deletes from {@code from} (inclusive) to {@code to} (exclusive). */
  void deleteRange(byte[] from, byte[] to) {
    if (Arrays.compareUnsigned(from, to) >= 0) {
      return;
    }
    NavigableMap<byte[], byte[]> inside = pending.subMap(from, true, to, false);
    if (!inside.isEmpty()) {
      List<Map.Entry<byte[], byte[]>> removed = copyOf(inside);
      inside.clear();
      undo.add(() -> removed.forEach(row -> pending.put(row.getKey(), row.getValue())));
      growth.accept(-removed.stream().mapToLong(row -> bytes(row.getKey(), row.getValue())).sum());
    }
    addRange(from, to);
  }

  private void addRange(byte[] from, byte[] to) {
    byte[] first = from;
    byte[] last = to;
    Map.Entry<byte[], byte[]> before = ranges.floorEntry(from);
    if (before != null && Arrays.compareUnsigned(before.getValue(), from) >= 0) {
      if (Arrays.compareUnsigned(before.getValue(), to) >= 0) {
        return;
      }
      first = before.getKey();
    }
    Map.Entry<byte[], byte[]> behind = ranges.floorEntry(to);
    if (behind != null && Arrays.compareUnsigned(behind.getValue(), to) > 0) {
      last = behind.getValue();
    }
    NavigableMap<byte[], byte[]> swallowed = ranges.subMap(first, true, to, true);
    List<Map.Entry<byte[], byte[]>> replaced = copyOf(swallowed);
    swallowed.clear();
    byte[] key = first;
    ranges.put(key, last);
    undo.add(
        () -> {
          ranges.remove(key);
          replaced.forEach(range -> ranges.put(range.getKey(), range.getValue()));
        });
  }

  private void set(byte[] row, byte[] value) {
    byte[] before = value == null ? pending.remove(row) : pending.put(row, value);
    undo.add(before == null ? () -> pending.remove(row) : () -> pending.put(row, before));
    growth.accept(bytes(row, value) - bytes(row, before));
  }

  private static long bytes(byte[] row, byte[] value) {
    return value == null ? 0 : (long) ROW_OVERHEAD_BYTES + row.length + value.length;
  }

  /**
   * The deleted range, from (inclusive) to (exclusive), that a row of the store lies in, or null.
   */
  Map.Entry<byte[], byte[]> rangeWith(byte[] row) {
    if (ranges.isEmpty()) {
      return null;
    }
    Map.Entry<byte[], byte[]> range = ranges.floorEntry(row);
    return range != null && Arrays.compareUnsigned(row, range.getValue()) < 0 ? range : null;
  }

  /** Pending rows in order; the value of a deleted one is {@link #DELETED}. */
  NavigableMap<byte[], byte[]> pending() {
    return pending;
  }

  /** The first row that is put, null if there is none. */
  byte[] firstPut() {
    for (Map.Entry<byte[], byte[]> row : pending.entrySet()) {
      if (row.getValue() != DELETED) {
        return row.getKey();
      }
    }
    return null;
  }

  boolean hasRanges() {
    return !ranges.isEmpty();
  }

  /** Adds all changes, ranges first. */
  void writeTo(RowWriter out) {
    ranges.forEach((from, to) -> out.deleteRange(family, from, to));
    pending.forEach(
        (row, value) -> {
          if (value == DELETED) {
            out.delete(family, row);
          } else {
            out.put(family, row, value);
          }
        });
  }

  private static List<Map.Entry<byte[], byte[]>> copyOf(NavigableMap<byte[], byte[]> map) {
    List<Map.Entry<byte[], byte[]>> copy = new ArrayList<>(map.size());
    map.forEach((key, value) -> copy.add(Map.entry(key, value)));
    return copy;
  }
}
