package io.raftkv.meta;

/** What a history event tells of. */
public enum EventKind implements Coded {
  /** The cluster got its id, nodes and shards. */
  CLUSTER_BOOTSTRAPPED(0),
  /** Slots got other owners. */
  ROUTING_CHANGED(1),
  /** A node became known. */
  NODE_REGISTERED(2),
  /** A known node started again, perhaps elsewhere. */
  NODE_RESTARTED(3),
  /** A node went from one state to another. */
  NODE_STATE_CHANGED(4);

  private final int code;

  EventKind(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
