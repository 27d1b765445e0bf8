package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What is known about streams, groups and consumers, but for times, the shape of Redis' radix tree,
 * facts that only a later Redis tells, and consumers that have nothing.
 */
final class StreamFacts implements Rule {
  private static final RawReply MASKED = new RawReply('*', "masked", null);
  private static final Set<String> MASKS =
      Set.of("idle", "seen-time", "radix-tree-keys", "radix-tree-nodes");
  private static final Set<String> NEWER = Set.of("inactive", "active-time");
  private static final String CONSUMERS = "consumers";

  /** Milliseconds since 1970 have more digits; nothing else that is compared here has. */
  private static final int DIGITS_OF_TIMES = 12;

  private static final int IDLE_OF_PENDING = 2;
  private static final int WORDS_OF_SUMMARY = 3;

  @Override
  public boolean agree(List<String> words, RawReply redis, RawReply raftkv) {
    return facts(words, redis).equals(facts(words, raftkv));
  }

  private static RawReply facts(List<String> words, RawReply reply) {
    String command = words.get(0).toUpperCase(Locale.ROOT);
    if (command.equals("XPENDING")) {
      return words.size() > WORDS_OF_SUMMARY ? withoutIdle(reply) : reply;
    }
    boolean consumers = words.get(1).equalsIgnoreCase("CONSUMERS");
    return consumers ? ofConsumers(reply) : masked(reply);
  }

  private static RawReply withoutIdle(RawReply entries) {
    return each(
        entries,
        entry -> {
          List<RawReply> items = new ArrayList<>(entry.items());
          items.set(IDLE_OF_PENDING, MASKED);
          return new RawReply(entry.kind(), null, items);
        });
  }

  private static RawReply each(RawReply list, UnaryOperator<RawReply> change) {
    return list.items() == null
        ? list
        : new RawReply(list.kind(), null, list.items().stream().map(change).toList());
  }

  private static RawReply masked(RawReply reply) {
    if (reply.items() == null) {
      boolean time =
          reply.kind() == ':' && reply.text() != null && reply.text().length() > DIGITS_OF_TIMES;
      return time ? MASKED : reply;
    }
    List<RawReply> items = new ArrayList<>();
    for (int i = 0; i < reply.items().size(); i++) {
      RawReply item = reply.items().get(i);
      boolean named = item.kind() == '$' && item.text() != null && i + 1 < reply.items().size();
      if (named && NEWER.contains(item.text())) {
        i++;
      } else if (named && MASKS.contains(item.text())) {
        items.add(item);
        items.add(MASKED);
        i++;
      } else if (named && CONSUMERS.equals(item.text())) {
        items.add(item);
        items.add(ofConsumers(reply.items().get(++i)));
      } else {
        items.add(masked(item));
      }
    }
    return new RawReply(reply.kind() == '%' ? '*' : reply.kind(), null, items);
  }

  /** A number of them, or each with what is known about it. */
  private static RawReply ofConsumers(RawReply consumers) {
    if (consumers.items() == null) {
      return MASKED;
    }
    List<RawReply> busy =
        consumers.items().stream()
            .filter(StreamFacts::hasSomething)
            .map(StreamFacts::masked)
            .sorted(Comparator.comparing(RawReply::whole))
            .toList();
    return new RawReply('*', null, busy);
  }

  private static boolean hasSomething(RawReply consumer) {
    List<RawReply> items = consumer.items();
    for (int i = 0; i + 1 < items.size(); i++) {
      String name = items.get(i).text();
      if ("pending".equals(name) || "pel-count".equals(name)) {
        RawReply value = items.get(i + 1);
        return value.items() == null ? !"0".equals(value.text()) : !value.items().isEmpty();
      }
    }
    return true;
  }
}
