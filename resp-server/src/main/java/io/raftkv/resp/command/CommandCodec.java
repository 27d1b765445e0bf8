package io.raftkv.resp.command;

import java.nio.ByteBuffer;

/**
 * A command in the log and on the link between nodes.
 *
 * <pre>
 *   database:1                               words:varint  then per word  length:varint  bytes
 *   80 + database:1  routing version:varint  words:varint  then per word  length:varint  bytes
 * </pre>
 *
 * The second form is that of commands that were routed to their shard.
 */
public final class CommandCodec {
  private static final int VARINT_BITS = 7;
  private static final int VARINT_MORE = 0x80;

  /** In the byte of the database: a routing version follows. */
  private static final int ROUTED = 0x80;

  private CommandCodec() {}

  /**
   * A decoded command.
   *
   * @param routedBy the routing version by which it was sent to its shard; 0 if it was not routed,
   *     or at a time when slots never went from one shard to another
   */
  public record Call(int database, long routedBy, Args args) {}

  /** As the other one, for a command that was not routed. */
  public static int encodedBytes(byte[][] words) {
    return encodedBytes(0, words);
  }

  /** The number of bytes that {@link #encode} writes. */
  public static int encodedBytes(long routedBy, byte[][] words) {
    int size = 1 + (routedBy == 0 ? 0 : varintBytes(routedBy)) + varintBytes(words.length);
    for (byte[] word : words) {
      size += varintBytes(word.length) + word.length;
    }
    return size;
  }

  /** As the other one, for a command that was not routed. */
  public static void encode(int database, byte[][] words, ByteBuffer out) {
    encode(database, 0, words, out);
  }

  /**
   * Writes one command.
   *
   * @param routedBy see {@link Call}
   */
  public static void encode(int database, long routedBy, byte[][] words, ByteBuffer out) {
    if (routedBy == 0) {
      out.put((byte) database);
    } else {
      out.put((byte) (ROUTED | database));
      putVarint(out, routedBy);
    }
    putVarint(out, words.length);
    for (byte[] word : words) {
      putVarint(out, word.length);
      out.put(word);
    }
  }

  /** Reads one command and leaves {@code in} behind it. */
  public static Call decode(ByteBuffer in) {
    int first = in.get() & 0xff;
    long routedBy = (first & ROUTED) == 0 ? 0 : getVarint(in);
    byte[][] words = new byte[bounded(getVarint(in), in)][];
    for (int i = 0; i < words.length; i++) {
      words[i] = new byte[bounded(getVarint(in), in)];
      in.get(words[i]);
    }
    return new Call(first & ~ROUTED, routedBy, new Args(words));
  }

  /** Lengths come from the log or another node; a damaged one must not allocate without bound. */
  private static int bounded(long length, ByteBuffer in) {
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "length " + length + " with " + in.remaining() + " bytes left");
    }
    return (int) length;
  }

  private static int varintBytes(long value) {
    int bytes = 1;
    while ((value >>>= VARINT_BITS) != 0) {
      bytes++;
    }
    return bytes;
  }

  private static void putVarint(ByteBuffer out, long value) {
    while ((value & -VARINT_MORE) != 0) {
      out.put((byte) (value | VARINT_MORE));
      value >>>= VARINT_BITS;
    }
    out.put((byte) value);
  }

  private static long getVarint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += VARINT_BITS) {
      long b = in.get();
      value |= (b & (VARINT_MORE - 1)) << shift;
      if ((b & VARINT_MORE) == 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("varint of more than 64 bits");
  }
}
