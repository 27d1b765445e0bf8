package io.raftkv.resp.codec;

import io.netty.util.concurrent.FastThreadLocal;
import java.util.Arrays;

/**
 * What a decoder needs only while it works, one per thread instead of one per connection: a window
 * of plain bytes, which are cheaper to look at one by one than a buffer's, and the batch being
 * filled. A decoder that starts while another one on the same thread is at work gets its own.
 */
final class DecoderWorkspace {
  static final int WINDOW_BYTES = 16 * 1024;

  private static final FastThreadLocal<DecoderWorkspace> SPARE = new FastThreadLocal<>();

  final byte[] window = new byte[WINDOW_BYTES];
  private byte[][][] commands = new byte[16][][];
  private long[] bytes = new long[16];

  /** Made for the first one of a batch: hardly any batch has one. */
  private Oversize[] oversizes;

  private int count;
  private long totalBytes;
  private long cost;

  private DecoderWorkspace() {}

  static DecoderWorkspace borrow() {
    DecoderWorkspace spare = SPARE.getIfExists();
    if (spare == null) {
      return new DecoderWorkspace();
    }
    SPARE.set(null);
    return spare;
  }

  void giveBack() {
    clear();
    SPARE.set(this);
  }

  private void clear() {
    Arrays.fill(commands, 0, count, null);
    oversizes = null;
    count = 0;
    totalBytes = 0;
    cost = 0;
  }

  boolean isEmpty() {
    return count == 0;
  }

  boolean isFull() {
    return count >= CommandBatch.MAX_COMMANDS || cost >= CommandBatch.MAX_BYTES;
  }

  /** True if this command may join the batch. A single one always may. */
  boolean fits(byte[][] words, long wordBytes) {
    return count == 0 || (!isFull() && cost + cost(words, wordBytes) <= CommandBatch.MAX_BYTES);
  }

  /**
   * @param oversize why there is only a name; null for a whole command
   */
  void add(byte[][] words, long wordBytes, Oversize oversize) {
    if (count == commands.length) {
      commands = Arrays.copyOf(commands, 2 * count);
      bytes = Arrays.copyOf(bytes, 2 * count);
    }
    if (oversize != null) {
      mark(oversize);
    }
    commands[count] = words;
    bytes[count++] = wordBytes;
    totalBytes += wordBytes;
    cost += cost(words, wordBytes);
  }

  private void mark(Oversize oversize) {
    if (oversizes == null || oversizes.length <= count) {
      Oversize[] longer = new Oversize[commands.length];
      if (oversizes != null) {
        System.arraycopy(oversizes, 0, longer, 0, oversizes.length);
      }
      oversizes = longer;
    }
    oversizes[count] = oversize;
  }

  /** Hands over the batch and starts a new one. */
  CommandBatch takeBatch() {
    CommandBatch batch =
        new CommandBatch(
            Arrays.copyOf(commands, count),
            Arrays.copyOf(bytes, count),
            totalBytes,
            oversizes == null ? null : Arrays.copyOf(oversizes, count));
    clear();
    return batch;
  }

  private static long cost(byte[][] words, long wordBytes) {
    return wordBytes + (long) CommandBatch.WORD_COST * words.length;
  }
}
