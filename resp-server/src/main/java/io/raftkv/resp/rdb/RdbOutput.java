package io.raftkv.resp.rdb;

import java.util.Arrays;

/**
 * Writes one payload: the type, a collection's number of elements, strings, then the seal. Strings
 * that are 32-bit numbers are written as such, others plain.
 */
public final class RdbOutput {
  /**
   * The largest payload of a collection. A string's value is in memory anyway, in one piece, and
   * has the limit of strings.
   */
  public static final int MAX_COLLECTION_BYTES = 64 << 20;

  /** Type, length and seal beside the bytes of a string. */
  private static final int STRING_EXTRA_BYTES = 1 + 1 + Integer.BYTES + DumpPayload.SEAL_BYTES;

  private static final int FIRST_CAPACITY = 512;
  private static final int LIMIT_6_BITS = 1 << 6;
  private static final int LIMIT_14_BITS = 1 << 14;
  private static final int MASK_14_BITS = RdbFormat.LENGTH_14_BITS << 6;
  private static final long LIMIT_32_BITS = 1L << 32;
  private static final int MASK_ENCODED = RdbFormat.ENCODED << 6;

  private final int version;
  private final int limit;
  private byte[] bytes;
  private int size;

  /** Where the count of a collection is filled in. */
  private int placeOfCount;

  /** What the times of fields are counted from. */
  private long firstTimeMillis;

  private RdbOutput(RdbType type, int version, int capacity, int limit) {
    this.version = version;
    this.limit = limit;
    this.bytes = new byte[capacity];
    writeByte(type.code());
  }

  /** The payload of a collection begins; how many elements it has is told at its end. */
  static RdbOutput ofCollection(RdbType type, int version) {
    RdbOutput out = new RdbOutput(type, version, FIRST_CAPACITY, MAX_COLLECTION_BYTES);
    out.leavePlaceForCount();
    return out;
  }

  private void leavePlaceForCount() {
    writeByte(RdbFormat.LENGTH_32_BITS);
    placeOfCount = size;
    writeBigEndian(0, Integer.BYTES);
  }

  /** The payload of a string value. */
  public static byte[] string(byte[] value) {
    RdbOutput out =
        new RdbOutput(
            RdbType.STRING,
            RdbFormat.COLLECTIONS_VERSION,
            value.length + STRING_EXTRA_BYTES,
            Integer.MAX_VALUE);
    out.writeString(value);
    return out.seal();
  }

  /** A list: its elements follow as strings. */
  public static RdbOutput list() {
    return ofCollection(RdbType.LIST, RdbFormat.COLLECTIONS_VERSION);
  }

  /** A set: its members follow as strings. */
  public static RdbOutput set() {
    return ofCollection(RdbType.SET, RdbFormat.COLLECTIONS_VERSION);
  }

  /** A sorted set: a string and a score per member follow. */
  public static RdbOutput sortedSet() {
    return ofCollection(RdbType.ZSET_2, RdbFormat.COLLECTIONS_VERSION);
  }

  /** A hash: two strings per field follow. */
  public static RdbOutput hash() {
    return ofCollection(RdbType.HASH, RdbFormat.COLLECTIONS_VERSION);
  }

  /**
   * A hash some of whose fields expire, the first of them at this time, in milliseconds since the
   * epoch: a time and two strings per field follow.
   */
  public static RdbOutput expiringHash(long firstTimeMillis) {
    RdbOutput out =
        new RdbOutput(
            RdbType.HASH_METADATA,
            RdbFormat.EXPIRING_FIELDS_VERSION,
            FIRST_CAPACITY,
            MAX_COLLECTION_BYTES);
    out.firstTimeMillis = firstTimeMillis;
    out.writeLittleEndian(firstTimeMillis);
    out.leavePlaceForCount();
    return out;
  }

  /** Ends the payload of a collection of so many elements; this writer is used up then. */
  public byte[] seal(int elements) {
    fillInCount(elements);
    return seal();
  }

  /** Says how many elements, or nodes, the collection has. */
  void fillInCount(int count) {
    int end = size;
    size = placeOfCount;
    writeBigEndian(count, Integer.BYTES);
    size = end;
  }

  /** Ends the payload with version and checksum; this writer is used up then. */
  byte[] seal() {
    writeByte(version);
    writeByte(version >>> Byte.SIZE);
    writeLittleEndian(Crc64.of(bytes, size));
    return bytes.length == size ? bytes : Arrays.copyOf(bytes, size);
  }

  /**
   * @throws OversizedDumpException if the payload becomes larger than it may be; so do the other
   *     methods
   */
  public void writeString(byte[] string) {
    if (!writeAsNumber(string)) {
      writeNumber(string.length);
      writeBytes(string, 0, string.length);
    }
  }

  /** Writes the score of a sorted set's member. */
  public void writeScore(double score) {
    writeLittleEndian(Double.doubleToRawLongBits(score));
  }

  /** Writes when a hash's field expires, {@link RdbValue.ExpiringField#NEVER} if it does not. */
  public void writeTime(long millis) {
    writeNumber(millis == RdbValue.ExpiringField.NEVER ? 0 : millis - firstTimeMillis + 1);
  }

  private boolean writeAsNumber(byte[] string) {
    if (!DecimalText.isLong(string)) {
      return false;
    }
    long number = DecimalText.parse(string);
    if (number == (byte) number) {
      writeByte(MASK_ENCODED | RdbFormat.ENCODED_INT8);
      writeByte((int) number);
    } else if (number == (short) number) {
      writeByte(MASK_ENCODED | RdbFormat.ENCODED_INT16);
      writeLittleEndian(number, Short.BYTES);
    } else if (number == (int) number) {
      writeByte(MASK_ENCODED | RdbFormat.ENCODED_INT32);
      writeLittleEndian(number, Integer.BYTES);
    } else {
      return false;
    }
    return true;
  }

  /** Writes a length, a count, or any other number of 64 bits, which is taken as unsigned. */
  void writeNumber(long number) {
    if (number >= 0 && number < LIMIT_6_BITS) {
      writeByte((int) number);
    } else if (number >= 0 && number < LIMIT_14_BITS) {
      writeByte(MASK_14_BITS | (int) (number >>> Byte.SIZE));
      writeByte((int) number);
    } else if (number >= 0 && number < LIMIT_32_BITS) {
      writeByte(RdbFormat.LENGTH_32_BITS);
      writeBigEndian(number, Integer.BYTES);
    } else {
      writeByte(RdbFormat.LENGTH_64_BITS);
      writeBigEndian(number, Long.BYTES);
    }
  }

  void writeLittleEndian(long number) {
    writeLittleEndian(number, Long.BYTES);
  }

  private void writeLittleEndian(long number, int width) {
    for (int i = 0; i < width; i++) {
      writeByte((int) (number >>> (i * Byte.SIZE)));
    }
  }

  void writeBigEndian(long number) {
    writeBigEndian(number, Long.BYTES);
  }

  private void writeBigEndian(long number, int width) {
    for (int i = width - 1; i >= 0; i--) {
      writeByte((int) (number >>> (i * Byte.SIZE)));
    }
  }

  /** Writes bytes as they are, without their length. */
  void writeBytes(byte[] source, int from, int count) {
    reserve(count);
    System.arraycopy(source, from, bytes, size, count);
    size += count;
  }

  private void writeByte(int value) {
    reserve(1);
    bytes[size++] = (byte) value;
  }

  private void reserve(int more) {
    long needed = (long) size + more;
    if (needed > limit) {
      throw new OversizedDumpException("a payload of more than " + limit + " bytes");
    }
    if (needed > bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) Math.min(limit, Math.max(needed, 2L * bytes.length)));
    }
  }
}
