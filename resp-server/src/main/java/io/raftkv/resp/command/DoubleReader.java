package io.raftkv.resp.command;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Doubles in the texts that C's {@code strtod} takes: decimal and hexadecimal digits, infinities by
 * name. What it takes for NaN is left out, for no command takes NaN.
 */
final class DoubleReader {
  /** So many digits of a whole number are a double, too. */
  private static final int MAX_EXACT_DIGITS = 15;

  private static final Pattern INFINITY =
      Pattern.compile("[+-]?inf(inity)?", Pattern.CASE_INSENSITIVE);
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?(?=[.]?[0-9])[0-9]*+[.]?[0-9]*+(?:[eE][+-]?[0-9]++)?");
  private static final Pattern HEX =
      Pattern.compile(
          "([+-]?0[xX](?=[.]?[0-9a-fA-F])[0-9a-fA-F]*+[.]?[0-9a-fA-F]*+)([pP][+-]?[0-9]++)?");

  /** A digit other than zero before any exponent: the number is not meant to be zero. */
  private static final Pattern DECIMAL_NOT_ZERO = Pattern.compile("[+-]?[0.]*[1-9].*");

  private static final Pattern HEX_NOT_ZERO = Pattern.compile("[+-]?0[xX][0.]*[1-9a-fA-F].*");

  private DoubleReader() {}

  /** The number that the whole text is; NaN if it is none. Numbers too large are infinite. */
  static double read(String text) {
    if (isShortWhole(text)) {
      return Long.parseLong(text);
    }
    if (DECIMAL.matcher(text).matches()) {
      return Double.parseDouble(text);
    }
    if (INFINITY.matcher(text).matches()) {
      return text.charAt(0) == '-' ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    Matcher hex = HEX.matcher(text);
    if (hex.matches()) {
      // Java wants an exponent.
      return Double.parseDouble(hex.group(2) == null ? text + "p0" : text);
    }
    return Double.NaN;
  }

  /**
   * As {@link #read}, but NaN also for digits of a number too large, or too close to zero, for a
   * double: where C reports {@code ERANGE}.
   */
  static double readInRange(String text) {
    double value = read(text);
    boolean overflow = Double.isInfinite(value) && !INFINITY.matcher(text).matches();
    boolean underflow =
        value == 0
            && !isShortWhole(text)
            && (HEX.matcher(text).matches() ? HEX_NOT_ZERO : DECIMAL_NOT_ZERO)
                .matcher(text)
                .matches();
    return overflow || underflow ? Double.NaN : value;
  }

  /** The usual case, done without patterns. Not "-0", which is no whole number. */
  private static boolean isShortWhole(String text) {
    int from = text.startsWith("-") ? 1 : 0;
    int digits = text.length() - from;
    if (digits < 1 || digits > MAX_EXACT_DIGITS || (from == 1 && text.charAt(1) == '0')) {
      return false;
    }
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }
}
