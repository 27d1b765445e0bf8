package io.raftkv.resp.rdb;

import java.nio.charset.StandardCharsets;

/**
 * Reads a ziplist, which packed small collections up to Redis 6.2.
 *
 * <pre>
 *   bytes:4  tail:4  count:2  { length of the element before  encoding  content }*  ff
 * </pre>
 *
 * The head and the numbers in elements are lowest byte first, lengths of strings highest byte
 * first. A count of 65,535 stands for any that does not fit.
 */
final class Ziplist implements PackedList {
  private static final int END = 0xff;
  private static final int UNKNOWN_COUNT = 0xffff;
  private static final int LONG_BACKWARD_LENGTH = 0xfe;

  // The upper two bits of the byte that says what an element is.
  private static final int KIND_SHIFT = 6;
  private static final int SIX_BITS = 0x3f;
  private static final int STRING_6_BITS = 0;
  private static final int STRING_14_BITS = 1;
  private static final int STRING_32_BITS = 2;

  private static final int INT_16_BITS = 0xc0;
  private static final int INT_32_BITS = 0xd0;
  private static final int INT_64_BITS = 0xe0;
  private static final int INT_24_BITS = 0xf0;
  private static final int INT_8_BITS = 0xfe;

  /** From here on, to 13 numbers, the byte itself is the number. */
  private static final int FIRST_IMMEDIATE = 0xf1;

  private static final int LAST_IMMEDIATE = 0xfd;
  private static final int BYTES_OF_24_BITS = 3;

  private final ByteSource in;
  private final Allowance allowance;
  private final int count;
  private int read;
  private int lengthBefore;

  /**
   * @param packed the whole structure and nothing else
   * @throws MalformedDumpException if its head is wrong; elements are looked at when they are read
   */
  Ziplist(byte[] packed, Allowance allowance) {
    this.in = new ByteSource(packed);
    this.allowance = allowance;
    if (in.unsignedLittleEndian32() != packed.length) {
      throw new MalformedDumpException("a ziplist of another length than its head says");
    }
    in.skip(Integer.BYTES); // where the last element is: a walk from the front finds it
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
    int from = in.position();
    long claimedBefore = in.unsignedByte();
    if (claimedBefore == LONG_BACKWARD_LENGTH) {
      claimedBefore = in.unsignedLittleEndian32();
    }
    if (claimedBefore != lengthBefore) {
      throw new MalformedDumpException("a ziplist element behind one of another length");
    }
    byte[] element = content();
    lengthBefore = in.position() - from;
    read++;
    allowance.takeString(element.length);
    return element;
  }

  private byte[] content() {
    int first = in.unsignedByte();
    return switch (first >>> KIND_SHIFT) {
      case STRING_6_BITS -> in.bytes(first);
      case STRING_14_BITS -> in.bytes(((first & SIX_BITS) << Byte.SIZE) | in.unsignedByte());
      case STRING_32_BITS -> in.bytes(in.bigEndian(Integer.BYTES));
      default -> Long.toString(number(first)).getBytes(StandardCharsets.ISO_8859_1);
    };
  }

  private long number(int first) {
    return switch (first) {
      case INT_8_BITS -> in.littleEndian(Byte.BYTES);
      case INT_16_BITS -> in.littleEndian(Short.BYTES);
      case INT_24_BITS -> in.littleEndian(BYTES_OF_24_BITS);
      case INT_32_BITS -> in.littleEndian(Integer.BYTES);
      case INT_64_BITS -> in.littleEndian(Long.BYTES);
      default -> {
        if (first < FIRST_IMMEDIATE || first > LAST_IMMEDIATE) {
          throw new MalformedDumpException("no ziplist element is encoded as " + first);
        }
        yield first - FIRST_IMMEDIATE;
      }
    };
  }
}
