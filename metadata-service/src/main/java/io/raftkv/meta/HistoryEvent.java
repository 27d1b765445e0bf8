package io.raftkv.meta;

import java.util.Objects;

/**
 * One line of the cluster's history.
 *
 * @param version the state's version that the change led to; a change may have several events
 * @param timeMillis when it was applied, by the time of its log entry
 * @param kind what it is about
 * @param subject id of the node, shard or job concerned; the cluster id if it is the cluster
 * @param text the rest, for people
 */
public record HistoryEvent(
    long version, long timeMillis, EventKind kind, String subject, String text) {
  public HistoryEvent {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(subject, "subject");
    Objects.requireNonNull(text, "text");
  }
}
