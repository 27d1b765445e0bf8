package io.raftkv.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Finds the ends of RESP2 and RESP3 replies in a stream that arrives in arbitrary pieces, without
 * building them: nothing is allocated except for the text of an error. For one thread.
 */
final class ReplyScanner {
  /** What is called for each complete top-level reply. */
  interface Sink {
    /**
     * @param type the reply's first byte
     * @param number the value of a ':' reply, the length of a '$' reply (-1 for null), else 0
     * @param error the text of a '-' reply, else null
     */
    void reply(byte type, long number, String error);
  }

  private static final int MAX_LINE_BYTES = 512;

  private final byte[] line = new byte[MAX_LINE_BYTES];
  private int lineLength;
  private boolean inLine;
  private byte type;

  /** Bytes of a bulk body, with its CRLF, still to be skipped. */
  private long skip;

  /** Elements still to come before the top-level reply is complete. */
  private long outstanding;

  private byte topType;
  private long topNumber;
  private String topError;

  /** Consumes everything in the buffer. */
  void scan(ByteBuffer in, Sink sink) {
    int at = in.position();
    int end = in.limit();
    while (at < end) {
      if (skip > 0) {
        int step = (int) Math.min(skip, end - at);
        at += step;
        skip -= step;
        if (skip == 0) {
          elementDone(sink);
        }
        continue;
      }
      byte b = in.get(at++);
      if (!inLine) {
        type = b;
        lineLength = 0;
        inLine = true;
      } else if (b == '\n') {
        inLine = false;
        lineDone(sink);
      } else if (lineLength < MAX_LINE_BYTES && b != '\r') {
        line[lineLength++] = b;
      }
    }
    in.position(end);
  }

  private void lineDone(Sink sink) {
    boolean top = outstanding == 0;
    if (top) {
      outstanding = 1;
      topType = type;
      topNumber = 0;
      topError = null;
    }
    switch (type) {
      case '+', '_', ',', '#', '(' -> elementDone(sink);
      case '-' -> {
        if (top) {
          topError = new String(line, 0, lineLength, StandardCharsets.ISO_8859_1);
        }
        elementDone(sink);
      }
      case ':' -> {
        topNumber = top ? number() : topNumber;
        elementDone(sink);
      }
      case '$', '=', '!' -> {
        long length = number();
        topNumber = top ? length : topNumber;
        if (length < 0) {
          elementDone(sink);
        } else {
          skip = length + 2;
        }
      }
      case '*', '~', '>' -> {
        outstanding += Math.max(0, number());
        elementDone(sink);
      }
      case '%' -> {
        outstanding += 2 * number();
        elementDone(sink);
      }
      default -> throw new IllegalStateException("not a RESP reply: type byte " + type);
    }
  }

  private void elementDone(Sink sink) {
    if (--outstanding == 0) {
      sink.reply(topType, topNumber, topError);
    }
  }

  private long number() {
    boolean negative = lineLength > 0 && line[0] == '-';
    long value = 0;
    for (int i = negative ? 1 : 0; i < lineLength; i++) {
      int digit = line[i] - '0';
      if (digit < 0 || digit > 9) {
        throw new IllegalStateException("not a number in a RESP reply");
      }
      value = value * 10 + digit;
    }
    return negative ? -value : value;
  }
}
