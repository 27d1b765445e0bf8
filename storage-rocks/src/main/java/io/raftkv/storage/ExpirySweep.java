package io.raftkv.storage;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.SysRows;
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

  /** Behind every time. */
  private static final byte[] LAST_ROW = {(byte) 0xff};

  private ExpirySweep() {}

  /**
   * True if there is something to sweep at {@code nowMillis}: a key of any database, or a part of
   * one, is due, or a database was flushed that had keys with an expiry. O(1).
   */
  public static boolean anyDue(Rows rows, long nowMillis) {
    if (orphansFrom(rows) != null) {
      return true;
    }
    try (RowCursor due = rows.ascending(Family.EXPIRY, FIRST_ROW, behind(nowMillis))) {
      return due.next();
    }
  }

  /**
   * Deletes keys of all databases that are due at the time of {@code keys}, the longest dead first,
   * and the parts of keys that are due. Rows of the expiry index that no key answers for are
   * dropped, too: when they are due, and after a flush also before.
   *
   * @param limit most keys, parts and rows to remove, so that one step stays short
   * @param parts removes the dead parts of a key
   * @return how many it removed, or looked at to see whether a key answers for them; less than
   *     {@code limit} if nothing is left
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
    return removed < limit ? removed + dropOrphans(keys, limit - removed) : removed;
  }

  /** Looks at so many rows that are not due, from where the last step has come to. */
  private static int dropOrphans(Keyspace keys, int limit) {
    byte[] from = orphansFrom(keys.rows());
    if (from == null) {
      return 0;
    }
    List<byte[]> seen = new ArrayList<>();
    byte[] next = null;
    try (RowCursor cursor = keys.rows().ascending(Family.EXPIRY, from, LAST_ROW)) {
      while (next == null && cursor.next()) {
        if (seen.size() < limit) {
          seen.add(cursor.key());
        } else {
          next = cursor.key();
        }
      }
    }
    for (byte[] expiryRow : seen) {
      if (isOrphan(keys, expiryRow)) {
        keys.writableRows().delete(Family.EXPIRY, expiryRow);
      }
    }
    keys.writableRows().orphansFrom(next);
    return seen.size();
  }

  private static byte[] orphansFrom(Rows rows) {
    return rows.get(Family.SYS, SysRows.orphans());
  }

  private static boolean isOrphan(Keyspace keys, byte[] expiryRow) {
    byte[] value = keys.rows().get(Family.META, KeyRows.metaOfExpiry(expiryRow));
    return value == null
        || MetaRow.decodeHeader(value).dueAtMillis() != KeyRows.expireAtOf(expiryRow);
  }

  private static int remove(Keyspace keys, byte[] expiryRow, int limit, Parts parts) {
    if (isOrphan(keys, expiryRow)) {
      keys.writableRows().delete(Family.EXPIRY, expiryRow);
      return 1;
    }
    byte[] row = KeyRows.metaOfExpiry(expiryRow);
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
