package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.row.MetaRow;
import java.util.Arrays;

/**
 * A string under one key; it lives whole in the metadata record, whatever its size.
 *
 * <p>Not thread-safe; lives for one command. Arrays handed in or out belong to the string: nobody
 * changes them.
 */
public final class StringType {
  /** Most bytes of a string. */
  public static final int MAX_BYTES = 512 << 20;

  private static final byte[] EMPTY = {};

  private final KeyHandle key;

  /** The string of a key that may hold anything; reading another type raises, overwriting not. */
  public StringType(KeyHandle key) {
    this.key = key;
  }

  /**
   * The value, or null if there is no such key.
   *
   * @throws io.raftkv.storage.WrongTypeException if the key holds another type
   */
  public byte[] get() {
    MetaRow meta = key.metaIf(KeyType.STRING);
    if (meta != null && meta.encoding() != MetaRow.INLINE) {
      throw new CorruptStoreException("string with encoding " + meta.encoding());
    }
    return meta == null ? null : meta.payload();
  }

  /** The value, or an empty array if there is no such key. */
  public byte[] getOrEmpty() {
    byte[] value = get();
    return value == null ? EMPTY : value;
  }

  /** Makes the key this string, whatever it was, without expiry. */
  public void set(byte[] value) {
    set(value, MetaRow.NO_EXPIRY);
  }

  /** Makes the key this string, whatever it was, dying at {@code expireAtMillis}. */
  public void set(byte[] value, long expireAtMillis) {
    key.replace(KeyType.STRING, MetaRow.INLINE, value, expireAtMillis);
  }

  /** Changes the value of a string, or makes it; an expiry stays. */
  public void update(byte[] value) {
    key.update(KeyType.STRING, MetaRow.INLINE, value);
  }

  /**
   * The bytes from {@code start} to {@code end}, both included; negative ones count from the end.
   */
  public byte[] range(long start, long end) {
    byte[] value = getOrEmpty();
    // Checked before the clamping: -1 to -5 is empty even where both would be clamped to 0.
    if (start < 0 && end < 0 && start > end) {
      return EMPTY;
    }
    long from = Math.max(0, start < 0 ? start + value.length : start);
    long to = Math.min(value.length - 1, Math.max(0, end < 0 ? end + value.length : end));
    return from > to ? EMPTY : Arrays.copyOfRange(value, (int) from, (int) to + 1);
  }

  /**
   * Writes over the bytes from {@code offset} on; a gap before them is filled with zeros. The
   * caller has checked that the end is within {@link #MAX_BYTES}. Returns the new length.
   */
  public int overwrite(int offset, byte[] bytes) {
    byte[] before = getOrEmpty();
    byte[] after = Arrays.copyOf(before, Math.max(before.length, offset + bytes.length));
    System.arraycopy(bytes, 0, after, offset, bytes.length);
    update(after);
    return after.length;
  }
}
