package io.raftkv.storage;

/**
 * The hash slot of a key, as Redis Cluster defines it: CRC16 (XMODEM) of the key, or of its hash
 * tag, modulo 16384.
 *
 * @see <a href="https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/">Redis
 *     Cluster specification, "Key distribution model"</a>
 */
public final class Slot {
  /** How many slots there are; a slot is a number from 0 to {@code COUNT - 1}. */
  public static final int COUNT = 16_384;

  private static final int POLYNOMIAL = 0x1021;
  private static final short[] CRC16 = crc16Table();

  private Slot() {}

  /** The slot of {@code key}; only the part between the first braces counts, if it is not empty. */
  public static int of(byte[] key) {
    int from = 0;
    int to = key.length;
    int open = indexOf(key, (byte) '{', 0);
    if (open >= 0) {
      int close = indexOf(key, (byte) '}', open + 1);
      if (close > open + 1) {
        from = open + 1;
        to = close;
      }
    }
    int crc = 0;
    for (int i = from; i < to; i++) {
      crc = (crc << 8) ^ (CRC16[((crc >>> 8) ^ key[i]) & 0xff] & 0xffff);
    }
    return crc & (COUNT - 1);
  }

  private static int indexOf(byte[] bytes, byte wanted, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  private static short[] crc16Table() {
    short[] table = new short[256];
    for (int i = 0; i < table.length; i++) {
      int crc = i << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) != 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
      }
      table[i] = (short) crc;
    }
    return table;
  }
}
