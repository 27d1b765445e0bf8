package io.raftkv.resp.command;

import io.raftkv.storage.type.StringType;
import io.raftkv.storage.type.StringType.PieceVisitor;

/**
 * What {@link Bits} tells of bytes, told of a stored string: without all of it in memory, and of a
 * string in rows without a look at chunks that are not there.
 */
final class StringBits {
  private StringBits() {}

  /** How many bits the string has. */
  static long size(StringType string) {
    return (long) string.length() * Byte.SIZE;
  }

  /** In which byte a bit is. */
  static int byteOf(long position) {
    return (int) (position / Byte.SIZE);
  }

  /** How many bits are set from {@code from} to {@code to}, both included and both there. */
  static long count(StringType string, long from, long to) {
    if (from > to) {
      return 0;
    }
    Counting counting = new Counting(from, to);
    string.forEachPiece(byteOf(from), byteOf(to) + 1, counting);
    return counting.count;
  }

  /** The first bit of this kind from {@code from} to {@code to}, both there; -1 if none is. */
  static long find(StringType string, int bit, long from, long to) {
    Search search = new Search(bit, from, to);
    string.forEachPiece(byteOf(from), byteOf(to) + 1, search);
    return search.result();
  }

  private static final class Counting implements PieceVisitor {
    private final long from;
    private final long to;
    private long count;

    Counting(long from, long to) {
      this.from = from;
      this.to = to;
    }

    @Override
    public boolean visit(int at, byte[] piece) {
      long start = (long) at * Byte.SIZE;
      long last = Math.min(to - start, Bits.size(piece) - 1);
      count += Bits.count(piece, Math.max(from - start, 0), last);
      return true;
    }
  }

  private static final class Search implements PieceVisitor {
    private final int bit;
    private final long to;

    /** All bits before this one were looked at. */
    private long next;

    private long found = -1;

    Search(int bit, long from, long to) {
      this.bit = bit;
      this.next = from;
      this.to = to;
    }

    @Override
    public boolean visit(int at, byte[] piece) {
      long start = (long) at * Byte.SIZE;
      long end = start + Bits.size(piece);
      if (start > next && bit == 0) {
        return false; // what is in no piece is zeros
      }
      long first = Math.max(start, next);
      long last = Math.min(end - 1, to);
      if (first <= last) {
        long inPiece = Bits.find(piece, bit, first - start, last - start);
        found = inPiece < 0 ? -1 : start + inPiece;
        next = last + 1;
      }
      return found < 0;
    }

    /** Zeros end the search, too: those before the piece it stopped at, or behind the last one. */
    long result() {
      return found < 0 && bit == 0 && next <= to ? next : found;
    }
  }
}
