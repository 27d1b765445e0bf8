package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Changes of the cluster, proposed from this node. */
final class NodeChanges implements ClusterChanges {
  private final Node node;

  /** Who waits for the end of a job; one future for all that wait for the same. */
  private final Map<String, CompletableFuture<Void>> waiting = new ConcurrentHashMap<>();

  NodeChanges(Node node) {
    this.node = node;
  }

  /** To be told of each new state; quick. */
  void changed(ClusterState state) {
    waiting
        .entrySet()
        .removeIf(one -> hasEnded(state, one.getKey()) && one.getValue().complete(null));
  }

  private static boolean hasEnded(ClusterState state, String jobId) {
    return state.job(jobId).map(job -> job.state().isFinal()).orElse(false);
  }

  @Override
  public CompletionStage<MetaReply> propose(MetaCommand command) {
    return node.metadata().propose(node.shards().client(MetadataGroup.GROUP), command);
  }

  @Override
  public CompletionStage<JobInfo> ended(String jobId, Duration patience) {
    CompletableFuture<Void> end =
        waiting.computeIfAbsent(jobId, unknown -> new CompletableFuture<>());
    changed(node.metadata().state()); // it may have ended before anybody waited
    return end.copy()
        .completeOnTimeout(null, patience.toMillis(), TimeUnit.MILLISECONDS)
        .thenApply(over -> node.metadata().state().job(jobId).orElse(null));
  }
}
