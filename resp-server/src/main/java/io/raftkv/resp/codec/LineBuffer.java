package io.raftkv.resp.codec;

import java.util.Arrays;

/** Keeps the beginning of a line until the rest arrives. Its owner bounds the length. */
final class LineBuffer {
  private static final int FIRST_BYTES = 32;
  private static final int KEPT_BYTES = 256;
  private static final byte[] NONE = new byte[0];

  private byte[] bytes = NONE;
  private int length;

  int length() {
    return length;
  }

  /** The collected bytes; only the first {@link #length} count. */
  byte[] bytes() {
    return bytes;
  }

  void append(byte[] from, int at, int count) {
    int needed = length + count;
    if (needed > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(needed, Math.max(FIRST_BYTES, 2 * bytes.length)));
    }
    System.arraycopy(from, at, bytes, length, count);
    length = needed;
  }

  /** Forgets the line, and an array that only an unusual line needs. */
  void clear() {
    length = 0;
    if (bytes.length > KEPT_BYTES) {
      bytes = NONE;
    }
  }
}
