package io.raftkv.meta;

/** What a job is to achieve. */
public enum JobKind implements Coded {
  /** A new shard. */
  CREATE(0),
  /** The end of a shard. */
  DELETE(1),
  /** Other replicas for a shard: one elsewhere, one more or one less. */
  MIGRATE(2),
  /** Two shards from one. */
  SPLIT(3),
  /** One shard from several. */
  MERGE(4),
  /** A node without replicas. */
  DRAIN(5),
  /** Another leader for a shard. */
  TRANSFER(6),
  /** The end of a node's membership. */
  REMOVE(7),
  /** A node gives what it has to another one, and its membership ends. */
  REPLACE(9);

  private final int code;

  JobKind(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }

  /** True if a job makes a group that begins with what other ones have cut off. */
  public boolean beginsWithCuts() {
    return this == SPLIT || this == MERGE;
  }
}
