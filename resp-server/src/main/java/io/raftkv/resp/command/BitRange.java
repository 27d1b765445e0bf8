package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;

/**
 * The range that BITCOUNT and BITPOS may be told to keep to, as it was sent: negative numbers count
 * from the end of the string, in the unit of the range.
 *
 * @param last included; meaningless if not {@code hasLast}
 */
record BitRange(long first, long last, boolean hasLast, boolean inBits) {
  /** The whole string. */
  static final BitRange ALL = new BitRange(0, 0, false, false);

  /** BITCOUNT: nothing, or both ends and perhaps the unit. */
  static BitRange ofCount(Args args, int from) {
    int words = args.size() - from;
    if (words == 0) {
      return ALL;
    }
    if (words == 1 || words > 3) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    long first = args.int64(from);
    long last = args.int64(from + 1);
    return new BitRange(first, last, true, words == 3 && isInBits(args, from + 2));
  }

  /** BITPOS: nothing, the first end, or both and perhaps the unit. */
  static BitRange ofPosition(Args args, int from) {
    int words = args.size() - from;
    if (words == 0) {
      return ALL;
    }
    if (words > 3) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    long first = args.int64(from);
    boolean inBits = words == 3 && isInBits(args, from + 2); // Redis names this mistake first
    return words == 1
        ? new BitRange(first, 0, false, false)
        : new BitRange(first, args.int64(from + 1), true, inBits);
  }

  private static boolean isInBits(Args args, int index) {
    if (args.is(index, "BIT")) {
      return true;
    }
    if (args.is(index, "BYTE")) {
      return false;
    }
    throw new CommandException(RespErrors.SYNTAX);
  }

  /** True for ends that are both counted from the end of the string and in the wrong order. */
  boolean isBackward() {
    return hasLast && first < 0 && last < 0 && first > last;
  }

  /** The first bit of the range in a string of this many bits; may be behind {@link #lastBit}. */
  long firstBit(long size) {
    long units = inBits ? size : size / Byte.SIZE;
    // Nothing is behind the end: this keeps the product small, too.
    long start = Math.min(fromStart(first, units), units);
    return inBits ? start : start * Byte.SIZE;
  }

  /** The last bit of the range in a string of this many bits; -1 if the string is empty. */
  long lastBit(long size) {
    if (!hasLast) {
      return size - 1;
    }
    long units = inBits ? size : size / Byte.SIZE;
    long end = Math.min(fromStart(last, units), units - 1);
    return inBits ? end : end * Byte.SIZE + (Byte.SIZE - 1);
  }

  private static long fromStart(long position, long units) {
    return position < 0 ? Math.max(0, position + units) : position;
  }
}
