package io.raftkv.storage;

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

  /** Tells that the number of keys of a slot and database has changed. */
  void addKeys(int slot, int database, int delta);
}
