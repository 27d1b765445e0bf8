package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of C's {@code long double} on x86-64, which Redis computes INCRBYFLOAT and HINCRBYFLOAT
 * with: 64 bits of mantissa, rounded half to even. Done with integers here, so that every replica
 * has the same result and users see Redis' digits.
 *
 * <p>Immutable. A finite value is {@code mantissa * 2^exponent}.
 */
final class LongDouble {
  private static final int PRECISION = 64;

  /** Finite values are less than two to this power. */
  private static final int MAX_MAGNITUDE = 16_384;

  /** Exponent of the smallest subnormal value. */
  private static final int MIN_EXPONENT = -16_445;

  /** Decimal exponents beyond these are infinite or zero, whatever the digits. */
  private static final int MAX_DECIMAL = 5_000;

  private static final int FRACTION_DIGITS = 17;
  private static final int MAX_CHARS = 5 * 1024 - 1;
  private static final int MAX_EXPONENT_DIGITS = 9;

  private static final Pattern INFINITY =
      Pattern.compile("[+-]?inf(inity)?", Pattern.CASE_INSENSITIVE);
  private static final Pattern DECIMAL =
      Pattern.compile("([+-]?)(?=[.]?[0-9])([0-9]*+)[.]?([0-9]*+)(?:[eE]([+-]?)([0-9]++))?");
  private static final Pattern HEX =
      Pattern.compile(
          "([+-]?)0[xX](?=[.]?[0-9a-fA-F])([0-9a-fA-F]*+)[.]?([0-9a-fA-F]*+)"
              + "(?:[pP]([+-]?)([0-9]++))?");

  private final BigInteger mantissa; // null: infinite or not a number
  private final int exponent;
  private final int infinity; // sign of an infinite value; 0 for NaN

  private LongDouble(BigInteger mantissa, int exponent, int infinity) {
    this.mantissa = mantissa;
    this.exponent = exponent;
    this.infinity = infinity;
  }

  /**
   * Reads what {@code strtold} reads, as the whole text: decimal, hexadecimal, infinity; not NaN.
   *
   * @param error raised for anything else and for numbers too large or too small
   */
  static LongDouble parse(byte[] bytes, String error) {
    if (bytes.length > MAX_CHARS) {
      throw new CommandException(error);
    }
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    if (INFINITY.matcher(text).matches()) {
      return infinite(text.charAt(0) == '-' ? -1 : 1);
    }
    Matcher decimal = DECIMAL.matcher(text);
    LongDouble value = null;
    if (decimal.matches()) {
      value = parseDecimal(decimal);
    } else {
      Matcher hex = HEX.matcher(text);
      if (hex.matches()) {
        value = parseHex(hex);
      }
    }
    if (value == null || !value.isFinite()) {
      throw new CommandException(error);
    }
    return value;
  }

  /** Null if the number is too small. */
  private static LongDouble parseDecimal(Matcher text) {
    BigInteger digits = new BigInteger(text.group(2) + text.group(3));
    if (digits.signum() == 0) {
      return finite(BigInteger.ZERO, 0);
    }
    int sign = text.group(1).equals("-") ? -1 : 1;
    int power = exponentOf(text) - text.group(3).length();
    int magnitude = power + digits.toString().length();
    if (magnitude > MAX_DECIMAL) {
      return infinite(sign);
    }
    if (magnitude < -MAX_DECIMAL) {
      return null;
    }
    digits = sign < 0 ? digits.negate() : digits;
    if (power >= 0) {
      return finite(digits.multiply(BigInteger.TEN.pow(power)), 0);
    }
    // The quotient has a few bits more than needed, and one that stands for all that follow.
    BigInteger divisor = BigInteger.TEN.pow(-power);
    int shift = Math.max(0, PRECISION + 2 + divisor.bitLength() - digits.bitLength());
    BigInteger[] quotient = digits.abs().shiftLeft(shift).divideAndRemainder(divisor);
    BigInteger sticky = quotient[1].signum() == 0 ? BigInteger.ZERO : BigInteger.ONE;
    BigInteger extended = quotient[0].shiftLeft(1).or(sticky);
    return nonZero(finite(sign < 0 ? extended.negate() : extended, -shift - 1));
  }

  /** Null if the number is too small. */
  private static LongDouble parseHex(Matcher text) {
    BigInteger digits = new BigInteger(text.group(2) + text.group(3), 16);
    if (digits.signum() == 0) {
      return finite(BigInteger.ZERO, 0);
    }
    int sign = text.group(1).equals("-") ? -1 : 1;
    int power = exponentOf(text) - 4 * text.group(3).length();
    if (power + digits.bitLength() > MAX_MAGNITUDE) {
      return infinite(sign);
    }
    return nonZero(finite(sign < 0 ? digits.negate() : digits, power));
  }

  private static LongDouble nonZero(LongDouble value) {
    return value.isFinite() && value.mantissa.signum() == 0 ? null : value;
  }

  private static int exponentOf(Matcher text) {
    String digits = text.group(5);
    if (digits == null) {
      return 0;
    }
    int from = 0;
    while (from < digits.length() - 1 && digits.charAt(from) == '0') {
      from++;
    }
    int value =
        digits.length() - from > MAX_EXPONENT_DIGITS
            ? 1_000_000_000
            : Integer.parseInt(digits.substring(from));
    return text.group(4).equals("-") ? -value : value;
  }

  /** False for infinities and for what no number is. */
  boolean isFinite() {
    return mantissa != null;
  }

  LongDouble plus(LongDouble other) {
    if (!isFinite() || !other.isFinite()) {
      boolean opposite = infinity * other.infinity < 0;
      return opposite ? infinite(0) : isFinite() ? other : this;
    }
    int common = Math.min(exponent, other.exponent);
    return finite(
        mantissa
            .shiftLeft(exponent - common)
            .add(other.mantissa.shiftLeft(other.exponent - common)),
        common);
  }

  /** Digits as Redis writes them: 17 after the point, less the zeros at the end, no exponent. */
  byte[] format() {
    if (!isFinite()) {
      throw new IllegalStateException("not finite");
    }
    BigInteger scaled = mantissa.multiply(BigInteger.TEN.pow(FRACTION_DIGITS));
    scaled = exponent >= 0 ? scaled.shiftLeft(exponent) : halfEven(scaled, -exponent);
    StringBuilder digits = new StringBuilder(scaled.abs().toString());
    while (digits.length() <= FRACTION_DIGITS) {
      digits.insert(0, '0');
    }
    int point = digits.length() - FRACTION_DIGITS;
    int end = digits.length();
    while (end > point && digits.charAt(end - 1) == '0') {
      end--;
    }
    digits.setLength(end);
    if (end > point) {
      digits.insert(point, '.');
    }
    if (scaled.signum() < 0) {
      digits.insert(0, '-');
    }
    return digits.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The nearest value to {@code mantissa * 2^exponent}. */
  private static LongDouble finite(BigInteger mantissa, int exponent) {
    int excess = Math.max(mantissa.abs().bitLength() - PRECISION, MIN_EXPONENT - exponent);
    BigInteger rounded = mantissa;
    int power = exponent;
    if (excess > 0 && mantissa.signum() != 0) {
      rounded = halfEven(mantissa, excess);
      power += excess;
    }
    if (rounded.signum() == 0) {
      return new LongDouble(BigInteger.ZERO, 0, 0);
    }
    if (rounded.abs().bitLength() + power > MAX_MAGNITUDE) {
      return infinite(rounded.signum());
    }
    return new LongDouble(rounded, power, 0);
  }

  private static LongDouble infinite(int sign) {
    return new LongDouble(null, 0, sign);
  }

  /** {@code value / 2^bits}, rounded to the nearest integer, halves to the even one. */
  private static BigInteger halfEven(BigInteger value, int bits) {
    BigInteger size = value.abs();
    if (bits > size.bitLength() + 1) {
      return BigInteger.ZERO;
    }
    BigInteger quotient = size.shiftRight(bits);
    boolean half = size.testBit(bits - 1);
    boolean more = size.getLowestSetBit() < bits - 1;
    if (half && (more || quotient.testBit(0))) {
      quotient = quotient.add(BigInteger.ONE);
    }
    return value.signum() < 0 ? quotient.negate() : quotient;
  }
}
