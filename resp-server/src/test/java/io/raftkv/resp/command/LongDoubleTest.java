package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LongDoubleTest {
  private static LongDouble parse(String text) {
    return LongDouble.parse(text.getBytes(StandardCharsets.ISO_8859_1), "ERR bad");
  }

  private static String format(LongDouble value) {
    return new String(value.format(), StandardCharsets.ISO_8859_1);
  }

  /** The sums are those of a Redis 7.0 on x86-64. */
  @ParameterizedTest
  @CsvSource({
    "10.5, 0.1, 10.6",
    "5.0e3, 200, 5200",
    "3.0, 1.5e0, 4.5",
    "0.1, 0.2, 0.3",
    "0.00003, 0.1, 0.10003",
    "0.10003, 1e22, 10000000000000000000000",
    "1e17, 0.3, 100000000000000000.296875",
    "123456789012345678901234567890, 0, 123456789012345678899921813504",
    "99999999999999999999.5, 0, 100000000000000000000",
    "3.14159265358979323846, 0, 3.14159265358979324",
    "9223372036854775807, 1, 9223372036854775808",
    "0, -1e-30, 0",
    "-0, -0, 0",
    "17, -17.00000000001, -0.00000000001",
    "17, 1e-4940, 17",
    "1, 0x10, 17",
    "1.5, 0x.8p1, 2.5",
    "1, 0XAp-1, 6",
    "1., .5, 1.5",
    "+1, 1E+2, 101"
  })
  void addsAndFormatsAsRedisDoes(String left, String right, String sum) {
    assertThat(format(parse(left).plus(parse(right)))).isEqualTo(sum);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " 1",
        "1 ",
        ".",
        "-",
        "+",
        "e5",
        "1e",
        "1e+",
        "0x",
        "0x.",
        "nan",
        "-NaN",
        "nan(1)",
        "1x",
        "1f",
        "1_0",
        "--1",
        "1e5000",
        "-1e4933",
        "1e-5000",
        "1e-99999999999",
        "1e99999999999",
        "0x1p16384",
        "0x1p-17000",
        "infin",
        "1,5"
      })
  void refusesWhatRedisRefuses(String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(CommandException.class)
        .hasMessage("ERR bad");
  }

  @Test
  void refusesTextsLongerThanRedisReads() {
    assertThat(format(parse("0".repeat(5118) + "1"))).isEqualTo("1");
    assertThatThrownBy(() -> parse("0".repeat(5119) + "1")).isInstanceOf(CommandException.class);
  }

  /** Two to the 64th has the last odd neighbours that 64 bits of mantissa tell apart. */
  @Test
  void roundsHalvesToEven() {
    assertThat(format(parse("18446744073709551615"))).isEqualTo("18446744073709551615");
    assertThat(format(parse("18446744073709551617"))).isEqualTo("18446744073709551616");
    assertThat(format(parse("18446744073709551619"))).isEqualTo("18446744073709551620");
    assertThat(format(parse("18446744073709551617.0000000001"))).isEqualTo("18446744073709551618");
    assertThat(format(parse("-18446744073709551617"))).isEqualTo("-18446744073709551616");
    assertThat(format(parse("18446744073709551616").plus(parse("1"))))
        .isEqualTo("18446744073709551616");
  }

  @Test
  void infinitiesAreReadAndNoSumOfThemIsFinite() {
    for (String text : new String[] {"inf", "+INF", "-Infinity"}) {
      assertThat(parse(text).isFinite()).isFalse();
      assertThat(parse(text).plus(parse("1")).isFinite()).isFalse();
      assertThat(parse("1").plus(parse(text)).isFinite()).isFalse();
      assertThat(parse("inf").plus(parse(text)).isFinite()).isFalse();
    }
    assertThat(parse("1e4932").plus(parse("1e4932")).isFinite()).isFalse();
  }
}
