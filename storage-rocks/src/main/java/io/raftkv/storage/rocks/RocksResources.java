package io.raftkv.storage.rocks;

import io.raftkv.storage.StoreOptions;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.Env;
import org.rocksdb.LRUCache;
import org.rocksdb.Priority;
import org.rocksdb.WriteBufferManager;

/**
 * The native memory and threads that all stores of a process share. Close it after the last store.
 * Thread-safe.
 */
public final class RocksResources implements AutoCloseable {
  private static final double BLOOM_BITS_PER_KEY = 10;

  /** One shard per bit: a block cache of this size needs few locks on few cores. */
  private static final int CACHE_SHARD_BITS = 4;

  private final StoreOptions options;
  private final Cache blockCache;
  private final WriteBufferManager writeBuffers;
  private final BloomFilter bloomFilter;

  public RocksResources(StoreOptions options) {
    NativeLibrary.load();
    this.options = options;
    // Memtables are charged to the block cache, so that one number bounds RocksDB's memory.
    this.blockCache =
        new LRUCache(options.blockCacheBytes() + options.writeBufferBytes(), CACHE_SHARD_BITS);
    this.writeBuffers = new WriteBufferManager(options.writeBufferBytes(), blockCache);
    this.bloomFilter = new BloomFilter(BLOOM_BITS_PER_KEY);
    // Flushes get a thread of their own: behind a long compaction they would stall apply.
    Env.getDefault()
        .setBackgroundThreads(1, Priority.HIGH)
        .setBackgroundThreads(Math.max(1, options.backgroundJobs() - 1), Priority.LOW);
  }

  StoreOptions options() {
    return options;
  }

  Cache blockCache() {
    return blockCache;
  }

  WriteBufferManager writeBuffers() {
    return writeBuffers;
  }

  BloomFilter bloomFilter() {
    return bloomFilter;
  }

  @Override
  public void close() {
    bloomFilter.close();
    writeBuffers.close();
    blockCache.close();
  }
}
