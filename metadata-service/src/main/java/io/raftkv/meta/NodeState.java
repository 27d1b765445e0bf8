package io.raftkv.meta;

/** What the cluster knows of a node, and so what it may ask of it. */
public enum NodeState implements Coded {
  /** Known, but not heard of yet. */
  JOINING(0),
  /** Heard of regularly. */
  ONLINE(1),
  /** Silent for a while: gets nothing new, keeps what it has. */
  UNHEALTHY(2),
  /** Silent for long: its replicas may be rebuilt elsewhere. */
  OFFLINE(3),
  /** An operator wants it empty: its replicas move away. */
  DRAINING(4),
  /** Gone for good; its id is never used again. */
  REMOVED(5);

  private final int code;

  NodeState(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }

  /** True if a node may go from this state to {@code next}; nothing leaves {@link #REMOVED}. */
  public boolean mayBecome(NodeState next) {
    return this != REMOVED && next != JOINING && next != this;
  }
}
