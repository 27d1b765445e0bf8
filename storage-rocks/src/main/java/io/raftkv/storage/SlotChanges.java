package io.raftkv.storage;

import io.raftkv.storage.row.KeyRows;
import java.util.List;
import java.util.UUID;

/**
 * The changes of which slots a store has, see {@link SlotOwnership}. Here it is kept true that a
 * slot which is away has no keys, and so no rows but those of the expiry index.
 */
public final class SlotChanges {
  /** Where a slot leads the rows: what lies between two slots is one range. */
  static final List<Family> BY_SLOT =
      List.of(Family.META, Family.DATA, Family.SCORE, Family.STREAM);

  private static final byte[] FIRST_ROW = {0};

  private SlotChanges() {}

  /**
   * As {@link SlotOwnership#fenced}.
   *
   * @return what holds now
   */
  public static SlotOwnership fence(WritableRows rows, UUID target, SlotSet slots) {
    return change(rows, rows.ownership().fenced(target, slots));
  }

  /**
   * As {@link SlotOwnership#unfenced}.
   *
   * @return what holds now
   */
  public static SlotOwnership unfence(WritableRows rows, long routingVersion) {
    return change(rows, rows.ownership().unfenced(routingVersion));
  }

  /**
   * As {@link SlotOwnership#keeping}; deletes all keys of the other slots, in range deletions whose
   * number does not grow with the data. Their rows in the expiry index stay for {@link
   * ExpirySweep}, as those of a flushed database do.
   *
   * @return what holds now
   */
  public static SlotOwnership keep(WritableRows rows, long routingVersion, SlotSet slots) {
    SlotOwnership before = rows.ownership();
    SlotOwnership after = change(rows, before.keeping(routingVersion, slots));
    drop(rows, after.away().minus(before.away()));
    return after;
  }

  /** Deletes all keys of some slots; as {@link #keep} in what that costs and leaves. */
  static void drop(WritableRows rows, SlotSet gone) {
    for (SlotSet.Range range : gone.ranges()) {
      for (Family family : BY_SLOT) {
        rows.deleteRange(
            family, KeyRows.slotFrom(range.first()), KeyRows.slotFrom(range.last() + 1));
      }
    }
    if (forgetCounts(rows, gone)) {
      rows.orphansFrom(FIRST_ROW);
    }
  }

  private static SlotOwnership change(WritableRows rows, SlotOwnership next) {
    rows.ownership(next);
    return next;
  }

  /** Returns whether there were keys. */
  private static boolean forgetCounts(WritableRows rows, SlotSet gone) {
    boolean any = false;
    for (int home = 0; home < Keyspace.DATABASES; home++) {
      if (rows.keys(home) > 0) {
        for (SlotSet.Range range : gone.ranges()) {
          for (int slot = range.first(); slot <= range.last(); slot++) {
            any |= rows.keysInSlot(slot, home) > 0;
            rows.forgetKeys(slot, home);
          }
        }
      }
    }
    return any;
  }
}
