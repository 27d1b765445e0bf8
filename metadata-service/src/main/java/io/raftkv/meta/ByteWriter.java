package io.raftkv.meta;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.UUID;
import java.util.function.BiConsumer;

/**
 * Writes the compact form of metadata: numbers are unsigned LEB128, texts and lists lead with their
 * length. What it writes depends on the values alone, so replicas get equal bytes.
 */
final class ByteWriter {
  private static final int PAYLOAD_BITS = 7;
  private static final int MORE = 0x80;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream(128);

  ByteWriter u8(int value) {
    if (value < 0 || value > 0xff) {
      throw new IllegalArgumentException("not an unsigned byte: " + value);
    }
    out.write(value);
    return this;
  }

  /** A number of at least 0; small ones take one byte. */
  ByteWriter number(long value) {
    if (value < 0) {
      throw new IllegalArgumentException("negative number: " + value);
    }
    long rest = value;
    while (rest >= MORE) {
      out.write((int) (rest & (MORE - 1)) | MORE);
      rest >>>= PAYLOAD_BITS;
    }
    out.write((int) rest);
    return this;
  }

  ByteWriter text(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    number(bytes.length);
    out.writeBytes(bytes);
    return this;
  }

  ByteWriter uuid(UUID value) {
    out.writeBytes(
        ByteBuffer.allocate(2 * Long.BYTES)
            .putLong(value.getMostSignificantBits())
            .putLong(value.getLeastSignificantBits())
            .array());
    return this;
  }

  ByteWriter coded(Coded value) {
    return u8(value.code());
  }

  <T> ByteWriter list(Collection<T> values, BiConsumer<ByteWriter, T> each) {
    number(values.size());
    for (T value : values) {
      each.accept(this, value);
    }
    return this;
  }

  byte[] toBytes() {
    return out.toByteArray();
  }
}
