package io.raftkv.resp.rdb;

import java.nio.charset.StandardCharsets;

/** Scores that are kept as text, as C prints doubles. */
final class ScoreText {
  private ScoreText() {}

  /**
   * @throws MalformedDumpException if the text is no number
   */
  static double parse(byte[] text) {
    String score = new String(text, StandardCharsets.ISO_8859_1);
    return switch (score) {
      case "inf", "+inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      default -> finite(score);
    };
  }

  /** Java's own grammar also has suffixes, hexadecimal digits, names and blanks. */
  private static double finite(String score) {
    for (int i = 0; i < score.length(); i++) {
      if ("0123456789+-.eE".indexOf(score.charAt(i)) < 0) {
        throw new MalformedDumpException("a score that is no number");
      }
    }
    try {
      return Double.parseDouble(score);
    } catch (NumberFormatException mistake) {
      throw new MalformedDumpException("a score that is no number");
    }
  }

  static double requireNumber(double score) {
    if (Double.isNaN(score)) {
      throw new MalformedDumpException("a score that is no number");
    }
    return score;
  }
}
