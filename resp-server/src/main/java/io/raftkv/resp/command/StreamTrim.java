package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.StreamType;

/**
 * How XADD and XTRIM trim a stream: {@code MAXLEN|MINID [=|~] threshold [LIMIT count]}.
 *
 * <p>With {@code ~} Redis leaves more entries than asked for where that is cheaper. Here it never
 * is, so that {@code ~} trims as exactly as {@code =}, but for its limit.
 */
final class StreamTrim {
  /** How many entries {@code ~} removes at most if no limit is given. */
  private static final long DEFAULT_LIMIT = 10_000;

  private final long maxLength;
  private final StreamId minId;
  private final long limit;

  private StreamTrim(long maxLength, StreamId minId, long limit) {
    this.maxLength = maxLength;
    this.minId = minId;
    this.limit = limit;
  }

  /** Removes what is to be removed; returns how many entries that were. */
  long applyTo(StreamType stream) {
    return minId == null ? stream.trimToLength(maxLength, limit) : stream.trimBefore(minId, limit);
  }

  /** Collects the options one by one. */
  static final class Parser {
    private boolean given;
    private boolean approximate;
    private long maxLength;
    private StreamId minId;
    private long limit = -1;

    /**
     * Reads the option at {@code at}, if it is one of trimming.
     *
     * @return the index behind the option, or {@code at} if it is none
     */
    int accept(Args args, int at) {
      boolean hasValue = at + 1 < args.size();
      if (hasValue && (args.is(at, "MAXLEN") || args.is(at, "MINID"))) {
        return strategy(args, at);
      }
      if (hasValue && args.is(at, "LIMIT")) {
        limit = args.int64(at + 1);
        if (limit < 0) {
          throw new CommandException(RespErrors.TRIM_LIMIT_NEGATIVE);
        }
        return at + 2;
      }
      return at;
    }

    private int strategy(Args args, int at) {
      if (given) {
        throw new CommandException(RespErrors.TRIM_MAXLEN_AND_MINID);
      }
      given = true;
      int value = at + 1;
      if (value + 1 < args.size() && (args.is(value, "~") || args.is(value, "="))) {
        approximate = args.is(value, "~");
        value++;
      }
      if (args.is(at, "MINID")) {
        minId = StreamIds.parse(args.bytes(value));
      } else {
        maxLength = args.int64(value);
        if (maxLength < 0) {
          throw new CommandException(RespErrors.TRIM_MAXLEN_NEGATIVE);
        }
      }
      return value + 1;
    }

    /** What was asked for, null if nothing was, as {@link #finish}; XADD then takes no limit. */
    StreamTrim finishAdd() {
      StreamTrim trim = finish();
      if (trim == null && limit >= 0) {
        throw new CommandException(RespErrors.TRIM_LIMIT_EXACT);
      }
      return trim;
    }

    /** What was asked for, null if nothing was. */
    StreamTrim finish() {
      if (!given) {
        if (limit > 0) {
          throw new CommandException(RespErrors.TRIM_LIMIT_ALONE);
        }
        return null;
      }
      if (limit >= 0 && !approximate) {
        throw new CommandException(RespErrors.TRIM_LIMIT_EXACT);
      }
      long most = limit > 0 ? limit : StreamType.UNLIMITED;
      return new StreamTrim(maxLength, minId, approximate && limit < 0 ? DEFAULT_LIMIT : most);
    }
  }
}
