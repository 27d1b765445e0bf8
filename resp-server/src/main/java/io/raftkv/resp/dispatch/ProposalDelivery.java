package io.raftkv.resp.dispatch;

import io.raftkv.shard.ProposalFailure;
import io.raftkv.shard.ProposalOutcomes;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands outcomes over to the event loops they belong to: one task per loop and batch. */
public final class ProposalDelivery implements ProposalOutcomes<NodeProposal> {
  private static final Logger LOG = LoggerFactory.getLogger(ProposalDelivery.class);

  @Override
  public void succeeded(List<NodeProposal> proposals, Object[] results) {
    deliver(proposals, i -> proposals.get(i).succeeded(results[i]));
  }

  @Override
  public void failed(List<NodeProposal> proposals, ProposalFailure failure, String detail) {
    deliver(proposals, i -> proposals.get(i).failed(failure, detail));
  }

  private static void deliver(List<NodeProposal> proposals, IntConsumer outcome) {
    for (Executor executor : executors(proposals)) {
      try {
        executor.execute(() -> deliver(proposals, executor, outcome));
      } catch (RejectedExecutionException stopped) {
        // Nobody waits there any more; the thread that brings outcomes must go on.
        LOG.debug("outcomes dropped: their executor has stopped", stopped);
      }
    }
  }

  private static void deliver(
      List<NodeProposal> proposals, Executor executor, IntConsumer outcome) {
    for (int i = 0; i < proposals.size(); i++) {
      if (proposals.get(i).executor() == executor) {
        try {
          outcome.accept(i);
        } catch (RuntimeException fault) {
          LOG.error("the outcome of a proposal could not be taken", fault);
        }
      }
    }
  }

  private static Iterable<Executor> executors(List<NodeProposal> proposals) {
    Set<Executor> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
    for (NodeProposal proposal : proposals) {
      distinct.add(proposal.executor());
    }
    return distinct;
  }
}
