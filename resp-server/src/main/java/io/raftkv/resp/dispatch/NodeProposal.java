package io.raftkv.resp.dispatch;

import io.raftkv.shard.Proposal;
import io.raftkv.shard.ProposalFailure;
import java.util.concurrent.Executor;

/** A proposal of this node; its outcome is delivered on its executor. */
public interface NodeProposal extends Proposal {
  /**
   * Where the outcome is taken: an event loop. Proposals of one executor are delivered together.
   */
  Executor executor();

  /** Applied; {@code result} is what the applier returned. */
  void succeeded(Object result);

  void failed(ProposalFailure failure, String detail);
}
