package io.raftkv.storage;

import io.raftkv.storage.rocks.RocksResources;

/**
 * What all stores of a process share: caches, memory limits and background threads. One per
 * process; close it after the last store. Thread-safe.
 */
public final class StoreEnvironment implements AutoCloseable {
  private final RocksResources resources;
  private final RowCache rowCache;

  public StoreEnvironment(StoreOptions options) {
    this.resources = new RocksResources(options);
    this.rowCache = new RowCache(options.rowCacheBytes());
  }

  RocksResources resources() {
    return resources;
  }

  RowCache rowCache() {
    return rowCache;
  }

  @Override
  public void close() {
    resources.close();
  }
}
