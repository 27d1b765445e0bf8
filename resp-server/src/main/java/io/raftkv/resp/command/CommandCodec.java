package io.raftkv.resp.command;

import java.nio.ByteBuffer;

/**
 * A command in the log and on the link between nodes.
 *
 * <pre>
 *   database:1  words:varint  then per word  length:varint  bytes
 * </pre>
 */
public final class CommandCodec {
  private static final int VARINT_BITS = 7;
  private static final int VARINT_MORE = 0x80;

  private CommandCodec() {}

  /** A decoded command. */
  public record Call(int database, Args args) {}

  public static int encodedBytes(byte[][] words) {
    int size = 1 + varintBytes(words.length);
    for (byte[] word : words) {
      size += varintBytes(word.length) + word.length;
    }
    return size;
  }

  public static void encode(int database, byte[][] words, ByteBuffer out) {
    out.put((byte) database);
    putVarint(out, words.length);
    for (byte[] word : words) {
      putVarint(out, word.length);
      out.put(word);
    }
  }

  /** Reads one command and leaves {@code in} behind it. */
  public static Call decode(ByteBuffer in) {
    int database = in.get() & 0xff;
    byte[][] words = new byte[bounded(getVarint(in), in)][];
    for (int i = 0; i < words.length; i++) {
      words[i] = new byte[bounded(getVarint(in), in)];
      in.get(words[i]);
    }
    return new Call(database, new Args(words));
  }

  /** Lengths come from the log or another node; a damaged one must not allocate without bound. */
  private static int bounded(int length, ByteBuffer in) {
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "length " + length + " with " + in.remaining() + " bytes left");
    }
    return length;
  }

  private static int varintBytes(int value) {
    int bytes = 1;
    while ((value >>>= VARINT_BITS) != 0) {
      bytes++;
    }
    return bytes;
  }

  private static void putVarint(ByteBuffer out, int value) {
    while ((value & -VARINT_MORE) != 0) {
      out.put((byte) (value | VARINT_MORE));
      value >>>= VARINT_BITS;
    }
    out.put((byte) value);
  }

  private static int getVarint(ByteBuffer in) {
    int value = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += VARINT_BITS) {
      byte b = in.get();
      value |= (b & (VARINT_MORE - 1)) << shift;
      if ((b & VARINT_MORE) == 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("varint of more than 32 bits");
  }
}
