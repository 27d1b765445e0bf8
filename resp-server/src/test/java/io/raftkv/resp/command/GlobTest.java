package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.raftkv.storage.SeededRandom;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {
  private static boolean matches(String pattern, String text) {
    return new Glob(pattern.getBytes(StandardCharsets.ISO_8859_1))
        .matches(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "*, abc, true",
        "*, \"\", true",
        "**, \"\", false",
        "\"\", \"\", true",
        "\"\", a, false",
        "a, \"\", false",
        "abc, abc, true",
        "abc, abcd, false",
        "abcd, abc, false",
        "a*, a, true",
        "a**, a, true",
        "*a, a, true",
        "*a*, bab, true",
        "a*c, abbbc, true",
        "a*c, abbbd, false",
        "a*b*c, a1b2b3c, true",
        "*ab, aab, true",
        "?, a, true",
        "?, ab, false",
        "a?c, abc, true",
        "h[ae]llo, hello, true",
        "h[ae]llo, hillo, false",
        "h[^e]llo, hallo, true",
        "h[^e]llo, hello, false",
        "h[a-c]llo, hbllo, true",
        "h[c-a]llo, hbllo, true",
        "h[a-c]llo, hdllo, false",
        "[a-]x, -x, false",
        "[a\\]b]x, ]x, true",
        "[\\a]x, ax, true",
        "[]a]x, ax, false",
        "[]x, ax, false",
        "[^]x, ax, true",
        "[abc, b, true",
        "[abc, d, false",
        "[a-, -, true",
        "[, a, false",
        "[^, a, true",
        "[a-]x, _, true",
        "a\\*c, a*c, true",
        "a\\*c, abc, false",
        "a\\?, a?, true",
        "a\\\\, a\\, true",
        "a\\, a\\, true",
        "\\a, a, true",
        "*[0-9], key7, true",
        "*[0-9], key, false"
      })
  void matchesAsRedisDoes(String pattern, String text, boolean expected) {
    assertThat(matches(pattern, text)).as(pattern + " on " + text).isEqualTo(expected);
  }

  @Test
  void manyStarsTakeNoExponentialTime() {
    String text = "a".repeat(2000);
    assertTimeoutPreemptively(
        Duration.ofSeconds(10), () -> assertThat(matches("a*".repeat(200) + "b", text)).isFalse());
  }

  /** The obvious recursion over star, question mark and literals agrees, seed 7. */
  @Test
  void agreesWithTheObviousRecursion() {
    SeededRandom random = new SeededRandom(7);
    for (int i = 0; i < 20_000; i++) {
      String pattern = word(random, "ab*?", 7);
      String text = word(random, "ab", 8);
      if (!text.isEmpty()) {
        assertThat(matches(pattern, text))
            .as(pattern + " on " + text)
            .isEqualTo(obvious(pattern, text));
      }
    }
  }

  private static String word(SeededRandom random, String letters, int bound) {
    StringBuilder word = new StringBuilder();
    for (int n = random.nextInt(bound); n > 0; n--) {
      word.append(letters.charAt(random.nextInt(letters.length())));
    }
    return word.toString();
  }

  private static boolean obvious(String pattern, String text) {
    if (pattern.isEmpty()) {
      return text.isEmpty();
    }
    char first = pattern.charAt(0);
    if (first == '*') {
      return obvious(pattern.substring(1), text)
          || (!text.isEmpty() && obvious(pattern, text.substring(1)));
    }
    return !text.isEmpty()
        && (first == '?' || first == text.charAt(0))
        && obvious(pattern.substring(1), text.substring(1));
  }
}
