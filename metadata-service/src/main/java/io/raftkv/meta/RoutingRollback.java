package io.raftkv.meta;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether an earlier routing table may be in force again. Slots change hands with what is in them,
 * and who gives them away keeps nothing: so a table that has other owners is refused, and it is
 * said which job brings the slots back. Pure.
 */
public final class RoutingRollback {
  private static final int MAX_NAMED = 5;

  private RoutingRollback() {}

  /**
   * The table of an earlier version.
   *
   * @param changes of the table, newest first
   * @return empty if they do not reach back so far
   */
  public static Optional<RoutingTable> tableOf(
      RoutingTable now, long version, List<RoutingChange> changes) {
    RoutingTable table = now;
    for (RoutingChange change : changes) {
      if (change.version() == table.version() && table.version() > version) {
        table = table.undo(change);
      }
    }
    return table.version() == version ? Optional.of(table) : Optional.empty();
  }

  /** What stands against having the owners of {@code then} again; empty if they are the same. */
  public static List<String> objections(ClusterState state, RoutingTable then) {
    List<String> objections = new ArrayList<>();
    for (RoutingChange.Move move : state.routing().movesTo(then)) {
      objections.add(objection(state, move.range(), move.from(), move.to()));
    }
    return objections.size() <= MAX_NAMED
        ? objections
        : List.copyOf(objections.subList(0, MAX_NAMED));
  }

  private static String objection(ClusterState state, SlotRange slots, String now, String then) {
    if (now.isEmpty()) {
      return "slots %s were of shard %s and are nobody's now: what was in them is gone"
          .formatted(slots, then);
    }
    if (then.isEmpty()) {
      return "slots %s were nobody's, and shard %s has them, with what is in them: DELETE it"
          .formatted(slots, now);
    }
    return state.shard(then).isPresent()
        ? "slots %s were of shard %s, and what is in them is in shard %s now: MERGE the two"
            .formatted(slots, then, now)
        : "slots %s were of shard %s, which is no more; what is in them is in shard %s now"
            .formatted(slots, then, now);
  }
}
