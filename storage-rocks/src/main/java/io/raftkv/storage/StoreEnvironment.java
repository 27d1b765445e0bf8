package io.raftkv.storage;

import io.raftkv.storage.rocks.RocksResources;

/**
 * What all stores of a process share: caches, memory limits and background threads. One per
 * process; close it after the last store. Thread-safe.
 */
public final class StoreEnvironment implements AutoCloseable {
  private final RocksResources resources;
  private final RowCache rowCache;

  private final HoldBudget holdBudget;

  /** Reads of all stores together may hold as much as a log entry may change. */
  public StoreEnvironment(StoreOptions options) {
    this(options, Runtime.getRuntime().maxMemory() / 4);
  }

  /**
   * @param holdBytes what reads of all stores together may {@link Keyspace#hold}
   */
  public StoreEnvironment(StoreOptions options, long holdBytes) {
    this.holdBudget = new HoldBudget(holdBytes);
    this.resources = new RocksResources(options);
    this.rowCache = new RowCache(options.rowCacheBytes());
  }

  RocksResources resources() {
    return resources;
  }

  RowCache rowCache() {
    return rowCache;
  }

  /** What reads of all stores {@link Keyspace#hold} now. */
  public long heldByReadsBytes() {
    return holdBudget.heldBytes();
  }

  HoldBudget holdBudget() {
    return holdBudget;
  }

  @Override
  public void close() {
    resources.close();
  }
}
