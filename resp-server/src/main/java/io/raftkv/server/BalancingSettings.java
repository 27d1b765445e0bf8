package io.raftkv.server;

import java.time.Duration;
import java.util.List;

/** What the cluster does by itself. The leader of the metadata group goes by its own. */
final class BalancingSettings {
  private static final SettingSection GROUP = new SettingSection(SettingGroup.BALANCING);

  static final Setting<Duration> REBUILD_AFTER =
      GROUP.constant(
          "rebuild-after",
          ValueType.DURATION,
          "30m",
          "How long a node must be offline for its replicas to be made anew on other nodes; 0 for"
              + " never. The same on every node, as all of these.",
          config -> config.balance().rebuildAfter());

  static final Setting<Duration> BALANCE_PAUSE =
      GROUP.constant(
          "balance-pause",
          ValueType.DURATION,
          "10s",
          "Least time between two jobs that nobody asked for, from 100ms to 1h; a shard rests six"
              + " times as long.",
          config -> config.balance().pause());

  static final Setting<ByteSize> AUTO_SPLIT_BYTES =
      GROUP.constant(
          "auto-split-bytes",
          ValueType.SIZE,
          "0",
          "While RAFTKV.BALANCE is ON: bytes of a shard's slots from which on the shard is split; 0"
              + " for never.",
          config -> config.balance().splitBytes());

  static final Setting<Long> AUTO_SPLIT_OPS =
      GROUP.constant(
          "auto-split-ops",
          ValueType.longInteger("COUNT", 0, 1_000_000_000),
          "0",
          "The same for commands per second that a shard is asked for; 0 for never.",
          config -> config.balance().splitOperations());

  static final Setting<Duration> AUTO_SPLIT_AFTER =
      GROUP.constant(
          "auto-split-after",
          ValueType.DURATION,
          "10m",
          "How long a shard must be that large or that busy to be split.",
          config -> config.balance().splitAfter());

  static final Setting<Integer> AUTO_SPLIT_SHARDS =
      GROUP.constant(
          "auto-split-shards",
          ValueType.integer("COUNT", 1, 100_000),
          "64",
          "No shard is split by itself when there are as many: one busy key stays busy, however"
              + " often its shard is split.",
          config -> config.balance().splitShards());

  static final Setting<ByteSize> AUTO_MERGE_BYTES =
      GROUP.constant(
          "auto-merge-bytes",
          ValueType.SIZE,
          "0",
          "While RAFTKV.BALANCE is ON: two shards on the same nodes whose slots adjoin, and together"
              + " take no more bytes, are merged, as long as there are more than two shards, and"
              + " more than nodes; 0 for never. At most 128mb, and half of auto-split-bytes.",
          config -> config.balance().mergeBytes());

  static final Setting<Long> AUTO_MERGE_OPS =
      GROUP.constant(
          "auto-merge-ops",
          ValueType.longInteger("COUNT", 0, 1_000_000_000),
          "100",
          "No more commands per second than so many must both be asked for. At most half of"
              + " auto-split-ops.",
          config -> config.balance().mergeOperations());

  static final Setting<Duration> AUTO_MERGE_AFTER =
      GROUP.constant(
          "auto-merge-after",
          ValueType.DURATION,
          "1h",
          "How long two shards must be that small and that quiet to be merged.",
          config -> config.balance().mergeAfter());

  /** All of these. */
  static final List<Setting<?>> ALL = SettingSection.join(GROUP);

  private BalancingSettings() {}
}
