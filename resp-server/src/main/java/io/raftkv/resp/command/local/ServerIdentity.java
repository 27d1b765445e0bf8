package io.raftkv.resp.command.local;

import io.raftkv.meta.DerivedIds;
import io.raftkv.server.NodeStatus;

/** What the server says it is to clients that ask. */
final class ServerIdentity {
  /** The Redis release whose replies and errors RaftKV gives. */
  static final String REDIS_VERSION = "7.2.0";

  private ServerIdentity() {}

  /** {@code standalone} for a node that has always been alone, else {@code cluster}. */
  static String mode(NodeStatus status) {
    boolean alone =
        status.config().cluster().isSingleNode() && status.cluster().members().size() <= 1;
    return alone ? "standalone" : "cluster";
  }

  static boolean isCluster(NodeStatus status) {
    return mode(status).equals("cluster");
  }

  /** 40 hexadecimal digits, others after every start. */
  static String runId(NodeStatus status) {
    // No node id has a slash in it, so this is nobody's node id.
    return DerivedIds.redisNodeId(
        status.cluster().clusterId(), status.nodeId() + "/" + status.startedAtMillis());
  }
}
