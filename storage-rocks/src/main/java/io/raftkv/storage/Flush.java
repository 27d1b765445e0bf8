package io.raftkv.storage;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.List;

/** Empties databases of a shard. */
public final class Flush {
  private static final int CHUNK_KEYS = 4096;

  private static final byte[] FIRST_ROW = {0};

  /** Behind every row that starts with a slot, and every one that starts with a time. */
  private static final byte[] LAST_ROW = {(byte) 0xff};

  private Flush() {}

  /** Deletes everything, in range deletions whose number does not grow with the data. */
  public static void everything(Keyspace keys) {
    WritableRows rows = keys.writableRows();
    for (int home = 0; home < Keyspace.DATABASES; home++) {
      forgetCounts(rows, home);
    }
    rows.homes(DatabaseHomes.INITIAL); // empty homes are all alike
    rows.orphansFrom(null);
    for (Family family :
        List.of(Family.META, Family.DATA, Family.SCORE, Family.STREAM, Family.EXPIRY)) {
      rows.deleteRange(family, FIRST_ROW, LAST_ROW);
    }
  }

  /**
   * Deletes the keys of the view's database. As cheap as {@link #everything} if the others are
   * empty; else each key is looked at, for a collection in rows is a range deletion of its own.
   * Their rows in the expiry index stay for {@link ExpirySweep}: one by one they would be more than
   * an entry may hold.
   */
  public static void database(Keyspace keys) {
    int home = keys.home();
    if (keys.rows().keys(home) == 0) {
      return;
    }
    boolean alone = true;
    for (int other = 0; other < Keyspace.DATABASES; other++) {
      alone &= other == home || keys.rows().keys(other) == 0;
    }
    if (alone) {
      everything(keys);
    } else {
      besideOthers(keys, SlotSet.ALL);
    }
  }

  /**
   * Deletes the keys of some slots, and leaves those of others. Of all databases it costs as {@link
   * #everything}, of one as {@link #database} beside others.
   *
   * @param allDatabases false for those of the view's database
   */
  public static void slots(Keyspace keys, SlotSet slots, boolean allDatabases) {
    if (allDatabases) {
      SlotChanges.drop(keys.writableRows(), slots);
    } else {
      besideOthers(keys, slots);
    }
  }

  private static void besideOthers(Keyspace keys, SlotSet slots) {
    WritableRows rows = keys.writableRows();
    int home = keys.home();
    boolean anyDies = false;
    for (SlotSet.Range range : slots.ranges()) {
      long position = KeyScan.position(range.first(), 0);
      while (position < KeyScan.position(range.last() + 1, 0)) {
        Chunk chunk = new Chunk();
        position = KeyScan.walk(keys, position, range.last(), chunk::add);
        chunk.collections.forEach(collection -> collection.delete(rows));
        anyDies |= chunk.anyDies;
      }
      for (int slot = range.first(); slot <= range.last(); slot++) {
        if (rows.keysInSlot(slot, home) > 0) {
          rows.deleteRange(
              Family.META, KeyRows.metaFrom(slot, home, 0), KeyRows.metaFrom(slot, home + 1, 0));
          rows.forgetKeys(slot, home);
        }
      }
    }
    if (anyDies) {
      rows.orphansFrom(FIRST_ROW);
    }
  }

  /** Keys of a part of the walk. */
  private static final class Chunk {
    private final List<Collection> collections = new ArrayList<>();
    private boolean anyDies;

    private boolean add(byte[] row, MetaRow header) {
      anyDies |= header.dueAtMillis() != MetaRow.NO_EXPIRY;
      if (header.encoding() == MetaRow.ROWS) {
        collections.add(new Collection(KeyRows.slotOf(row), header));
      }
      return collections.size() < CHUNK_KEYS;
    }
  }

  /** A key with rows of elements. */
  private record Collection(int slot, MetaRow header) {
    void delete(WritableRows rows) {
      byte[] from = ElementRows.from(slot, header.rowsId());
      byte[] to = ElementRows.to(slot, header.rowsId());
      for (Family family : KeyHandle.elementFamilies(header)) {
        rows.deleteRange(family, from, to);
      }
    }
  }

  private static void forgetCounts(WritableRows rows, int home) {
    if (rows.keys(home) > 0) {
      for (int slot = 0; slot < Slot.COUNT; slot++) {
        rows.forgetKeys(slot, home);
      }
    }
  }
}
