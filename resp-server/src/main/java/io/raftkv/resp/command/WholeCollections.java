package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.Reply.Shape;
import io.raftkv.storage.type.HashType;
import io.raftkv.storage.type.ListType;
import io.raftkv.storage.type.SetType;

/**
 * Replies with all of a hash or set, or a run of a list, which may be larger than memory: each
 * remembers the last element that it handed out, and looks it up again for the next portion.
 */
final class WholeCollections {
  private WholeCollections() {}

  /** Fields with their values. */
  static Reply fieldsAndValues(HashType hash) {
    return fields(
        hash, Shape.MAP, (taker, field, value) -> taker.take(Reply.bulk(field), Reply.bulk(value)));
  }

  /** Fields without their values. */
  static Reply fields(HashType hash) {
    return fields(hash, Shape.ARRAY, (taker, field, value) -> taker.take(Reply.bulk(field), null));
  }

  /** Values without their fields. */
  static Reply values(HashType hash) {
    return fields(hash, Shape.ARRAY, (taker, field, value) -> taker.take(Reply.bulk(value), null));
  }

  @FunctionalInterface
  private interface FieldReply {
    boolean give(Reply.ElementTaker taker, byte[] field, byte[] value);
  }

  private static Reply fields(HashType hash, Shape shape, FieldReply reply) {
    byte[][] last = new byte[1][];
    return new Reply.Streamed(
        shape,
        hash.size(),
        taker ->
            hash.forEachAfter(
                last[0],
                (field, value) -> {
                  last[0] = field;
                  return reply.give(taker, field, value);
                }));
  }

  static Reply members(SetType set) {
    byte[][] last = new byte[1][];
    return new Reply.Streamed(
        Shape.SET,
        set.size(),
        taker ->
            set.forEachAfter(
                last[0],
                member -> {
                  last[0] = member;
                  return taker.take(Reply.bulk(member), null);
                }));
  }

  /** The elements from one index to another, both included; indexes outside the list are cut. */
  static Reply elements(ListType list, long first, long last) {
    long from = Math.max(first, 0);
    long to = Math.min(last, list.size() - 1);
    if (from > to) { // before any count is made of them, which may overflow
      return Reply.EMPTY_ARRAY;
    }
    long[] next = {from};
    return new Reply.Streamed(
        Shape.ARRAY,
        to - from + 1,
        taker ->
            list.forEachFrom(
                next[0],
                element -> {
                  next[0]++;
                  return taker.take(Reply.bulk(element), null);
                }));
  }
}
