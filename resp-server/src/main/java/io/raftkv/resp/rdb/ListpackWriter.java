package io.raftkv.resp.rdb;

import java.util.Arrays;

/** Writes a {@link Listpack}; strings that are 64-bit numbers are written as such. */
final class ListpackWriter {
  private static final int HEAD_BYTES = Integer.BYTES + Short.BYTES;
  private static final int FIRST_CAPACITY = 256;
  private static final int BYTES_OF_24_BITS = 3;

  private byte[] bytes = new byte[FIRST_CAPACITY];
  private int size = HEAD_BYTES;
  private int count;

  /** Bytes written so far. */
  int size() {
    return size;
  }

  void write(byte[] string) {
    if (DecimalText.isLong(string)) {
      write(DecimalText.parse(string));
      return;
    }
    int from = size;
    if (string.length < 1 << 6) {
      writeByte(Listpack.STRING_6_BITS | string.length);
    } else if (string.length < 1 << 12) {
      writeByte(Listpack.STRING_12_BITS | (string.length >>> Byte.SIZE));
      writeByte(string.length);
    } else {
      writeByte(Listpack.STRING_32_BITS);
      writeLittleEndian(string.length, Integer.BYTES);
    }
    reserve(string.length);
    System.arraycopy(string, 0, bytes, size, string.length);
    size += string.length;
    endElement(from);
  }

  void write(long number) {
    int from = size;
    if (number >= 0 && number < 1 << 7) {
      writeByte((int) number);
    } else if (fits(number, 13)) {
      int bits = (int) number & 0x1fff;
      writeByte(Listpack.INT_13_BITS | (bits >>> Byte.SIZE));
      writeByte(bits);
    } else if (fits(number, Short.SIZE)) {
      writeNumber(Listpack.INT_16_BITS, number, Short.BYTES);
    } else if (fits(number, BYTES_OF_24_BITS * Byte.SIZE)) {
      writeNumber(Listpack.INT_24_BITS, number, BYTES_OF_24_BITS);
    } else if (fits(number, Integer.SIZE)) {
      writeNumber(Listpack.INT_32_BITS, number, Integer.BYTES);
    } else {
      writeNumber(Listpack.INT_64_BITS, number, Long.BYTES);
    }
    endElement(from);
  }

  private static boolean fits(long number, int bits) {
    int unused = Long.SIZE - bits;
    return number << unused >> unused == number;
  }

  private void writeNumber(int encoding, long number, int width) {
    writeByte(encoding);
    writeLittleEndian(number, width);
  }

  private void endElement(int from) {
    int length = size - from;
    int lengthBytes = Listpack.backwardLengthBytes(length);
    for (int i = lengthBytes - 1; i >= 0; i--) {
      int more = i == lengthBytes - 1 ? 0 : 0x80;
      writeByte(((length >>> (7 * i)) & 0x7f) | more);
    }
    count++;
  }

  /** The whole structure; this writer is used up then. */
  byte[] finish() {
    writeByte(Listpack.END);
    int end = size;
    size = 0;
    writeLittleEndian(end, Integer.BYTES);
    writeLittleEndian(Math.min(count, Listpack.UNKNOWN_COUNT), Short.BYTES);
    return Arrays.copyOf(bytes, end);
  }

  private void writeLittleEndian(long number, int width) {
    for (int i = 0; i < width; i++) {
      writeByte((int) (number >>> (i * Byte.SIZE)));
    }
  }

  private void writeByte(int value) {
    reserve(1);
    bytes[size++] = (byte) value;
  }

  private void reserve(int more) {
    int needed = Math.addExact(size, more);
    if (needed > bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE, Math.max(needed, 2L * size)));
    }
  }
}
