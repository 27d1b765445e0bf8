package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.KeyScan;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.SlotSet;
import io.raftkv.storage.row.KeyRows;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The reply of KEYS, which may be larger than memory: it remembers the position that it has come
 * to, and goes on there for the next portion.
 */
final class KeyRun {
  /** Matches are read once if they are no more than this, else counted first. */
  private static final int SHORT_KEYS = 512;

  private static final long SHORT_BYTES = 64 * 1024;

  private final Keyspace keys;
  private final Glob pattern;
  private final SlotSet slots;

  /** Of the position that the last portion ended at; they come with the next one. */
  private final ArrayDeque<byte[]> left = new ArrayDeque<>();

  private long position;

  private KeyRun(Keyspace keys, Glob pattern, SlotSet slots) {
    this.keys = keys;
    this.pattern = pattern;
    this.slots = slots;
  }

  static Reply run(Args args, Keyspace keys) {
    return run(args.bytes(1), keys, SlotSet.ALL);
  }

  /** The keys of some slots. */
  static Reply run(byte[] pattern, Keyspace keys, SlotSet slots) {
    KeyRun run = new KeyRun(keys, new Glob(pattern), slots);
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
    for (SlotSet.Range range : slots.ranges()) {
      long begin = Math.max(from, KeyScan.position(range.first(), 0));
      boolean[] goOn = {true};
      long next =
          KeyScan.live(
              keys,
              begin,
              range.last(),
              (row, header) -> {
                byte[] key = KeyRows.keyOf(row);
                if (pattern.matches(key)) {
                  goOn[0] &= taker.take(key);
                }
                return goOn[0];
              });
      if (!goOn[0]) {
        return next;
      }
    }
    return KeyScan.END;
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
