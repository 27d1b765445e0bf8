package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;

/**
 * The arguments of LMPOP and ZMPOP: {@code numkeys key … start|end [COUNT count]}.
 *
 * @param firstKey where the first key is
 * @param keys how many keys there are
 * @param fromStart whether to pop from the start, as the list's head or the lowest score
 * @param count how many elements to pop at most
 */
record MultiPop(int firstKey, int keys, boolean fromStart, long count) {
  /** Reads the arguments; {@code start} and {@code end} are the words for the two ends. */
  static MultiPop parse(Args args, String start, String end) {
    long keys = args.int64(1, 1, Long.MAX_VALUE, RespErrors.NUMKEYS_NOT_POSITIVE);
    if (keys > args.size() - 3) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    int endAt = 2 + (int) keys;
    boolean fromStart = args.is(endAt, start);
    if (!fromStart && !args.is(endAt, end)) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    long count = 1;
    if (args.size() > endAt + 1) {
      if (args.size() == endAt + 2 || !args.is(endAt + 1, "COUNT")) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      count = args.int64(endAt + 2, 1, Long.MAX_VALUE, RespErrors.COUNT_NOT_POSITIVE);
      if (args.size() > endAt + 3) {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    return new MultiPop(2, (int) keys, fromStart, count);
  }
}
