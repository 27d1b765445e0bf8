package io.raftkv.shard;

/** What a node takes into its logs as a leader, by the room on its disk. */
public enum Admission {
  /** There is room. */
  EVERYTHING,
  /** Room is short: only batches that do not {@link Applier#grows grow} the store. */
  NO_GROWTH,
  /** What is left is for the logs and stores themselves. */
  NOTHING
}
