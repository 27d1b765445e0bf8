package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import java.util.Arrays;

/** Reads what {@link PackedWriter} wrote. Any other bytes mean a damaged store. */
final class PackedReader {
  private static final int MAX_VARINT_SHIFT = 28;

  private final byte[] bytes;
  private int at;

  /** Starts behind the format byte, which must be {@code format}. */
  PackedReader(byte[] bytes, byte format) {
    if (bytes.length == 0 || bytes[0] != format) {
      throw new CorruptStoreException(
          "packed value of format " + (bytes.length == 0 ? "?" : bytes[0]));
    }
    this.bytes = bytes;
    this.at = 1;
  }

  /** A count of entries, each of which takes at least one byte. */
  int count() {
    int count = varint();
    if (count > bytes.length - at) {
      throw new CorruptStoreException("packed value claims " + count + " entries");
    }
    return count;
  }

  /** A run of bytes with its length in front. */
  byte[] bytes() {
    int length = varint();
    require(length);
    at += length;
    return Arrays.copyOfRange(bytes, at - length, at);
  }

  /** A double in 8 bytes. */
  double float64() {
    require(Long.BYTES);
    long bits = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      bits = bits << Byte.SIZE | (bytes[at++] & 0xff);
    }
    return Double.longBitsToDouble(bits);
  }

  /** Checks that all has been read. */
  void end() {
    if (at != bytes.length) {
      throw new CorruptStoreException("packed value with " + (bytes.length - at) + " more");
    }
  }

  private int varint() {
    int value = 0;
    for (int shift = 0; shift <= MAX_VARINT_SHIFT; shift += 7) {
      require(1);
      byte next = bytes[at++];
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        if (value < 0) {
          break;
        }
        return value;
      }
    }
    throw new CorruptStoreException("packed value with a bad length");
  }

  private void require(int more) {
    if (more > bytes.length - at) {
      throw new CorruptStoreException("packed value is cut off");
    }
  }
}
