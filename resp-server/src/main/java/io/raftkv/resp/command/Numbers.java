package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Numbers as Redis reads and writes them. */
public final class Numbers {
  /** The longest text of a 64-bit number. */
  public static final int MAX_LONG_CHARS = 20;

  /** The longest text of a double, with room to spare. */
  public static final int MAX_DOUBLE_CHARS = 32;

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

  /**
   * The cursor of a scan, an unsigned number. Redis hands it to {@code strtoul} as it is: there may
   * be a sign, a zero byte ends it, and nothing at all is 0; only blanks are refused.
   */
  static long parseCursor(byte[] text) {
    int end = 0;
    while (end < text.length && text[end] != 0) {
      end++;
    }
    boolean signed = end > 0 && (text[0] == '-' || text[0] == '+');
    if (signed && end == 1) {
      throw new CommandException(RespErrors.INVALID_CURSOR);
    }
    long value = 0;
    for (int i = signed ? 1 : 0; i < end; i++) {
      int digit = text[i] - '0';
      if (digit < 0
          || digit > 9
          || Long.compareUnsigned(value, Long.divideUnsigned(-1L - digit, 10)) > 0) {
        throw new CommandException(RespErrors.INVALID_CURSOR);
      }
      value = value * 10 + digit;
    }
    return signed && text[0] == '-' ? -value : value;
  }

  /**
   * Redis' {@code string2d}: what C's {@code strtod} takes, as the whole text and without blanks;
   * no NaN, and no digits of a number that a double cannot hold.
   */
  public static double parseDouble(byte[] text, String error) {
    return orError(DoubleReader.readInRange(new String(text, StandardCharsets.ISO_8859_1)), error);
  }

  /**
   * A limit of a range of scores. Redis hands it to {@code strtod} as it is: blanks may come first,
   * a zero byte ends it, nothing at all is 0, and a number too large is infinite.
   */
  static double parseScoreLimit(byte[] text, String error) {
    String s = new String(text, StandardCharsets.ISO_8859_1);
    int end = s.indexOf('\0');
    s = end < 0 ? s : s.substring(0, end);
    int start = 0;
    while (start < s.length() && isSpace(s.charAt(start))) {
      start++;
    }
    return s.isEmpty() ? 0 : orError(DoubleReader.read(s.substring(start)), error);
  }

  private static boolean isSpace(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }

  private static double orError(double value, String error) {
    if (Double.isNaN(value)) {
      throw new CommandException(error);
    }
    return value;
  }

  /** The decimal digits of a number. */
  public static byte[] format(long value) {
    byte[] text = new byte[length(value)];
    write(value, text, 0);
    return text;
  }

  /**
   * Writes the decimal digits of a number, at most {@link #MAX_LONG_CHARS} bytes, at {@code at}.
   *
   * @return the index after the last byte written
   */
  public static int write(long value, byte[] target, int at) {
    int end = at + length(value);
    int next = end;
    long rest = value < 0 ? value : -value; // negative numbers reach one further than positive ones
    do {
      long tenth = rest / 10;
      target[--next] = (byte) ('0' + (tenth * 10 - rest));
      rest = tenth;
    } while (rest != 0);
    if (value < 0) {
      target[at] = '-';
    }
    return end;
  }

  private static int length(long value) {
    int digits = 1;
    for (long rest = value / 10; rest != 0; rest /= 10) {
      digits++;
    }
    return value < 0 ? digits + 1 : digits;
  }

  /**
   * A double as Redis 7.2 prints scores and doubles in replies: whole numbers up to 2^62 with all
   * their digits, others with the fewest digits that read back as the same double, and an exponent
   * where Redis has one ({@code 1e+21}, {@code 1e-7}); {@code inf}, {@code -inf}, {@code nan},
   * {@code -0}. Redis up to 7.0 prints 17 digits instead ({@code 0.10000000000000001}).
   *
   * <p>Does not depend on the JDK, whose own shortest form differs between releases: text made here
   * may be stored by replicas.
   */
  public static byte[] formatDouble(double value) {
    byte[] text = new byte[MAX_DOUBLE_CHARS];
    return Arrays.copyOf(text, writeDouble(value, text, 0));
  }

  /**
   * Writes what {@link #formatDouble} returns, at most {@link #MAX_DOUBLE_CHARS} bytes.
   *
   * @return the index after the last byte written
   */
  public static int writeDouble(double value, byte[] target, int at) {
    return DoubleText.write(value, target, at);
  }
}
