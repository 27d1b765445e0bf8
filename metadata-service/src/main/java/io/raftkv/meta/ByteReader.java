package io.raftkv.meta;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;

/**
 * Inverse of {@link ByteWriter}. Lengths are checked against the bytes that are there before
 * anything is allocated for them.
 */
final class ByteReader {
  private static final int PAYLOAD_BITS = 7;
  private static final int MORE = 0x80;

  private final String what;
  private final ByteBuffer in;

  private ByteReader(byte[] bytes, String what) {
    this.in = ByteBuffer.wrap(bytes);
    this.what = what;
  }

  /**
   * Reads a whole value that starts with its format byte.
   *
   * @param what names the value in errors
   * @param format the one format this build knows
   * @throws MetaFormatException if the bytes are of another format, damaged, too short or too long
   */
  static <T> T read(byte[] bytes, String what, int format, Function<ByteReader, T> body) {
    ByteReader reader = new ByteReader(bytes, what);
    int found = reader.u8();
    if (found != format) {
      throw new MetaFormatException(
          what + " has format " + found + ", this release reads format " + format);
    }
    T value;
    try {
      value = body.apply(reader);
    } catch (IllegalArgumentException impossible) {
      throw new MetaFormatException(what + " holds an impossible value", impossible);
    }
    if (reader.in.hasRemaining()) {
      throw new MetaFormatException(what + " has " + reader.in.remaining() + " bytes too many");
    }
    return value;
  }

  int u8() {
    need(1);
    return in.get() & 0xff;
  }

  long number() {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE - 1; shift += PAYLOAD_BITS) {
      int next = u8();
      value |= (long) (next & (MORE - 1)) << shift;
      if ((next & MORE) == 0) {
        return value;
      }
    }
    throw new MetaFormatException(what + " holds a number of more than 63 bits");
  }

  int int32() {
    long value = number();
    if (value > Integer.MAX_VALUE) {
      throw new MetaFormatException(what + " holds " + value + " where 31 bits are expected");
    }
    return (int) value;
  }

  String text() {
    int length = int32();
    need(length);
    ByteBuffer bytes = in.slice(in.position(), length);
    in.position(in.position() + length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException notText) {
      throw new MetaFormatException(what + " holds a text that is not UTF-8", notText);
    }
  }

  UUID uuid() {
    need(2 * Long.BYTES);
    return new UUID(in.getLong(), in.getLong());
  }

  <E extends Coded> E coded(E[] values) {
    int code = u8();
    for (E value : values) {
      if (value.code() == code) {
        return value;
      }
    }
    throw new MetaFormatException(what + " holds the unknown code " + code);
  }

  <T> List<T> list(Function<ByteReader, T> each) {
    int count = int32();
    need(count); // an element takes at least one byte
    List<T> values = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      values.add(each.apply(this));
    }
    return values;
  }

  MetaFormatException unknown(String kind, int code) {
    return new MetaFormatException(what + " holds the unknown " + kind + " " + code);
  }

  private void need(int bytes) {
    if (in.remaining() < bytes) {
      throw new MetaFormatException(
          what + " ends " + (bytes - in.remaining()) + " bytes too early at " + in.position());
    }
  }
}
