package io.raftkv.storage.rocks;

import io.raftkv.storage.Family;
import io.raftkv.storage.StoreOptions;
import java.util.List;
import org.rocksdb.AbstractEventListener;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.InfoLogLevel;

/** Every RocksDB setting that is not the default, and why. */
final class RocksTuning {
  private static final long KIB = 1L << 10;
  private static final long MIB = 1L << 20;

  private static final long BLOCK_BYTES = 8 * KIB;

  /** Families that hold user data get large memtables, the others seldom fill a small one. */
  private static final long LARGE_MEMTABLE_BYTES = 16 * MIB;

  private static final long SMALL_MEMTABLE_BYTES = 4 * MIB;

  /** Memtables grow by this much: many idle shards with six families each must stay small. */
  private static final long ARENA_BLOCK_BYTES = 128 * KIB;

  /**
   * Of a memtable's size. RocksDB takes it when it opens a store, and counts it as rows that wait
   * to be flushed: so it is what the shards of a node need that nobody uses. Ten bits for each of
   * 40,000 keys; with more of them in memory a search is saved less often.
   */
  private static final double MEMTABLE_BLOOM_RATIO = 0.003;

  private static final int MEMTABLES = 4;
  private static final long LEVEL_BASE_BYTES = 64 * MIB;
  private static final long TABLE_FILE_BYTES = 16 * MIB;

  /**
   * Of one compaction, about: those of the first level take all of its files, which at worst are
   * some more.
   */
  static final long COMPACTION_BYTES = 256 * MIB;

  private static final long SYNC_BYTES = MIB;
  private static final long INFO_LOG_BYTES = 2 * MIB;
  private static final int INFO_LOGS = 2;
  private static final long MANIFEST_BYTES = 4 * MIB;
  private static final long MANIFEST_PREALLOCATION_BYTES = 64 * KIB;

  private RocksTuning() {}

  static DBOptions database(RocksResources shared, AbstractEventListener listener) {
    StoreOptions options = shared.options();
    return new DBOptions()
        .setCreateIfMissing(true)
        .setCreateMissingColumnFamilies(true)
        .setParanoidChecks(true)
        // The Raft log is the write-ahead log. What is flushed must be one moment of all families,
        // or the applied index would not fit the data.
        .setAtomicFlush(true)
        // A clean close leaves nothing to replay.
        .setAvoidFlushDuringShutdown(false)
        .setWriteBufferManager(shared.writeBuffers())
        .setMaxBackgroundJobs(options.backgroundJobs())
        .setMaxOpenFiles(options.maxOpenFiles())
        .setMaxFileOpeningThreads(1)
        // Many shards open at process start; these statistics only steer compaction a little.
        .setSkipStatsUpdateOnDbOpen(true)
        // Spreads write-back, else fsync of a large table stalls the Raft log on the same disk.
        .setBytesPerSync(SYNC_BYTES)
        // A full disk or a passing I/O error ends by itself: keep trying, the shard refuses writes
        // meanwhile.
        .setMaxBgErrorResumeCount(Integer.MAX_VALUE)
        .setListeners(List.of(listener))
        // Iterators on event loops and read threads must not delete files.
        .setAvoidUnnecessaryBlockingIO(true)
        .setMaxManifestFileSize(MANIFEST_BYTES)
        .setManifestPreallocationSize(MANIFEST_PREALLOCATION_BYTES)
        .setInfoLogLevel(InfoLogLevel.INFO_LEVEL)
        .setMaxLogFileSize(INFO_LOG_BYTES)
        .setKeepLogFileNum(INFO_LOGS)
        // No periodic work in idle shards.
        .setStatsDumpPeriodSec(0)
        .setStatsPersistPeriodSec(0);
  }

  static ColumnFamilyOptions family(RocksResources shared, Family family) {
    boolean large = family == Family.META || family == Family.DATA || family == Family.SCORE;
    // In the family of scores it is the rank nodes that are read by key.
    boolean pointReads = large;
    ColumnFamilyOptions options =
        new ColumnFamilyOptions()
            .setWriteBufferSize(large ? LARGE_MEMTABLE_BYTES : SMALL_MEMTABLE_BYTES)
            .setArenaBlockSize(ARENA_BLOCK_BYTES)
            // A burst is buffered rather than stalled; the shared manager bounds the sum.
            .setMaxWriteBufferNumber(MEMTABLES)
            .setMaxBytesForLevelBase(LEVEL_BASE_BYTES)
            .setTargetFileSizeBase(TABLE_FILE_BYTES)
            .setMaxCompactionBytes(COMPACTION_BYTES)
            .setLevelCompactionDynamicLevelBytes(true)
            .setCompressionType(CompressionType.LZ4_COMPRESSION)
            .setTableFormatConfig(table(shared, pointReads));
    if (pointReads) {
      // A key that is not there is the common case of a first write: no search in the memtable.
      options
          .setMemtablePrefixBloomSizeRatio(MEMTABLE_BLOOM_RATIO)
          .setMemtableWholeKeyFiltering(true);
    }
    return options;
  }

  private static BlockBasedTableConfig table(RocksResources shared, boolean pointReads) {
    BlockBasedTableConfig table =
        new BlockBasedTableConfig()
            .setBlockCache(shared.blockCache())
            .setBlockSize(BLOCK_BYTES)
            // Indexes and filters live in the cache, so that many tables cannot exceed the budget.
            .setCacheIndexAndFilterBlocks(true)
            .setCacheIndexAndFilterBlocksWithHighPriority(true)
            .setPinL0FilterAndIndexBlocksInCache(true);
    if (pointReads) {
      table.setFilterPolicy(shared.bloomFilter()).setWholeKeyFiltering(true);
    }
    return table;
  }
}
