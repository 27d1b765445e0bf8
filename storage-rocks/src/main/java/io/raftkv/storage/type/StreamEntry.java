package io.raftkv.storage.type;

import io.raftkv.storage.StreamId;
import java.util.ArrayList;
import java.util.List;

/**
 * An entry of a stream.
 *
 * @param id its id
 * @param fieldsAndValues fields and values in turn, as they were added; null where only the id of a
 *     deleted entry is known
 */
public record StreamEntry(StreamId id, List<byte[]> fieldsAndValues) {
  private static final byte FORMAT = 1;

  /** An entry that was deleted while it was pending. */
  static StreamEntry deleted(StreamId id) {
    return new StreamEntry(id, null);
  }

  /** Value of the entry's row: format, number of fields and values, then each with its length. */
  byte[] encode() {
    int size = PackedWriter.headerBytes(fieldsAndValues.size());
    for (byte[] each : fieldsAndValues) {
      size += PackedWriter.sizeOf(each);
    }
    PackedWriter out = new PackedWriter(size, FORMAT, fieldsAndValues.size());
    fieldsAndValues.forEach(out::bytes);
    return out.finish();
  }

  /** Inverse of {@link #encode}. */
  static StreamEntry decode(StreamId id, byte[] value) {
    PackedReader in = new PackedReader(value, FORMAT);
    int count = in.count();
    List<byte[]> fieldsAndValues = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      fieldsAndValues.add(in.bytes());
    }
    in.end();
    return new StreamEntry(id, fieldsAndValues);
  }
}
