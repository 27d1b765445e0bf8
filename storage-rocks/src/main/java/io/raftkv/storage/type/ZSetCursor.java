package io.raftkv.storage.type;

/**
 * Walks over members of a sorted set in order; starts before the first one. The set must not change
 * meanwhile. Not thread-safe.
 */
public interface ZSetCursor extends AutoCloseable {
  /** Moves on; false when there are no more. */
  boolean next();

  byte[] member();

  double score();

  @Override
  void close();
}
