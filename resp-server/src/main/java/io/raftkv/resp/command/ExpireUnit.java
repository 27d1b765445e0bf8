package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;

/** The ways to say when a key dies; the names are the options of SET and GETEX. */
enum ExpireUnit {
  EX(true, 1000),
  PX(true, 1),
  EXAT(false, 1000),
  PXAT(false, 1);

  /** Redis has 46 bits for the deadline of a field: until the year 4199. */
  private static final long LAST_OF_FIELDS = (1L << 46) - 1;

  private final boolean relative;
  private final long millis;

  ExpireUnit(boolean relative, long millis) {
    this.relative = relative;
    this.millis = millis;
  }

  /** The unit whose name the word is, in any case; null if it is none. */
  static ExpireUnit named(Args args, int index) {
    for (ExpireUnit unit : values()) {
      if (args.is(index, unit.name())) {
        return unit;
      }
    }
    return null;
  }

  /** True if the time is an absolute one. */
  boolean isAbsolute() {
    return !relative;
  }

  /**
   * When a key dies, in milliseconds since the epoch, as EXPIRE and its like take it: numbers below
   * zero are times in the past.
   */
  long deadline(Args args, int index, Keyspace keys) {
    long value = args.int64(index);
    if (value > Long.MAX_VALUE / millis || value < Long.MIN_VALUE / millis) {
      throw invalid(args);
    }
    long deadline = value * millis;
    if (relative) {
      if (deadline > Long.MAX_VALUE - keys.timeMillis()) {
        throw invalid(args);
      }
      deadline += keys.timeMillis();
    }
    // The largest number of all means "never" in the store.
    return Math.min(deadline, MetaRow.NO_EXPIRY - 1);
  }

  /** As {@link #deadline}, as SET and its like take it: the number must be positive. */
  long positiveDeadline(Args args, int index, Keyspace keys) {
    if (args.int64(index) <= 0) {
      throw invalid(args);
    }
    return deadline(args, index, keys);
  }

  /**
   * When a hash field dies, in milliseconds since the epoch, as HEXPIRE and its like take it: the
   * number is not negative, and there is a latest time.
   */
  long fieldDeadline(Args args, int index, Keyspace keys) {
    long value = args.int64(index);
    if (value < 0) {
      throw new CommandException(RespErrors.EXPIRE_NEGATIVE);
    }
    long since = relative ? keys.timeMillis() : 0;
    if (value > LAST_OF_FIELDS / millis || value * millis > LAST_OF_FIELDS - since) {
      throw invalid(args);
    }
    return since + value * millis;
  }

  private static CommandException invalid(Args args) {
    return new CommandException(RespErrors.invalidExpire(args.text(0)));
  }
}
