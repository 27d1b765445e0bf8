package io.raftkv.storage;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.PartTimes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * What the record of a hash and its index rows say of the deadlines of its fields must be what the
 * fields themselves say. Reads the bytes on its own.
 */
final class HashDeadlinesCheck {
  private static final byte[] NO_BYTES = {};

  /** Of a row the ends keep so many bytes behind slot and id. */
  private static final int KEPT_BYTES = 127;

  private final List<Long> deadlines = new ArrayList<>();
  private final TreeSet<byte[]> indexRows = new TreeSet<>(Arrays::compareUnsigned);

  private HashDeadlinesCheck() {}

  /** Throws an {@link AssertionError} if they disagree. */
  static void verify(MemoryRows rows, int slot, MetaRow meta) {
    HashDeadlinesCheck check = new HashDeadlinesCheck();
    if (meta.encoding() == MetaRow.INLINE) {
      check.readInline(ByteBuffer.wrap(meta.payload()));
    } else {
      check.readRows(rows, slot, meta);
    }
    long first = check.deadlines.stream().mapToLong(Long::longValue).min().orElse(0);
    long last = check.deadlines.stream().mapToLong(Long::longValue).max().orElse(0);
    PartTimes expected = first == MetaRow.NO_EXPIRY ? PartTimes.NONE : new PartTimes(first, last);
    MemoryRows.require(
        meta.parts().equals(expected), "record with " + meta.parts() + " instead of " + expected);
  }

  private void readInline(ByteBuffer payload) {
    for (payload.position(3); payload.hasRemaining(); ) {
      bytes(payload);
      stored(NO_BYTES, bytes(payload), 0, 0);
    }
  }

  private static byte[] bytes(ByteBuffer payload) {
    int length = 0;
    int shift = 0;
    byte piece;
    do {
      piece = payload.get();
      length |= (piece & 0x7f) << shift;
      shift += 7;
    } while (piece < 0);
    byte[] bytes = new byte[length];
    payload.get(bytes);
    return bytes;
  }

  private void readRows(MemoryRows rows, int slot, MetaRow meta) {
    long id = meta.rowsId();
    byte[] from = ElementRows.from(slot, id);
    byte[] to = ElementRows.to(slot, id);
    try (RowCursor data = rows.ascending(Family.DATA, from, to)) {
      while (data.next()) {
        stored(ElementRows.elementOf(data.key()), data.value(), slot, id);
      }
    }
    TreeSet<byte[]> stored = new TreeSet<>(Arrays::compareUnsigned);
    try (RowCursor index = rows.ascending(Family.SCORE, from, to)) {
      while (index.next()) {
        stored.add(index.key());
      }
    }
    MemoryRows.require(stored.equals(indexRows), "index rows do not match the fields");
    ByteBuffer payload = ByteBuffer.wrap(meta.payload());
    int format = payload.get(16);
    long mortal = format >= 6 ? payload.getLong(format == 6 ? 17 : 25) : 0;
    MemoryRows.require(payload.getLong(8) == deadlines.size(), "size of a hash");
    MemoryRows.require(mortal == indexRows.size(), "number of deadlines of a hash");
    if (mortal > 0) {
      ends(payload.position(format == 6 ? 25 : 33), from.length);
    }
  }

  /** No index row is outside of the ends, and those that say so are exact. */
  private void ends(ByteBuffer payload, int prefix) {
    int exact = payload.get();
    byte[] first = new byte[payload.get()];
    byte[] behind = new byte[payload.remaining() - first.length];
    payload.get(first).get(behind);
    byte[] lowest = indexRows.first();
    byte[] highest = indexRows.last();
    lowest = Arrays.copyOfRange(lowest, prefix, lowest.length);
    highest = Arrays.copyOfRange(highest, prefix, highest.length);
    MemoryRows.require(Arrays.compareUnsigned(first, lowest) <= 0, "index row before the ends");
    MemoryRows.require(Arrays.compareUnsigned(highest, behind) < 0, "index row behind the ends");
    if ((exact & 1) != 0) {
      byte[] kept = Arrays.copyOf(lowest, Math.min(lowest.length, KEPT_BYTES));
      MemoryRows.require(Arrays.equals(first, kept), "another first index row");
    }
    if ((exact & 2) != 0 && highest.length <= KEPT_BYTES) {
      byte[] next = Arrays.copyOf(highest, highest.length + 1);
      MemoryRows.require(Arrays.equals(behind, next), "another last index row");
    }
  }

  private void stored(byte[] field, byte[] stored, int slot, long id) {
    boolean mortal = stored[0] == 1;
    long deadline = mortal ? ByteBuffer.wrap(stored).getLong(1) : MetaRow.NO_EXPIRY;
    deadlines.add(deadline);
    if (mortal) {
      indexRows.add(ElementRows.deadline(slot, id, deadline, field));
    }
  }
}
