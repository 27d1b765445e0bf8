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
  NODE_STATE_CHANGED(4),
  /** A job began. */
  JOB_STARTED(5),
  /** A job went from one step or state to another. */
  JOB_ADVANCED(6),
  /** A job ended: done, failed or cancelled. */
  JOB_ENDED(7),
  /** What is done by itself was said anew. */
  BALANCING_CHANGED(16);

  private final int code;

  EventKind(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
