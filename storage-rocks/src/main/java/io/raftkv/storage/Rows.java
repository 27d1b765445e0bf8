package io.raftkv.storage;

/**
 * The rows of one shard as one moment sees them. Row keys order as unsigned bytes.
 *
 * <p>Used by one thread at a time. Arrays handed in or out belong to the store: nobody changes
 * them.
 */
public interface Rows {
  /** The value of a row, or null if there is no such row. */
  byte[] get(Family family, byte[] row);

  /**
   * Rows from {@code from} (inclusive) to {@code to} (exclusive). Close it.
   *
   * @param ascending whether the smallest comes first, or the largest
   */
  RowCursor cursor(Family family, byte[] from, byte[] to, boolean ascending);

  /** As {@link #cursor}, smallest first. */
  default RowCursor ascending(Family family, byte[] from, byte[] to) {
    return cursor(family, from, to, true);
  }

  /** As {@link #cursor}, largest first. */
  default RowCursor descending(Family family, byte[] from, byte[] to) {
    return cursor(family, from, to, false);
  }

  /**
   * To be told before work that takes time rather than rows.
   *
   * @param steps about how many elements or bytes will be looked at
   * @throws NotInMemoryException if that would hold those who wait for this thread
   */
  default void mayTakeLong(long steps) {}

  /**
   * Counts bytes of elements that are gathered in memory: in a view until it is closed, in an entry
   * as {@link WritableRows#charge} does.
   *
   * @param bytes how many more; negative for what is not held any more
   * @throws EntryFullException if an entry has no room for them
   * @throws HeldTooMuchException if a view holds too much, or all views of the process do
   */
  void hold(long bytes);

  /** Which home each database's keys are in. */
  DatabaseHomes homes();

  /** Which slots the store has. */
  SlotOwnership ownership();

  /** Number of keys of a slot in a home, dead ones included until they are swept. */
  long keysInSlot(int slot, int home);

  /**
   * The first of some slots in which a home has keys; the one behind {@code last} if none has.
   *
   * @param first where to begin; at most the one behind {@code last}
   */
  default int slotWithKeys(int home, int first, int last) {
    int slot = first;
    while (slot <= last && keysInSlot(slot, home) == 0) {
      slot++;
    }
    return slot;
  }

  /**
   * The slot of a key by its index, from 0 to {@link #keys} - 1, where the keys of a home are
   * counted slot by slot. O(number of slots), whatever was deleted.
   */
  default int slotOfKey(int home, long index) {
    long left = index;
    for (int slot = 0; slot < Slot.COUNT; slot++) {
      left -= keysInSlot(slot, home);
      if (left < 0) {
        return slot;
      }
    }
    throw new CorruptStoreException("fewer keys in the slots than in all, at index " + index);
  }

  /** Number of keys in a home of this shard, dead ones included until they are swept. */
  long keys(int home);

  /** How many of {@link #keys} have an expiry. */
  long expiringKeys(int home);
}
