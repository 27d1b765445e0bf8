package io.raftkv.meta.balance;

import java.time.Duration;

/**
 * What the cluster does by itself, and how carefully.
 *
 * @param pause least time between two jobs; a shard rests six times as long after one, and what is
 *     spread must have been worth it for three times as long as that
 * @param rebuildAfter how long a node must be offline for its replicas to be made anew elsewhere; 0
 *     for never
 * @param split which shards are split
 * @param merge which shards are merged
 */
public record BalanceSettings(Duration pause, Duration rebuildAfter, Split split, Merge merge) {
  private static final int STEADY_PAUSES = 18;

  /** No shard is split by itself. */
  public static final Split NO_SPLIT = new Split(0, 0, Duration.ZERO, 0);

  /**
   * Which shards are split.
   *
   * @param bytes what its slots take of the store, from which on a shard is; 0 for none
   * @param operations commands per second from which on a shard is; 0 for none
   * @param after how long a shard must be that large or that busy
   * @param maxShards no shard is split when there are as many
   */
  public record Split(long bytes, long operations, Duration after, int maxShards) {
    public Split {
      if (bytes < 0 || operations < 0 || after.isNegative() || maxShards < 0) {
        throw new IllegalArgumentException("negative settings for splitting shards");
      }
    }
  }

  /** No shards are merged by themselves. */
  public static final Merge NO_MERGE = new Merge(0, 0, Duration.ZERO);

  /**
   * Which two shards are merged whose slots adjoin, and which are on the same nodes.
   *
   * @param bytes what the slots of both together take at most; 0 if none are merged
   * @param operations commands per second that both together are asked for at most
   * @param after how long they must be that small and that quiet
   */
  public record Merge(long bytes, long operations, Duration after) {
    public Merge {
      if (bytes < 0 || operations < 0 || after.isNegative()) {
        throw new IllegalArgumentException("negative settings for merging shards");
      }
    }
  }

  /** For how long a move must have been worth making: loads come and go. */
  public Duration steady() {
    return pause.multipliedBy(STEADY_PAUSES);
  }

  public BalanceSettings {
    if (pause.isNegative() || rebuildAfter.isNegative()) {
      throw new IllegalArgumentException("negative settings for balancing");
    }
  }
}
