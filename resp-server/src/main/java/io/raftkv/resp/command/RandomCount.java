package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;

/**
 * The count of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER: negative ones ask for picks that may
 * repeat.
 */
final class RandomCount {
  /**
   * Most picks with repetition in one reply. Redis sets no bound and streams; a reply here is built
   * as a whole, and one call must not exhaust the node.
   */
  static final long MAX_REPEATED = 1 << 20;

  /** For the documentation of commands that pick at random. */
  static final String UNEVEN =
      "From a large collection some elements are picked up to a sixth more often than others.";

  /** For the documentation of those that take such a count. */
  static final String BOUNDED = "Counts below -1,048,576 are refused.";

  /** Of those that do both. */
  static final String DIFFERENCE = BOUNDED + " " + UNEVEN;

  private RandomCount() {}

  static long parse(Args args, int index) {
    long count = args.int64(index);
    if (count == Long.MIN_VALUE) {
      throw new CommandException(RespErrors.OUT_OF_RANGE_COUNT);
    }
    return count;
  }

  /** The number of picks that a negative count asks for. */
  static int repeated(long count) {
    if (count < -MAX_REPEATED) {
      throw new CommandException(RespErrors.OUT_OF_RANGE);
    }
    return (int) -count;
  }
}
