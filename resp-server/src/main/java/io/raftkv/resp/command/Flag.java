package io.raftkv.resp.command;

import java.util.Locale;

/** Command flags as COMMAND INFO shows them. Reading or writing follows from the handler. */
public enum Flag {
  DENYOOM,
  ADMIN,
  PUBSUB,
  NOSCRIPT,
  BLOCKING,
  LOADING,
  STALE,
  FAST,
  NO_AUTH,
  ALLOW_BUSY;

  /** The name in lower case. */
  public String redisName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
