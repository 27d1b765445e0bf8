package io.raftkv.storage;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.List;

/** Removes keys and parts of keys whose time has come, which until then only count as absent. */
public final class ExpirySweep {
  /** Removes the dead parts of a key that lives on. */
  @FunctionalInterface
  public interface Parts {
    /**
     * Removes those of the key's parts that are dead at the time of its keyspace.
     *
     * @param limit most parts to remove, at least 1
     * @return how many it removed
     */
    int sweep(KeyHandle key, int limit);
  }

  /** Most rows of the index that one step handles. */
  public static final int MAX_LIMIT = 100_000;

  private static final byte[] FIRST_ROW = new byte[Long.BYTES];

  private ExpirySweep() {}

  /** True if a key of any database, or a part of one, is due at {@code nowMillis}. O(1). */
  public static boolean anyDue(Rows rows, long nowMillis) {
    try (RowCursor due = rows.ascending(Family.EXPIRY, FIRST_ROW, behind(nowMillis))) {
      return due.next();
    }
  }

  /**
   * Deletes keys of all databases that are due at the time of {@code keys}, the longest dead first,
   * and the parts of keys that are due. Rows of the expiry index that no key answers for are
   * dropped, too.
   *
   * @param limit most keys, parts and rows to remove, so that one step stays short
   * @param parts removes the dead parts of a key
   * @return how many it removed; less than {@code limit} if nothing is left
   */
  public static int sweep(Keyspace keys, int limit, Parts parts) {
    List<byte[]> due = new ArrayList<>();
    try (RowCursor cursor =
        keys.rows().ascending(Family.EXPIRY, FIRST_ROW, behind(keys.timeMillis()))) {
      while (due.size() < limit && cursor.next()) {
        due.add(cursor.key());
      }
    }
    int removed = 0;
    for (int i = 0; i < due.size() && removed < limit; i++) {
      removed += remove(keys, due.get(i), limit - removed, parts);
    }
    return removed;
  }

  private static int remove(Keyspace keys, byte[] expiryRow, int limit, Parts parts) {
    byte[] row = KeyRows.metaOfExpiry(expiryRow);
    byte[] value = keys.rows().get(Family.META, row);
    if (value == null
        || MetaRow.decodeHeader(value).dueAtMillis() != KeyRows.expireAtOf(expiryRow)) {
      keys.writableRows().delete(Family.EXPIRY, expiryRow);
      return 1;
    }
    KeyHandle key = new KeyHandle(keys, KeyRows.slotOf(row), row); // whatever its database
    if (!key.exists()) {
      key.delete();
      return 1;
    }
    int removed = parts.sweep(key, limit);
    if (removed < 1) {
      throw new CorruptStoreException("a key with a part due, but no such part");
    }
    return removed;
  }

  /** The first row of the index whose time is later than {@code millis}. */
  private static byte[] behind(long millis) {
    return KeyRows.expiry(millis == Long.MAX_VALUE ? millis : millis + 1, new byte[0]);
  }
}
