package io.raftkv.resp.rdb;

/**
 * The checksum at the end of a payload: 64 bits with the polynomial of David Jones, reflected,
 * beginning with 0 and ending without a last inversion.
 */
final class Crc64 {
  /** {@code ad93d23594c935a9} with its bits in reverse order. */
  private static final long REFLECTED_POLYNOMIAL = 0x95ac9329ac4bc9b5L;

  private static final int BYTE_VALUES = 256;
  private static final long[] TABLE = table();

  private Crc64() {}

  /** The checksum of the first {@code length} bytes. */
  static long of(byte[] bytes, int length) {
    long crc = 0;
    for (int i = 0; i < length; i++) {
      crc = TABLE[(int) (crc ^ bytes[i]) & 0xff] ^ (crc >>> Byte.SIZE);
    }
    return crc;
  }

  private static long[] table() {
    long[] table = new long[BYTE_VALUES];
    for (int value = 0; value < BYTE_VALUES; value++) {
      long crc = value;
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        crc = (crc & 1) == 0 ? crc >>> 1 : (crc >>> 1) ^ REFLECTED_POLYNOMIAL;
      }
      table[value] = crc;
    }
    return table;
  }
}
