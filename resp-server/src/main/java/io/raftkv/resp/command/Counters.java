package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.StringType;

/** INCR and its like: numbers kept as text under a key. */
final class Counters {
  /** No text of a number is longer; to see that, a long string need not be read. */
  private static final int MAX_NUMBER_BYTES = 5 << 10;

  private Counters() {}

  static Reply decrBy(Args args, Keyspace keys) {
    long delta = args.int64(2);
    if (delta == Long.MIN_VALUE) { // has no positive twin
      throw new CommandException(RespErrors.DECREMENT_OVERFLOW);
    }
    return add(args, keys, -delta);
  }

  static Reply add(Args args, Keyspace keys, long delta) {
    StringType string = string(args, keys);
    byte[] stored = number(string, RespErrors.NOT_INTEGER);
    long before = stored == null ? 0 : Numbers.parseLong(stored, RespErrors.NOT_INTEGER);
    long after = before + delta;
    if (((before ^ after) & (delta ^ after)) < 0) {
      throw new CommandException(RespErrors.OVERFLOW);
    }
    string.update(Numbers.format(after));
    return Reply.integer(after);
  }

  static Reply incrByFloat(Args args, Keyspace keys) {
    StringType string = string(args, keys);
    byte[] stored = number(string, RespErrors.NOT_FLOAT);
    LongDouble sum = LongDouble.parse(args.bytes(2), RespErrors.NOT_FLOAT);
    if (stored != null) {
      sum = LongDouble.parse(stored, RespErrors.NOT_FLOAT).plus(sum);
    }
    if (!sum.isFinite()) {
      throw new CommandException(RespErrors.NAN_OR_INFINITY);
    }
    byte[] text = sum.format();
    string.update(text);
    return Reply.bulk(text);
  }

  private static byte[] number(StringType string, String error) {
    if (string.length() > MAX_NUMBER_BYTES) {
      throw new CommandException(error);
    }
    return string.get();
  }

  private static StringType string(Args args, Keyspace keys) {
    return new StringType(keys.key(args.bytes(1)));
  }
}
