package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.Rows;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.StringType.PieceVisitor;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A long string cut into chunks, each in a row of its own: a change writes the chunks that it
 * touches, a read of a part reads those.
 *
 * <pre>
 *   metadata payload   id:8  length:8
 *   data row           number of the chunk to its bytes
 * </pre>
 *
 * <p>A row holds its chunk as far as something was written; what it lacks is zeros, and a chunk of
 * zeros has no row. No row reaches beyond the length, so that growing needs no look at the end.
 */
final class RowString extends StringBody {
  /**
   * Bytes of a chunk. Part of the storage format. With 16 KiB a changed bit costs four times as
   * much, and reading all of it a third less.
   */
  static final int CHUNK_BYTES = 4 << 10;

  /** Longest string that commands can make: BITFIELD's last number may begin at the last bit. */
  private static final int MAX_BYTES = StringType.MAX_BYTES + Long.BYTES;

  private static final int PAYLOAD_BYTES = 2 * Long.BYTES;

  /** Up to so many chunks are read one by one, which costs less than a cursor. */
  private static final int POINT_READS = 2;

  private static final byte[] ZEROS = new byte[CHUNK_BYTES];

  private final KeyHandle key;
  private final Rows rows;
  private final int slot;
  private final long id;
  private int length;

  /** The row read or written last, which commands often look at and then change. */
  private byte[] lastRow;

  private int lastChunk = -1;

  /** Of what was written, how much has no row. */
  private long zeroBytes;

  private RowString(KeyHandle key, long id, int length) {
    this.key = key;
    this.rows = key.rows();
    this.slot = key.slot();
    this.id = id;
    this.length = length;
  }

  /** The string that a metadata record describes. */
  static RowString open(KeyHandle key, MetaRow meta) {
    byte[] payload = meta.payload();
    if (payload.length != PAYLOAD_BYTES) {
      throw new CorruptStoreException("string record with " + payload.length + " bytes");
    }
    long length = ByteBuffer.wrap(payload).getLong(Long.BYTES);
    if (length < 0 || length > MAX_BYTES) {
      throw new CorruptStoreException("string record with length " + length);
    }
    return new RowString(key, meta.rowsId(), (int) length);
  }

  /** Writes a string that is in memory as a whole to new rows. */
  static RowString moveOut(KeyHandle key, byte[] value) {
    RowString string = new RowString(key, key.writableRows().nextId(), 0);
    string.write(0, value);
    key.writableRows().charge(string.zeroBytes); // so large a value was made, rows or not
    return string;
  }

  @Override
  int length() {
    return length;
  }

  @Override
  byte[] whole() {
    byte[] value = new byte[length];
    read(0, value);
    return value;
  }

  @Override
  void forEachPiece(int from, int to, PieceVisitor visitor) {
    int end = Math.min(to, length);
    if (from >= end) {
      return;
    }
    int first = from / CHUNK_BYTES;
    int last = (end - 1) / CHUNK_BYTES;
    if (last - first < POINT_READS) {
      for (int chunk = first; chunk <= last; chunk++) {
        byte[] row = row(chunk);
        if (row != null && !visitor.visit(chunk * CHUNK_BYTES, row)) {
          return;
        }
      }
    } else {
      walk(first, last, visitor);
    }
  }

  private void walk(int first, int last, PieceVisitor visitor) {
    try (RowCursor cursor = rows.ascending(Family.DATA, rowKey(first), rowKey(last + 1))) {
      while (cursor.next()) {
        int chunk = ElementRows.chunkOf(cursor.key());
        if (!visitor.visit(chunk * CHUNK_BYTES, sound(chunk, cursor.value()))) {
          return;
        }
      }
    }
  }

  @Override
  void write(int at, byte[] bytes) {
    int end = at + bytes.length;
    for (int start = at - at % CHUNK_BYTES; start < end; start += CHUNK_BYTES) {
      int from = Math.max(at, start);
      int to = Math.min(end, start + CHUNK_BYTES);
      writeChunk(start / CHUNK_BYTES, from - start, bytes, from - at, to - from);
    }
    length = Math.max(length, end);
  }

  private void writeChunk(int chunk, int at, byte[] bytes, int from, int count) {
    boolean covered = count == CHUNK_BYTES;
    byte[] before = covered ? null : row(chunk);
    byte[] after =
        before == null
            ? new byte[at + count]
            : Arrays.copyOf(before, Math.max(before.length, at + count));
    System.arraycopy(bytes, from, after, at, count);
    if (!isZeros(after)) {
      put(chunk, after);
      return;
    }
    zeroBytes += count;
    if (covered ? !isBehindEnd(chunk) : before != null) {
      delete(chunk);
    }
  }

  private static boolean isZeros(byte[] bytes) {
    return Arrays.equals(bytes, 0, bytes.length, ZEROS, 0, bytes.length);
  }

  @Override
  void lengthen(int newLength) {
    length = Math.max(length, newLength);
  }

  @Override
  int encoding() {
    return MetaRow.ROWS;
  }

  @Override
  byte[] payload() {
    return ByteBuffer.allocate(PAYLOAD_BYTES).putLong(id).putLong(length).array();
  }

  /** The row of a chunk, null if there is none. */
  private byte[] row(int chunk) {
    if (chunk != lastChunk) {
      byte[] stored = isBehindEnd(chunk) ? null : rows.get(Family.DATA, rowKey(chunk));
      lastRow = stored == null ? null : sound(chunk, stored);
      lastChunk = chunk;
    }
    return lastRow;
  }

  /** There is no row then: appending does not ask for it. */
  private boolean isBehindEnd(int chunk) {
    return chunk * CHUNK_BYTES >= length;
  }

  private void put(int chunk, byte[] row) {
    key.writableRows().put(Family.DATA, rowKey(chunk), row);
    lastRow = row;
    lastChunk = chunk;
  }

  private void delete(int chunk) {
    key.writableRows().delete(Family.DATA, rowKey(chunk));
    lastRow = null;
    lastChunk = chunk;
  }

  private byte[] rowKey(int chunk) {
    return ElementRows.chunk(slot, id, chunk);
  }

  private byte[] sound(int chunk, byte[] row) {
    if (row.length > Math.min(CHUNK_BYTES, length - chunk * CHUNK_BYTES)) {
      throw new CorruptStoreException(
          "string of %d bytes with %d bytes in chunk %d".formatted(length, row.length, chunk));
    }
    return row;
  }
}
