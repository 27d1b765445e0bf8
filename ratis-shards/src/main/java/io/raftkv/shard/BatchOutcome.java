package io.raftkv.shard;

/** What became of a batch when the entry that holds it was applied, or when it was refused. */
public enum BatchOutcome {
  /** Applied now; there are results. */
  APPLIED(0),
  /** Was applied by an earlier entry, and its results are no longer known here. */
  REPEATED(1),
  /** Skipped, since an earlier batch of its proposer is missing. Nothing happened. */
  OUT_OF_ORDER(2),
  /** Not proposed: this node does not lead the shard. Nothing happened. */
  NOT_LEADER(3),
  /** Not proposed: the leader has no room for more entries now. Nothing happened. */
  REFUSED(4),
  /** Not proposed: the leader takes no writes, for the given reason. Nothing happened. */
  READ_ONLY(5),
  /** Leadership was lost after the append: it may be applied later, or never. */
  UNKNOWN(6),
  /**
   * Not proposed: the leader's room is short, and the batch {@link Proposal#grows grows} the store.
   * Nothing happened.
   */
  NO_GROWTH(7);

  private final byte code;

  BatchOutcome(int code) {
    this.code = (byte) code;
  }

  /** The number between nodes; never reused. */
  public byte code() {
    return code;
  }

  /** Inverse of {@link #code}. */
  public static BatchOutcome of(byte code) {
    for (BatchOutcome outcome : values()) {
      if (outcome.code == code) {
        return outcome;
      }
    }
    throw new IllegalArgumentException("batch outcome " + code);
  }
}
