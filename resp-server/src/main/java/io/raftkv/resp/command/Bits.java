package io.raftkv.resp.command;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A string as a row of bits: bit 0 is the highest of the first byte, and behind the last byte there
 * are only zeros. Pure functions; positions count bits unless their name says bytes.
 */
final class Bits {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private Bits() {}

  /** How many bits the string has. */
  static long size(byte[] bytes) {
    return (long) bytes.length * Byte.SIZE;
  }

  static int get(byte[] bytes, long position) {
    long at = position / Byte.SIZE;
    return at < bytes.length ? (bytes[(int) at] >> shift(position)) & 1 : 0;
  }

  /** Sets a bit that the array has. */
  static void set(byte[] bytes, long position, int bit) {
    int at = (int) (position / Byte.SIZE);
    int mask = 1 << shift(position);
    bytes[at] = (byte) (bit == 0 ? (bytes[at] & ~mask) : (bytes[at] | mask));
  }

  private static int shift(long position) {
    return Byte.SIZE - 1 - (int) (position % Byte.SIZE);
  }

  /** The number of {@code width} bits, at most 64, at a position; the first is the highest. */
  static long number(byte[] bytes, long position, int width) {
    long value = 0;
    for (int i = 0; i < width; i++) {
      value = (value << 1) | get(bytes, position + i);
    }
    return value;
  }

  /** Stores the lowest {@code width} bits of a number where the array has room for them. */
  static void setNumber(byte[] bytes, long position, int width, long value) {
    for (int i = 0; i < width; i++) {
      set(bytes, position + i, (int) ((value >>> (width - 1 - i)) & 1));
    }
  }

  /** How many bits are set from {@code from} to {@code to}, both included and both there. */
  static long count(byte[] bytes, long from, long to) {
    if (from > to) {
      return 0;
    }
    int firstByte = (int) (from / Byte.SIZE);
    int lastByte = (int) (to / Byte.SIZE);
    long count = countBytes(bytes, firstByte, lastByte + 1);
    count -= Integer.bitCount(bytes[firstByte] & ~fromMask(from));
    return count - Integer.bitCount(bytes[lastByte] & ~toMask(to) & 0xff);
  }

  private static long countBytes(byte[] bytes, int from, int end) {
    long count = 0;
    int at = from;
    for (; at <= end - Long.BYTES; at += Long.BYTES) {
      count += Long.bitCount((long) LONGS.get(bytes, at));
    }
    for (; at < end; at++) {
      count += Integer.bitCount(bytes[at] & 0xff);
    }
    return count;
  }

  /** The bits of a byte from a position on. */
  private static int fromMask(long position) {
    return (0xff >> (int) (position % Byte.SIZE)) | ~0xff;
  }

  /** The bits of a byte up to a position. */
  private static int toMask(long position) {
    return (0xff << shift(position)) & 0xff;
  }

  /** The first bit of this kind from {@code from} to {@code to}, both there; -1 if none is. */
  static long find(byte[] bytes, int bit, long from, long to) {
    int none = bit == 0 ? 0xff : 0; // a byte without such a bit
    long noneInLong = bit == 0 ? -1 : 0;
    int lastByte = (int) (to / Byte.SIZE);
    for (int at = (int) (from / Byte.SIZE); at <= lastByte; at++) {
      while (at <= lastByte - Long.BYTES && (long) LONGS.get(bytes, at) == noneInLong) {
        at += Long.BYTES;
      }
      int differing = (bytes[at] ^ none) & 0xff;
      if (at == (int) (from / Byte.SIZE)) {
        differing &= fromMask(from);
      }
      if (differing != 0) {
        long found = (long) at * Byte.SIZE + Integer.numberOfLeadingZeros(differing) - 24;
        return found <= to ? found : -1;
      }
    }
    return -1;
  }
}
