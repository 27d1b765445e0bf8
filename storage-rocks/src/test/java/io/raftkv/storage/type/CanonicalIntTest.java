package io.raftkv.storage.type;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalIntTest {
  private static final String[] ASCENDING = {
    "-9223372036854775808",
    "-9223372036854775807",
    "-10",
    "-9",
    "-1",
    "0",
    "1",
    "9",
    "10",
    "9223372036854775806",
    "9223372036854775807",
  };

  @Test
  void printedNumbersAreCanonicalAndOrderAsNumbers() {
    for (int i = 0; i < ASCENDING.length; i++) {
      assertThat(CanonicalInt.is(bytes(ASCENDING[i]))).as(ASCENDING[i]).isTrue();
      for (int j = 0; j < ASCENDING.length; j++) {
        assertThat(Integer.signum(CanonicalInt.compare(bytes(ASCENDING[i]), bytes(ASCENDING[j]))))
            .as("%s against %s", ASCENDING[i], ASCENDING[j])
            .isEqualTo(Integer.compare(i, j));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-",
        "+1",
        "01",
        "-0",
        "-01",
        "00",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "a",
        "-a",
        "\u00b2",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
        "111111111111111111111"
      })
  void otherTextsAreNot(String text) {
    assertThat(CanonicalInt.is(bytes(text))).isFalse();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }
}
