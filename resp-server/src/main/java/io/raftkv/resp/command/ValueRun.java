package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;

/**
 * Replies with a value for each of several words, which may be larger than memory: a value may be
 * asked for any number of times. If they are large the values are read one after another when they
 * are sent.
 */
final class ValueRun {
  /** From so many bytes on values are not held. */
  private static final long SHORT_BYTES = 256 * 1024;

  private ValueRun() {}

  /**
   * An array of values.
   *
   * @param value by its number, counted from 0 on; null if there is none
   * @param touch looks as {@code value} does whether what is asked for is due, so that this is
   *     known before the reply begins, see {@link io.raftkv.storage.Keyspace#sawDue}
   */
  static Reply of(int count, IntFunction<byte[]> value, IntConsumer touch) {
    List<Reply> few = new ArrayList<>();
    long bytes = 0;
    while (few.size() < count && bytes < SHORT_BYTES) {
      byte[] each = value.apply(few.size());
      bytes += each == null ? 0 : each.length;
      few.add(Reply.bulkOrNull(each));
    }
    if (few.size() == count) {
      return Reply.array(few);
    }
    for (int i = few.size(); i < count; i++) {
      touch.accept(i);
    }
    int[] next = {0};
    return new Reply.Streamed(
        Reply.Shape.ARRAY,
        count,
        taker -> {
          boolean wanted = true;
          while (wanted && next[0] < count) {
            wanted = taker.take(Reply.bulkOrNull(value.apply(next[0]++)), null);
          }
        });
  }
}
