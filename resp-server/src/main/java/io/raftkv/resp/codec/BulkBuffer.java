package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Collects a bulk string whose bytes come in pieces. Memory follows the bytes that arrived, not the
 * length that was announced: it starts small and doubles, so every byte is moved at most about
 * twice.
 */
final class BulkBuffer {
  static final int FIRST_BYTES = 64 * 1024;
  static final byte[] EMPTY = new byte[0];

  private byte[] target = EMPTY;
  private boolean kept;
  private int length;
  private int filled;

  /** Starts a bulk string of {@code announced} bytes, which has been checked. */
  void begin(int announced) {
    begin(announced, announced > 0);
  }

  /** As {@link #begin}, but only counts the bytes; {@link #take} then gives an empty string. */
  void beginSkipping(int announced) {
    begin(announced, false);
  }

  private void begin(int announced, boolean keep) {
    length = announced;
    filled = 0;
    kept = keep;
    target = kept ? new byte[Math.min(announced, FIRST_BYTES)] : EMPTY;
  }

  int missing() {
    return length - filled;
  }

  /** Takes as many of these bytes as are missing and returns how many that was. */
  int append(byte[] from, int at, int available) {
    int count = Math.min(available, missing());
    if (kept) {
      ensure(count);
      System.arraycopy(from, at, target, filled, count);
    }
    filled += count;
    return count;
  }

  /** As above; advances the buffer's reader index. */
  void append(ByteBuf from) {
    int count = Math.min(from.readableBytes(), missing());
    if (kept) {
      ensure(count);
      from.readBytes(target, filled, count);
    } else {
      from.skipBytes(count);
    }
    filled += count;
  }

  /** Hands over the complete bulk string. */
  byte[] take() {
    byte[] complete = target;
    target = EMPTY;
    length = 0;
    filled = 0;
    return complete;
  }

  private void ensure(int more) {
    int needed = filled + more;
    if (needed > target.length) {
      long doubled = 2L * target.length;
      target = Arrays.copyOf(target, (int) Math.min(length, Math.max(doubled, needed)));
    }
  }
}
