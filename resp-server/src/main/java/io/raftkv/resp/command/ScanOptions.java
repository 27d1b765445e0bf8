package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Cursor and options of the commands that scan a collection.
 *
 * @param match pattern of the elements to answer, or null for all
 * @param count how many elements to look at in one call, about
 * @param noValues answer the fields of a hash alone
 */
record ScanOptions(Glob match, long count, boolean noValues) {
  private static final long DEFAULT_COUNT = 10;

  /** A page is made in memory, and a count is a hint. */
  private static final long MAX_COUNT = 1 << 18;

  /** One call of a scan over a collection. */
  @FunctionalInterface
  interface Walk {
    /**
     * Adds to {@code found} the replies for elements that the options let through.
     *
     * @return where to go on, 0 at the end
     */
    long from(long cursor, ScanOptions options, List<Reply> found);
  }

  /**
   * Runs HSCAN, SSCAN or ZSCAN.
   *
   * @param walkOf looks at the key, which has to be of the command's type
   */
  static Reply scan(
      Args args, Keyspace keys, boolean mayOmitValues, Function<KeyHandle, Walk> walkOf) {
    long cursor = cursor(args, 2);
    KeyHandle key = keys.key(args.bytes(1));
    Walk walk = walkOf.apply(key);
    if (!key.exists()) {
      return page(0, List.of()); // as Redis, whatever the options
    }
    List<Reply> found = new ArrayList<>();
    long next = walk.from(cursor, parse(args, 3, mayOmitValues), found);
    return page(next, found);
  }

  /** Reads the options from the word {@code from} on. */
  static ScanOptions parse(Args args, int from, boolean mayOmitValues) {
    Glob match = null;
    long count = DEFAULT_COUNT;
    boolean noValues = false;
    for (int i = from; i < args.size(); i++) {
      boolean hasArgument = i + 1 < args.size();
      if (args.is(i, "COUNT") && hasArgument) {
        long asked = args.int64(++i);
        if (asked < 1) {
          throw new CommandException(RespErrors.SYNTAX);
        }
        count = Math.min(asked, MAX_COUNT);
      } else if (args.is(i, "MATCH") && hasArgument) {
        match = new Glob(args.bytes(++i));
      } else if (args.is(i, "NOVALUES")) {
        if (!mayOmitValues) {
          throw new CommandException(RespErrors.ONLY_HSCAN_NOVALUES);
        }
        noValues = true;
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    return new ScanOptions(match, count, noValues);
  }

  /** A cursor: a number of 64 bits without sign. */
  static long cursor(Args args, int index) {
    return Numbers.parseCursor(args.bytes(index));
  }

  /** One page as scans answer it: where to go on, and the elements. */
  static Reply page(long cursor, List<Reply> elements) {
    return Reply.array(Reply.bulk(Long.toUnsignedString(cursor)), Reply.array(elements));
  }

  boolean matches(byte[] element) {
    return match == null || match.matches(element);
  }
}
