package io.raftkv.storage.type;

import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.WritableRows;
import io.raftkv.storage.row.ElementRows;
import java.util.ArrayList;
import java.util.List;

/**
 * Moves what is left of a collection away from the rows that were deleted between. Random picks of
 * a set that was drained would step over thousands of them to come from one element to the next;
 * under a new id there are none.
 */
final class RowMove {
  /** A collection of more elements stays where it is: one command must not take long. */
  private static final int MAX_ELEMENTS = 16_384;

  /** Rows of more bytes stay where they are. */
  private static final long MAX_BYTES = 4L << 20;

  /**
   * So many bytes may be moved for each element that was removed. Else large values beside tiny
   * ones that come and go would be written again and again, and a sweep of many such hashes at once
   * would be too much for one log entry.
   */
  private static final long BYTES_FOR_REMOVED = 256;

  /** Moved when so many elements were removed for each one that is left: O(1) for each removed. */
  private static final int REMOVED_FOR_EACH = 4;

  private static final int REMOVED_MIN = 128;

  private record Row(Family family, byte[] key, byte[] value) {}

  private RowMove() {}

  /**
   * Whether it is time to move.
   *
   * @param size elements that are left
   * @param removed those removed since the rows were made, or last looked at for this
   */
  static boolean isDue(long size, long removed) {
    return isDue(size, removed, REMOVED_FOR_EACH, MAX_ELEMENTS);
  }

  /**
   * Whether it is time to move.
   *
   * @param size elements that are left
   * @param removed those removed since the rows were made, or last looked at for this
   * @param removedForEach how many there must be for each one that is left
   * @param most elements that are moved
   */
  static boolean isDue(long size, long removed, int removedForEach, int most) {
    return size <= most && removed >= Math.max(REMOVED_MIN, removedForEach * size);
  }

  /** Rows of more bytes stay where they are, though so many elements were removed. */
  static long mostBytes(long removed) {
    return Math.min(MAX_BYTES, removed * BYTES_FOR_REMOVED);
  }

  /**
   * Moves all rows of a collection.
   *
   * @param first the first row of each family that there can be: what was deleted before it is not
   *     stepped over
   * @param removed elements removed since the rows were made, or last looked at for this
   * @return their id from now on; the old one if they are too large to be moved
   */
  static long move(KeyHandle key, long id, List<Family> families, byte[] first, long removed) {
    long mostBytes = mostBytes(removed);
    List<Row> rows = new ArrayList<>();
    long bytes = 0;
    byte[] to = ElementRows.to(key.slot(), id);
    for (Family family : families) {
      try (RowCursor cursor = key.rows().ascending(family, first, to)) {
        while (cursor.next()) {
          Row row = new Row(family, cursor.key(), cursor.value());
          bytes += row.key.length + row.value.length;
          if (bytes > mostBytes) {
            return id;
          }
          rows.add(row);
        }
      }
    }
    byte[] from = ElementRows.from(key.slot(), id);
    WritableRows out = key.writableRows();
    long next = out.nextId();
    for (Row row : rows) {
      out.put(row.family, ElementRows.rehomed(row.key, key.slot(), next), row.value);
    }
    families.forEach(family -> out.deleteRange(family, from, to));
    return next;
  }
}
