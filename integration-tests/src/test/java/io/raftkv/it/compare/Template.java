package io.raftkv.it.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The form of a command, from which random commands are drawn.
 *
 * <pre>
 *   SET              the word itself
 *   &lt;key&gt;            a random word of this kind, or several: see {@link Draw}
 *   [ NX | XX ]      one of the alternatives, or nothing
 *   ( MIN | MAX )    one of the alternatives
 *   ( … )+           once to four times, each drawn anew
 *   ( … )*           up to three times
 *   ( … )x200        so many times
 *   ''               the empty word
 * </pre>
 *
 * Brackets are words of their own, with blanks around them.
 */
final class Template {
  private static final Pattern TIMES = Pattern.compile("\\)x([0-9]+)");
  private static final int MOST_REPEATS = 4;

  private interface Part {
    void draw(Draw draw, List<String> words);
  }

  private final String[] tokens;
  private final Part whole;
  private int next;

  private Template(String text) {
    tokens = text.strip().split(" +", -1);
    whole = sequence();
    if (next < tokens.length) {
      throw new IllegalArgumentException("unexpected " + tokens[next] + " in: " + text);
    }
  }

  static Template parse(String text) {
    return new Template(text);
  }

  /** The first word, in upper case. */
  String command() {
    return tokens[0];
  }

  List<String> draw(Draw draw) {
    List<String> words = new ArrayList<>();
    whole.draw(draw, words);
    return words;
  }

  /** Parts up to a closing bracket, a bar or the end. */
  private Part sequence() {
    List<Part> parts = new ArrayList<>();
    while (next < tokens.length && !tokens[next].equals("|") && !isClosing(tokens[next])) {
      parts.add(part());
    }
    return (draw, words) -> parts.forEach(part -> part.draw(draw, words));
  }

  private static boolean isClosing(String token) {
    return token.startsWith(")") || token.equals("]");
  }

  private Part part() {
    String token = tokens[next++];
    if (token.equals("(") || token.equals("[")) {
      return bracket(token.equals("["));
    }
    if (token.startsWith("<") && token.endsWith(">")) {
      Draw.Kind kind = Draw.kind(token.substring(1, token.length() - 1));
      return (draw, words) -> kind.draw(draw, words);
    }
    String word = token.equals("''") ? "" : token;
    return (draw, words) -> words.add(word);
  }

  private Part bracket(boolean optional) {
    List<Part> alternatives = new ArrayList<>();
    alternatives.add(sequence());
    while (next < tokens.length && tokens[next].equals("|")) {
      next++;
      alternatives.add(sequence());
    }
    if (next == tokens.length) {
      throw new IllegalArgumentException("missing bracket in: " + String.join(" ", tokens));
    }
    String closing = tokens[next++];
    Part one = (draw, words) -> draw.oneOf(alternatives).draw(draw, words);
    if (optional) {
      requireClosing("]", closing);
      return (draw, words) -> repeat(one, draw.below(2), draw, words);
    }
    Matcher times = TIMES.matcher(closing);
    if (times.matches()) {
      int count = Integer.parseInt(times.group(1));
      return (draw, words) -> repeat(one, count, draw, words);
    }
    if (closing.equals(")+")) {
      return (draw, words) -> repeat(one, 1 + draw.below(MOST_REPEATS), draw, words);
    }
    if (closing.equals(")*")) {
      return (draw, words) -> repeat(one, draw.below(MOST_REPEATS), draw, words);
    }
    requireClosing(")", closing);
    return one;
  }

  private static void requireClosing(String expected, String found) {
    if (!expected.equals(found)) {
      throw new IllegalArgumentException("expected " + expected + ", found " + found);
    }
  }

  private static void repeat(Part part, int times, Draw draw, List<String> words) {
    for (int i = 0; i < times; i++) {
      part.draw(draw, words);
    }
  }
}
