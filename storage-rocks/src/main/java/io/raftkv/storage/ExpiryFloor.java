package io.raftkv.storage;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongPredicate;

/**
 * Where the rows of the {@code expiry} family of an open store begin. Keys die in the order of
 * these rows, so what the sweep has deleted lies in front of them, and each walk for what is due
 * would step over it again.
 *
 * <p>This is what one node happens to know of its own files: walks find it out, commits correct it,
 * nothing of it is stored or replicated, and no result depends on it. The floor is raised only from
 * the newest moment, by a walk that saw which row is the first; it is lowered before a commit
 * writes a row in front of it. Each lowering makes a new object, so that a walk which began before
 * it cannot raise it over that row. Thread-safe.
 */
final class ExpiryFloor {
  /**
   * @param row no row is before it
   * @param index in the moments of this and later indexes
   */
  private record Floor(byte[] row, long index) {}

  private final AtomicReference<Floor> floor =
      new AtomicReference<>(new Floor(new byte[Long.BYTES], Long.MIN_VALUE));

  private final LongPredicate isNewest;

  /**
   * @param isNewest whether no commit has begun since that of an index; a commit first begins, then
   *     {@link #lower lowers} the floor, then writes
   */
  ExpiryFloor(LongPredicate isNewest) {
    this.isNewest = isNewest;
  }

  /**
   * The rows from one to before another, as the moment of an index has them, without a step over
   * those before the floor.
   *
   * @param open a cursor of that moment, from a row on to {@code to}, ascending
   */
  SeekableCursor walk(byte[] from, byte[] to, long index, Function<byte[], SeekableCursor> open) {
    Floor seen = floor.get();
    if (index < seen.index() || isBefore(seen.row(), from)) {
      return open.apply(from);
    }
    SeekableCursor rows = open.apply(isBefore(to, seen.row()) ? to : seen.row());
    // Asked after the floor was looked at: a commit that begins from now on replaces what was seen.
    return isNewest.test(index) ? new Finding(rows, seen, to, index) : rows;
  }

  /** A commit is about to write this row, and none before it. One commit at a time. */
  void lower(byte[] row) {
    floor.updateAndGet(now -> new Floor(isBefore(row, now.row()) ? row : now.row(), now.index()));
  }

  private static boolean isBefore(byte[] row, byte[] other) {
    return Arrays.compareUnsigned(row, other) < 0;
  }

  /** The first row of this cursor is the first of all. */
  private final class Finding implements SeekableCursor {
    private final SeekableCursor rows;
    private final Floor seen;
    private final byte[] to;
    private final long index;
    private boolean started;

    Finding(SeekableCursor rows, Floor seen, byte[] to, long index) {
      this.rows = rows;
      this.seen = seen;
      this.to = to;
      this.index = index;
    }

    @Override
    public boolean next() {
      boolean found = rows.next();
      if (!started) {
        started = true;
        byte[] first = found ? rows.key() : to;
        if (isBefore(seen.row(), first)) {
          floor.compareAndSet(seen, new Floor(first, index));
        }
      }
      return found;
    }

    @Override
    public boolean seek(byte[] row) {
      started = true;
      return rows.seek(row);
    }

    @Override
    public byte[] key() {
      return rows.key();
    }

    @Override
    public byte[] value() {
      return rows.value();
    }

    @Override
    public void close() {
      rows.close();
    }
  }
}
