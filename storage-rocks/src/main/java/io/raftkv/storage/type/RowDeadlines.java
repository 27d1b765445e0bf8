package io.raftkv.storage.type;

import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.PartTimes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The fields of a hash in rows by the time they die: one {@code score} row for each field with a
 * deadline, always as its {@code data} row has it.
 *
 * <p>How many there are and when the first dies is in the metadata record, and the last, if no
 * field stays. So the others cost nothing: what is dead is only looked for from the first deadline
 * on, and the ends are only looked up again when the field at an end has moved. Between which keys
 * the rows lie is in the record, too: of a hundred thousand fields with one deadline no look for
 * the next one steps over those that were removed.
 */
final class RowDeadlines {
  private static final byte[] NOTHING = {};

  private final KeyHandle key;
  private final long rowsId;
  private ScoreEnds ends;
  private long count;
  private long first;
  private long last;

  /** False while {@code first} is only a lower bound. */
  private boolean firstKnown = true;

  /** False while {@code last} says nothing. */
  private boolean lastKnown = true;

  /** How many are dead, or -1 if that must be counted. */
  private long dead = -1;

  private RowDeadlines(KeyHandle key, long rowsId) {
    this.key = key;
    this.rowsId = rowsId;
  }

  /** Those of elements none of which has a deadline. */
  static RowDeadlines none(KeyHandle key, long rowsId) {
    RowDeadlines none = new RowDeadlines(key, rowsId);
    none.forget();
    return none;
  }

  /** Those that the metadata record tells of, with the ends of their rows. */
  static RowDeadlines of(KeyHandle key, long rowsId, long count, PartTimes times, ScoreEnds ends) {
    RowDeadlines deadlines = new RowDeadlines(key, rowsId);
    deadlines.ends = ends;
    deadlines.count = count;
    deadlines.first = times.firstMillis();
    deadlines.last = times.lastMillis();
    deadlines.lastKnown = times.lastMillis() != MetaRow.NO_EXPIRY;
    return deadlines;
  }

  /** The same deadlines, when their rows have another id; {@link #times} was asked before. */
  RowDeadlines under(long id) {
    RowDeadlines moved = new RowDeadlines(key, id);
    moved.forget();
    if (count > 0) {
      moved.ends = ends.under(id);
      moved.count = count;
      moved.first = first;
      moved.last = last;
      moved.lastKnown = lastKnown;
    }
    return moved;
  }

  private void forget() {
    ends = ScoreEnds.ofNone(key, rowsId);
    first = MetaRow.NO_EXPIRY;
    last = Long.MIN_VALUE;
    firstKnown = true;
    lastKnown = true;
  }

  /** How many fields have a deadline. */
  long count() {
    return count;
  }

  /** Between which keys the rows lie; there are some. */
  ScoreEnds ends() {
    return ends;
  }

  /** A field's deadline is another now; {@link MetaRow#NO_EXPIRY} for none or no such field. */
  void move(byte[] field, long before, long after) {
    if (before == after) {
      return;
    }
    dead = -1;
    if (before != MetaRow.NO_EXPIRY) {
      byte[] row = row(before, field);
      key.writableRows().delete(Family.SCORE, row);
      ends.removed(row, false, false);
      count--;
      firstKnown &= before != first;
      lastKnown &= before != last;
      if (count == 0) {
        forget();
      }
    }
    if (after != MetaRow.NO_EXPIRY) {
      byte[] row = row(after, field);
      key.writableRows().put(Family.SCORE, row, NOTHING);
      ends.added(row);
      count++;
      if (after <= first) {
        first = after;
        firstKnown = true;
      }
      last = Math.max(last, after);
    }
  }

  /** What the metadata record of a hash with {@code size} fields says of them. */
  PartTimes times(long size) {
    if (count == 0) {
      return PartTimes.NONE;
    }
    if (!firstKnown) {
      first = ElementRows.deadlineOf(ends.first());
      firstKnown = true;
    }
    if (count < size) {
      return new PartTimes(first, MetaRow.NO_EXPIRY);
    }
    if (!lastKnown) {
      last = ElementRows.deadlineOf(ends.last());
      lastKnown = true;
    }
    return new PartTimes(first, last);
  }

  /**
   * How many fields are dead but not removed. O(1) before the first deadline, then O(that number).
   */
  long dead() {
    if (dead < 0) {
      dead = countDead();
    }
    return dead;
  }

  private long countDead() {
    long horizon = key.horizonMillis();
    if (count == 0 || first > horizon) {
      return 0;
    }
    long found = 0;
    try (RowCursor rows = rowsBefore(horizon + 1)) {
      while (rows.next() && key.isDead(ElementRows.deadlineOf(rows.key()))) {
        found++;
      }
    }
    return found;
  }

  /** The earliest deadline that is not reached, {@link MetaRow#NO_EXPIRY} if there is none. */
  long firstLive() {
    if (count == 0) {
      return MetaRow.NO_EXPIRY;
    }
    try (RowCursor rows = rowsBefore(MetaRow.NO_EXPIRY)) {
      while (rows.next()) {
        long deadline = ElementRows.deadlineOf(rows.key());
        if (!key.isDead(deadline)) {
          return deadline;
        }
      }
    }
    return MetaRow.NO_EXPIRY;
  }

  /** Dead fields, the longest dead first, but not more than {@code limit}. */
  List<byte[]> deadFields(int limit) {
    List<byte[]> fields = new ArrayList<>();
    if (count == 0 || first > key.horizonMillis()) {
      return fields;
    }
    try (RowCursor rows = rowsBefore(key.horizonMillis() + 1)) {
      while (fields.size() < limit
          && rows.next()
          && key.isDead(ElementRows.deadlineOf(rows.key()))) {
        fields.add(ElementRows.fieldOf(rows.key()));
      }
    }
    return fields;
  }

  /** Index rows of deadlines before {@code to}. */
  private RowCursor rowsBefore(long to) {
    byte[] from = ends.from();
    byte[] behind = ElementRows.deadlineFrom(key.slot(), rowsId, to);
    boolean none = Arrays.compareUnsigned(behind, from) < 0;
    return key.rows().ascending(Family.SCORE, none ? behind : from, behind);
  }

  private byte[] row(long deadline, byte[] field) {
    return ElementRows.deadline(key.slot(), rowsId, deadline, field);
  }
}
