package io.raftkv.resp.rdb;

/**
 * How much memory the value of one payload may take while it is decoded. A payload is as small as
 * its sender likes, but what it stands for need not be: compressed runs, and elements of one byte.
 *
 * <p>The limits depend on the payload alone: all replicas refuse the same ones.
 */
final class Allowance {
  /** What a value of any payload may take, each of its strings with {@link #STRING_OVERHEAD}. */
  static final long TOTAL_BYTES = 256L << 20;

  /** The longest compressed string, unless the payload itself is longer. */
  static final int COMPRESSED_STRING_BYTES = 64 << 20;

  /** What a string costs beside its bytes: its object, its place in a list, and in the store. */
  static final int STRING_OVERHEAD = 64;

  private static final int PER_PAYLOAD_BYTE = 2;

  private final int longestCompressed;
  private long left;

  Allowance(int payloadBytes) {
    left = Math.max(TOTAL_BYTES, (long) payloadBytes * PER_PAYLOAD_BYTE);
    longestCompressed = Math.max(COMPRESSED_STRING_BYTES, payloadBytes);
  }

  /** Before a string of this many bytes is made, or a reference to one that is there. */
  void takeString(long bytes) {
    left -= bytes + STRING_OVERHEAD;
    if (left < 0) {
      throw new OversizedDumpException("the payload's value needs too much memory");
    }
  }

  /** Before a string is decompressed; in addition to {@link #takeString}. */
  void requireDecompressible(long bytes) {
    if (bytes > longestCompressed) {
      throw new OversizedDumpException("a compressed string of " + bytes + " bytes");
    }
  }
}
