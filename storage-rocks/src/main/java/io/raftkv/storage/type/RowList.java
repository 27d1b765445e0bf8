package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.Rows;
import io.raftkv.storage.WritableRows;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A list in element rows. Its elements have the positions from {@code head} (inclusive) to {@code
 * tail} (exclusive) without a gap, so that an index is a position and both ends grow freely.
 *
 * <pre>
 *   metadata payload   id:8  head:8  tail:8
 *   data row           position to element
 * </pre>
 */
final class RowList extends ListBody {
  private static final int PAYLOAD_BYTES = 3 * Long.BYTES;

  /** Elements that are read before rows are written: no cursor is open over rows that change. */
  private static final int CHUNK = 256;

  /** From so many rows on, one range deletion costs readers less than single ones. */
  private static final int RANGE_DELETE = 64;

  private final KeyHandle key;
  private final Rows rows;
  private final int slot;
  private final long id;
  private long head;
  private long tail;

  private RowList(KeyHandle key, long id, long head, long tail) {
    this.key = key;
    this.rows = key.rows();
    this.slot = key.slot();
    this.id = id;
    this.head = head;
    this.tail = tail;
  }

  /** The list that a metadata record describes. */
  static RowList open(KeyHandle key, MetaRow meta) {
    byte[] payload = meta.payload();
    if (payload.length != PAYLOAD_BYTES) {
      throw new CorruptStoreException("list record with " + payload.length + " bytes");
    }
    ByteBuffer in = ByteBuffer.wrap(payload, Long.BYTES, 2 * Long.BYTES);
    RowList list = new RowList(key, meta.rowsId(), in.getLong(), in.getLong());
    if (list.size() <= 0) {
      throw new CorruptStoreException("list record with " + list.size() + " elements");
    }
    return list;
  }

  /** Writes the elements of a list that outgrew its record to new rows. */
  static RowList moveOut(KeyHandle key, InlineList small) {
    RowList list = new RowList(key, key.writableRows().nextId(), 0, 0);
    try (Walk walk = small.walk(0, false)) {
      while (walk.next()) {
        list.push(ListType.End.TAIL, walk.element());
      }
    }
    return list;
  }

  @Override
  long size() {
    return tail - head;
  }

  @Override
  byte[] get(long index) {
    byte[] element = rows.get(Family.DATA, row(head + index));
    if (element == null) {
      throw missing(head + index);
    }
    return element;
  }

  @Override
  void set(long index, byte[] element) {
    put(head + index, element);
  }

  @Override
  void push(ListType.End end, byte[] element) {
    put(end == ListType.End.HEAD ? --head : tail++, element);
  }

  @Override
  void drop(ListType.End end, long count) {
    if (end == ListType.End.HEAD) {
      delete(head, head + count);
      head += count;
    } else {
      delete(tail - count, tail);
      tail -= count;
    }
  }

  /** Shifts the shorter side: O(distance to the nearer end). */
  @Override
  void insert(long index, byte[] element) {
    long at = head + index;
    if (index <= size() / 2) {
      for (long from = head; from < at; from += CHUNK) {
        putAll(from - 1, read(from, Math.min(from + CHUNK, at)));
      }
      head--;
      put(at - 1, element);
    } else {
      for (long to = tail; to > at; to -= CHUNK) {
        long from = Math.max(to - CHUNK, at);
        putAll(from + 1, read(from, to));
      }
      tail++;
      put(at, element);
    }
  }

  /** Closes the gaps from the side on which fewer elements have to move. */
  @Override
  void removeEqual(byte[] element, long first, long last, long count) {
    long from = head + first;
    long to = head + last + 1;
    if (last + 1 <= size() - first) {
      long target = to;
      for (long end = to; end > head; end -= CHUNK) {
        long begin = Math.max(end - CHUNK, head);
        List<byte[]> kept = without(element, read(begin, end), begin, from, to);
        target -= kept.size();
        putAll(target, kept);
      }
      requireRemoved(count, target - head);
      drop(ListType.End.HEAD, count);
    } else {
      long target = from;
      for (long begin = from; begin < tail; begin += CHUNK) {
        List<byte[]> kept =
            without(element, read(begin, Math.min(begin + CHUNK, tail)), begin, from, to);
        putAll(target, kept);
        target += kept.size();
      }
      requireRemoved(count, tail - target);
      drop(ListType.End.TAIL, count);
    }
  }

  @Override
  Walk walk(long index, boolean backwards) {
    RowCursor cursor =
        backwards
            ? rows.descending(Family.DATA, row(head), row(head + index + 1))
            : rows.ascending(Family.DATA, row(head + index), row(tail));
    int step = backwards ? -1 : 1;
    return new Walk() {
      private long expected = head + index;

      @Override
      public boolean next() {
        if (expected < head || expected >= tail) {
          return false;
        }
        if (!cursor.next() || ElementRows.positionOf(cursor.key()) != expected) {
          throw missing(expected);
        }
        expected += step;
        return true;
      }

      @Override
      public byte[] element() {
        return cursor.value();
      }

      @Override
      public void close() {
        cursor.close();
      }
    };
  }

  @Override
  int encoding() {
    return MetaRow.ROWS;
  }

  @Override
  byte[] payload() {
    return ByteBuffer.allocate(PAYLOAD_BYTES).putLong(id).putLong(head).putLong(tail).array();
  }

  /** The elements that stay: all that are outside the range or differ from {@code element}. */
  private static List<byte[]> without(
      byte[] element, List<byte[]> read, long begin, long from, long to) {
    List<byte[]> kept = new ArrayList<>(read.size());
    for (int i = 0; i < read.size(); i++) {
      long position = begin + i;
      if (position < from || position >= to || !Arrays.equals(read.get(i), element)) {
        kept.add(read.get(i));
      }
    }
    return kept;
  }

  private List<byte[]> read(long from, long to) {
    List<byte[]> elements = new ArrayList<>((int) (to - from));
    try (Walk walk = walk(from - head, false)) {
      for (long at = from; at < to && walk.next(); at++) {
        elements.add(walk.element());
      }
    }
    return elements;
  }

  private void putAll(long position, List<byte[]> elements) {
    for (int i = 0; i < elements.size(); i++) {
      put(position + i, elements.get(i));
    }
  }

  private void put(long position, byte[] element) {
    key.writableRows().put(Family.DATA, row(position), element);
  }

  private void delete(long from, long to) {
    WritableRows out = key.writableRows();
    if (to - from >= RANGE_DELETE) {
      out.deleteRange(Family.DATA, row(from), row(to));
    } else {
      for (long position = from; position < to; position++) {
        out.delete(Family.DATA, row(position));
      }
    }
  }

  private byte[] row(long position) {
    return ElementRows.position(slot, id, position);
  }

  private static void requireRemoved(long expected, long removed) {
    if (expected != removed) {
      throw new IllegalStateException("removed " + removed + " instead of " + expected);
    }
  }

  private static CorruptStoreException missing(long position) {
    return new CorruptStoreException("list without its element at position " + position);
  }
}
