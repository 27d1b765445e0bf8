package io.raftkv.resp.rdb;

/** Strings that are the one text of a 64-bit number, and so can be written as that number. */
final class DecimalText {
  private static final int MAX_CHARS = 20;
  private static final int DECIMAL = 10;

  private DecimalText() {}

  /** True for what {@link Long#toString(long)} gives for some number. */
  static boolean isLong(byte[] text) {
    int from = text.length > 0 && text[0] == '-' ? 1 : 0;
    int digits = text.length - from;
    if (digits == 0 || text.length > MAX_CHARS) {
      return false;
    }
    if (text[from] == '0') {
      return text.length == 1;
    }
    long value = 0; // negative: Long.MIN_VALUE has no positive twin
    for (int i = from; i < text.length; i++) {
      int digit = text[i] - '0';
      if (digit < 0 || digit >= DECIMAL || value < (Long.MIN_VALUE + digit) / DECIMAL) {
        return false;
      }
      value = value * DECIMAL - digit;
    }
    return from == 1 || value != Long.MIN_VALUE;
  }

  /** The number of a text for which {@link #isLong} is true. */
  static long parse(byte[] text) {
    boolean negative = text[0] == '-';
    long value = 0;
    for (int i = negative ? 1 : 0; i < text.length; i++) {
      value = value * DECIMAL - (text[i] - '0');
    }
    return negative ? value : -value;
  }
}
