package io.raftkv.server.http;

import java.util.List;

/**
 * Whether a node answers requests.
 *
 * @param node the node's id
 * @param shards the replicas on this node
 */
public record Readiness(boolean ready, String node, List<ShardHealth> shards) {
  public Readiness {
    shards = List.copyOf(shards);
  }
}
