package io.raftkv.meta;

import java.util.Locale;

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
  /** Heard of regularly, but an operator wants it empty: gets nothing new, what it has moves. */
  DRAINING(4),
  /** No part of the cluster any more; its id may join again, with nothing of what it had. */
  REMOVED(5);

  private final int code;

  NodeState(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }

  /** As texts say it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** True if this follows from how a node is heard of, and not from somebody's wish. */
  public boolean isJudgement() {
    return this == ONLINE || this == UNHEALTHY || this == OFFLINE;
  }
}
