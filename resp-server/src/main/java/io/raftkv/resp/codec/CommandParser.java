package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Turns bytes into commands, whatever pieces they come in. Keeps what is unfinished, so that every
 * byte is looked at once.
 *
 * <p>Redis' leniency is kept: the two bytes after a bulk string, and the one after the carriage
 * return of a length, are skipped unseen. Not kept is that Redis accepts an overlong line if it
 * happens to arrive in one piece: here the outcome depends on the bytes alone.
 *
 * <p>A command that is larger than this server takes, but not larger than the protocol allows, is
 * parsed to its end without being kept: only its name is left, and why.
 */
final class CommandParser {
  private static final int FIRST_WORDS = 1024;
  private static final int UNAUTHENTICATED_WORDS = 10;
  private static final int UNAUTHENTICATED_BULK_BYTES = 16384;
  private static final int FAST_DIGITS = 9;
  private static final int END_OF_BULK = 2;

  private enum State {
    /** Before the first byte of a command. */
    COMMAND,
    INLINE,
    ARRAY_LENGTH,
    BULK_LENGTH,
    /** Before the line feed of a length that came in pieces. */
    LINE_FEED,
    /** Before or within a bulk string. */
    BULK,
    /** Before the line break after a bulk string. */
    BULK_END
  }

  private RespLimits limits;
  private final LineBuffer line = new LineBuffer();
  private final BulkBuffer bulk = new BulkBuffer();
  private boolean unauthenticated;

  private State state = State.COMMAND;
  private State afterLineFeed;
  private int skip;
  private int bulkBytes;
  private boolean bulkBegun;

  private byte[][] words;
  private int count;
  private int expected;
  private long bytes;

  /** Why the words of this command are dropped; null if they are kept. */
  private Oversize oversize;

  private boolean complete;
  private ProtocolViolation violation;

  CommandParser(RespLimits limits) {
    this.limits = limits;
  }

  /** From the next length on. */
  void setLimits(RespLimits value) {
    limits = value;
  }

  /** Whether the small limits for clients that have not authenticated hold. */
  void setUnauthenticated(boolean value) {
    unauthenticated = value;
  }

  boolean isUnauthenticated() {
    return unauthenticated;
  }

  /** True if {@link #parse} stopped after a command, which must be taken before it is called. */
  boolean hasCommand() {
    return complete;
  }

  /** The lengths of the complete command's words, summed. */
  long commandBytes() {
    return bytes;
  }

  /** Why only the complete command's name is left; null if all its words are there. */
  Oversize oversize() {
    return oversize;
  }

  /** The complete command's words; of one that is oversized its name, empty if that is not left. */
  byte[][] takeCommand() {
    byte[][] command = words;
    words = null;
    complete = false;
    return command;
  }

  /** What was wrong; null if nothing. There is nothing to parse after it. */
  ProtocolViolation violation() {
    return violation;
  }

  /** How many bytes of a bulk string are missing; 0 outside of one. */
  int missingBulkBytes() {
    return state != State.BULK ? 0 : bulkBegun ? bulk.missing() : bulkBytes;
  }

  /** Moves bytes straight into the bulk string of which {@link #missingBulkBytes} are missing. */
  void fillBulk(ByteBuf from) {
    beginBulk();
    bulk.append(from);
    endBulkIfComplete();
  }

  /**
   * Reads on until the bytes are used up, a command is complete or the framing is broken.
   *
   * @return the index of the first byte not used
   */
  int parse(byte[] in, int from, int to) {
    int at = from;
    while (at < to && !complete && violation == null) {
      switch (state) {
        case COMMAND -> state = in[at] == '*' ? State.ARRAY_LENGTH : State.INLINE;
        case INLINE -> at = inline(in, at, to);
        case ARRAY_LENGTH, BULK_LENGTH -> at = length(in, at, to);
        case LINE_FEED -> {
          at++;
          state = afterLineFeed;
        }
        case BULK -> at = bulk(in, at, to);
        case BULK_END -> {
          int skipped = Math.min(skip, to - at);
          at += skipped;
          skip -= skipped;
          if (skip == 0) {
            endWord(bulk.take());
          }
        }
      }
    }
    return at;
  }

  private int length(byte[] in, int at, int to) {
    if (line.length() == 0) {
      // Nearly always the whole line is here and is a short number.
      int digits = at + 1;
      int last = Math.min(to, digits + FAST_DIGITS);
      int next = digits;
      int value = 0;
      while (next < last) {
        int digit = in[next] - '0';
        if (digit < 0 || digit > 9) {
          break;
        }
        value = value * 10 + digit;
        next++;
      }
      boolean canonical = next > digits && (in[digits] != '0' || next == digits + 1);
      if (canonical && next + 1 < to && in[next] == '\r') {
        accept(in[at], value);
        return next + 2;
      }
    }
    return lengthInPieces(in, at, to);
  }

  private int lengthInPieces(byte[] in, int at, int to) {
    int end = Bytes.indexOf(in, at, to, (byte) '\r');
    int known = end < 0 ? to : end;
    if ((long) line.length() + (known - at) > limits.maxInlineBytes()) {
      violation =
          state == State.ARRAY_LENGTH
              ? ProtocolViolation.TOO_BIG_MULTIBULK_COUNT
              : ProtocolViolation.TOO_BIG_BULK_COUNT;
      return to;
    }
    line.append(in, at, known - at);
    if (end < 0) {
      return to;
    }
    byte type = line.length() == 0 ? (byte) '\r' : line.bytes()[0];
    long value = Bytes.parseLong(line.bytes(), 1, line.length());
    line.clear();
    accept(type, value);
    afterLineFeed = state;
    state = State.LINE_FEED;
    return end + 1;
  }

  private void accept(byte type, long value) {
    if (state == State.ARRAY_LENGTH) {
      acceptArrayLength(value);
    } else {
      acceptBulkLength(type, value);
    }
  }

  private void acceptArrayLength(long value) {
    if (value > limits.maxArrayLength()) {
      violation = ProtocolViolation.INVALID_MULTIBULK_LENGTH;
    } else if (unauthenticated && value > UNAUTHENTICATED_WORDS) {
      violation = ProtocolViolation.UNAUTHENTICATED_MULTIBULK_LENGTH;
    } else if (value <= 0) {
      state = State.COMMAND;
    } else {
      expected = (int) value;
      words = new byte[Math.min(expected, FIRST_WORDS)][];
      count = 0;
      bytes = 0;
      oversize = null;
      state = State.BULK_LENGTH;
    }
  }

  private void acceptBulkLength(byte type, long value) {
    if (type != '$') {
      violation = ProtocolViolation.expectedDollar(type);
    } else if (value < 0 || value > limits.longestFrame()) {
      violation = ProtocolViolation.INVALID_BULK_LENGTH;
    } else if (unauthenticated && value > UNAUTHENTICATED_BULK_BYTES) {
      violation = ProtocolViolation.UNAUTHENTICATED_BULK_LENGTH;
    } else {
      if (oversize == null) {
        oversize = oversizeWith(value);
        if (oversize != null) {
          keepOnly(count == 0 ? BulkBuffer.EMPTY : words[0]);
        }
      }
      bulkBytes = (int) value;
      bulkBegun = false;
      state = State.BULK;
    }
  }

  /** What is too much if the next word has this length; null if it still fits. */
  private Oversize oversizeWith(long next) {
    if (next > limits.maxBulkBytes()) {
      return Oversize.WORD;
    }
    return bytes + next > limits.queryBufferBytes() ? Oversize.COMMAND : null;
  }

  private void keepOnly(byte[] name) {
    words = new byte[][] {name};
    bytes = name.length;
  }

  private int bulk(byte[] in, int at, int to) {
    if (!bulkBegun && to - at - END_OF_BULK >= bulkBytes) {
      int end = at + bulkBytes;
      boolean kept = bulkBytes > 0 && oversize == null;
      endWord(kept ? Arrays.copyOfRange(in, at, end) : BulkBuffer.EMPTY);
      return end + END_OF_BULK;
    }
    beginBulk();
    int used = bulk.append(in, at, to - at);
    endBulkIfComplete();
    return at + used;
  }

  private void beginBulk() {
    if (!bulkBegun) {
      if (oversize == null) {
        bulk.begin(bulkBytes);
      } else {
        bulk.beginSkipping(bulkBytes);
      }
      bulkBegun = true;
    }
  }

  private void endBulkIfComplete() {
    if (bulk.missing() == 0) {
      skip = END_OF_BULK;
      state = State.BULK_END;
    }
  }

  private void endWord(byte[] word) {
    if (oversize == null) {
      keep(word);
    }
    count++;
    if (count == expected) {
      complete = true;
      state = State.COMMAND;
    } else {
      state = State.BULK_LENGTH;
    }
  }

  private void keep(byte[] word) {
    if (count == words.length) {
      words = Arrays.copyOf(words, (int) Math.min(expected, 2L * count));
    }
    words[count] = word;
    bytes += word.length;
  }

  private int inline(byte[] in, int at, int to) {
    int end = Bytes.indexOf(in, at, to, (byte) '\n');
    int known = end < 0 ? to : end;
    if ((long) line.length() + (known - at) > limits.maxInlineBytes()) {
      violation = ProtocolViolation.TOO_BIG_INLINE;
      return to;
    }
    if (end >= 0 && line.length() == 0) {
      split(in, at, end);
      return end + 1;
    }
    line.append(in, at, known - at);
    if (end < 0) {
      return to;
    }
    split(line.bytes(), 0, line.length());
    line.clear();
    return end + 1;
  }

  private void split(byte[] from, int start, int end) {
    int lineEnd = end > start && from[end - 1] == '\r' ? end - 1 : end;
    byte[][] split = InlineWords.split(from, start, lineEnd);
    if (split == null) {
      violation = ProtocolViolation.UNBALANCED_QUOTES;
      return;
    }
    state = State.COMMAND;
    if (split.length > 0) {
      words = split;
      bytes = 0;
      oversize = null;
      for (int i = 0; i < split.length && oversize == null; i++) {
        oversize = oversizeWith(split[i].length);
        if (oversize == null) {
          bytes += split[i].length;
        } else {
          keepOnly(i == 0 ? BulkBuffer.EMPTY : split[0]);
        }
      }
      complete = true;
    }
  }
}
