package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import java.nio.charset.StandardCharsets;

/**
 * The numbers by which SORT compares. They are read as C's {@code strtod} does, which is more than
 * Redis takes elsewhere: an empty text is 0, blanks may lead, a zero byte ends the text.
 */
final class SortWeight {
  private static final int PLAIN_DIGITS = 15;

  private SortWeight() {}

  /**
   * The number in a text.
   *
   * @throws CommandException if there is none, or one that no double is near
   */
  static double of(byte[] text) {
    return isPlain(text) ? plain(text) : parse(text);
  }

  /** Most weights are short whole numbers: digits, perhaps a minus sign before them. */
  private static boolean isPlain(byte[] text) {
    if (text.length == 0 || text.length > PLAIN_DIGITS || text[text.length - 1] == '-') {
      return false;
    }
    for (int i = text[0] == '-' ? 1 : 0; i < text.length; i++) {
      if (text[i] < '0' || text[i] > '9') {
        return false;
      }
    }
    return true;
  }

  private static double plain(byte[] text) {
    long value = 0;
    for (int i = text[0] == '-' ? 1 : 0; i < text.length; i++) {
      value = value * 10 + (text[i] - '0');
    }
    return text[0] == '-' ? -(double) value : value;
  }

  private static double parse(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int zero = text.indexOf('\0');
    text = zero < 0 ? text : text.substring(0, zero);
    if (text.isEmpty()) {
      return 0;
    }
    int start = 0;
    while (start < text.length() && isBlank(text.charAt(start))) {
      start++;
    }
    return parseTrimmed(text.substring(start));
  }

  private static boolean isBlank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }

  private static double parseTrimmed(String text) {
    double value = DoubleReader.readInRange(text);
    boolean hexadecimal = text.indexOf('x') >= 0 || text.indexOf('X') >= 0;
    boolean inexact = value != 0 && Math.abs(value) < Double.MIN_NORMAL && !hexadecimal;
    if (Double.isNaN(value) || inexact) {
      throw new CommandException(RespErrors.SORT_NOT_NUMBERS);
    }
    return value;
  }
}
