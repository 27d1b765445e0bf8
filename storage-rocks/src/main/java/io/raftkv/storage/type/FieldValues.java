package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * How the value of a hash field is stored, inline and in rows alike.
 *
 * <pre>
 *   flags:1 = 0  value
 *   flags:1 = 1  deadline:8  value
 * </pre>
 *
 * The deadline is when the field dies, in milliseconds since the epoch. The other flags are free.
 */
final class FieldValues {
  /** Most bytes before a value. */
  static final int MAX_HEADER_BYTES = 1 + Long.BYTES;

  private static final int PLAIN_HEADER_BYTES = 1;
  private static final byte PLAIN = 0;
  private static final byte MORTAL = 1;

  private FieldValues() {}

  /** The stored form; {@link MetaRow#NO_EXPIRY} for a field that does not die on its own. */
  static byte[] encode(byte[] value, long deadlineMillis) {
    boolean plain = deadlineMillis == MetaRow.NO_EXPIRY;
    int header = plain ? PLAIN_HEADER_BYTES : MAX_HEADER_BYTES;
    ByteBuffer stored = ByteBuffer.allocate(header + value.length);
    stored.put(plain ? PLAIN : MORTAL);
    if (!plain) {
      stored.putLong(deadlineMillis);
    }
    return stored.put(value).array();
  }

  /** The value in a stored form. */
  static byte[] valueOf(byte[] stored) {
    return Arrays.copyOfRange(stored, headerBytes(stored), stored.length);
  }

  /** Number of bytes of the value in a stored form. */
  static int valueBytes(byte[] stored) {
    return stored.length - headerBytes(stored);
  }

  /** When the field dies, or {@link MetaRow#NO_EXPIRY}. */
  static long deadlineOf(byte[] stored) {
    return headerBytes(stored) == PLAIN_HEADER_BYTES
        ? MetaRow.NO_EXPIRY
        : ByteBuffer.wrap(stored).getLong(1);
  }

  private static int headerBytes(byte[] stored) {
    int flags = stored.length == 0 ? -1 : stored[0];
    if (flags == PLAIN) {
      return PLAIN_HEADER_BYTES;
    }
    if (flags == MORTAL && stored.length >= MAX_HEADER_BYTES) {
      return MAX_HEADER_BYTES;
    }
    throw new CorruptStoreException("hash value of " + stored.length + " bytes, flags " + flags);
  }
}
