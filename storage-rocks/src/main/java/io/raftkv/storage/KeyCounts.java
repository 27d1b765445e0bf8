package io.raftkv.storage;

import io.raftkv.storage.rocks.RocksCursor;
import io.raftkv.storage.rocks.RocksHandles;
import io.raftkv.storage.row.SysRows;
import io.raftkv.storage.row.SysRows.Count;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * How many keys each slot has in each home, as last committed: a copy of the rows in memory. One
 * thread writes, any reads; a reader who needs a moment compares commit indexes around its read.
 */
final class KeyCounts {
  static final int HOMES = 256;

  private static final int SUM = Slot.COUNT;
  private static final int NUMBERS = 2;

  /** Per home the numbers of all slots, and behind them the sums; null while it has no keys. */
  private final AtomicReferenceArray<AtomicLongArray> homes = new AtomicReferenceArray<>(HOMES);

  static KeyCounts load(RocksHandles rocks) {
    KeyCounts counts = new KeyCounts();
    try (RocksCursor rows =
        rocks.cursor(Family.SYS, SysRows.countsFrom(), SysRows.countsTo(), true, null)) {
      while (rows.next()) {
        byte[] row = rows.key();
        counts.set(SysRows.slotOfCount(row), SysRows.homeOfCount(row), Count.decode(rows.value()));
      }
    }
    return counts;
  }

  /** The numbers of a slot. */
  Count of(int slot, int home) {
    AtomicLongArray numbers = homes.get(home);
    return numbers == null
        ? Count.NONE
        : new Count(numbers.get(slot * NUMBERS), numbers.get(slot * NUMBERS + 1));
  }

  /** As {@link Rows#slotWithKeys}. */
  int slotWithKeys(int home, int first, int last) {
    AtomicLongArray numbers = homes.get(home);
    int slot = first;
    while (slot <= last && (numbers == null || numbers.get(slot * NUMBERS) == 0)) {
      slot++;
    }
    return slot;
  }

  /** As {@link Rows#slotOfKey}; {@link Slot#COUNT} if there are fewer keys. */
  int slotOfKey(int home, long index) {
    AtomicLongArray numbers = homes.get(home);
    long left = index;
    int slot = 0;
    while (slot < Slot.COUNT) {
      left -= numbers == null ? 0 : numbers.get(slot * NUMBERS);
      if (left < 0) {
        return slot;
      }
      slot++;
    }
    return slot;
  }

  /** The numbers of all slots together. */
  Count of(int home) {
    return of(SUM, home);
  }

  void set(int slot, int home, Count count) {
    AtomicLongArray numbers = homes.get(home);
    if (numbers == null) {
      numbers = new AtomicLongArray((SUM + 1) * NUMBERS);
      homes.set(home, numbers);
    }
    set(numbers, slot * NUMBERS, count.keys());
    set(numbers, slot * NUMBERS + 1, count.expiring());
  }

  private static void set(AtomicLongArray numbers, int at, long value) {
    int sum = SUM * NUMBERS + at % NUMBERS;
    numbers.set(sum, numbers.get(sum) + value - numbers.get(at));
    numbers.set(at, value);
  }
}
