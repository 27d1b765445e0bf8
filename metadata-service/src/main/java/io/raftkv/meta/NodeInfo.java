package io.raftkv.meta;

import java.util.Objects;

/**
 * A node as the cluster knows it.
 *
 * @param spec what it says of itself
 * @param state what the cluster makes of it
 * @param registeredAtMillis when it became known
 * @param updatedAtMillis when this record last changed
 */
public record NodeInfo(
    NodeSpec spec, NodeState state, long registeredAtMillis, long updatedAtMillis) {
  public NodeInfo {
    Objects.requireNonNull(spec, "spec");
    Objects.requireNonNull(state, "state");
  }

  public String id() {
    return spec.id();
  }

  public String host() {
    return spec.host();
  }

  public int respPort() {
    return spec.respPort();
  }

  public int raftPort() {
    return spec.raftPort();
  }

  /** 0 if the node serves no HTTP. */
  public int httpPort() {
    return spec.httpPort();
  }

  public String softwareVersion() {
    return spec.softwareVersion();
  }

  public long incarnation() {
    return spec.incarnation();
  }

  NodeInfo withSpec(NodeSpec next, long timeMillis) {
    return new NodeInfo(next, state, registeredAtMillis, timeMillis);
  }

  NodeInfo withState(NodeState next, long timeMillis) {
    return new NodeInfo(spec, next, registeredAtMillis, timeMillis);
  }
}
