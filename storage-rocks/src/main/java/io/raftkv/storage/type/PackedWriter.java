package io.raftkv.storage.type;

/**
 * Writes the payload of an inline list or sorted set, or the value of a stream's entry: a format
 * byte, a count, then the entries. Counts and lengths are varints: 7 bits a byte, the lowest first,
 * the top bit set on all but the last byte.
 */
final class PackedWriter {
  private final byte[] bytes;
  private int at;

  /** {@code size} is the exact number of bytes that will be written, format and count included. */
  PackedWriter(int size, byte format, int count) {
    this.bytes = new byte[size];
    this.bytes[at++] = format;
    varint(count);
  }

  /** Bytes before the entries. */
  static int headerBytes(int count) {
    return 1 + varintBytes(count);
  }

  /** Bytes that {@link #bytes(byte[])} takes. */
  static int sizeOf(byte[] run) {
    return varintBytes(run.length) + run.length;
  }

  PackedWriter bytes(byte[] run) {
    varint(run.length);
    System.arraycopy(run, 0, bytes, at, run.length);
    at += run.length;
    return this;
  }

  PackedWriter float64(double value) {
    long bits = Double.doubleToLongBits(value);
    for (int shift = Long.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
      bytes[at++] = (byte) (bits >>> shift);
    }
    return this;
  }

  byte[] finish() {
    if (at != bytes.length) {
      throw new IllegalStateException("wrote " + at + " of " + bytes.length + " bytes");
    }
    return bytes;
  }

  private void varint(int value) {
    int rest = value;
    while (rest > 0x7f) {
      bytes[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    bytes[at++] = (byte) rest;
  }

  private static int varintBytes(int value) {
    return Math.max(1, (Integer.SIZE - Integer.numberOfLeadingZeros(value) + 6) / 7);
  }
}
