package io.raftkv.shard;

/** Learns what this node's replica did with the batches of one proposer. */
@FunctionalInterface
public interface ApplyListener {
  /**
   * Called on the apply thread after the entry is committed to the store; must not block.
   *
   * @param results one per proposal when {@code outcome} is {@link BatchOutcome#APPLIED}, else null
   */
  void applied(long sequence, BatchOutcome outcome, Object[] results);
}
