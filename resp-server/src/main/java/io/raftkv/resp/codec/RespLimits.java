package io.raftkv.resp.codec;

/**
 * How much a peer may ask the codec to hold. Announced lengths are checked against these before
 * anything is allocated for them.
 *
 * @param maxBulkBytes longest bulk string that is kept; a longer one of a command is skipped, up to
 *     Redis' own {@code proto-max-bulk-len}
 * @param maxArrayLength most words of one command, or elements of one aggregate reply
 * @param maxInlineBytes longest line: an inline command, a length, or a simple reply
 * @param queryBufferBytes most bytes of one command, or of one whole reply, as Redis' {@code
 *     client-query-buffer-limit}
 */
public record RespLimits(
    int maxBulkBytes, int maxArrayLength, int maxInlineBytes, long queryBufferBytes) {
  /** 512 MB bulks, 1,048,576 words, lines of 64 KB, commands of 1 GB. */
  public static final RespLimits DEFAULT = new RespLimits(512 << 20, 1 << 20, 64 << 10, 1L << 30);

  /** What Redis takes unless it is told otherwise: no client sends more and hopes to go on. */
  private static final int LONGEST_BULK_OF_REDIS = 512 << 20;

  /** Java arrays end a little before {@link Integer#MAX_VALUE}. */
  private static final int MAX_ARRAY_BYTES = Integer.MAX_VALUE - 16;

  /** The longest line that only carries a length: type, sign and digits. */
  private static final int MIN_LINE_BYTES = 32;

  public RespLimits {
    requireRange("maxBulkBytes", maxBulkBytes, 0, MAX_ARRAY_BYTES);
    requireRange("maxArrayLength", maxArrayLength, 1, MAX_ARRAY_BYTES);
    requireRange("maxInlineBytes", maxInlineBytes, MIN_LINE_BYTES, MAX_ARRAY_BYTES / 2);
    requireRange("queryBufferBytes", queryBufferBytes, MIN_LINE_BYTES, Long.MAX_VALUE / 2);
  }

  /** The longest bulk string of a command that leaves the framing whole, kept or not. */
  int longestFrame() {
    return Math.max(maxBulkBytes, LONGEST_BULK_OF_REDIS);
  }

  private static void requireRange(String name, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(name + " is " + value + ", not " + min + " to " + max);
    }
  }
}
