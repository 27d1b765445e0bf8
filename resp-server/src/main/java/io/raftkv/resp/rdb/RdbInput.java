package io.raftkv.resp.rdb;

import java.nio.charset.StandardCharsets;

/** Reads what all types are made of: lengths, strings and doubles. */
final class RdbInput {
  private static final int SIX_BITS = 0x3f;
  private static final int KIND_SHIFT = 6;
  private static final int SCORE_NAN = 253;
  private static final int SCORE_POSITIVE_INFINITY = 254;
  private static final int SCORE_NEGATIVE_INFINITY = 255;

  private final ByteSource in;
  private final Allowance allowance;

  RdbInput(ByteSource in, Allowance allowance) {
    this.in = in;
    this.allowance = allowance;
  }

  /** The bytes themselves, for what is of fixed size. */
  ByteSource source() {
    return in;
  }

  /** What strings taken from packed structures are to be charged to. */
  Allowance allowance() {
    return allowance;
  }

  /** A number of 64 bits, all of which may be used. */
  long number() {
    int first = in.unsignedByte();
    return switch (first >>> KIND_SHIFT) {
      case RdbFormat.LENGTH_6_BITS -> first;
      case RdbFormat.LENGTH_14_BITS -> ((first & SIX_BITS) << Byte.SIZE) | in.unsignedByte();
      case RdbFormat.LENGTH_LONGER -> longerNumber(first);
      default -> throw new MalformedDumpException("a string in place of a number");
    };
  }

  private long longerNumber(int first) {
    return switch (first) {
      case RdbFormat.LENGTH_32_BITS -> in.bigEndian(Integer.BYTES);
      case RdbFormat.LENGTH_64_BITS -> in.bigEndian(Long.BYTES);
      default -> throw new MalformedDumpException("no length begins with " + first);
    };
  }

  /** How many elements follow; each of them takes a byte at least. */
  int count() {
    long count = number();
    if (count < 0 || count > in.remaining()) {
      throw new MalformedDumpException(
          Long.toUnsignedString(count) + " elements in " + in.remaining() + " bytes");
    }
    return (int) count;
  }

  /** A string in any of its forms; numbers become text. */
  byte[] string() {
    int first = in.peek();
    if (first >>> KIND_SHIFT != RdbFormat.ENCODED) {
      long length = number();
      requirePresent(length);
      allowance.takeString(length);
      return in.bytes(length);
    }
    in.skip(1);
    return switch (first & SIX_BITS) {
      case RdbFormat.ENCODED_INT8 -> decimal(in.littleEndian(Byte.BYTES));
      case RdbFormat.ENCODED_INT16 -> decimal(in.littleEndian(Short.BYTES));
      case RdbFormat.ENCODED_INT32 -> decimal(in.littleEndian(Integer.BYTES));
      case RdbFormat.ENCODED_LZF -> compressed();
      default -> throw new MalformedDumpException("no string begins with " + first);
    };
  }

  private byte[] decimal(long number) {
    byte[] text = Long.toString(number).getBytes(StandardCharsets.ISO_8859_1);
    allowance.takeString(text.length);
    return text;
  }

  private byte[] compressed() {
    long compressedLength = number();
    long length = number();
    requirePresent(compressedLength);
    return Lzf.decompress(in.part(compressedLength), length, allowance);
  }

  /** Before anything is charged: a claim beyond the payload is malformed, not too large. */
  private void requirePresent(long length) {
    if (length < 0 || length > in.remaining()) {
      throw new MalformedDumpException(
          "a string of " + Long.toUnsignedString(length) + " in " + in.remaining() + " bytes");
    }
  }

  /** A score of eight bytes. */
  double binaryScore() {
    return ScoreText.requireNumber(Double.longBitsToDouble(in.littleEndian(Long.BYTES)));
  }

  /** A score as text, with its length in front. */
  double textScore() {
    int length = in.unsignedByte();
    return switch (length) {
      case SCORE_NAN -> throw new MalformedDumpException("a score that is no number");
      case SCORE_POSITIVE_INFINITY -> Double.POSITIVE_INFINITY;
      case SCORE_NEGATIVE_INFINITY -> Double.NEGATIVE_INFINITY;
      default -> ScoreText.parse(in.bytes(length));
    };
  }
}
