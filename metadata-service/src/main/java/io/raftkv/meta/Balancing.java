package io.raftkv.meta;

import java.util.Locale;

/** What the cluster does by itself about where replicas and leaderships are. */
public enum Balancing implements Coded {
  /** Replicas that are lost or missing are made anew; what is there stays where it is. */
  REPAIR(0),
  /** Replicas and leaderships are spread, too, and shards split if a threshold for it is set. */
  ON(1),
  /** Nothing: neither is repaired nor spread. A job that runs goes on. */
  OFF(2);

  private final int code;

  Balancing(int code) {
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
}
