package io.raftkv.resp.rdb;

/** Numbers of Redis' serialization that reader and writer share. */
final class RdbFormat {
  /** The newest RDB version that is read: that of Redis 7.4. */
  static final int NEWEST_VERSION = 12;

  /** What strings, lists, sets, sorted sets and hashes are written as: Redis 4.0 and later. */
  static final int COLLECTIONS_VERSION = 8;

  /** What streams are written as: Redis 7.0 and later. */
  static final int STREAMS_VERSION = 10;

  /** What hashes with fields that expire are written as: Redis 7.4 and later. */
  static final int EXPIRING_FIELDS_VERSION = 12;

  /** The last time at which a field can expire: 48 bits, of which Redis needs the highest two. */
  static final long LAST_FIELD_TIME = (1L << 48) - 2;

  // The upper two bits of the byte that a length begins with.
  static final int LENGTH_6_BITS = 0;
  static final int LENGTH_14_BITS = 1;
  static final int LENGTH_LONGER = 2;

  /** In place of a length: the string is not as it is, and the lower six bits say how. */
  static final int ENCODED = 3;

  static final int LENGTH_32_BITS = 0x80;
  static final int LENGTH_64_BITS = 0x81;

  static final int ENCODED_INT8 = 0;
  static final int ENCODED_INT16 = 1;
  static final int ENCODED_INT32 = 2;
  static final int ENCODED_LZF = 3;

  private RdbFormat() {}
}
