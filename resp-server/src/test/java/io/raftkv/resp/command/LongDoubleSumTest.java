package io.raftkv.resp.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LongDoubleSumTest {
  /** What a Redis on x86 answers to the same sums. */
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0",
    "0.1, 0.2, 0.3",
    "10.5, 0.1, 10.6",
    "5.0e3, 2.0e2, 5200",
    "3, -3, 0",
    "-0.0, 0, 0",
    "1, 1e-17, 1.00000000000000001",
    "1, 1e-18, 1",
    "0.1, 1e-17, 0.10000000000000001",
    "1234567890123.4, 0.10000000000000001, 1234567890123.5",
    "1e20, 0.1, 100000000000000000000",
    "1e19, 1, 10000000000000000001",
    "18446744073709551615, 1, 18446744073709551616",
    "18446744073709551616, 1, 18446744073709551616",
    "18446744073709551616, 3, 18446744073709551620",
    "36893488147419103232, 2, 36893488147419103232",
    "36893488147419103232, 6, 36893488147419103240",
    "123456789.123456789, 987654321.987654321, 1111111111.11111110995989293",
    "-1.5, 0.25, -1.25",
    "1e-4940, 0, 0",
    "1e30, 1, 1000000000000000000024696061952",
    "1.1e100, -1e84, 10999999999999999000413920198619969798166746339831454936655872367058191392554349958539696896020054016",
    "3.14159265358979323846264338327950288, 2.71828182845904523536028747135266249, 5.85987448204883847",
    "0.00000000000000000499, 0, 0",
    "0.00000000000000000501, 0, 0.00000000000000001",
    "0.000000000000000005, 0, 0",
    "-0.000000000000000001, 0, 0",
    "9007199254740993, .5, 9007199254740993.5",
    "+1, 5., 6",
    "1E3, 1e+3, 2000",
    "4294967296.000000001, 0.000000001, 4294967296.00000000186264515",
    "1e16, 0.005, 10000000000000000.0048828125",
    "0.7, 0.1, 0.8",
    "1.1, 2.2, 3.3",
    "99999999999999999.99, 0.01, 100000000000000000",
    "0e999999, 1, 1",
  })
  void sumsAreThoseOfRedis(String left, String right, String sum) {
    assertThat(text(parse(left).plus(parse(right)).format())).isEqualTo(sum);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        " 1",
        "1 ",
        "a",
        "1a",
        "1e",
        "e1",
        ".",
        "-",
        "+",
        "--1",
        "nan",
        "-nan",
        "NaN",
        "1,5",
        "1_0",
        "1e5000",
        "-1e5000",
        "1e999999999",
        "1e99999999999",
        "1e-5000",
        "1.5f",
        "1d",
        "1.1897314953572317651e4932",
        "1e-4951"
      })
  void otherTextsAreNoFloats(String text) {
    assertThatThrownBy(() -> parse(text)).isInstanceOf(CommandException.class).hasMessage("bad");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inf", "-inf", "+inf", "INF", "Infinity", "-infinity"})
  void infinitiesAreNotFinite(String text) {
    assertThat(parse(text).isFinite()).isFalse();
    assertThat(parse(text).plus(parse("1")).isFinite()).isFalse();
  }

  @Test
  void textsThatAreTooLongAreNoFloats() {
    assertThat(text(parse("0".repeat(5_118) + "1").format())).isEqualTo("1");
    assertThatThrownBy(() -> parse("0".repeat(5_119) + "1")).hasMessage("bad");
  }

  @Test
  void aSumBeyondTheLargestFloatIsNotFinite() {
    assertThat(parse("1.1e4932").plus(parse("1e4931")).isFinite()).isFalse();
  }

  private static LongDouble parse(String text) {
    return LongDouble.parse(text.getBytes(ISO_8859_1), "bad");
  }

  private static String text(byte[] bytes) {
    return new String(bytes, ISO_8859_1);
  }
}
