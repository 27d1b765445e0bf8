package io.raftkv.server;

import java.time.Duration;
import java.util.List;

/** How shards are replicated and stored. */
final class ShardSettings {
  private static final SettingSection REPLICATION_GROUP =
      new SettingSection(SettingGroup.REPLICATION);
  private static final SettingSection STORAGE_GROUP = new SettingSection(SettingGroup.STORAGE);

  private static final ByteSize SNAPSHOT_LOG = ByteSize.mebibytes(1024);
  private static final ByteSize LOG_SEGMENT = ByteSize.mebibytes(32);

  // Replication

  static final Setting<Duration> ELECTION_TIMEOUT_MIN =
      REPLICATION_GROUP.constant(
          "election-timeout-min",
          ValueType.DURATION,
          "1s",
          "Shortest silence of a leader before another is elected.",
          config -> config.raft().electionTimeoutMin());

  static final Setting<Duration> ELECTION_TIMEOUT_MAX =
      REPLICATION_GROUP.constant(
          "election-timeout-max",
          ValueType.DURATION,
          "2s",
          "Longest such silence, at most 10m; each replica waits for a random time between the two.",
          config -> config.raft().electionTimeoutMax());

  static final Setting<Long> SNAPSHOT_ENTRIES =
      REPLICATION_GROUP.constant(
          "snapshot-entries",
          ValueType.longInteger("COUNT", 10, 1_000_000_000),
          "400000",
          "Log entries of a shard between snapshots.",
          config -> config.raft().snapshotEntries());

  static final Setting<ByteSize> SNAPSHOT_LOG_BYTES =
      REPLICATION_GROUP.derived(
          "snapshot-log-bytes",
          ValueType.SIZE,
          "1gb, or log-segment-bytes if that is more",
          values -> larger(SNAPSHOT_LOG, values.get(ShardSettings.LOG_SEGMENT_BYTES)),
          "Log of a shard between snapshots, whichever of the two is reached first.",
          config -> config.raft().snapshotLog());

  static final Setting<ByteSize> LOG_SEGMENT_BYTES =
      REPLICATION_GROUP.derived(
          "log-segment-bytes",
          ValueType.SIZE,
          "32mb, or what the largest entry takes",
          values ->
              larger(
                  LOG_SEGMENT,
                  ServerConfig.smallestSegment(
                      values.get(ClientSettings.MAX_COMMAND_BYTES),
                      values.get(ClientSettings.BATCH_BYTES))),
          "Size of one file of the Raft log; at most 4gb, at least what the largest entry takes, which"
              + " is a few MB more than max-command-bytes: 69mb by default.",
          config -> config.raft().logSegment());

  static final Setting<ByteSize> MIGRATION_RATE =
      REPLICATION_GROUP.constant(
          "migration-rate",
          ValueType.SIZE,
          "64mb",
          "What this node sends of snapshots per second, all shards together, to replicas that are"
              + " new or far behind; at least 1mb, 0 for no limit.",
          config -> config.raft().migrationRate());

  static final Setting<Duration> EXPIRY_CYCLE =
      REPLICATION_GROUP.constant(
          "expiry-cycle",
          ValueType.DURATION,
          "100ms",
          "Time between the leader's rounds of deleting keys that are due, at most 1h. Reads never"
              + " show a due key, deleted or not.",
          config -> config.raft().expiryCycle());

  static final Setting<Duration> CLOCK_SKEW_LIMIT =
      REPLICATION_GROUP.constant(
          "clock-skew-limit",
          ValueType.DURATION,
          "500ms",
          "Distance from the other nodes' clocks beyond which a leader's clock is not used; at most"
              + " 24h.",
          config -> config.raft().clockSkewLimit());

  // Storage

  static final Setting<ByteSize> BLOCK_CACHE =
      STORAGE_GROUP.constant(
          "block-cache",
          ValueType.SIZE,
          "128mb",
          "RocksDB's cache of data blocks, outside the Java heap, shared by all shards.",
          config -> config.store().blockCache());

  static final Setting<ByteSize> ROW_CACHE =
      STORAGE_GROUP.constant(
          "row-cache",
          ValueType.SIZE,
          "64mb",
          "Cache of hot rows in the Java heap, shared by all shards; 0 has none.",
          config -> config.store().rowCache());

  static final Setting<ByteSize> WRITE_BUFFER =
      STORAGE_GROUP.constant(
          "write-buffer",
          ValueType.SIZE,
          "32mb",
          "RocksDB's buffer of new rows, outside the Java heap, shared by all shards.",
          config -> config.store().writeBuffer());

  static final Setting<ByteSize> MIN_FREE_DISK =
      STORAGE_GROUP.constant(
          "min-free-disk",
          ValueType.SIZE,
          "256mb",
          "Free space of the data directory's disk below which commands that store something are"
              + " refused, and below a quarter of it all writes: the node still has to compact,"
              + " snapshot and delete.",
          config -> config.store().minFreeDisk());

  /** All of these. */
  static final List<Setting<?>> ALL = SettingSection.join(REPLICATION_GROUP, STORAGE_GROUP);

  private ShardSettings() {}

  private static ByteSize larger(ByteSize one, ByteSize other) {
    return one.compareTo(other) >= 0 ? one : other;
  }
}
