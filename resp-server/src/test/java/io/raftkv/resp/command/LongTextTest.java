package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LongTextTest {
  @ParameterizedTest
  @ValueSource(
      longs = {
        0,
        1,
        -1,
        9,
        10,
        -10,
        99,
        100,
        1234567890,
        999_999_999_999_999_999L,
        1_000_000_000_000_000_000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        Long.MIN_VALUE + 1
      })
  void numbersAreWrittenAsTheJdkWritesThem(long value) {
    String expected = Long.toString(value);
    assertThat(new String(Numbers.format(value), StandardCharsets.US_ASCII)).isEqualTo(expected);

    byte[] target = new byte[3 + Numbers.MAX_LONG_CHARS];
    int end = Numbers.write(value, target, 3);
    assertThat(new String(Arrays.copyOfRange(target, 3, end), StandardCharsets.US_ASCII))
        .isEqualTo(expected);
    assertThat(Arrays.copyOf(target, 3)).containsOnly(0);
  }
}
