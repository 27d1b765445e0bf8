package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Replies as short text for tests: {@code OK}, {@code -ERR …}, {@code :1}, {@code 'bulk'}, {@code
 * nil}, {@code ['a' :1]}, {@code {'k'='v'}}, a set {@code ~['a']}, pairs {@code <'a'='b'>}.
 */
final class ReplyText {
  private ReplyText() {}

  static String of(Reply reply) {
    return of(reply, false);
  }

  /** As {@link #of}, with the items of the reply in the order of their text. */
  static String sorted(Reply reply) {
    return of(reply, true);
  }

  private static String of(Reply reply, boolean sorted) {
    if (reply instanceof Reply.Simple simple) {
      return simple.text();
    } else if (reply instanceof Reply.Failure failure) {
      return "-" + failure.line();
    } else if (reply instanceof Reply.Int integer) {
      return ":" + integer.value();
    } else if (reply instanceof Reply.Bulk bulk) {
      return "'" + new String(bulk.bytes(), StandardCharsets.ISO_8859_1) + "'";
    } else if (reply instanceof Reply.Null) {
      return "nil";
    } else if (reply instanceof Reply.Array array) {
      return "[" + items(array.items(), sorted) + "]";
    } else if (reply instanceof Reply.SetOf set) {
      return "~[" + items(set.items(), sorted) + "]";
    } else if (reply instanceof Reply.MapOf map) {
      return "{" + pairs(map.keysAndValues(), sorted) + "}";
    } else if (reply instanceof Reply.MapOfPairs map) {
      return "{" + pairs(map.keysAndValues(), sorted) + "}";
    } else if (reply instanceof Reply.Pairs pairs) {
      return "<" + pairs(pairs.firstsAndSeconds(), sorted) + ">";
    }
    throw new IllegalArgumentException("unexpected " + reply);
  }

  private static String items(List<Reply> items, boolean sorted) {
    List<String> texts = new ArrayList<>();
    items.forEach(item -> texts.add(of(item, sorted)));
    return join(texts, sorted);
  }

  private static String pairs(List<Reply> items, boolean sorted) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < items.size(); i += 2) {
      texts.add(of(items.get(i)) + "=" + of(items.get(i + 1)));
    }
    return join(texts, sorted);
  }

  private static String join(List<String> texts, boolean sorted) {
    if (sorted) {
      Collections.sort(texts);
    }
    return String.join(" ", texts);
  }
}
