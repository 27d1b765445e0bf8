package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

/**
 * The shards that this node had a replica of, by their records, and has not any more. Who is
 * removed from a Raft group is not told: its replica goes on as a follower of the leader that it
 * knew, until it is stopped. The record says so much sooner.
 *
 * <p>Only a record that named this node before counts. What a node knows after a restart may be
 * old, and miss a replica that it has by an entry which it has not got yet. Thread-safe.
 */
final class LeftReplicas {
  private final String self;
  private volatile Set<UUID> groups = Set.of();

  LeftReplicas(String self) {
    this.self = self;
  }

  /** Takes one state after the other; for one thread. */
  void changed(ClusterState before, ClusterState after) {
    if (before.shards() == after.shards()) {
      return;
    }
    Set<UUID> left = new HashSet<>();
    for (ShardInfo shard : after.shards().values()) {
      UUID group = shard.groupId();
      boolean here = shard.replicaOn(self).isPresent();
      if (!here && (has(group) || hadIn(before, group))) {
        left.add(group);
      }
    }
    groups = Set.copyOf(left);
  }

  private boolean hadIn(ClusterState before, UUID group) {
    return before.shardOfGroup(group).flatMap(shard -> shard.replicaOn(self)).isPresent();
  }

  /** Whether this node has left a group. Cheap. */
  boolean has(UUID group) {
    return groups.contains(group);
  }
}
