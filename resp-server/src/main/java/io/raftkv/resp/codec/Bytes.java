package io.raftkv.resp.codec;

/** Small searches and numbers in byte arrays. */
final class Bytes {
  private static final int MAX_DIGITS = 19;

  /** Beyond every length that is allowed, so that a length needs no check of its own for it. */
  static final long NOT_A_NUMBER = Long.MAX_VALUE;

  private Bytes() {}

  /** The first index of {@code wanted} from {@code from} to before {@code to}, or -1. */
  static int indexOf(byte[] in, int from, int to, byte wanted) {
    for (int i = from; i < to; i++) {
      if (in[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  /**
   * The number that these bytes spell as Redis' {@code string2ll} wants it: no plus sign, no
   * leading zeros, no overflow; else {@link #NOT_A_NUMBER}, which stands for itself too.
   */
  static long parseLong(byte[] in, int from, int to) {
    boolean negative = from < to && in[from] == '-';
    int at = negative ? from + 1 : from;
    int digits = to - at;
    if (digits < 1 || digits > MAX_DIGITS) {
      return NOT_A_NUMBER;
    }
    if (in[at] == '0') {
      return digits == 1 && !negative ? 0 : NOT_A_NUMBER;
    }
    long value = 0; // negative numbers reach one further than positive ones
    for (; at < to; at++) {
      int digit = in[at] - '0';
      if (digit < 0 || digit > 9 || value < (Long.MIN_VALUE + digit) / 10) {
        return NOT_A_NUMBER;
      }
      value = value * 10 - digit;
    }
    return negative ? value : value == Long.MIN_VALUE ? NOT_A_NUMBER : -value;
  }
}
