package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import java.util.Arrays;

/**
 * How the value of a hash field is stored, inline and in rows alike.
 *
 * <pre>
 *   flags:1  value
 * </pre>
 *
 * Flags are 0 for a plain value; the other numbers are free for fields with more to them, such as
 * an expiry of their own.
 */
final class FieldValues {
  /** Bytes before a plain value. */
  static final int HEADER_BYTES = 1;

  private static final byte PLAIN = 0;

  private FieldValues() {}

  static byte[] encode(byte[] value) {
    byte[] stored = new byte[HEADER_BYTES + value.length];
    stored[0] = PLAIN;
    System.arraycopy(value, 0, stored, HEADER_BYTES, value.length);
    return stored;
  }

  /** Inverse of {@link #encode}. */
  static byte[] decode(byte[] stored) {
    if (stored.length < HEADER_BYTES || stored[0] != PLAIN) {
      throw new CorruptStoreException(
          "hash value of "
              + stored.length
              + " bytes, flags "
              + (stored.length > 0 ? stored[0] : -1));
    }
    return Arrays.copyOfRange(stored, HEADER_BYTES, stored.length);
  }
}
