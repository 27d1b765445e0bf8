package io.raftkv.server;

import java.util.List;

/** "Did you mean …?" for a name that does not exist. */
final class Suggestion {
  private static final int MIN_DISTANCE = 2;
  private static final int LETTERS_PER_MISTAKE = 4;

  private Suggestion() {}

  /** A phrase to put behind the unknown name; empty if nothing is near enough. */
  static String of(String unknown, List<String> known) {
    String best = null;
    int bestDistance = Math.max(MIN_DISTANCE, unknown.length() / LETTERS_PER_MISTAKE) + 1;
    for (String name : known) {
      int distance = distance(unknown, name);
      if (distance < bestDistance) {
        best = name;
        bestDistance = distance;
      }
    }
    return best == null ? "" : ", did you mean " + best + "?";
  }

  /** Levenshtein's: the fewest letters put in, left out or replaced. */
  private static int distance(String from, String to) {
    int[] previous = new int[to.length() + 1];
    int[] current = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      current[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = previous[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
      }
      int[] swap = previous;
      previous = current;
      current = swap;
    }
    return previous[to.length()];
  }
}
