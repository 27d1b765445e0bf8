package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A node of a {@link RankTree}: its children in order, and how many members are below each. It has
 * two rows, because most changes concern the counts alone, and those are short.
 *
 * <pre>
 *   children   { length:varint  separator  child:varint }
 *   counts     { count:varint }
 * </pre>
 *
 * A separator is not above any member of its child and above all before it; that of the first child
 * is empty. A child is the number of a node, or 0 for a block of score rows. Not thread-safe.
 */
final class RankNode {
  private static final byte[] NO_SEPARATOR = {};
  private static final int MAX_SHIFT = 63;

  /**
   * A child with what its node knows of it.
   *
   * @param separator in the form of score rows without their prefix
   * @param node number of the child's node, 0 for a block
   * @param count members below it
   */
  record Child(byte[] separator, int node, long count) {
    Child withCount(long other) {
      return new Child(separator, node, other);
    }

    Child withSeparator(byte[] other) {
      return new Child(other, node, count);
    }
  }

  /**
   * Where a search goes on.
   *
   * @param index of the child
   * @param node number of the child's node, 0 for a block
   * @param from its separator
   * @param to separator of the next child, null if it is the last one
   */
  record Place(int index, int node, byte[] from, byte[] to) {}

  private final int number;
  private byte[] children;
  private long[] counts;
  private boolean childrenStored;

  /** The row of counts as it is stored, null if it is not. */
  private byte[] storedCounts;

  private boolean countsChanged;

  /** A new node without children. */
  RankNode(int number) {
    this.number = number;
    this.children = new byte[0];
    this.counts = new long[0];
    this.countsChanged = true;
  }

  /** A node as its rows describe it. */
  RankNode(int number, byte[] children, byte[] counts) {
    this.number = number;
    this.children = children;
    this.counts = decodeCounts(counts);
    this.childrenStored = true;
    this.storedCounts = counts;
  }

  int number() {
    return number;
  }

  int size() {
    return counts.length;
  }

  /** Bytes of the row of children. */
  int bytes() {
    return children.length;
  }

  long count(int index) {
    return counts[index];
  }

  /** Members below this node. */
  long total() {
    return countBefore(counts.length);
  }

  /** Members below the children before this one. */
  long countBefore(int index) {
    long sum = 0;
    for (int i = 0; i < index; i++) {
      sum += counts[i];
    }
    return sum;
  }

  /** The child of a rank, which counts from the first member below this node. */
  int indexOf(long rank) {
    long rest = rank;
    for (int i = 0; i < counts.length; i++) {
      if (rest < counts[i]) {
        return i;
      }
      rest -= counts[i];
    }
    throw new CorruptStoreException("rank node with fewer members than " + rank);
  }

  void add(int index, long delta) {
    counts[index] += delta;
    countsChanged = true;
  }

  /** The child that a key belongs to: the part of {@code row} from {@code prefix} on. */
  Place find(byte[] row, int prefix) {
    int index = -1;
    int foundAt = 0;
    boolean above = false;
    Reader in = new Reader(children);
    while (in.more() && !above) {
      int at = in.at;
      in.skip();
      above = in.isSeparatorAbove(row, prefix);
      if (!above) {
        index++;
        foundAt = at;
      }
    }
    if (index < 0 || (above ? index >= counts.length : index != counts.length - 1)) {
      throw wrongNumber();
    }
    byte[] to = above ? in.separator() : null;
    in.at = foundAt;
    in.skip();
    return in.place(index, to);
  }

  /** The child of this index. */
  Place at(int index) {
    Reader in = new Reader(children);
    for (int i = 0; i <= index; i++) {
      in.skip();
    }
    Reader next = new Reader(children);
    next.copy(in);
    if (!next.more()) {
      return in.place(index, null);
    }
    next.skip();
    return in.place(index, next.separator());
  }

  /** All children, in a list of the caller's own. */
  List<Child> children() {
    List<Child> list = new ArrayList<>(counts.length + 1);
    Reader in = new Reader(children);
    while (in.more() && list.size() < counts.length) {
      in.skip();
      list.add(new Child(in.separator(), in.node, counts[list.size()]));
    }
    if (in.more() || list.size() < counts.length) {
      throw wrongNumber();
    }
    return list;
  }

  /** Takes these children in place of its own; the separator of the first one is left out. */
  void replace(List<Child> list) {
    int bytes = 0;
    for (int i = 0; i < list.size(); i++) {
      int length = i == 0 ? 0 : list.get(i).separator().length;
      bytes += varintBytes(length) + length + varintBytes(list.get(i).node());
    }
    byte[] packed = new byte[bytes];
    long[] newCounts = new long[list.size()];
    int at = 0;
    for (int i = 0; i < list.size(); i++) {
      byte[] separator = i == 0 ? NO_SEPARATOR : list.get(i).separator();
      at = putVarint(packed, at, separator.length);
      System.arraycopy(separator, 0, packed, at, separator.length);
      at = putVarint(packed, at + separator.length, list.get(i).node());
      newCounts[i] = list.get(i).count();
    }
    if (!Arrays.equals(packed, children)) {
      children = packed;
      childrenStored = false;
    }
    counts = newCounts;
    countsChanged = true;
  }

  /** The row of children if the caller has to write it, else null. */
  byte[] takeUnstoredChildren() {
    byte[] row = childrenStored ? null : children;
    childrenStored = true;
    return row;
  }

  /** The row of counts if the caller has to write it, else null. */
  byte[] takeUnstoredCounts() {
    byte[] encoded = countsChanged ? encodeCounts() : storedCounts;
    countsChanged = false;
    if (Arrays.equals(encoded, storedCounts)) {
      return null;
    }
    storedCounts = encoded;
    return encoded;
  }

  private byte[] encodeCounts() {
    long all = 0;
    for (long count : counts) {
      all |= count;
    }
    if ((all & ~Byte.MAX_VALUE) == 0) { // as those of blocks are
      byte[] each = new byte[counts.length];
      for (int i = 0; i < each.length; i++) {
        each[i] = (byte) counts[i];
      }
      return each;
    }
    int bytes = 0;
    for (long count : counts) {
      bytes += varintBytes(count);
    }
    byte[] encoded = new byte[bytes];
    int at = 0;
    for (long count : counts) {
      at = putVarint(encoded, at, count);
    }
    return encoded;
  }

  private static long[] decodeCounts(byte[] row) {
    int continued = 0;
    for (byte each : row) {
      continued += each >>> 31;
    }
    long[] counts = new long[row.length - continued];
    if (continued == 0) { // as in those of blocks
      for (int i = 0; i < counts.length; i++) {
        counts[i] = row[i];
      }
      return counts;
    }
    Reader in = new Reader(row);
    for (int i = 0; i < counts.length; i++) {
      counts[i] = in.varint();
    }
    if (in.more()) {
      throw cutOff();
    }
    return counts;
  }

  private static int putVarint(byte[] target, int at, long value) {
    int next = at;
    long rest = value;
    while (rest > 0x7f) {
      target[next++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    target[next++] = (byte) rest;
    return next;
  }

  private static int varintBytes(long value) {
    return Math.max(1, (Long.SIZE - Long.numberOfLeadingZeros(value) + 6) / 7);
  }

  private CorruptStoreException wrongNumber() {
    return new CorruptStoreException(
        "rank node " + number + " has not the " + counts.length + " children that it counts");
  }

  private static CorruptStoreException cutOff() {
    return new CorruptStoreException("rank node is cut off");
  }

  /** Goes through the row of children without copying separators that nobody asks for. */
  private static final class Reader {
    private final byte[] bytes;
    private int at;
    private int separatorAt;
    private int separatorEnd;
    private int node;

    Reader(byte[] bytes) {
      this.bytes = bytes;
    }

    boolean more() {
      return at < bytes.length;
    }

    /** Reads the next child. */
    void skip() {
      long length = varint();
      if (length < 0 || length > bytes.length - at) {
        throw cutOff();
      }
      separatorAt = at;
      at += (int) length;
      separatorEnd = at;
      node = (int) varint();
    }

    /** They mostly differ in one of the first bytes. */
    boolean isSeparatorAbove(byte[] row, int prefix) {
      int length = separatorEnd - separatorAt;
      int common = Math.min(length, row.length - prefix);
      for (int i = 0; i < common; i++) {
        int difference = (bytes[separatorAt + i] & 0xff) - (row[prefix + i] & 0xff);
        if (difference != 0) {
          return difference > 0;
        }
      }
      return length > row.length - prefix;
    }

    byte[] separator() {
      return Arrays.copyOfRange(bytes, separatorAt, separatorEnd);
    }

    Place place(int index, byte[] to) {
      return new Place(index, node, separator(), to);
    }

    void copy(Reader other) {
      at = other.at;
      separatorAt = other.separatorAt;
      separatorEnd = other.separatorEnd;
      node = other.node;
    }

    long varint() {
      if (at < bytes.length && bytes[at] >= 0) {
        return bytes[at++]; // nearly always
      }
      long value = 0;
      for (int shift = 0; shift < MAX_SHIFT; shift += 7) {
        if (at == bytes.length) {
          break;
        }
        byte next = bytes[at++];
        value |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return value;
        }
      }
      throw cutOff();
    }
  }
}
