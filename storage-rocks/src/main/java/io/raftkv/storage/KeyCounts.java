package io.raftkv.storage;

import io.raftkv.storage.rocks.RocksCursor;
import io.raftkv.storage.rocks.RocksHandles;
import io.raftkv.storage.row.SysRows;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * How many keys each slot and database has, as last committed: a copy of the rows in memory. One
 * thread writes, any reads; a reader who needs a moment compares commit indexes around its read.
 */
final class KeyCounts {
  static final int DATABASES = 256;

  /** Per database the counts of all slots, and behind them the sum; null while it has no keys. */
  private final AtomicReferenceArray<AtomicLongArray> databases =
      new AtomicReferenceArray<>(DATABASES);

  private static final int SUM = Slot.COUNT;

  static KeyCounts load(RocksHandles rocks) {
    KeyCounts counts = new KeyCounts();
    try (RocksCursor rows =
        rocks.cursor(Family.SYS, SysRows.countsFrom(), SysRows.countsTo(), true, null)) {
      while (rows.next()) {
        byte[] row = rows.key();
        counts.set(
            SysRows.slotOfCount(row), SysRows.databaseOfCount(row), SysRows.countOf(rows.value()));
      }
    }
    return counts;
  }

  long keysInSlot(int slot, int database) {
    AtomicLongArray counts = databases.get(database);
    return counts == null ? 0 : counts.get(slot);
  }

  long keys(int database) {
    return keysInSlot(SUM, database);
  }

  void set(int slot, int database, long keys) {
    AtomicLongArray counts = databases.get(database);
    if (counts == null) {
      counts = new AtomicLongArray(SUM + 1);
      databases.set(database, counts);
    }
    counts.set(SUM, counts.get(SUM) + keys - counts.get(slot));
    counts.set(slot, keys);
  }
}
