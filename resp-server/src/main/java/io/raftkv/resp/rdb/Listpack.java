package io.raftkv.resp.rdb;

import java.nio.charset.StandardCharsets;

/**
 * Reads a listpack, which packs small collections from Redis 7.0 on, and the entries of streams.
 *
 * <pre>
 *   bytes:4  count:2  { encoding and content  length backwards }*  ff
 * </pre>
 *
 * All numbers but the length of an element for those who read backwards are lowest byte first. A
 * count of 65,535 stands for any that does not fit.
 */
final class Listpack implements PackedList {
  static final int END = 0xff;
  static final int UNKNOWN_COUNT = 0xffff;

  // What the first byte of an element says: the bits in front, then those of the value.
  static final int STRING_6_BITS = 0x80;
  static final int INT_13_BITS = 0xc0;
  static final int STRING_12_BITS = 0xe0;
  static final int STRING_32_BITS = 0xf0;
  static final int INT_16_BITS = 0xf1;
  static final int INT_24_BITS = 0xf2;
  static final int INT_32_BITS = 0xf3;
  static final int INT_64_BITS = 0xf4;

  private static final int BYTES_OF_24_BITS = 3;
  private static final int UNUSED_OF_13_BITS = Long.SIZE - 13;

  private final ByteSource in;
  private final Allowance allowance;
  private final int count;
  private int read;

  /** The string or, if it is null, the number that was read last. */
  private byte[] string;

  private long number;

  /**
   * @param packed the whole structure and nothing else
   * @throws MalformedDumpException if its head is wrong; elements are looked at when they are read
   */
  Listpack(byte[] packed, Allowance allowance) {
    this.in = new ByteSource(packed);
    this.allowance = allowance;
    if (in.unsignedLittleEndian32() != packed.length) {
      throw new MalformedDumpException("a listpack of another length than its head says");
    }
    count = (int) in.littleEndian(Short.BYTES) & UNKNOWN_COUNT;
  }

  @Override
  public boolean hasNext() {
    if (!in.isAtEndMark(END)) {
      return true;
    }
    if (count != UNKNOWN_COUNT && count != read) {
      throw new MalformedDumpException(count + " elements are claimed, " + read + " are there");
    }
    return false;
  }

  @Override
  public byte[] next() {
    step();
    if (string == null) {
      string = Long.toString(number).getBytes(StandardCharsets.ISO_8859_1);
    }
    allowance.takeString(string.length);
    return string;
  }

  /** The next element, which must be a number. */
  long nextNumber() {
    step();
    if (string != null) {
      throw new MalformedDumpException("a string in place of a number");
    }
    return number;
  }

  private void step() {
    int from = in.position();
    int first = in.unsignedByte();
    string = null;
    if (first < STRING_6_BITS) {
      number = first;
    } else if (first < INT_13_BITS) {
      string = in.bytes(first - STRING_6_BITS);
    } else if (first < STRING_12_BITS) {
      int bits = ((first - INT_13_BITS) << Byte.SIZE) | in.unsignedByte();
      number = (long) bits << UNUSED_OF_13_BITS >> UNUSED_OF_13_BITS;
    } else if (first < STRING_32_BITS) {
      string = in.bytes(((first - STRING_12_BITS) << Byte.SIZE) | in.unsignedByte());
    } else {
      switch (first) {
        case STRING_32_BITS -> string = in.bytes(in.unsignedLittleEndian32());
        case INT_16_BITS -> number = in.littleEndian(Short.BYTES);
        case INT_24_BITS -> number = in.littleEndian(BYTES_OF_24_BITS);
        case INT_32_BITS -> number = in.littleEndian(Integer.BYTES);
        case INT_64_BITS -> number = in.littleEndian(Long.BYTES);
        default -> throw new MalformedDumpException("no listpack element begins with " + first);
      }
    }
    skipBackwardLength(in.position() - from);
    read++;
  }

  /** Nobody reads backwards here, but Redis does: one that is wrong was not written by it. */
  private void skipBackwardLength(int length) {
    int bytes = backwardLengthBytes(length);
    for (int i = bytes - 1; i >= 0; i--) {
      int more = i == bytes - 1 ? 0 : 0x80;
      if (in.unsignedByte() != (((length >>> (7 * i)) & 0x7f) | more)) {
        throw new MalformedDumpException("a listpack element of another length at its end");
      }
    }
  }

  /** How many bytes the length of an element takes behind it; Redis gives up a value per size. */
  static int backwardLengthBytes(int length) {
    if (length < 1 << 7) {
      return 1;
    }
    int bytes = 2;
    while (bytes < 5 && length >= (1L << (7 * bytes)) - 1) {
      bytes++;
    }
    return bytes;
  }
}
