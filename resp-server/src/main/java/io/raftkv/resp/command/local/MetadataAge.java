package io.raftkv.resp.command.local;

import io.raftkv.meta.NodeInfo;
import java.util.concurrent.TimeUnit;

/**
 * How old what this node knows of the cluster may be.
 *
 * @param millis since a majority of the metadata group last confirmed it; -1 if that has not been
 *     since this node's process began
 */
record MetadataAge(long millis) {
  /** A node is not called unhealthy before it has been silent for as long. */
  private static final long CURRENT_MILLIS = 3_000;

  private boolean isCurrent() {
    return millis >= 0 && millis <= CURRENT_MILLIS;
  }

  /** The state of a node, or what it was when that was last known. */
  String stateOf(NodeInfo node) {
    String state = AdminCommands.lower(node.state());
    return isCurrent() ? state : "unknown (" + state + " " + when() + ")";
  }

  /** In one line. */
  String text() {
    return isCurrent() ? "current" : "not confirmed by a majority, as of " + when();
  }

  private String when() {
    return millis < 0
        ? "before this node started"
        : TimeUnit.MILLISECONDS.toSeconds(millis) + " s ago";
  }
}
