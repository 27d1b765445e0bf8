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
 */
public record BalanceSettings(Duration pause, Duration rebuildAfter, Split split) {
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
