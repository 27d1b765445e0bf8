package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DoubleTextTest {
  private static final long SEED = 20261121;

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, -0",
    "3, 3",
    "-17, -17",
    "1.5, 1.5",
    "0.1, 0.1",
    "-0.1, -0.1",
    "0.30000000000000004, 0.30000000000000004",
    "3.14159, 3.14159",
    "100, 100",
    "1e17, 100000000000000000",
    "9007199254740993, 9007199254740992",
    "4611686018427387904, 4611686018427387904",
    "-4611686018427387904, -4611686018427387904",
    "4611686018427388928, 4611686018427389000",
    "9223372036854775807, 9223372036854776000",
    "1e19, 1e+19",
    "1e21, 1e+21",
    "-1e21, -1e+21",
    "1.5e300, 1.5e+300",
    "0.000001, 0.000001",
    "0.0000015, 1.5e-6",
    "1e-7, 1e-7",
    "0.00015, 0.00015",
    "123.456789012, 123.456789012",
    "12345.123456, 12345.123456",
    "12345.1234567, 1.23451234567e+4",
    "1.7976931348623157e308, 1.7976931348623157e+308",
    "2.2250738585072014e-308, 2.2250738585072014e-308",
    "4.9e-324, 5e-324",
    "2e-3, 0.002",
    "2e23, 2e+23",
    "NaN, nan",
    "Infinity, inf",
    "-Infinity, -inf",
  })
  void printsAsRedisDoes(double value, String expected) {
    assertThat(format(value)).isEqualTo(expected);
  }

  @Test
  void writesAtAnyPlaceAndTouchesNothingBefore() {
    byte[] target =
        "################################################".getBytes(StandardCharsets.US_ASCII);
    int end = Numbers.writeDouble(-1.7976931348623157e308, target, 8);
    assertThat(new String(target, 0, end, StandardCharsets.US_ASCII))
        .isEqualTo("########-1.7976931348623157e+308");
    assertThat(end - 8).isLessThanOrEqualTo(Numbers.MAX_DOUBLE_CHARS);
  }

  @Test
  void longestTextsFit() {
    for (double value :
        new double[] {-2.2250738585072014e-308, -1.2345678901234568e-5, -9.223372036854776e18}) {
      assertThat(format(value).length()).isLessThanOrEqualTo(Numbers.MAX_DOUBLE_CHARS);
      assertThat(Double.parseDouble(format(value))).isEqualTo(value);
    }
  }

  @Test
  void randomDoublesHaveTheShortestAndClosestDigits() {
    Random random = new Random(SEED);
    for (int i = 0; i < 20_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(value)) {
        checkShortest(value);
      }
    }
  }

  @Test
  void decimalsAndTheirNeighboursHaveTheShortestAndClosestDigits() {
    Random random = new Random(SEED + 1);
    for (int i = 0; i < 10_000; i++) {
      double value = (random.nextInt(2_000_000) - 1_000_000) / Math.pow(10, random.nextInt(12));
      checkShortest(value);
      checkShortest(Math.nextUp(value));
      checkShortest(Math.nextDown(value));
    }
  }

  @Test
  void powersOfTwoAndTheirNeighboursHaveTheShortestAndClosestDigits() {
    for (int exponent = -1074; exponent <= 1023; exponent++) {
      double value = Math.scalb(1.0, exponent);
      checkShortest(value);
      checkShortest(Math.nextUp(value));
      checkShortest(Math.nextDown(value));
    }
  }

  @Test
  void fixedPointLogarithmsAreExactForEveryExponent() {
    BigDecimal threeQuarters = new BigDecimal("0.75");
    for (int exponent = -1074; exponent <= 971; exponent++) {
      BigDecimal power = twoTo(exponent);
      assertThat(DoubleText.floorLog10(exponent)).isEqualTo(floorLog10(power));
      assertThat(DoubleText.floorLog10ThreeQuarters(exponent))
          .isEqualTo(floorLog10(power.multiply(threeQuarters)));
    }
    for (int exponent = -292; exponent <= 324; exponent++) {
      int log = DoubleText.floorLog2OfTenTo(exponent);
      BigDecimal ten = BigDecimal.ONE.scaleByPowerOfTen(exponent);
      assertThat(twoTo(log)).isLessThanOrEqualTo(ten);
      assertThat(twoTo(log + 1)).isGreaterThan(ten);
    }
  }

  private static BigDecimal twoTo(int exponent) {
    return exponent >= 0
        ? BigDecimal.valueOf(2).pow(exponent)
        : BigDecimal.ONE.divide(BigDecimal.valueOf(2).pow(-exponent));
  }

  private static int floorLog10(BigDecimal value) {
    return value.precision() - value.scale() - 1;
  }

  private static void checkShortest(double value) {
    String text = format(value);
    assertThat(Double.parseDouble(text)).as(text).isEqualTo(value);
    if (Math.abs(value) <= 0x1p62 && value == Math.rint(value)) {
      assertThat(new BigDecimal(text)).isEqualByComparingTo(new BigDecimal(value));
      return;
    }
    BigDecimal exact = new BigDecimal(value);
    BigDecimal shown = new BigDecimal(text).stripTrailingZeros();
    int digits = shown.precision();
    if (digits > 1) {
      assertThat(readsBack(value, digits - 1, RoundingMode.FLOOR)).as(text).isFalse();
      assertThat(readsBack(value, digits - 1, RoundingMode.CEILING)).as(text).isFalse();
    }
    for (RoundingMode mode : new RoundingMode[] {RoundingMode.FLOOR, RoundingMode.CEILING}) {
      if (readsBack(value, digits, mode)) {
        BigDecimal other = exact.round(new MathContext(digits, mode));
        assertThat(shown.subtract(exact).abs())
            .as(text)
            .isLessThanOrEqualTo(other.subtract(exact).abs());
      }
    }
  }

  private static boolean readsBack(double value, int digits, RoundingMode mode) {
    return new BigDecimal(value).round(new MathContext(digits, mode)).doubleValue() == value;
  }

  private static String format(double value) {
    return new String(Numbers.formatDouble(value), StandardCharsets.US_ASCII);
  }
}
