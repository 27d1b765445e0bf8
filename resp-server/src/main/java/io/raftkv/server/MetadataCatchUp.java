package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.raft.Replica;
import io.raftkv.shard.ReadBarrier;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Whether this node knows by now all that was committed in the metadata group when its process
 * began. After a crash it begins with what it had on its disk, which may be long ago: shards may
 * have moved away from here since, or be no more. Only the first time is waited for: what this node
 * knows never goes back while its process runs. For one thread.
 */
final class MetadataCatchUp implements ReadBarrier.Waiter {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Node node;

  /** What the metadata replica here has to apply; null before it is asked for. */
  private CompletableFuture<Long> index;

  /** The version of the state at that index, or of a later one; null until it is applied. */
  private Long version;

  private volatile boolean reached;

  MetadataCatchUp(Node node) {
    this.node = node;
  }

  /**
   * Takes a step; to be called often. May read from the disk.
   *
   * @param state what this node knows
   */
  void look(ClusterState state) {
    Replica metadata = node.replica(MetadataGroup.GROUP);
    if (reached || metadata == null) {
      return;
    }
    if (index == null || index.isCompletedExceptionally()) {
      index = new CompletableFuture<>();
      node.barrier().confirm(MetadataGroup.GROUP, System.nanoTime() + PATIENCE_NANOS, this);
    }
    if (!index.isDone()
        || index.isCompletedExceptionally()
        || metadata.appliedIndex() < index.join()) {
      return;
    }
    if (version == null) {
      // A state is published a little after its index: so the store is asked for its version.
      version = MetadataGroup.storedVersion(metadata);
    }
    reached = version != null && state.version() >= version;
  }

  /** Whether the state of the last look, and so each one after it, is new enough. Any thread. */
  boolean isReached() {
    return reached;
  }

  @Override
  public void confirmed(long commitIndex) {
    index.complete(commitIndex);
  }

  @Override
  public void failed() {
    index.completeExceptionally(new IOException("the metadata group has no majority"));
  }
}
