package io.raftkv.storage.row;

import io.raftkv.storage.CorruptStoreException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Layout of the {@code meta} and {@code expiry} rows.
 *
 * <pre>
 *   meta    slot:2  home:1  hash:6  key
 *   expiry  expireAt:8  slot:2  home:1  hash:6  key
 * </pre>
 *
 * Which database is in a home, {@link io.raftkv.storage.DatabaseHomes} says. The slot leads, so
 * that a range of slots is a range of rows. The hash of the key comes before the key, so that
 * (slot, hash) is a position in the order of all keys that fits a SCAN cursor.
 */
public final class KeyRows {
  /** Bits of the hash that stands before a key or an element. */
  public static final int HASH_BITS = 48;

  /** Largest value of {@link #hash}. */
  public static final long HASH_MAX = (1L << HASH_BITS) - 1;

  private static final int HASH_BYTES = HASH_BITS / Byte.SIZE;
  private static final int PREFIX_BYTES = Short.BYTES + 1 + HASH_BYTES;

  private KeyRows() {}

  /** The {@code meta} row of a key. */
  public static byte[] meta(int slot, int home, byte[] key) {
    byte[] row = new byte[PREFIX_BYTES + key.length];
    putPrefix(row, 0, slot, home, hash(key));
    System.arraycopy(key, 0, row, PREFIX_BYTES, key.length);
    return row;
  }

  /** The smallest {@code meta} row that a key of this slot, home and hash can have. */
  public static byte[] metaFrom(int slot, int home, long hash) {
    byte[] row = new byte[PREFIX_BYTES];
    putPrefix(row, 0, slot, home, hash);
    return row;
  }

  /**
   * No row of this slot or a higher one is before this row, and none of a lower one behind it, in
   * all families whose rows begin with the slot.
   *
   * @param slot 0 to {@link io.raftkv.storage.Slot#COUNT}
   */
  public static byte[] slotFrom(int slot) {
    return new byte[] {(byte) (slot >>> Byte.SIZE), (byte) slot};
  }

  /** Key of a {@code meta} row. */
  public static byte[] keyOf(byte[] metaRow) {
    requirePrefix(metaRow);
    return Arrays.copyOfRange(metaRow, PREFIX_BYTES, metaRow.length);
  }

  /** Slot of a {@code meta} row. */
  public static int slotOf(byte[] metaRow) {
    requirePrefix(metaRow);
    return ByteBuffer.wrap(metaRow).getShort() & 0xffff;
  }

  /** Home of a {@code meta} row. */
  public static int homeOf(byte[] metaRow) {
    requirePrefix(metaRow);
    return metaRow[Short.BYTES] & 0xff;
  }

  /** Hash in a {@code meta} row. */
  public static long hashOf(byte[] metaRow) {
    requirePrefix(metaRow);
    return getHash(metaRow, Short.BYTES + 1);
  }

  /**
   * The {@code expiry} row of a key, given its {@code meta} row and {@link MetaRow#dueAtMillis}.
   */
  public static byte[] expiry(long expireAtMillis, byte[] metaRow) {
    return ByteBuffer.allocate(Long.BYTES + metaRow.length)
        .putLong(expireAtMillis)
        .put(metaRow)
        .array();
  }

  /** Time in an {@code expiry} row, in milliseconds since the epoch. */
  public static long expireAtOf(byte[] expiryRow) {
    return ByteBuffer.wrap(expiryRow).getLong();
  }

  /** The {@code meta} row that an {@code expiry} row points to. */
  public static byte[] metaOfExpiry(byte[] expiryRow) {
    return Arrays.copyOfRange(expiryRow, Long.BYTES, expiryRow.length);
  }

  /**
   * 48-bit hash of a key, hash field or set member, part of the storage format: FNV-1a of 64 bits
   * with MurmurHash3's finalizer, upper 48 bits.
   */
  public static long hash(byte[] bytes) {
    long h = 0xcbf29ce484222325L;
    for (byte b : bytes) {
      h = (h ^ (b & 0xff)) * 0x100000001b3L;
    }
    h = (h ^ (h >>> 33)) * 0xff51afd7ed558ccdL;
    h = (h ^ (h >>> 33)) * 0xc4ceb9fe1a85ec53L;
    h ^= h >>> 33;
    return h >>> (Long.SIZE - HASH_BITS);
  }

  /** Writes a hash in its 6 bytes, big-endian. */
  public static void putHash(byte[] target, int at, long hash) {
    for (int i = HASH_BYTES - 1; i >= 0; i--) {
      target[at + i] = (byte) hash;
      hash >>>= Byte.SIZE;
    }
  }

  /** Inverse of {@link #putHash}. */
  public static long getHash(byte[] source, int at) {
    long hash = 0;
    for (int i = 0; i < HASH_BYTES; i++) {
      hash = (hash << Byte.SIZE) | (source[at + i] & 0xff);
    }
    return hash;
  }

  private static void putPrefix(byte[] row, int at, int slot, int home, long hash) {
    row[at] = (byte) (slot >>> Byte.SIZE);
    row[at + 1] = (byte) slot;
    row[at + 2] = (byte) home;
    putHash(row, at + Short.BYTES + 1, hash);
  }

  private static void requirePrefix(byte[] row) {
    if (row.length < PREFIX_BYTES) {
      throw new CorruptStoreException("meta row of " + row.length + " bytes");
    }
  }
}
