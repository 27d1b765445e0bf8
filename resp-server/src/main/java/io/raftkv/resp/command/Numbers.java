package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import java.nio.charset.StandardCharsets;

/** Numbers as Redis reads and writes them. */
public final class Numbers {
  private static final int MAX_LONG_CHARS = 20;

  private Numbers() {}

  /** Redis' {@code string2ll}: no blanks, no plus sign, no leading zeros, no overflow. */
  public static long parseLong(byte[] text, String error) {
    int length = text.length;
    if (length == 0 || length > MAX_LONG_CHARS) {
      throw new CommandException(error);
    }
    boolean negative = text[0] == '-';
    int at = negative ? 1 : 0;
    if (at == length) {
      throw new CommandException(error);
    }
    if (text[at] == '0') {
      if (length == 1) {
        return 0;
      }
      throw new CommandException(error);
    }
    long value = 0; // accumulated as a negative number: Long.MIN_VALUE has no positive twin
    for (; at < length; at++) {
      int digit = text[at] - '0';
      if (digit < 0 || digit > 9 || value < (Long.MIN_VALUE + digit) / 10) {
        throw new CommandException(error);
      }
      value = value * 10 - digit;
    }
    if (!negative && value == Long.MIN_VALUE) {
      throw new CommandException(error);
    }
    return negative ? value : -value;
  }

  /** A double as {@code strtod} reads it, whole text, without NaN; {@code inf} in any case. */
  public static double parseDouble(byte[] text, String error) {
    String s = new String(text, StandardCharsets.ISO_8859_1);
    if (s.isEmpty() || s.charAt(0) <= ' ' || s.charAt(s.length() - 1) <= ' ') {
      throw new CommandException(error);
    }
    switch (s.toLowerCase(java.util.Locale.ROOT)) {
      case "inf", "+inf", "infinity", "+infinity" -> {
        return Double.POSITIVE_INFINITY;
      }
      case "-inf", "-infinity" -> {
        return Double.NEGATIVE_INFINITY;
      }
      default -> {
        // Java's grammar also has suffixes and NaN, which strtod's has not.
        char last = s.charAt(s.length() - 1);
        if (Character.isLetter(last) || s.contains("N") || s.contains("I")) {
          throw new CommandException(error);
        }
        try {
          return Double.parseDouble(s);
        } catch (NumberFormatException mistake) {
          throw new CommandException(error);
        }
      }
    }
  }

  /** The decimal digits of a number. */
  public static byte[] format(long value) {
    return Long.toString(value).getBytes(StandardCharsets.ISO_8859_1);
  }
}
