package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import java.util.ArrayList;
import java.util.List;

/** Key specifications as COMMAND INFO shows them: where keys are, and what is done to them. */
final class KeySpecReplies {
  private static final Reply UNKNOWN = typed("unknown", map());

  private static final Reply KEYS_BEHIND_THEIR_NUMBER =
      typed("keynum", map("keynumidx", Reply.ZERO, "firstkey", Reply.ONE, "keystep", Reply.ONE));

  private KeySpecReplies() {}

  /** The specifications of all keys; none for a command without keys. */
  static Reply specs(CommandSpec spec) {
    KeySpec keys = spec.keys();
    KeyUses uses = KeyUses.of(spec);
    List<Reply> specs = new ArrayList<>();
    if (keys.first() != 0) {
      boolean divided = uses.isSplit() && !keys.isMovable();
      int first = keys.first();
      int lastOfFirst = divided ? first : keys.last();
      specs.add(spec(uses.first(), index(first), range(first, lastOfFirst, keys.step())));
      if (divided) {
        Reply others = range(first + 1, keys.last(), keys.step());
        specs.add(spec(uses.others(), index(first + 1), others));
      }
    }
    if (keys.keyword() != null) {
      specs.add(
          spec(uses.others(), keyword(keys.keyword(), keys.keywordFrom()), rangeOf(-1, 1, 2)));
    } else if (keys.countAt() != 0) {
      specs.add(spec(uses.others(), index(keys.countAt()), KEYS_BEHIND_THEIR_NUMBER));
    } else if (keys.isMovable()) {
      specs.add(spec(uses.others(), UNKNOWN, UNKNOWN));
    }
    return Reply.set(specs);
  }

  private static Reply spec(List<String> use, Reply beginSearch, Reply findKeys) {
    return map("flags", flags(use), "begin_search", beginSearch, "find_keys", findKeys);
  }

  /** What is done to a key. */
  static Reply flags(List<String> use) {
    return Reply.set(use.stream().<Reply>map(Reply::simple).toList());
  }

  private static Reply index(int index) {
    return typed("index", map("index", Reply.integer(index)));
  }

  private static Reply keyword(String keyword, int startFrom) {
    return typed(
        "keyword", map("keyword", Reply.bulk(keyword), "startfrom", Reply.integer(startFrom)));
  }

  /** The last key counts from the first one, unless it counts from the end. */
  private static Reply range(int first, int last, int step) {
    return rangeOf(last < 0 ? last : last - first, step, 0);
  }

  /** With a limit of 2 the keys are the first half of the words. */
  private static Reply rangeOf(int last, int step, int limit) {
    return typed(
        "range",
        map(
            "lastkey",
            Reply.integer(last),
            "keystep",
            Reply.integer(step),
            "limit",
            Reply.integer(limit)));
  }

  private static Reply typed(String type, Reply spec) {
    return map("type", Reply.bulk(type), "spec", spec);
  }

  private static Reply map(Object... namesAndReplies) {
    List<Reply> items = new ArrayList<>(namesAndReplies.length);
    for (Object item : namesAndReplies) {
      items.add(item instanceof Reply reply ? reply : Reply.bulk((String) item));
    }
    return Reply.map(items);
  }
}
