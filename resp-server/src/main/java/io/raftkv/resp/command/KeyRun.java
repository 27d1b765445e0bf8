package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.KeyScan;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.Slot;
import io.raftkv.storage.row.KeyRows;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The reply of KEYS, which may be larger than memory: it remembers the position that it has come
 * to, and goes on there for the next portion.
 */
final class KeyRun {
  private static final int LAST_SLOT = Slot.COUNT - 1;

  /** Matches are read once if they are no more than this, else counted first. */
  private static final int SHORT_KEYS = 512;

  private static final long SHORT_BYTES = 64 * 1024;

  private final Keyspace keys;
  private final Glob pattern;

  /** Of the position that the last portion ended at; they come with the next one. */
  private final ArrayDeque<byte[]> left = new ArrayDeque<>();

  private long position;

  private KeyRun(Keyspace keys, Glob pattern) {
    this.keys = keys;
    this.pattern = pattern;
  }

  static Reply run(Args args, Keyspace keys) {
    KeyRun run = new KeyRun(keys, new Glob(args.bytes(1)));
    List<byte[]> few = run.few();
    return few != null
        ? Reply.bulks(few)
        : new Reply.Streamed(Reply.Shape.ARRAY, run.count(), run::next);
  }

  @FunctionalInterface
  private interface Taker {
    /** Returns whether to go on. */
    boolean take(byte[] key);
  }

  /** Returns where to go on. */
  private long matching(long from, Taker taker) {
    return KeyScan.live(
        keys,
        from,
        LAST_SLOT,
        (row, header) -> {
          byte[] key = KeyRows.keyOf(row);
          return !pattern.matches(key) || taker.take(key);
        });
  }

  /** All matches, or null if they are many. */
  private List<byte[]> few() {
    List<byte[]> few = new ArrayList<>();
    long[] bytes = {0};
    matching(
        0,
        key -> {
          few.add(key);
          bytes[0] += key.length;
          return few.size() <= SHORT_KEYS && bytes[0] <= SHORT_BYTES;
        });
    return few.size() <= SHORT_KEYS && bytes[0] <= SHORT_BYTES ? few : null;
  }

  private long count() {
    long[] count = {0};
    matching(
        0,
        key -> {
          count[0]++;
          return true;
        });
    return count[0];
  }

  private void next(Reply.ElementTaker taker) {
    boolean wanted = true;
    while (wanted && !left.isEmpty()) {
      wanted = taker.take(Reply.bulk(left.poll()), null);
    }
    if (!wanted) {
      return;
    }
    boolean[] goOn = {true};
    position =
        matching(
            position,
            key -> {
              if (goOn[0]) {
                goOn[0] = taker.take(Reply.bulk(key), null);
              } else {
                left.add(key);
              }
              return goOn[0];
            });
  }
}
