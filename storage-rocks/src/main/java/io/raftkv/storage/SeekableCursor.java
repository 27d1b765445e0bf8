package io.raftkv.storage;

/** A cursor that can jump. */
public interface SeekableCursor extends RowCursor {
  /**
   * Moves to the first row at or behind {@code row} in the direction of the cursor; false when
   * there is none. For a descending cursor that is the largest row at or below it.
   */
  boolean seek(byte[] row);
}
