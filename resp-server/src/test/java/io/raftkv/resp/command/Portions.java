package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import java.util.ArrayList;
import java.util.List;

/** Collects replies that are made in portions: small ones, so that every test resumes often. */
final class Portions {
  private static final int ELEMENTS = 3;

  private Portions() {}

  /** The same reply of an ordinary kind. */
  static Reply collect(Reply reply) {
    if (!(reply instanceof Reply.Streamed uncounted)) {
      return reply;
    }
    Reply.Streamed streamed = uncounted.counted();
    List<Reply> items = new ArrayList<>();
    while (items.size() < streamed.itemCount()) {
      int before = items.size();
      int[] taken = {0};
      streamed
          .elements()
          .next(
              (first, second) -> {
                assertThat(second != null).isEqualTo(streamed.shape().isPaired());
                items.add(first);
                if (second != null) {
                  items.add(collect(second));
                }
                return ++taken[0] < ELEMENTS && items.size() < streamed.itemCount();
              });
      assertThat(items)
          .as("the reply of %d elements goes on", streamed.count())
          .hasSizeGreaterThan(before);
    }
    assertThat(items).hasSize((int) streamed.itemCount());
    return switch (streamed.shape()) {
      case ARRAY -> Reply.array(items);
      case SET -> Reply.set(items);
      case MAP -> Reply.map(items);
      case PAIRS -> Reply.pairs(items);
      case MAP_OF_PAIRS -> Reply.mapOfPairs(items);
    };
  }
}
