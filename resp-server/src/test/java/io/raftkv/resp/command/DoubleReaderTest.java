package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What redis-server 7.0 takes for a double, and what not. */
class DoubleReaderTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "7, 7",
    "-12, -12",
    "007, 7",
    "+5, 5",
    ".5, 0.5",
    "5., 5",
    "-.25e1, -2.5",
    "1E2, 100",
    "123456789012345678, 123456789012345680",
    "1e308, 1e308",
    "5e-324, 4.9e-324",
    "inf, Infinity",
    "+INF, Infinity",
    "-Infinity, -Infinity",
    "0x10, 16",
    "-0X1.8p1, -3",
    "0x.8, 0.5",
    "0x1p-3, 0.125",
    "0x1P+4, 16",
    "0e999999999999, 0",
    "0x0p5, 0",
    "0.000, 0"
  })
  void numbersAreRead(String text, double value) {
    assertThat(parse(text)).isEqualTo(value);
  }

  @Test
  void minusZeroKeepsItsSign() {
    assertThat(1 / parse("-0")).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(1 / parse("-0.0")).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(1 / parse("0")).isEqualTo(Double.POSITIVE_INFINITY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        " 1",
        "1 ",
        "\t1",
        "nan",
        "-NaN",
        "nan(1)",
        "1d",
        "1f",
        "0x1d.p",
        "1e",
        "1e+",
        "e5",
        ".",
        "-",
        "+",
        "--1",
        "0x",
        "0xg",
        "0x1p",
        "1,5",
        "abc",
        "infinit",
        "1\u0000",
        "\u00001",
        "1e400",
        "-1e400",
        "1e-400",
        "-1e-400",
        "0x1p5000",
        "0x1p-5000",
        "1e999999999999"
      })
  void anythingElseIsNoNumber(String text) {
    assertThatThrownBy(() -> parse(text)).isInstanceOf(CommandException.class).hasMessage("no");
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "\"\", 0",
        "\" 1\", 1",
        "\"\t\n2\", 2",
        "1e400, Infinity",
        "-1e400, -Infinity",
        "1e-400, 0",
        "0x10, 16",
        "inf, Infinity"
      })
  void limitsOfScoresMayBeMore(String text, double value) {
    assertThat(limit(text)).isEqualTo(value);
  }

  @Test
  void aZeroByteEndsALimit() {
    assertThat(limit("1\u0000abc")).isEqualTo(1);
    assertThat(limit("\u0000")).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "1 ", "nan", "(1", "0x", "abc", "1d"})
  void anythingElseIsNoLimit(String text) {
    assertThatThrownBy(() -> limit(text)).isInstanceOf(CommandException.class).hasMessage("no");
  }

  private static double parse(String text) {
    return Numbers.parseDouble(text.getBytes(StandardCharsets.ISO_8859_1), "no");
  }

  private static double limit(String text) {
    return Numbers.parseScoreLimit(text.getBytes(StandardCharsets.ISO_8859_1), "no");
  }
}
