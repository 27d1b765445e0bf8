package io.raftkv.resp.command;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The bytes of a reply, taken apart: two are equal if their bytes are, and can be compared without
 * the order of what has none.
 *
 * @param head type and, for what has no items, content
 */
record ReplyTree(String head, List<ReplyTree> items) {
  /** The one reply that these bytes are, each byte one character. */
  static ReplyTree of(String reply) {
    Reader reader = new Reader(reply);
    ReplyTree tree = reader.next();
    if (reader.at != reader.text.length()) {
      throw new IllegalArgumentException("bytes behind the reply: " + reader.text);
    }
    return tree;
  }

  private static final class Reader {
    private final String text;
    private int at;

    private Reader(String text) {
      this.text = text;
    }

    private ReplyTree next() {
      int end = text.indexOf("\r\n", at);
      String line = text.substring(at, end);
      at = end + 2;
      return switch (line.charAt(0)) {
        case '$', '=', '!' -> bulk(line);
        case '*', '~', '>' -> aggregate(line, 1);
        case '%' -> aggregate(line, 2);
        default -> new ReplyTree(line, List.of());
      };
    }

    private ReplyTree bulk(String line) {
      int length = Integer.parseInt(line.substring(1));
      if (length < 0) {
        return new ReplyTree(line, List.of());
      }
      String content = text.substring(at, at + length);
      at += length + 2;
      return new ReplyTree(line.charAt(0) + content, List.of());
    }

    private ReplyTree aggregate(String line, int itemsPerEntry) {
      List<ReplyTree> items = new ArrayList<>();
      int count = itemsPerEntry * Integer.parseInt(line.substring(1));
      for (int i = 0; i < count; i++) {
        items.add(next());
      }
      return new ReplyTree(line, items);
    }
  }

  /** The same with the items of every aggregate in the order of their text. */
  ReplyTree unordered() {
    List<ReplyTree> sorted = new ArrayList<>(items.stream().map(ReplyTree::unordered).toList());
    Collections.sort(sorted, (a, b) -> a.toString().compareTo(b.toString()));
    return new ReplyTree(head, sorted);
  }

  /** The number that an integer reply is. */
  long number() {
    return Long.parseLong(head.substring(1));
  }

  boolean isNumber() {
    return head.charAt(0) == ':';
  }

  boolean isError() {
    return head.charAt(0) == '-' || head.charAt(0) == '!';
  }

  /** What a simple or bulk string says. */
  String text() {
    return head.substring(1);
  }

  @Override
  public String toString() {
    return items.isEmpty()
        ? head
        : head + items.stream().map(ReplyTree::toString).collect(Collectors.joining(" ", "[", "]"));
  }
}
