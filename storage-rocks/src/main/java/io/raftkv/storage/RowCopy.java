package io.raftkv.storage;

import io.raftkv.storage.row.ElementRows;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies the element rows of one collection to another. Reads a chunk, closes the cursor, then
 * writes: no cursor is open while its rows change.
 */
final class RowCopy {
  private static final int CHUNK_ROWS = 512;
  private static final long CHUNK_BYTES = 1 << 20;

  private final WritableRows rows;
  private final int fromSlot;
  private final long fromId;
  private final int toSlot;
  private final long toId;

  private record Row(byte[] key, byte[] value) {}

  RowCopy(WritableRows rows, int fromSlot, long fromId, int toSlot, long toId) {
    this.rows = rows;
    this.fromSlot = fromSlot;
    this.fromId = fromId;
    this.toSlot = toSlot;
    this.toId = toId;
  }

  void copy(Family family) {
    byte[] next = ElementRows.from(fromSlot, fromId);
    while (next != null) {
      List<Row> chunk = new ArrayList<>();
      next = read(family, next, chunk);
      for (Row row : chunk) {
        rows.put(family, ElementRows.rehomed(row.key(), toSlot, toId), row.value());
      }
    }
  }

  /** Fills a chunk; returns the row to go on with, or null at the end. */
  private byte[] read(Family family, byte[] from, List<Row> chunk) {
    long bytes = 0;
    try (RowCursor cursor = rows.ascending(family, from, ElementRows.to(fromSlot, fromId))) {
      while (cursor.next()) {
        if (chunk.size() == CHUNK_ROWS || bytes >= CHUNK_BYTES) {
          return cursor.key();
        }
        Row row = new Row(cursor.key(), cursor.value());
        bytes += row.key().length + row.value().length;
        chunk.add(row);
      }
    }
    return null;
  }
}
