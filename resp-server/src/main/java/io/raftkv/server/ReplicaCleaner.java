package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.shard.ReadBarrier;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Finds the replicas that this node has and should not: of shards that moved away or are no more.
 *
 * <p>What this node has applied of the metadata may be old: after a restart it may not have got to
 * the entry yet that gave it the replica. So the state counts only if it has all that was committed
 * when the replica was missed in it, confirmed by a majority. For one thread; outcomes come on any.
 */
final class ReplicaCleaner {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long NEVER = -1;

  private final Node node;

  /** Groups that are missed in the state, and the metadata index it must have; NEVER: not known. */
  private final Map<UUID, Long> missed = new ConcurrentHashMap<>();

  private final Set<UUID> asking = ConcurrentHashMap.newKeySet();

  ReplicaCleaner(Node node) {
    this.node = node;
  }

  /** The groups to remove now. */
  Set<UUID> foreign(ClusterState state, Set<UUID> hosted) {
    Set<UUID> foreign = new HashSet<>();
    missed.keySet().retainAll(hosted);
    for (UUID group : hosted) {
      if (group.equals(MetadataGroup.GROUP) || belongsHere(state, group)) {
        missed.remove(group);
        continue;
      }
      long index = missed.computeIfAbsent(group, first -> NEVER);
      if (index == NEVER) {
        confirm(group);
      } else if (node.replica(MetadataGroup.GROUP).appliedIndex() >= index
          && !belongsHere(node.metadata().state(), group)) {
        foreign.add(group);
      }
    }
    return foreign;
  }

  private boolean belongsHere(ClusterState state, UUID group) {
    return state
        .shardOfGroup(group)
        .flatMap(shard -> shard.replicaOn(node.config().node().id()))
        .isPresent();
  }

  private void confirm(UUID group) {
    if (!asking.add(group)) {
      return;
    }
    node.barrier()
        .confirm(
            MetadataGroup.GROUP,
            System.nanoTime() + PATIENCE_NANOS,
            new ReadBarrier.Waiter() {
              @Override
              public void confirmed(long commitIndex) {
                missed.computeIfPresent(group, (key, old) -> commitIndex);
                asking.remove(group);
              }

              @Override
              public void failed() {
                asking.remove(group);
              }
            });
  }
}
