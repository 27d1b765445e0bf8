package io.raftkv.storage;

/**
 * Memory and resources of all stores of one process together.
 *
 * @param blockCacheBytes native memory for blocks of table files
 * @param rowCacheBytes Java heap for hot metadata rows; 0 switches that cache off
 * @param writeBufferBytes native memory for rows not yet on disk; beyond it stores flush
 * @param maxOpenFiles file descriptors that one store may hold, -1 for no limit
 * @param backgroundJobs threads for flushes and compactions, at least 2
 */
public record StoreOptions(
    long blockCacheBytes,
    long rowCacheBytes,
    long writeBufferBytes,
    int maxOpenFiles,
    int backgroundJobs) {
  private static final long MIB = 1L << 20;
  private static final int MIN_OPEN_FILES = 64;

  public StoreOptions {
    require(blockCacheBytes >= MIB, "blockCacheBytes", blockCacheBytes);
    require(rowCacheBytes >= 0, "rowCacheBytes", rowCacheBytes);
    require(writeBufferBytes >= MIB, "writeBufferBytes", writeBufferBytes);
    require(maxOpenFiles == -1 || maxOpenFiles >= MIN_OPEN_FILES, "maxOpenFiles", maxOpenFiles);
    require(backgroundJobs >= 2, "backgroundJobs", backgroundJobs);
  }

  /** For a node with two cores, a few gigabytes of memory and several shards. */
  public static StoreOptions defaults() {
    return new StoreOptions(128 * MIB, 64 * MIB, 64 * MIB, 512, 2);
  }

  /** The same with another budget for hot metadata rows. */
  public StoreOptions withRowCacheBytes(long bytes) {
    return new StoreOptions(blockCacheBytes, bytes, writeBufferBytes, maxOpenFiles, backgroundJobs);
  }

  private static void require(boolean valid, String name, long value) {
    if (!valid) {
      throw new IllegalArgumentException(name + " is out of range: " + value);
    }
  }
}
