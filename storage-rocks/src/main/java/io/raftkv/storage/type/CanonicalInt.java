package io.raftkv.storage.type;

/** Decimal text that is exactly how a 64-bit number is printed: what Redis' intset would hold. */
final class CanonicalInt {
  private static final int MAX_CHARS = 20;

  private CanonicalInt() {}

  /** True for the text of a number in its only form: no plus sign, no leading zeros, no -0. */
  static boolean is(byte[] text) {
    boolean negative = text.length > 0 && text[0] == '-';
    int from = negative ? 1 : 0;
    int digits = text.length - from;
    if (digits == 0 || text.length > MAX_CHARS) {
      return false;
    }
    if (text[from] == '0') {
      return text.length == 1;
    }
    long value = 0; // as a negative number: Long.MIN_VALUE has no positive twin
    for (int i = from; i < text.length; i++) {
      int digit = text[i] - '0';
      if (digit < 0 || digit > 9 || value < (Long.MIN_VALUE + digit) / 10) {
        return false;
      }
      value = value * 10 - digit;
    }
    return negative || value != Long.MIN_VALUE;
  }

  /** The order of the numbers that two texts stand for, both of which {@link #is} accepts. */
  static int compare(byte[] left, byte[] right) {
    boolean negative = left[0] == '-';
    if (negative != (right[0] == '-')) {
      return negative ? -1 : 1;
    }
    int order = left.length - right.length;
    for (int i = 0; order == 0 && i < left.length; i++) {
      order = left[i] - right[i];
    }
    return negative ? -order : order;
  }
}
