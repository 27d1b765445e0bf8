package io.raftkv.meta;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Result of applying one command.
 *
 * @param state the state after it; the very object from before if nothing changed
 * @param events what to add to the history; all of the new version
 * @param routing how the routing table changed, if it did
 * @param reply for whoever proposed the command
 */
public record MetaChange(
    ClusterState state,
    List<HistoryEvent> events,
    Optional<RoutingChange> routing,
    MetaReply reply) {
  public MetaChange {
    Objects.requireNonNull(state, "state");
    events = List.copyOf(events);
    Objects.requireNonNull(routing, "routing");
    Objects.requireNonNull(reply, "reply");
  }

  /** True if there is a new version to be stored and pushed. */
  public boolean isChange() {
    return reply.outcome() == MetaReply.Outcome.CHANGED;
  }
}
