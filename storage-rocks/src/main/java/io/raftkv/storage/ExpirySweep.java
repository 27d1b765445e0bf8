package io.raftkv.storage;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.List;

/** Removes keys whose time has come, which until then only count as absent. */
public final class ExpirySweep {
  /** Most rows of the index that one step handles. */
  public static final int MAX_LIMIT = 100_000;

  private static final byte[] FIRST_ROW = new byte[Long.BYTES];

  private ExpirySweep() {}

  /** True if a key of any database is due at {@code nowMillis}. O(1). */
  public static boolean anyDue(Rows rows, long nowMillis) {
    try (RowCursor due = rows.ascending(Family.EXPIRY, FIRST_ROW, behind(nowMillis))) {
      return due.next();
    }
  }

  /**
   * Deletes keys of all databases that are due at the time of {@code keys}, the longest dead first.
   * Rows of the expiry index that no key answers for are dropped, too.
   *
   * @param limit most rows of the index to handle, so that one step stays short
   * @return how many rows it handled; less than {@code limit} if nothing is left
   */
  public static int sweep(Keyspace keys, int limit) {
    List<byte[]> due = new ArrayList<>();
    try (RowCursor cursor =
        keys.rows().ascending(Family.EXPIRY, FIRST_ROW, behind(keys.timeMillis()))) {
      while (due.size() < limit && cursor.next()) {
        due.add(cursor.key());
      }
    }
    for (byte[] expiryRow : due) {
      remove(keys, expiryRow);
    }
    return due.size();
  }

  private static void remove(Keyspace keys, byte[] expiryRow) {
    byte[] row = KeyRows.metaOfExpiry(expiryRow);
    byte[] value = keys.rows().get(Family.META, row);
    if (value == null
        || MetaRow.decodeHeader(value).expireAtMillis() != KeyRows.expireAtOf(expiryRow)) {
      keys.writableRows().delete(Family.EXPIRY, expiryRow);
    } else {
      new KeyHandle(keys.select(KeyRows.databaseOf(row)), KeyRows.slotOf(row), row).delete();
    }
  }

  /** The first row of the index whose time is later than {@code millis}. */
  private static byte[] behind(long millis) {
    return KeyRows.expiry(millis == Long.MAX_VALUE ? millis : millis + 1, new byte[0]);
  }
}
