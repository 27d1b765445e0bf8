package io.raftkv.storage.row;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.KeyType;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The metadata record of a key, value of its {@code meta} row.
 *
 * <pre>
 *   format:1 = 1  type and encoding:1  version:8  expireAt:8  payload
 *   format:1 = 2  type and encoding:1  version:8  expireAt:8  firstPartAt:8  lastPartAt:8  payload
 * </pre>
 *
 * Format 2 is that of a key with parts which die on their own, format 1 that of all others.
 *
 * <p>The payload of an {@link #INLINE} key is its whole value. That of a {@link #ROWS} key starts
 * with the id of its element rows (8 bytes); the rest belongs to the type.
 *
 * @param type the key's data type
 * @param encoding {@link #INLINE} or {@link #ROWS}
 * @param version changes with every change of the key, never goes back within a shard
 * @param expireAtMillis when the key dies, in milliseconds since the epoch, or {@link #NO_EXPIRY}
 * @param parts when parts of it die on their own
 * @param payload belongs to the record; nobody changes it
 */
public record MetaRow(
    KeyType type,
    int encoding,
    long version,
    long expireAtMillis,
    PartTimes parts,
    byte[] payload) {
  /** The value is in the payload. */
  public static final int INLINE = 0;

  /** The value is in element rows, named by the id that leads the payload. */
  public static final int ROWS = 1;

  /** Stands for "does not expire". */
  public static final long NO_EXPIRY = Long.MAX_VALUE;

  /** Bytes before the payload of a key whose parts do not die on their own. */
  public static final int HEADER_BYTES = 2 + 2 * Long.BYTES;

  private static final int PARTS_HEADER_BYTES = HEADER_BYTES + 2 * Long.BYTES;
  private static final byte WHOLE = 1;
  private static final byte PARTS = 2;
  private static final int ENCODING_SHIFT = 4;

  /** The record of a key whose parts do not die on their own. */
  public MetaRow(KeyType type, int encoding, long version, long expireAtMillis, byte[] payload) {
    this(type, encoding, version, expireAtMillis, PartTimes.NONE, payload);
  }

  /** The bytes of the row. */
  public byte[] encode() {
    boolean whole = parts.isNone();
    ByteBuffer row =
        ByteBuffer.allocate((whole ? HEADER_BYTES : PARTS_HEADER_BYTES) + payload.length)
            .put(whole ? WHOLE : PARTS)
            .put((byte) (type.code() | encoding << ENCODING_SHIFT))
            .putLong(version)
            .putLong(expireAtMillis);
    if (!whole) {
      row.putLong(parts.firstMillis()).putLong(parts.lastMillis());
    }
    return row.put(payload).array();
  }

  /** Inverse of {@link #encode}. */
  public static MetaRow decode(byte[] row) {
    return decode(row, Integer.MAX_VALUE);
  }

  /**
   * As {@link #decode}, but with no more of the payload than {@link #rowsId} needs: for walks over
   * keys whose values may be large.
   */
  public static MetaRow decodeHeader(byte[] row) {
    return decode(row, Long.BYTES);
  }

  private static MetaRow decode(byte[] row, int maxPayload) {
    int format = row.length == 0 ? -1 : row[0];
    int header = format == PARTS ? PARTS_HEADER_BYTES : HEADER_BYTES;
    if (row.length < header || (format != WHOLE && format != PARTS)) {
      throw new CorruptStoreException(
          "metadata record of " + row.length + " bytes, format " + format);
    }
    ByteBuffer in = ByteBuffer.wrap(row);
    int typeAndEncoding = row[1] & 0xff;
    return new MetaRow(
        KeyType.of(typeAndEncoding & 0xf),
        typeAndEncoding >>> ENCODING_SHIFT,
        in.getLong(2),
        in.getLong(2 + Long.BYTES),
        format == PARTS
            ? new PartTimes(in.getLong(HEADER_BYTES), in.getLong(HEADER_BYTES + Long.BYTES))
            : PartTimes.NONE,
        Arrays.copyOfRange(row, header, (int) Math.min(row.length, (long) header + maxPayload)));
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

  /** When the key is gone: its own time has come, or that of the last of its parts. */
  public long diesAtMillis() {
    return Math.min(expireAtMillis, parts.lastMillis());
  }

  /** When there is something to remove, the key or a part: the time in its {@code expiry} row. */
  public long dueAtMillis() {
    return Math.min(expireAtMillis, parts.firstMillis());
  }
}
