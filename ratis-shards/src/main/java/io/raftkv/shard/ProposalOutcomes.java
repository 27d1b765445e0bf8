package io.raftkv.shard;

import java.util.List;

/**
 * Takes what became of proposals. Called once per proposal, on the apply thread, a thread of the
 * transport or the timer: must not block.
 */
public interface ProposalOutcomes<P extends Proposal> {
  /** Applied: one result per proposal. */
  void succeeded(List<P> proposals, Object[] results);

  /**
   * Not answered before the deadline, or refused.
   *
   * @param detail for the message to the user
   */
  void failed(List<P> proposals, ProposalFailure failure, String detail);
}
