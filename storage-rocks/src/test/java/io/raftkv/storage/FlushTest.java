package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.MetaRow;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlushTest {
  private final MemoryRows rows = new MemoryRows();

  private Keyspace keys(int database) {
    return Keyspace.forApply(rows, database, 0, 1);
  }

  private void set(int database, String name, long expireAt) {
    keys(database)
        .key(name.getBytes(StandardCharsets.US_ASCII))
        .replace(KeyType.STRING, MetaRow.INLINE, new byte[1], expireAt);
  }

  /** More expiring keys than one chunk, all of one slot, so that a chunk ends inside it. */
  @Test
  void aDatabaseBesideOthersIsFlushedInChunks() {
    for (int i = 0; i < 9000; i++) {
      set(1, "{t}" + i, i % 2 == 0 ? 100 : MetaRow.NO_EXPIRY);
    }
    for (int i = 0; i < 5000; i++) {
      set(1, "k" + i, 100);
    }
    set(0, "{t}1", 100);
    set(2, "{t}1", MetaRow.NO_EXPIRY);

    Flush.database(keys(1));

    rows.verify();
    assertThat(rows.keys(1)).isZero();
    assertThat(rows.size(Family.META)).isEqualTo(2);
    assertThat(sweepAll(500)).as("rows of the index").isEqualTo(4_500 + 5_000 + 1);
    assertThat(rows.size(Family.EXPIRY)).isEqualTo(1);
    assertThat(rows.size(Family.SYS)).isZero();
    rows.verify();
  }

  @Test
  void someSlotsAreFlushedAndTheOthersStay() {
    for (int i = 0; i < 400; i++) {
      set(i % 3, "k" + i, i % 2 == 0 ? 100 : MetaRow.NO_EXPIRY);
      if (i % 3 == 0) {
        set(1, "k" + i, 100);
      }
    }
    SlotSet slots = SlotSet.of(0, 4_999).union(SlotSet.of(9_000, 12_000));
    long[] left = new long[3];
    for (int database = 0; database < 3; database++) {
      left[database] = keysIn(database, slots.complement());
      assertThat(keysIn(database, slots)).isPositive();
    }
    long others = rows.keys(2);

    Flush.slots(keys(1), slots, false);
    rows.verify();
    assertThat(keysIn(1, slots)).isZero();
    assertThat(rows.keys(1)).isEqualTo(left[1]);
    assertThat(rows.keys(2)).isEqualTo(others);

    Flush.slots(keys(1), slots, true);
    rows.verify();
    for (int database = 0; database < 3; database++) {
      assertThat(rows.keys(database)).isEqualTo(left[database]);
    }
    sweepAll(100);
    rows.verify();
    assertThat(rows.size(Family.META)).isEqualTo(left[0] + left[1] + left[2]);
  }

  private long keysIn(int home, SlotSet slots) {
    long keys = 0;
    for (SlotSet.Range range : slots.ranges()) {
      for (int slot = range.first(); slot <= range.last(); slot++) {
        keys += rows.keysInSlot(slot, home);
      }
    }
    return keys;
  }

  private int sweepAll(int limit) {
    int all = 0;
    for (int step = limit; step == limit; all += step) {
      step = ExpirySweep.sweep(keys(0), limit, (key, most) -> 0);
    }
    assertThat(ExpirySweep.anyDue(rows, 0)).isFalse();
    return all;
  }

  /** A key of the same name, made between flush and sweep, may use the row or have another one. */
  @Test
  void keysMadeAfterAFlushKeepTheirExpiry() {
    set(0, "other", MetaRow.NO_EXPIRY);
    set(1, "same", 100);
    set(1, "later", 100);
    set(1, "never", 100);
    Flush.database(keys(1));
    set(1, "same", 100);
    set(1, "later", 200);
    set(1, "never", MetaRow.NO_EXPIRY);
    sweepAll(2);
    rows.verify();
    assertThat(rows.keys(1)).isEqualTo(3);
    assertThat(rows.size(Family.EXPIRY)).isEqualTo(2);
  }

  @Test
  void flushingEverythingLeavesNoOrphans() {
    set(0, "other", MetaRow.NO_EXPIRY);
    set(1, "a", 100);
    Flush.database(keys(1));
    Flush.everything(keys(0));
    assertThat(rows.dump()).isEmpty();
  }

  /** What an entry may hold does not bound how many keys with an expiry a database has. */
  @Test
  void aFlushOfManyKeysFitsIntoASmallEntry(@TempDir Path directory) {
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      try (StoreBatch batch = store.begin(0)) {
        for (int i = 0; i < 20_000; i++) {
          byte[] name = ("{t}" + i).getBytes(StandardCharsets.US_ASCII);
          Keyspace.forApply(batch, 1, 0, 1)
              .key(name)
              .replace(KeyType.STRING, MetaRow.INLINE, new byte[1], 100);
        }
        Keyspace.forApply(batch, 0, 0, 1)
            .key(new byte[1])
            .replace(KeyType.STRING, MetaRow.INLINE, new byte[1], 100);
        batch.commit(1, 1);
      }
      try (StoreBatch batch = store.begin(0)) {
        batch.limit(10_000);
        Flush.database(Keyspace.forApply(batch, 1, 0, 1));
        batch.commit(1, 2);
      }
      assertThat(store.<Long>query(view -> view.keys(1))).isZero();
    }
  }

  @Test
  void aLoneDatabaseIsFlushedLikeEverything() {
    set(4, "a", 100);
    Flush.database(keys(3));
    assertThat(rows.size(Family.META)).isEqualTo(1);
    Flush.database(keys(4));
    assertThat(rows.dump()).isEmpty();
    rows.verify();
  }
}
