package io.raftkv.resp.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobMatchTest {
  @ParameterizedTest
  @CsvSource({
    "'', ''",
    "*, ''",
    "*, anything",
    "a, a",
    "a*, a",
    "a*, abc",
    "*c, abc",
    "a*c, abc",
    "a*c, ac",
    "*a*b*c*, xaxbxcx",
    "*aab, aaab",
    "*ab*ab, abxabab",
    "?, a",
    "???, abc",
    "[abc], b",
    "[a-c], b",
    "[c-a], b",
    "[^a-c], d",
    "[^], a",
    "h[ae]llo, hallo",
    "[a\\]b], ]",
    "\\*, *",
    "\\?, ?",
    "\\[a], [a]",
    "a\\, a\\",
    "[abc, c",
    "[a-, -",
    "[a-, a",
    "[a-z]*[0-9], abc7",
    "[\\^a], ^",
  })
  void matches(String pattern, String text) {
    assertThat(new Glob(bytes(pattern)).matches(bytes(text))).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "'', a",
    "a, ''",
    "a, A",
    "a, ab",
    "ab, a",
    "a*c, abd",
    "*c, abcd",
    "?, ''",
    "**, ''",
    "?, ab",
    "[abc], d",
    "[a-c], -",
    "[^a-c], b",
    "[], a",
    "\\*, a",
    "*a*b, ba",
    "[abc]x, bd",
    "a[^b]c, ac",
    "[, [",
    "[]-a], ]-a]",
    "[]a], a",
  })
  void doesNotMatch(String pattern, String text) {
    assertThat(new Glob(bytes(pattern)).matches(bytes(text))).isFalse();
  }

  @Test
  void manyStarsDoNotExplode() {
    byte[] pattern = bytes("a*".repeat(50) + "b");
    byte[] text = bytes("a".repeat(10_000));

    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20), () -> assertThat(new Glob(pattern).matches(text)).isFalse());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }
}
