package io.raftkv.storage;

import io.raftkv.storage.row.SysRows;

/**
 * Rows that can be changed: what the apply of one log entry sees. Reads see the entry's own earlier
 * writes; nothing is visible to others before the entry is committed as a whole.
 */
public interface WritableRows extends Rows {
  void put(Family family, byte[] row, byte[] value);

  void delete(Family family, byte[] row);

  /** Deletes all rows from {@code from} (inclusive) to {@code to} (exclusive), in O(1). */
  void deleteRange(Family family, byte[] from, byte[] to);

  /**
   * A number never handed out before in this shard, ascending, equal on all replicas. Names element
   * rows of a collection and versions of a key.
   */
  long nextId();

  /**
   * Tells that the numbers of keys of a slot in a home have changed.
   *
   * @param keys how many more keys there are, negative for fewer
   * @param expiring how many more of them have an expiry
   */
  void addKeys(int slot, int home, int keys, int expiring);

  /** Tells that a slot has no more keys in a home. */
  void forgetKeys(int slot, int home);

  /**
   * Counts bytes that are held until the entry is committed, as a reply is, as if they were
   * changes.
   *
   * @throws EntryFullException if there is no room for them in the entry
   */
  void charge(long bytes);

  @Override
  default void hold(long bytes) {
    charge(bytes);
  }

  /**
   * Notes from which row on the {@code expiry} family may have some that no key answers for, or
   * with null that there are none; see {@link SysRows#orphans}.
   */
  void orphansFrom(byte[] expiryRow);

  /** Gives the databases other homes. */
  void homes(DatabaseHomes next);

  /** Says which slots the store has from now on; {@link SlotChanges} sees to the rows. */
  void ownership(SlotOwnership next);
}
