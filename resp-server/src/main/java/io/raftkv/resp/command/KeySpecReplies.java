package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import java.util.ArrayList;
import java.util.List;

/**
 * Key specifications as COMMAND INFO shows them. The table knows where keys are and whether the
 * command writes, not what it does to each key: a writing command is shown as reading and updating
 * all of its keys, which is the careful answer.
 */
final class KeySpecReplies {
  private KeySpecReplies() {}

  /** The specifications of all keys; none for a command without keys. */
  static Reply specs(CommandSpec spec) {
    KeySpec keys = spec.keys();
    List<Reply> specs = new ArrayList<>();
    if (keys.first() != 0) {
      specs.add(
          map(
              "flags",
              flags(spec, false),
              "begin_search",
              typed("index", map("index", Reply.integer(keys.first()))),
              "find_keys",
              typed("range", range(keys))));
    }
    if (keys.keyword() != null) {
      specs.add(
          map(
              "flags",
              flags(spec, false),
              "begin_search",
              typed(
                  "keyword",
                  map(
                      "keyword",
                      Reply.bulk(keys.keyword()),
                      "startfrom",
                      Reply.integer(keys.keywordFrom()))),
              "find_keys",
              typed("range", range(-1, 1, 2))));
    } else if (keys.isMovable()) {
      specs.add(
          map(
              "flags",
              flags(spec, true),
              "begin_search",
              typed("unknown", map()),
              "find_keys",
              typed("unknown", map())));
    }
    return Reply.set(specs);
  }

  /** What the command does to its keys. {@code incomplete}: COMMAND GETKEYS knows more. */
  static Reply flags(CommandSpec spec, boolean incomplete) {
    List<Reply> flags = new ArrayList<>();
    switch (spec.access()) {
      case WRITE -> {
        flags.add(Reply.simple("RW"));
        flags.add(Reply.simple("access"));
        flags.add(Reply.simple("update"));
      }
      case READ, LOCAL -> {
        flags.add(Reply.simple("RO"));
        flags.add(Reply.simple("access"));
      }
    }
    if (incomplete) {
      flags.add(Reply.simple("incomplete"));
    }
    return Reply.set(flags);
  }

  /** The last key counts from the first one, unless it counts from the end. */
  private static Reply range(KeySpec keys) {
    int last = keys.last() < 0 ? keys.last() : keys.last() - keys.first();
    return range(last, keys.step(), 0);
  }

  /** With a limit of 2 the keys are the first half of the words. */
  private static Reply range(int last, int step, int limit) {
    return map(
        "lastkey",
        Reply.integer(last),
        "keystep",
        Reply.integer(step),
        "limit",
        Reply.integer(limit));
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
