package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import io.raftkv.resp.reply.MalformedReplyException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplyCodec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * Turns bytes into replies, whatever pieces they come in. Stricter than {@link CommandParser}: what
 * it reads comes from a server. Attributes are read and dropped; streamed strings and aggregates,
 * which no server sends, are refused.
 */
final class ReplyParser {
  private static final int FIRST_ITEMS = 1024;
  private static final int VERBATIM_PREFIX_BYTES = 4;
  private static final String MAX_LONG = Long.toString(Long.MAX_VALUE);

  private enum State {
    LINE,
    BULK,
    BULK_END
  }

  /** An array, map, set, push or attribute that is not complete. */
  private static final class Aggregate {
    final byte type;
    final int size;
    final List<Reply> items;

    Aggregate(byte type, int size) {
      this.type = type;
      this.size = size;
      this.items = new ArrayList<>(Math.min(size, FIRST_ITEMS));
    }
  }

  private final RespLimits limits;
  private final LineBuffer line = new LineBuffer();
  private final BulkBuffer bulk = new BulkBuffer();
  private final Deque<Aggregate> open = new ArrayDeque<>();

  private State state = State.LINE;
  private byte bulkType;
  private int endSeen;
  private long replyBytes;
  private Reply complete;

  ReplyParser(RespLimits limits) {
    this.limits = limits;
  }

  /** The reply that {@link #parse} or {@link #fillBulk} completed, once; null if none. */
  Reply takeReply() {
    Reply reply = complete;
    complete = null;
    return reply;
  }

  /** How many bytes of a bulk string are missing; 0 outside of one. */
  int missingBulkBytes() {
    return state == State.BULK ? bulk.missing() : 0;
  }

  /** Moves bytes straight into the bulk string of which {@link #missingBulkBytes} are missing. */
  void fillBulk(ByteBuf from) {
    bulk.append(from);
    endBulkIfComplete();
  }

  /**
   * Reads on until the bytes are used up or a reply is complete.
   *
   * @return the index of the first byte not used
   * @throws MalformedReplyException if the bytes are no reply, or one beyond the limits; the parser
   *     is of no use after that
   */
  int parse(byte[] in, int from, int to) {
    int at = from;
    while (at < to && complete == null) {
      switch (state) {
        case LINE -> at = line(in, at, to);
        case BULK -> {
          at += bulk.append(in, at, to - at);
          endBulkIfComplete();
        }
        case BULK_END -> endOfBulk(in[at++]);
      }
    }
    return at;
  }

  private int line(byte[] in, int at, int to) {
    int feed = Bytes.indexOf(in, at, to, (byte) '\n');
    int known = feed < 0 ? to : feed;
    if ((long) line.length() + (known - at) > limits.maxInlineBytes() + 1L) {
      throw new MalformedReplyException("line beyond " + limits.maxInlineBytes() + " bytes");
    }
    if (feed >= 0 && line.length() == 0) {
      wholeLine(in, at, feed);
      return feed + 1;
    }
    line.append(in, at, known - at);
    if (feed < 0) {
      return to;
    }
    wholeLine(line.bytes(), 0, line.length());
    line.clear();
    return feed + 1;
  }

  /** A line from its type to before its line feed. */
  private void wholeLine(byte[] in, int from, int feed) {
    int end = feed - 1;
    if (end <= from || in[end] != '\r') {
      throw new MalformedReplyException("line without type or carriage return");
    }
    count(feed + 1L - from);
    byte type = in[from];
    int start = from + 1;
    switch (type) {
      case '+' -> add(simple(text(in, start, end)));
      case '-' -> add(Reply.error(text(in, start, end)));
      case ':' -> add(Reply.integer(number(in, start, end)));
      case '_' -> add(nothing(in, start, end));
      case '#' -> add(bool(in, start, end));
      case ',' -> add(Reply.doubleValue(parseDouble(text(in, start, end))));
      case '(' -> add(bigNumber(text(in, start, end)));
      case '$', '!', '=' -> beginBulk(type, number(in, start, end));
      case '*', '~', '>', '%', '|' -> beginAggregate(type, number(in, start, end));
      default -> throw new MalformedReplyException("unknown type of reply, byte " + type);
    }
  }

  private void count(long bytes) {
    replyBytes += bytes;
    if (replyBytes > limits.queryBufferBytes()) {
      throw new MalformedReplyException("reply beyond " + limits.queryBufferBytes() + " bytes");
    }
  }

  private void beginBulk(byte type, long length) {
    if (length == -1 && type == '$') {
      add(Reply.NULL);
      return;
    }
    if (length < 0 || length > limits.maxBulkBytes()) {
      throw new MalformedReplyException("bulk string of " + length + " bytes");
    }
    count(length);
    bulkType = type;
    bulk.begin((int) length);
    state = State.BULK;
    endBulkIfComplete();
  }

  private void endBulkIfComplete() {
    if (bulk.missing() == 0) {
      state = State.BULK_END;
      endSeen = 0;
    }
  }

  private void endOfBulk(byte next) {
    if (next != (endSeen == 0 ? '\r' : '\n')) {
      throw new MalformedReplyException("bulk string longer than announced");
    }
    if (++endSeen == 2) {
      state = State.LINE;
      byte[] bytes = bulk.take();
      add(
          switch (bulkType) {
            case '$' -> new Reply.Bulk(bytes);
            case '!' -> Reply.error(text(bytes, 0, bytes.length));
            default -> verbatim(bytes);
          });
    }
  }

  private void beginAggregate(byte type, long length) {
    if (length == -1 && type == '*') {
      add(Reply.NULL_ARRAY);
      return;
    }
    long size = type == '%' || type == '|' ? 2 * length : length;
    if (length < 0 || length > limits.maxArrayLength() || size > limits.maxArrayLength()) {
      throw new MalformedReplyException("aggregate of " + length + " elements");
    }
    if (size == 0) {
      if (type != '|') {
        add(aggregate(type, List.of()));
      }
      return;
    }
    if (open.size() == ReplyCodec.MAX_DEPTH) {
      throw new MalformedReplyException("nested deeper than " + ReplyCodec.MAX_DEPTH);
    }
    open.push(new Aggregate(type, (int) size));
  }

  /** Adds a whole reply to the aggregate it is in, and so on outwards. */
  private void add(Reply reply) {
    Reply whole = reply;
    while (!open.isEmpty()) {
      Aggregate inner = open.peek();
      inner.items.add(whole);
      if (inner.items.size() < inner.size) {
        return;
      }
      open.pop();
      if (inner.type == '|') {
        return; // what it describes comes next
      }
      whole = aggregate(inner.type, inner.items);
    }
    complete = whole;
    replyBytes = 0;
  }

  private static Reply aggregate(byte type, List<Reply> items) {
    return switch (type) {
      case '*' -> items.isEmpty() ? Reply.EMPTY_ARRAY : new Reply.Array(items);
      case '~' -> new Reply.SetOf(items);
      case '>' -> new Reply.Push(items);
      case '%' -> new Reply.MapOf(items);
      default -> throw new IllegalStateException("aggregate of type " + type);
    };
  }

  private static Reply simple(String text) {
    return text.equals("OK") ? Reply.OK : Reply.simple(text);
  }

  private static Reply nothing(byte[] in, int start, int end) {
    if (start != end) {
      throw new MalformedReplyException("null with a value: " + text(in, start, end));
    }
    return Reply.NULL;
  }

  private static Reply bool(byte[] in, int start, int end) {
    if (end - start != 1 || (in[start] != 't' && in[start] != 'f')) {
      throw new MalformedReplyException("no boolean: " + text(in, start, end));
    }
    return new Reply.Bool(in[start] == 't');
  }

  private static Reply bigNumber(String digits) {
    int first = digits.startsWith("-") || digits.startsWith("+") ? 1 : 0;
    boolean valid = digits.length() > first;
    for (int i = first; i < digits.length(); i++) {
      valid &= digits.charAt(i) >= '0' && digits.charAt(i) <= '9';
    }
    if (!valid) {
      throw new MalformedReplyException("no number: " + digits);
    }
    return new Reply.BigNumber(digits);
  }

  private static Reply verbatim(byte[] bytes) {
    if (bytes.length < VERBATIM_PREFIX_BYTES || bytes[VERBATIM_PREFIX_BYTES - 1] != ':') {
      throw new MalformedReplyException("verbatim string without a format");
    }
    return new Reply.Verbatim(
        text(bytes, 0, VERBATIM_PREFIX_BYTES - 1),
        Arrays.copyOfRange(bytes, VERBATIM_PREFIX_BYTES, bytes.length));
  }

  private static long number(byte[] in, int start, int end) {
    boolean plus = end - start > 1 && in[start] == '+' && in[start + 1] != '-';
    int first = plus ? start + 1 : start;
    long value = Bytes.parseLong(in, first, end);
    // The one number that parseLong cannot tell from a failure.
    if (value == Bytes.NOT_A_NUMBER && !text(in, first, end).equals(MAX_LONG)) {
      throw new MalformedReplyException("no number: " + text(in, start, end));
    }
    return value;
  }

  private static double parseDouble(String text) {
    switch (text) {
      case "inf", "+inf" -> {
        return Double.POSITIVE_INFINITY;
      }
      case "-inf" -> {
        return Double.NEGATIVE_INFINITY;
      }
      case "nan", "-nan" -> {
        return Double.NaN;
      }
      default -> {
        for (int i = 0; i < text.length(); i++) {
          if ("+-.0123456789eE".indexOf(text.charAt(i)) < 0) {
            throw new MalformedReplyException("no double: " + text);
          }
        }
        try {
          return Double.parseDouble(text);
        } catch (NumberFormatException mistake) {
          throw new MalformedReplyException("no double: " + text);
        }
      }
    }
  }

  private static String text(byte[] in, int start, int end) {
    return new String(in, start, end - start, StandardCharsets.ISO_8859_1);
  }
}
