package io.raftkv.resp.rdb;

import java.util.Arrays;

/**
 * Reads a part of an array from front to back; the one place that checks that a structure stays
 * within its bytes. Whatever goes beyond them is a {@link MalformedDumpException}.
 */
final class ByteSource {
  private static final int MAX_NUMBER_BYTES = Long.BYTES;

  private final byte[] bytes;
  private final int end;
  private int at;

  /** All of an array, which must not change meanwhile. */
  ByteSource(byte[] bytes) {
    this(bytes, 0, bytes.length);
  }

  ByteSource(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  int remaining() {
    return end - at;
  }

  /** How far the reading has come; only differences have a meaning. */
  int position() {
    return at;
  }

  /** The next byte, which is not consumed, as a number from 0 to 255. */
  int peek() {
    require(1);
    return bytes[at] & 0xff;
  }

  /** True if a structure's last byte is next; it must be the last one indeed. */
  boolean isAtEndMark(int mark) {
    if (peek() != mark) {
      return false;
    }
    if (remaining() > 1) {
      throw new MalformedDumpException(remaining() - 1 + " bytes follow the end of a structure");
    }
    return true;
  }

  /** The next byte as a number from 0 to 255. */
  int unsignedByte() {
    require(1);
    return bytes[at++] & 0xff;
  }

  /** A number of 1 to 8 bytes, lowest first, with a sign. */
  long littleEndian(int width) {
    require(width);
    long value = 0;
    for (int i = width - 1; i >= 0; i--) {
      value = (value << Byte.SIZE) | (bytes[at + i] & 0xff);
    }
    at += width;
    int unused = (MAX_NUMBER_BYTES - width) * Byte.SIZE;
    return value << unused >> unused;
  }

  /** A number of four bytes, lowest first, without a sign. */
  long unsignedLittleEndian32() {
    return littleEndian(Integer.BYTES) & 0xffff_ffffL;
  }

  /** A number of 1 to 8 bytes, highest first; one of less than 8 has no sign. */
  long bigEndian(int width) {
    require(width);
    long value = 0;
    for (int i = 0; i < width; i++) {
      value = (value << Byte.SIZE) | (bytes[at++] & 0xff);
    }
    return value;
  }

  /** A copy of the next bytes. */
  byte[] bytes(long count) {
    int from = at;
    skip(count);
    return Arrays.copyOfRange(bytes, from, at);
  }

  /** The next bytes as a source of their own. */
  ByteSource part(long count) {
    int from = at;
    skip(count);
    return new ByteSource(bytes, from, at);
  }

  /** Copies the next bytes into {@code target}. */
  void copyTo(byte[] target, int offset, int count) {
    int from = at;
    skip(count);
    System.arraycopy(bytes, from, target, offset, count);
  }

  void skip(long count) {
    require(count);
    at += (int) count;
  }

  /** Checks that everything was read. */
  void requireEnd() {
    if (at != end) {
      throw new MalformedDumpException(remaining() + " bytes follow the end of a structure");
    }
  }

  private void require(long count) {
    if (count < 0 || count > end - at) {
      throw new MalformedDumpException(
          Long.toUnsignedString(count) + " bytes are claimed, " + remaining() + " are there");
    }
  }
}
