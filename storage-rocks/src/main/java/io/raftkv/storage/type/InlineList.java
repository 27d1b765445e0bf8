package io.raftkv.storage.type;

import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A list inside its metadata record.
 *
 * <pre>
 *   format:1  count:varint  { length:varint  element }
 * </pre>
 */
final class InlineList extends ListBody {
  private static final byte FORMAT = 1;

  private final List<byte[]> elements;
  private int elementBytes;
  private boolean oversized;

  InlineList() {
    this.elements = new ArrayList<>();
  }

  /** Decodes the payload of a metadata record. */
  InlineList(byte[] payload) {
    PackedReader in = new PackedReader(payload, FORMAT);
    int count = in.count();
    this.elements = new ArrayList<>(count + 1);
    for (int i = 0; i < count; i++) {
      byte[] element = in.bytes();
      note(element, 1);
      elements.add(element);
    }
    in.end();
  }

  /** False once the list has to move to rows. */
  boolean fits() {
    return !oversized
        && elements.size() <= InlineLimits.ENTRIES
        && payloadBytes() <= InlineLimits.TOTAL_BYTES;
  }

  @Override
  long size() {
    return elements.size();
  }

  @Override
  byte[] get(long index) {
    return elements.get((int) index);
  }

  @Override
  void set(long index, byte[] element) {
    note(element, 1);
    note(elements.set((int) index, element), -1);
  }

  @Override
  void push(ListType.End end, byte[] element) {
    note(element, 1);
    elements.add(end == ListType.End.HEAD ? 0 : elements.size(), element);
  }

  @Override
  void drop(ListType.End end, long count) {
    int from = end == ListType.End.HEAD ? 0 : elements.size() - (int) count;
    List<byte[]> dropped = elements.subList(from, from + (int) count);
    dropped.forEach(element -> note(element, -1));
    dropped.clear();
  }

  @Override
  void insert(long index, byte[] element) {
    note(element, 1);
    elements.add((int) index, element);
  }

  @Override
  void removeEqual(byte[] element, long first, long last, long count) {
    elements.subList((int) first, (int) last + 1).removeIf(each -> Arrays.equals(each, element));
    elementBytes -= PackedWriter.sizeOf(element) * (int) count;
  }

  @Override
  Walk walk(long index, boolean backwards) {
    int step = backwards ? -1 : 1;
    return new Walk() {
      private int at = (int) index - step;

      @Override
      public boolean next() {
        at += step;
        return at >= 0 && at < elements.size();
      }

      @Override
      public byte[] element() {
        return elements.get(at);
      }

      @Override
      public void close() {}
    };
  }

  @Override
  int encoding() {
    return MetaRow.INLINE;
  }

  @Override
  byte[] payload() {
    PackedWriter out = new PackedWriter(payloadBytes(), FORMAT, elements.size());
    elements.forEach(out::bytes);
    return out.finish();
  }

  private int payloadBytes() {
    return PackedWriter.headerBytes(elements.size()) + elementBytes;
  }

  private void note(byte[] element, int sign) {
    elementBytes += sign * PackedWriter.sizeOf(element);
    oversized |= sign > 0 && element.length > InlineLimits.ELEMENT_BYTES;
  }
}
