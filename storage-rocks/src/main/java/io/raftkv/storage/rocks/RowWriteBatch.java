package io.raftkv.storage.rocks;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * Writes RocksDB's serialized form of a write batch, so that a batch of any number of rows is
 * handed over in one native call; a call per row is what commits would spend their time on.
 *
 * <pre>
 *   sequence:8  count:4  record*                     little-endian; RocksDB fills in the sequence
 *   record      0x05 family key value                put
 *               0x04 family key                      delete
 *               0x0e family from to                  delete range
 *   family, and the lengths before key, value, from and to, are varints
 * </pre>
 *
 * The records are produced twice, first to measure and then to write: the library takes an array of
 * exactly the batch's length. Not thread-safe.
 */
final class RowWriteBatch {
  private static final int HEADER_BYTES = Long.BYTES + Integer.BYTES;
  private static final byte DELETE = 0x04;
  private static final byte PUT = 0x05;
  private static final byte DELETE_RANGE = 0x0e;

  /** Where the records go; null while measuring. */
  private byte[] target;

  private long bytes = HEADER_BYTES;
  private int count;

  private RowWriteBatch() {}

  /**
   * The batch that holds what {@code records} adds.
   *
   * @param records called twice, must add the same both times
   */
  static byte[] encode(Consumer<RowWriteBatch> records) {
    RowWriteBatch batch = new RowWriteBatch();
    records.accept(batch);
    long size = batch.bytes;
    byte[] target = new byte[Math.toIntExact(size)];
    batch.target = target;
    batch.bytes = HEADER_BYTES;
    batch.count = 0;
    records.accept(batch);
    if (batch.bytes != size) {
      throw new IllegalStateException("measured " + size + " bytes, wrote " + batch.bytes);
    }
    ByteBuffer.wrap(target).order(ByteOrder.LITTLE_ENDIAN).putInt(Long.BYTES, batch.count);
    return target;
  }

  void put(int family, byte[] key, byte[] value) {
    start(PUT, family);
    slice(key);
    slice(value);
  }

  void delete(int family, byte[] key) {
    start(DELETE, family);
    slice(key);
  }

  /** From inclusive, to exclusive. */
  void deleteRange(int family, byte[] from, byte[] to) {
    start(DELETE_RANGE, family);
    slice(from);
    slice(to);
  }

  private void start(byte kind, int family) {
    count++;
    if (target != null) {
      target[(int) bytes] = kind;
    }
    bytes++;
    varint(family);
  }

  private void slice(byte[] content) {
    varint(content.length);
    if (target != null) {
      System.arraycopy(content, 0, target, (int) bytes, content.length);
    }
    bytes += content.length;
  }

  private void varint(int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      octet(rest | 0x80);
      rest >>>= 7;
    }
    octet(rest);
  }

  private void octet(int value) {
    if (target != null) {
      target[(int) bytes] = (byte) value;
    }
    bytes++;
  }
}
