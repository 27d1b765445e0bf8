package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.row.ElementRows;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Between which keys the rows of a collection in the family of scores lie: the score rows of a
 * sorted set, or those of a hash's fields by deadline. A queue takes its members from one end and
 * leaves a deleted row for each, the sweep does so with fields: a walk that began at the first row
 * there could ever be would step over all of them.
 *
 * <p>An end is <em>exact</em> if it is that of a row that is there. When that row goes, the end
 * moves to where it was, and is loose: to look for the next row would cost a step over what was
 * removed there before, again and again if the set grows and shrinks at this end. It becomes exact
 * with a row that is added outside of it, or, by a look, when another row near to it goes, as it
 * does in a queue whose members are removed by name.
 *
 * <p>Of a row longer than {@link #KEPT_BYTES} the ends know so many bytes. Not thread-safe; lives
 * for one command.
 */
final class ScoreEnds {
  /** Of a row, behind slot and id, so much is kept in the set's record. */
  static final int KEPT_BYTES = 127;

  private static final int FROM_EXACT = 1;
  private static final int TO_EXACT = 2;

  private final KeyHandle key;

  /** Bytes of slot and id, with which all rows begin. */
  private final int prefix;

  private byte[] from;
  private byte[] to;
  private boolean fromExact;
  private boolean toExact;

  /** Whether {@link #settle} shall look for the row at an end that is loose. */
  private boolean fromWanted;

  private boolean toWanted;

  private ScoreEnds(KeyHandle key, byte[] from, byte[] to, int exact) {
    this.key = key;
    this.prefix = ElementRows.from(key.slot(), 0).length;
    this.from = from;
    this.to = to;
    this.fromExact = (exact & FROM_EXACT) != 0;
    this.toExact = (exact & TO_EXACT) != 0;
  }

  /** The ends where there are no rows: whatever is added first is both of them. */
  static ScoreEnds ofNone(KeyHandle key, long id) {
    int slot = key.slot();
    return new ScoreEnds(key, ElementRows.scoresTo(slot, id), ElementRows.from(slot, id), 0);
  }

  /** The ends of a collection whose record says nothing of them. */
  static ScoreEnds unknown(KeyHandle key, long id) {
    int slot = key.slot();
    return new ScoreEnds(key, ElementRows.from(slot, id), ElementRows.scoresTo(slot, id), 0);
  }

  /** The ends as a collection's record tells them; inverse of {@link #encode}. */
  static ScoreEnds decode(KeyHandle key, long id, ByteBuffer in) {
    int exact = in.hasRemaining() ? in.get() : -1;
    int length = in.hasRemaining() ? in.get() : -1;
    if ((exact & ~(FROM_EXACT | TO_EXACT)) != 0 || length < 0 || length > in.remaining()) {
      throw new CorruptStoreException("record with ends of score rows that are cut off");
    }
    byte[] first = new byte[length];
    byte[] behind = new byte[in.remaining() - length];
    in.get(first).get(behind);
    if (Arrays.compareUnsigned(first, behind) >= 0) {
      throw new CorruptStoreException("record with score rows that end before they begin");
    }
    int slot = key.slot();
    return new ScoreEnds(
        key, ElementRows.scoreRow(slot, id, first), ElementRows.scoreRow(slot, id, behind), exact);
  }

  /** The same ends of the same rows, when these have another id. */
  ScoreEnds under(long id) {
    return decode(key, id, ByteBuffer.wrap(encode()));
  }

  /** What the record has to say of the ends. */
  byte[] encode() {
    int first = from.length - prefix;
    int behind = to.length - prefix;
    return ByteBuffer.allocate(2 + first + behind)
        .put((byte) ((fromExact ? FROM_EXACT : 0) | (toExact ? TO_EXACT : 0)))
        .put((byte) first)
        .put(from, prefix, first)
        .put(to, prefix, behind)
        .array();
  }

  /** No score row is before this key. */
  byte[] from() {
    return from;
  }

  /** All score rows are before this key. */
  byte[] to() {
    return to;
  }

  /** Takes account of a row that is there now. */
  void added(byte[] row) {
    byte[] first = atOrBefore(row);
    if (Arrays.compareUnsigned(first, from) <= 0) {
      from = first;
      fromExact = true;
    }
    byte[] behind = atOrBehind(behind(row));
    if (Arrays.compareUnsigned(behind, to) >= 0) {
      to = behind;
      toExact = true;
    }
  }

  /**
   * Takes account of a row that was deleted.
   *
   * @param nearFrom whether it may have been the first one
   * @param nearTo whether it may have been the last one
   */
  void removed(byte[] row, boolean nearFrom, boolean nearTo) {
    if (!fromExact) {
      fromWanted |= nearFrom;
    } else if (Arrays.equals(atOrBefore(row), from)) {
      from = atOrBefore(behind(row));
      fromExact = false;
    }
    if (!toExact) {
      toWanted |= nearTo;
    } else if (Arrays.equals(atOrBehind(behind(row)), to)) {
      if (row.length <= prefix + KEPT_BYTES) {
        to = row;
      } // else others that begin like it, and may be behind it, have the same end
      toExact = false;
    }
  }

  /**
   * Takes account of rows, not all, that are deleted by this command: from one to before another.
   */
  void removed(byte[] first, byte[] behind) {
    if (Arrays.compareUnsigned(first, from) <= 0) {
      from = atOrBefore(behind);
      fromExact = false;
    }
    if (Arrays.compareUnsigned(behind, to) >= 0) {
      to = atOrBehind(first);
      toExact = false;
    }
  }

  /** Looks for the rows at loose ends where that is worth it. There must be a row. */
  void settle() {
    if (fromWanted) {
      first();
    }
    if (toWanted && !toExact) {
      last();
    }
    fromWanted = false;
    toWanted = false;
  }

  /**
   * The first row, or so much of a long one as the ends keep; looked for if that is not known.
   * There must be a row.
   */
  byte[] first() {
    if (!fromExact) {
      from = atOrBefore(outermost(true));
      fromExact = true;
    }
    return from;
  }

  /** The last row. There must be one. */
  byte[] last() {
    byte[] row = outermost(false);
    to = atOrBehind(behind(row));
    toExact = true;
    return row;
  }

  private byte[] outermost(boolean first) {
    try (RowCursor cursor = key.rows().cursor(Family.SCORE, from, to, first)) {
      if (!cursor.next()) {
        throw new CorruptStoreException("collection without the score rows that it counts");
      }
      return cursor.key();
    }
  }

  /** The smallest key behind a row. */
  private static byte[] behind(byte[] row) {
    return Arrays.copyOf(row, row.length + 1);
  }

  /** A key, or if it is long one of few bytes before it. */
  private byte[] atOrBefore(byte[] longKey) {
    return longKey.length > prefix + KEPT_BYTES
        ? Arrays.copyOf(longKey, prefix + KEPT_BYTES)
        : longKey;
  }

  /** A key, or if it is long one of few bytes behind all that begin like it. */
  private byte[] atOrBehind(byte[] longKey) {
    if (longKey.length <= prefix + KEPT_BYTES + 1) {
      return longKey;
    }
    byte[] next = Arrays.copyOf(longKey, prefix + KEPT_BYTES);
    int at = next.length - 1;
    while (++next[at] == 0) {
      at--; // ends in front of slot and id: no score has all bits set
    }
    return next;
  }
}
