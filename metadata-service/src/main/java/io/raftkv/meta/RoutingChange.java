package io.raftkv.meta;

import java.util.List;

/**
 * The step from one routing table to the next. Tables are kept in history as these steps: their
 * size goes with what moved, not with the number of shards, and an old table is the newest one with
 * the later steps undone.
 *
 * @param version of the table it led to; the table before had one less
 * @param stateVersion of the cluster state it led to
 * @param timeMillis when it was applied
 * @param moves what changed hands, ascending by slot
 */
public record RoutingChange(long version, long stateVersion, long timeMillis, List<Move> moves) {
  /**
   * Slots that changed hands.
   *
   * @param range the slots
   * @param from shard that owned them; empty for nobody
   * @param to shard that owns them now; empty for nobody
   */
  public record Move(SlotRange range, String from, String to) {
    public Move {
      if (from.equals(to)) {
        throw new IllegalArgumentException("slots " + range + " do not change hands");
      }
    }
  }

  public RoutingChange {
    if (version < 1) {
      throw new IllegalArgumentException("no routing change leads to version " + version);
    }
    moves = List.copyOf(moves);
  }
}
