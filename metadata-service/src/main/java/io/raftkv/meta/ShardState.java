package io.raftkv.meta;

/** What is being done to a shard. */
public enum ShardState implements Coded {
  /** Its replicas are being made; it owns no slots yet. */
  CREATING(0),
  /** Serves its slots; nothing is being done to it. */
  ACTIVE(1),
  /** A replica moves from one node to another. */
  MIGRATING(2),
  /** Slots are being cut off into a new shard. */
  SPLITTING(3),
  /** It is being joined with another shard. */
  MERGING(4),
  /** Its replicas are being removed. */
  DELETING(5);

  private final int code;

  ShardState(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
