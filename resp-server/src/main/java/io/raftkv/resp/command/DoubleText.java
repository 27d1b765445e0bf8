package io.raftkv.resp.command;

import java.math.BigInteger;

/**
 * The shortest decimal text that reads back as a given double, and of the shortest ones the closest
 * to it, laid out as Redis 7.2 does.
 *
 * <p>The digits are found as in Raffaello Giulietti's "The Schubfach way to render doubles": the
 * double and the two ends of its rounding interval are scaled by one power of ten, so that the
 * interval is between 1 and 10 wide and the answer is one of at most four neighbouring integers.
 */
final class DoubleText {
  private static final int MANTISSA_BITS = 52;
  private static final long IMPLICIT_BIT = 1L << MANTISSA_BITS;
  private static final int EXPONENT_MASK = 0x7FF;
  private static final int EXPONENT_BIAS = 1075; // of the mantissa read as an integer
  private static final int MIN_EXPONENT = -1074;

  /** Beyond these Redis leaves whole numbers to the general case. */
  private static final double MAX_WHOLE = 0x1p62;

  private static final int MIN_SCALE = -292;
  private static final int MAX_SCALE = 324;
  private static final int POWER_BITS = 126;
  private static final long LOW_63 = Long.MAX_VALUE;

  /** High and low 63 bits of 10^scale, cut to 126 bits and rounded up. */
  private static final long[] POWERS = powersOfTen();

  private DoubleText() {}

  /** Writes the text of {@code value} at {@code at} and returns the index after it. */
  static int write(double value, byte[] target, int at) {
    if (Double.isNaN(value)) {
      return ascii("nan", target, at);
    }
    boolean negative = Double.doubleToRawLongBits(value) < 0;
    if (Double.isInfinite(value)) {
      return ascii(negative ? "-inf" : "inf", target, at);
    }
    if (value == 0) {
      return ascii(negative ? "-0" : "0", target, at);
    }
    if (value >= -MAX_WHOLE && value <= MAX_WHOLE && value == (long) value) {
      return Numbers.write((long) value, target, at);
    }
    int start = at;
    if (negative) {
      target[start++] = '-';
    }
    return writeDigits(Math.abs(value), target, start);
  }

  private static int ascii(String text, byte[] target, int at) {
    for (int i = 0; i < text.length(); i++) {
      target[at + i] = (byte) text.charAt(i);
    }
    return at + text.length();
  }

  /** Finds the integer {@code digits} and the power of ten whose product is the answer. */
  private static int writeDigits(double value, byte[] target, int at) {
    long bits = Double.doubleToRawLongBits(value);
    int biased = (int) (bits >>> MANTISSA_BITS) & EXPONENT_MASK;
    long fraction = bits & (IMPLICIT_BIT - 1);
    long mantissa = biased == 0 ? fraction : fraction | IMPLICIT_BIT;
    int exponent = biased == 0 ? MIN_EXPONENT : biased - EXPONENT_BIAS;

    // Below a power of two the neighbour is only half as far away.
    boolean uneven = fraction == 0 && biased > 1;
    int tenExponent = uneven ? floorLog10ThreeQuarters(exponent) : floorLog10(exponent);
    int shift = exponent + floorLog2OfTenTo(-tenExponent) + 2;
    int power = 2 * (-tenExponent - MIN_SCALE);
    long high = POWERS[power];
    long low = POWERS[power + 1];

    // All three in quarters, so that the ends of the interval are integers before scaling.
    long quarters = mantissa << 2;
    long middle = scale(high, low, quarters << shift);
    long lower = scale(high, low, (quarters - (uneven ? 1 : 2)) << shift);
    long upper = scale(high, low, (quarters + 2) << shift);
    // Ends that round to even belong to the interval only of an even mantissa.
    int open = (int) (mantissa & 1);

    long digits = shortest(middle, lower + open, upper - open);
    while (true) {
      long tenth = digits / 10;
      if (tenth * 10 != digits) {
        return layOut(digits, tenExponent, target, at);
      }
      digits = tenth;
      tenExponent++;
    }
  }

  /**
   * The integer inside the interval that ends in a zero if there is one, else the one closest to
   * the middle. All arguments are in quarters, their lowest bit set if something was cut off.
   */
  private static long shortest(long middle, long lower, long upper) {
    long floor = middle >> 2;
    long tensBelow = floor / 10 * 10;
    boolean belowFits = tensBelow > 0 && lower <= tensBelow << 2;
    boolean aboveFits = (tensBelow + 10) << 2 <= upper;
    if (belowFits != aboveFits) {
      return belowFits ? tensBelow : tensBelow + 10;
    }
    boolean floorFits = lower <= floor << 2;
    boolean ceilingFits = (floor + 1) << 2 <= upper;
    if (floorFits != ceilingFits) {
      return floorFits ? floor : floor + 1;
    }
    long toHalf = middle - ((floor << 2) + 2);
    return toHalf < 0 || (toHalf == 0 && (floor & 1) == 0) ? floor : floor + 1;
  }

  /** {@code factor * power / 2^127}, with the lowest bit set if the quotient is not whole. */
  private static long scale(long high, long low, long factor) {
    long fromLow = Math.multiplyHigh(low, factor);
    long fraction = ((high * factor) >>> 1) + fromLow;
    long whole = Math.multiplyHigh(high, factor) + (fraction >>> 63);
    return whole | (((fraction & LOW_63) + LOW_63) >>> 63);
  }

  /** Redis' layout: plain while the text stays short, else one digit, a point and an exponent. */
  private static int layOut(long digits, int tenExponent, byte[] target, int at) {
    int end = Numbers.write(digits, target, at);
    int count = end - at;
    int lead = tenExponent + count - 1; // exponent of the first digit
    if (tenExponent >= 0 && Math.abs(lead) < count + 7) {
      for (int i = 0; i < tenExponent; i++) {
        target[end + i] = '0';
      }
      return end + tenExponent;
    }
    if (tenExponent < 0 && (tenExponent > -7 || Math.abs(lead) < 4)) {
      if (lead >= 0) {
        int point = at + lead + 1;
        System.arraycopy(target, point, target, point + 1, end - point);
        target[point] = '.';
        return end + 1;
      }
      int zeros = -lead - 1;
      System.arraycopy(target, at, target, at + 2 + zeros, count);
      target[at] = '0';
      target[at + 1] = '.';
      for (int i = 0; i < zeros; i++) {
        target[at + 2 + i] = '0';
      }
      return end + 2 + zeros;
    }
    int next = end;
    if (count > 1) {
      System.arraycopy(target, at + 1, target, at + 2, count - 1);
      target[at + 1] = '.';
      next++;
    }
    target[next++] = 'e';
    target[next++] = (byte) (lead < 0 ? '-' : '+');
    return Numbers.write(Math.abs(lead), target, next);
  }

  // Fixed-point logarithms; a test checks them for every exponent of a double.

  /** {@code floor(log10(2^exponent))}. */
  static int floorLog10(int exponent) {
    return (int) ((exponent * 661_971_961_083L) >> 41);
  }

  /** {@code floor(log10(3/4 * 2^exponent))}. */
  static int floorLog10ThreeQuarters(int exponent) {
    return (int) ((exponent * 661_971_961_083L - 274_743_187_321L) >> 41);
  }

  /** {@code floor(log2(10^exponent))}. */
  static int floorLog2OfTenTo(int exponent) {
    return (int) ((exponent * 913_124_641_741L) >> 38);
  }

  private static long[] powersOfTen() {
    long[] powers = new long[2 * (MAX_SCALE - MIN_SCALE + 1)];
    BigInteger mask = BigInteger.valueOf(LOW_63);
    for (int scale = MIN_SCALE; scale <= MAX_SCALE; scale++) {
      int shift = POWER_BITS - 1 - floorLog2OfTenTo(scale);
      BigInteger ten = BigInteger.TEN.pow(Math.abs(scale));
      BigInteger cut =
          scale >= 0 ? ten.shiftLeft(shift) : BigInteger.ONE.shiftLeft(shift).divide(ten);
      BigInteger power = cut.add(BigInteger.ONE);
      int at = 2 * (scale - MIN_SCALE);
      powers[at] = power.shiftRight(63).longValueExact();
      powers[at + 1] = power.and(mask).longValueExact();
    }
    return powers;
  }
}
