package io.raftkv.it.cluster;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A reply as it came over the wire. Nothing is lost in it but the form of numbers in headers, which
 * has to be the shortest: two equal replies were sent as the same bytes.
 *
 * @param kind the first byte, such as {@code $}
 * @param text the rest of the line, or the bytes of a bulk string; null for {@code $-1} and {@code
 *     *-1} and for replies with items
 * @param items what an array, set, map or push holds, keys and values of a map in turn; else null
 */
public record RawReply(char kind, String text, List<RawReply> items) {
  private static final int MAX_SHOWN = 400;
  private static final Pattern PLAIN_WORD = Pattern.compile("[!-~&&[^\"\\\\']]+");

  public boolean isError() {
    return kind == '-' || kind == '!';
  }

  public boolean isNull() {
    return kind == '_' || (text == null && items == null);
  }

  /** All strings and numbers in it, in order. */
  public List<RawReply> leaves() {
    if (items == null) {
      return List.of(this);
    }
    List<RawReply> leaves = new ArrayList<>();
    items.forEach(item -> leaves.addAll(item.leaves()));
    return leaves;
  }

  /** The Java value that {@link RespConnection#read} describes. */
  Object value() {
    return switch (kind) {
      case '-', '!' -> new RespError(text);
      case ':' -> Long.valueOf(text);
      case ',' -> parseDouble(text);
      case '#' -> text.equals("t");
      case '_' -> null;
      case '*', '~', '>' -> items == null ? null : listValue();
      case '%' -> mapValue();
      default -> text;
    };
  }

  private List<Object> listValue() {
    List<Object> values = new ArrayList<>();
    items.forEach(item -> values.add(item.value()));
    return values;
  }

  private Map<Object, Object> mapValue() {
    Map<Object, Object> values = new LinkedHashMap<>();
    for (int i = 0; i < items.size(); i += 2) {
      values.put(items.get(i).value(), items.get(i + 1).value());
    }
    return values;
  }

  private static Double parseDouble(String text) {
    return switch (text) {
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      case "nan" -> Double.NaN;
      default -> Double.valueOf(text);
    };
  }

  /** The reply for people: {@code *[$'a' :1]}, nulls as {@code $-1}; long ones are cut. */
  @Override
  public String toString() {
    String whole = whole();
    return whole.length() <= MAX_SHOWN
        ? whole
        : whole.substring(0, MAX_SHOWN) + "… (" + whole.length() + " characters)";
  }

  /** As {@link #toString}, however long. */
  public String whole() {
    if (items != null) {
      return kind + items.stream().map(RawReply::whole).collect(joining(" ", "[", "]"));
    }
    if (text == null) {
      return kind + "-1";
    }
    return kind == '$' || kind == '=' ? kind + quote(text) : kind + text;
  }

  /** A word as it could be typed into redis-cli. */
  public static String quote(String word) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c > '~') {
        out.append(String.format("\\x%02x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  /** A command as it could be typed into redis-cli. */
  public static String quoteAll(List<String> words) {
    return words.stream()
        .map(word -> PLAIN_WORD.matcher(word).matches() ? word : quote(word))
        .collect(joining(" "));
  }
}
