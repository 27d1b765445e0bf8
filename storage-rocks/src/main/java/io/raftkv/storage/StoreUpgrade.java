package io.raftkv.storage;

import io.raftkv.storage.rocks.RocksCursor;
import io.raftkv.storage.rocks.RocksHandles;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.SysRows;
import io.raftkv.storage.row.SysRows.Count;
import java.util.Map;
import java.util.TreeMap;

/**
 * Brings a store of an older format to this one, in one write. The result depends on nothing but
 * the rows, so replicas that are upgraded at the same index are equal again.
 */
final class StoreUpgrade {
  private static final byte[] FIRST_ROW = {0};
  private static final byte[] LAST_ROW = {(byte) 0xff};

  private StoreUpgrade() {}

  /**
   * Format 1 counted keys, but not those that expire: they are counted now, in O(number of them).
   * If that is interrupted nothing has changed.
   *
   * @param formatValue what the row of the format says afterwards
   */
  static void fromFormat1(RocksHandles rocks, byte[] formatValue) {
    Map<Integer, Long> expiring = new TreeMap<>();
    try (RocksCursor rows = rocks.cursor(Family.EXPIRY, FIRST_ROW, LAST_ROW, true, null)) {
      while (rows.next()) {
        byte[] metaRow = KeyRows.metaOfExpiry(rows.key());
        byte[] meta = rocks.get(Family.META, metaRow);
        if (meta != null
            && MetaRow.decodeHeader(meta).expireAtMillis() == KeyRows.expireAtOf(rows.key())) {
          expiring.merge(place(KeyRows.slotOf(metaRow), KeyRows.homeOf(metaRow)), 1L, Long::sum);
        }
      }
    }
    rocks.write(
        out -> {
          try (RocksCursor rows =
              rocks.cursor(Family.SYS, SysRows.countsFrom(), SysRows.countsTo(), true, null)) {
            while (rows.next()) {
              byte[] row = rows.key();
              long keys = SysRows.keysOfFormat1(rows.value());
              int place = place(SysRows.slotOfCount(row), SysRows.homeOfCount(row));
              Count count = new Count(keys, expiring.getOrDefault(place, 0L));
              out.put(Family.SYS, row, count.encode());
            }
          }
          out.put(Family.SYS, SysRows.format(), formatValue);
        });
  }

  private static int place(int slot, int home) {
    return slot * KeyCounts.HOMES + home;
  }
}
