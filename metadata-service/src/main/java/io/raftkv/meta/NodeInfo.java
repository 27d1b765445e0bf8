package io.raftkv.meta;

import java.util.Objects;

/**
 * A node as the cluster knows it.
 *
 * @param spec what it says of itself
 * @param state what the cluster makes of it
 * @param draining an operator wants it empty, whatever the state: of a node that is {@link
 *     NodeState#DRAINING} always, of one that is {@link NodeState#ONLINE} never
 * @param memberSince version of the state that admitted it, when it joined; 0 of a node that the
 *     cluster began with. A process of the same id that was admitted by an earlier one has been
 *     removed
 * @param registeredAtMillis when it became known
 * @param updatedAtMillis when this record last changed
 */
public record NodeInfo(
    NodeSpec spec,
    NodeState state,
    boolean draining,
    long memberSince,
    long registeredAtMillis,
    long updatedAtMillis) {
  public NodeInfo {
    Objects.requireNonNull(spec, "spec");
    Objects.requireNonNull(state, "state");
    if ((state == NodeState.DRAINING && !draining) || (state == NodeState.ONLINE && draining)) {
      throw new IllegalArgumentException(
          "node %s is %s and %s".formatted(spec.id(), state, draining ? "draining" : "not"));
    }
    if (memberSince < 0) {
      throw new IllegalArgumentException("node " + spec.id() + " is one since " + memberSince);
    }
  }

  /**
   * A node that is not heard of yet.
   *
   * @param memberSince as above
   */
  static NodeInfo joining(NodeSpec spec, long memberSince, long timeMillis) {
    return new NodeInfo(spec, NodeState.JOINING, false, memberSince, timeMillis, timeMillis);
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
    return new NodeInfo(next, state, draining, memberSince, registeredAtMillis, timeMillis);
  }

  /** The state as it is judged: one that is relied on again may still be draining. */
  NodeInfo withState(NodeState judged, long timeMillis) {
    NodeState next = judged == NodeState.ONLINE && draining ? NodeState.DRAINING : judged;
    return new NodeInfo(spec, next, draining, memberSince, registeredAtMillis, timeMillis);
  }

  /** Whether it can be relied on stays as it is. */
  NodeInfo withDraining(boolean wanted, long timeMillis) {
    NodeState next =
        switch (state) {
          case ONLINE, DRAINING -> wanted ? NodeState.DRAINING : NodeState.ONLINE;
          case JOINING, UNHEALTHY, OFFLINE, REMOVED -> state;
        };
    return new NodeInfo(spec, next, wanted, memberSince, registeredAtMillis, timeMillis);
  }
}
