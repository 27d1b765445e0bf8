package io.raftkv.meta;

import java.util.Comparator;
import java.util.regex.Pattern;

/** Names of nodes, shards and jobs: their form and their order. */
final class Ids {
  /**
   * Numbers inside a name count as numbers: s2 before s10. Total and consistent with equals, so
   * every replica walks a map in the same order.
   */
  static final Comparator<String> NATURAL = Ids::compare;

  private static final Pattern NODE_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final int MAX_DIGITS = 10;

  private Ids() {}

  static String requireNodeId(String id) {
    if (!NODE_ID.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "node id '" + id + "' must be 1 to 64 letters, digits, '.', '_' or '-'");
    }
    return id;
  }

  static long shardNumber(String id) {
    return number("shard", 's', id);
  }

  /** Inverse of {@link #shardNumber}. */
  static String shardId(long number) {
    return "s" + number;
  }

  static long jobNumber(String id) {
    return number("job", 'j', id);
  }

  /**
   * The number after the prefix: at least 1, without leading zeros, so that one id has one form.
   */
  private static long number(String kind, char prefix, String id) {
    boolean wellFormed =
        id.length() >= 2
            && id.length() <= 1 + MAX_DIGITS
            && id.charAt(0) == prefix
            && id.charAt(1) != '0'
            && id.chars().skip(1).allMatch(Ids::isDigit);
    if (!wellFormed) {
      throw new IllegalArgumentException(
          kind + " id '" + id + "' must be '" + prefix + "' and a number from 1");
    }
    return Long.parseLong(id, 1, id.length(), 10);
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  private static int compare(String a, String b) {
    int i = 0;
    int j = 0;
    while (i < a.length() && j < b.length()) {
      if (isDigit(a.charAt(i)) && isDigit(b.charAt(j))) {
        int endA = endOfDigits(a, i);
        int endB = endOfDigits(b, j);
        int byValue = compareDigits(a, i, endA, b, j, endB);
        if (byValue != 0) {
          return byValue;
        }
        i = endA;
        j = endB;
      } else if (a.charAt(i) != b.charAt(j)) {
        return Character.compare(a.charAt(i), b.charAt(j));
      } else {
        i++;
        j++;
      }
    }
    int byRest = Integer.compare(a.length() - i, b.length() - j);
    return byRest != 0 ? byRest : a.compareTo(b);
  }

  private static int endOfDigits(String text, int from) {
    int end = from;
    while (end < text.length() && isDigit(text.charAt(end))) {
      end++;
    }
    return end;
  }

  private static int compareDigits(String a, int fromA, int endA, String b, int fromB, int endB) {
    int i = skipZeros(a, fromA, endA);
    int j = skipZeros(b, fromB, endB);
    if (endA - i != endB - j) {
      return Integer.compare(endA - i, endB - j);
    }
    for (; i < endA; i++, j++) {
      if (a.charAt(i) != b.charAt(j)) {
        return Character.compare(a.charAt(i), b.charAt(j));
      }
    }
    return 0;
  }

  private static int skipZeros(String text, int from, int end) {
    int start = from;
    while (start < end && text.charAt(start) == '0') {
      start++;
    }
    return start;
  }
}
