package io.raftkv.storage;

/** Walks over rows; starts before the first one. Not thread-safe. */
public interface RowCursor extends AutoCloseable {
  /** Moves to the next row; false when there is none. */
  boolean next();

  /** Key of the current row. */
  byte[] key();

  /** Value of the current row. */
  byte[] value();

  @Override
  void close();
}
