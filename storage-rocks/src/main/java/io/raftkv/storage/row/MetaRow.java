package io.raftkv.storage.row;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.KeyType;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The metadata record of a key, value of its {@code meta} row.
 *
 * <pre>
 *   format:1  type and encoding:1  version:8  expireAt:8  payload
 * </pre>
 *
 * The payload of an {@link #INLINE} key is its whole value. That of a {@link #ROWS} key starts with
 * the id of its element rows (8 bytes); the rest belongs to the type.
 *
 * @param type the key's data type
 * @param encoding {@link #INLINE} or {@link #ROWS}
 * @param version changes with every change of the key, never goes back within a shard
 * @param expireAtMillis when the key dies, in milliseconds since the epoch, or {@link #NO_EXPIRY}
 * @param payload belongs to the record; nobody changes it
 */
public record MetaRow(
    KeyType type, int encoding, long version, long expireAtMillis, byte[] payload) {
  /** The value is in the payload. */
  public static final int INLINE = 0;

  /** The value is in element rows, named by the id that leads the payload. */
  public static final int ROWS = 1;

  /** Stands for "does not expire". */
  public static final long NO_EXPIRY = Long.MAX_VALUE;

  /** Bytes before the payload. */
  public static final int HEADER_BYTES = 2 + 2 * Long.BYTES;

  private static final byte FORMAT = 1;
  private static final int ENCODING_SHIFT = 4;

  /** The bytes of the row. */
  public byte[] encode() {
    return ByteBuffer.allocate(HEADER_BYTES + payload.length)
        .put(FORMAT)
        .put((byte) (type.code() | encoding << ENCODING_SHIFT))
        .putLong(version)
        .putLong(expireAtMillis)
        .put(payload)
        .array();
  }

  /** Inverse of {@link #encode}. */
  public static MetaRow decode(byte[] row) {
    return decode(row, row.length);
  }

  /**
   * As {@link #decode}, but with no more of the payload than {@link #rowsId} needs: for walks over
   * keys whose values may be large.
   */
  public static MetaRow decodeHeader(byte[] row) {
    return decode(row, Math.min(row.length, HEADER_BYTES + Long.BYTES));
  }

  private static MetaRow decode(byte[] row, int end) {
    if (row.length < HEADER_BYTES || row[0] != FORMAT) {
      throw new CorruptStoreException(
          "metadata record of " + row.length + " bytes, format " + (row.length > 0 ? row[0] : -1));
    }
    ByteBuffer in = ByteBuffer.wrap(row);
    int typeAndEncoding = row[1] & 0xff;
    return new MetaRow(
        KeyType.of(typeAndEncoding & 0xf),
        typeAndEncoding >>> ENCODING_SHIFT,
        in.getLong(2),
        in.getLong(2 + Long.BYTES),
        Arrays.copyOfRange(row, HEADER_BYTES, end));
  }

  /** Id of the element rows of a {@link #ROWS} key. */
  public long rowsId() {
    if (encoding != ROWS || payload.length < Long.BYTES) {
      throw new CorruptStoreException(type + " with encoding " + encoding + " has no rows");
    }
    return ByteBuffer.wrap(payload).getLong();
  }

  /** The payload of a {@link #ROWS} key, with another id of its element rows. */
  public byte[] withRowsId(long id) {
    rowsId(); // refuses a payload that has none
    return ByteBuffer.wrap(payload.clone()).putLong(id).array();
  }

  /**
   * True if the key is dead at {@code timeMillis}: Redis' rule, a key dies when its time is
   * reached.
   */
  public boolean expiredAt(long timeMillis) {
    return timeMillis >= expireAtMillis;
  }
}
