package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.SysRows;
import io.raftkv.storage.type.HashType;
import io.raftkv.storage.type.StringType;
import io.raftkv.storage.type.ZSetType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which slots a store has, beside its rows: batches, views, cache, checkpoints and restarts. */
class SlotChangesTest {
  private static final UUID TARGET = new UUID(3, 4);
  private static final int GOING = Slot.of(bytes("going"));
  private static final SlotSet GONE = SlotSet.of(GOING, GOING);

  @TempDir Path directory;

  private final StoreEnvironment environment = TestStores.environment();
  private ShardStore store;
  private long index;

  @BeforeEach
  void open() {
    store = ShardStore.open(directory.resolve("store"), environment);
  }

  @AfterEach
  void close() {
    store.close();
    environment.close();
  }

  private void reopen() {
    store.close();
    open();
  }

  private void apply(Consumer<StoreBatch> entry) {
    try (StoreBatch batch = store.begin(0)) {
      entry.accept(batch);
      batch.commit(1, ++index);
    }
  }

  private static Keyspace keys(WritableRows rows) {
    return Keyspace.forApply(rows, 0, 0, 1);
  }

  private static void set(WritableRows rows, String key, long expireAt) {
    new StringType(keys(rows).key(bytes(key))).set(bytes("v"), expireAt);
  }

  private static String get(Rows rows, String key) {
    return text(new StringType(Keyspace.forRead(rows, 0, 0, 0, 1).key(bytes(key))).get());
  }

  /** In the slot that goes: keys with and without expiry, in two databases, and a ranked set. */
  private void fill() {
    apply(
        batch -> {
          set(batch, "going", 1_000);
          set(batch, "{going}2", Long.MAX_VALUE);
          set(batch, "staying", 1_000);
          new StringType(Keyspace.forApply(batch, 5, 0, 1).key(bytes("going")))
              .set(bytes("v"), 2_000);
          ZSetType ranked = new ZSetType(keys(batch).key(bytes("{going}z")));
          for (int i = 0; i < 1_000; i++) {
            ranked.put(bytes("m" + i), i);
          }
          ranked.save();
        });
  }

  private static List<byte[]> rows(Rows rows, Family family, SlotSet.Range range) {
    List<byte[]> found = new ArrayList<>();
    try (RowCursor cursor =
        rows.ascending(
            family, KeyRows.slotFrom(range.first()), KeyRows.slotFrom(range.last() + 1))) {
      while (cursor.next()) {
        found.add(cursor.key());
      }
    }
    return found;
  }

  private void keepTheRest(WritableRows rows) {
    SlotChanges.keep(rows, 9, GONE.complement());
  }

  @Test
  void aStoreThatNeverChangedItHasNoRowForIt() {
    fill();
    assertThat(store.ownership()).isEqualTo(SlotOwnership.ALL);
    assertThat(store.rocks().get(Family.SYS, SysRows.ownership())).isNull();
    apply(rows -> SlotChanges.unfence(rows, 0));
    assertThat(SlotOwnership.decode(store.rocks().get(Family.SYS, SysRows.ownership())))
        .isEqualTo(store.ownership())
        .isEqualTo(new SlotOwnership(1, 0, SlotSet.EMPTY, null));
  }

  @Test
  void whatIsNotKeptIsDeletedAndNotServedFromMemory() {
    fill();
    SlotSet.Range slot = GONE.ranges().get(0);
    List<byte[]> keys = store.query(view -> rows(view, Family.META, slot));
    List<byte[]> scores = store.query(view -> rows(view, Family.SCORE, slot));
    assertThat(keys).hasSize(4);
    assertThat(scores).filteredOn(ElementRows::isRankNode).isNotEmpty();
    // All that the cache may keep is in it now.
    store.query(view -> keys.stream().map(row -> view.get(Family.META, row)).toList());
    store.query(view -> scores.stream().map(row -> view.get(Family.SCORE, row)).toList());
    try (ReadView before = store.readSnapshot();
        RetainedView retained = store.tryRetain()) {
      apply(this::keepTheRest);
      try (ReadView view = store.read()) {
        assertThat(keys).allSatisfy(row -> assertThat(view.get(Family.META, row)).isNull());
        assertThat(scores).allSatisfy(row -> assertThat(view.get(Family.SCORE, row)).isNull());
      }
      assertThat(get(before, "going")).isEqualTo("v");
      assertThat(before.ownership()).isEqualTo(SlotOwnership.ALL);
      assertThat(retained.<String>use(view -> get(view, "going"))).isEqualTo("v");
    }
    for (Family family : List.of(Family.META, Family.DATA, Family.SCORE, Family.STREAM)) {
      assertThat(store.<List<byte[]>>query(view -> rows(view, family, slot))).isEmpty();
    }
    assertThat(store.<String>query(view -> get(view, "staying"))).isEqualTo("v");
    for (int round = 0; round < 2; round++) {
      assertThat(store.<Long>query(view -> view.keys(0))).isEqualTo(1);
      assertThat(store.<Long>query(view -> view.expiringKeys(0))).isEqualTo(1);
      assertThat(store.<Long>query(view -> view.keys(5))).isZero();
      assertThat(store.ownership()).isEqualTo(new SlotOwnership(1, 9, GONE, null));
      reopen();
    }
  }

  /** The files stay as large as they are until they are compacted, or grow by what is noted. */
  @Test
  void ownedBytesAreLessAtOnceWhenHalfOfTheSlotsGo() {
    SlotSet lower = SlotSet.of(0, Slot.COUNT / 2 - 1);
    apply(
        batch -> {
          for (int slot = 0; slot < Slot.COUNT; slot += 256) {
            byte[] value = new byte[10_000];
            new Random(slot).nextBytes(value); // else compression leaves nothing of it
            batch.put(Family.META, KeyRows.meta(slot, 0, bytes("k" + slot)), value);
          }
        });
    store.flush();
    long all = store.ownedBytes(0);
    assertThat(all).isBetween(600_000L, 680_000L);
    assertThat(store.diskUsageBytes()).isGreaterThanOrEqualTo(all);
    apply(rows -> SlotChanges.keep(rows, 9, lower));
    assertThat(store.ownedBytes(0)).isBetween(all * 45 / 100, all * 55 / 100);
    assertThat(store.diskUsageBytes()).isGreaterThanOrEqualTo(all);
    reopen();
    assertThat(store.ownedBytes(0)).isBetween(all * 45 / 100, all * 55 / 100);
  }

  @Test
  void aViewThatMovesOnTakesTheNewSlotsWithTheNewRows() {
    fill();
    try (ReadView view = store.read();
        ReadView inMemory = store.readInMemory()) {
      apply(batch -> SlotChanges.fence(batch, TARGET, GONE));
      // Nothing was asked of it before, so it may stand at either moment, but at one.
      assertThatThrownBy(
              () -> {
                view.get(Family.DATA, bytes("from disk"));
                get(view, "going");
              })
          .isInstanceOf(SlotMovedException.class);
      assertThat(view.appliedIndex()).isEqualTo(index);
      assertThat(inMemory.ownership()).isEqualTo(SlotOwnership.ALL);
      assertThat(inMemory.appliedIndex()).isEqualTo(index - 1);
    }
  }

  @Test
  void aChangeThatIsTakenBackLeavesNothingBehind() {
    fill();
    String before = store.query(view -> get(view, "going"));
    apply(
        batch -> {
          batch.mark();
          SlotChanges.fence(batch, TARGET, GONE);
          assertThatThrownBy(() -> set(batch, "going", 5)).isInstanceOf(SlotMovedException.class);
          batch.rollback();
          set(batch, "{going}3", 700);
          batch.mark();
          keepTheRest(batch);
          assertThat(batch.keys(0)).isEqualTo(1);
          assertThatThrownBy(() -> get(batch, "{going}3")).isInstanceOf(SlotMovedException.class);
          batch.rollback();
          assertThat(batch.ownership()).isEqualTo(SlotOwnership.ALL);
          assertThat(get(batch, "{going}3")).isEqualTo("v");
          assertThat(batch.keys(0)).isEqualTo(5);
          assertThat(batch.expiringKeys(0)).isEqualTo(3);
        });
    assertThat(store.ownership()).isEqualTo(SlotOwnership.ALL);
    assertThat(store.<String>query(view -> get(view, "going"))).isEqualTo(before);
    assertThat(store.<Boolean>query(view -> ExpirySweep.anyDue(view, 0))).isFalse();
    try (StoreBatch closedWithoutCommit = store.begin(0)) {
      keepTheRest(closedWithoutCommit);
    }
    assertThat(store.ownership()).isEqualTo(SlotOwnership.ALL);
    assertThat(store.<Long>query(view -> view.keys(5))).isEqualTo(1);
  }

  @Test
  void anOrderAndWhatCameBeforeItInTheSameEntryAreOneCommit() {
    apply(
        batch -> {
          set(batch, "going", 1_000);
          set(batch, "staying", 1_000);
          keepTheRest(batch);
          set(batch, "staying", 2_000);
        });
    assertThat(store.<Long>query(view -> view.keys(0))).isEqualTo(1);
    assertThat(store.<List<byte[]>>query(view -> rows(view, Family.META, GONE.ranges().get(0))))
        .isEmpty();
  }

  /**
   * The index of times may name keys that are elsewhere: neither the due ones nor the others stay.
   */
  @Test
  void theSweepDropsWhatTheIndexStillHas() {
    fill();
    apply(this::keepTheRest);
    assertThat(store.<Boolean>query(view -> ExpirySweep.anyDue(view, 0))).isTrue();
    apply(
        batch -> {
          Keyspace due = Keyspace.forApply(batch, 0, 1_500, 1);
          assertThat(ExpirySweep.sweep(due, 100, HashType::sweep)).isEqualTo(3);
        });
    assertThat(store.<Long>query(view -> view.keys(0))).isZero();
    try (ReadView view = store.read();
        RowCursor rows = view.ascending(Family.EXPIRY, new byte[1], new byte[] {(byte) 0xff})) {
      assertThat(rows.next()).isFalse();
    }
    assertThat(store.<Boolean>query(view -> ExpirySweep.anyDue(view, 9_999))).isFalse();
  }

  /** Its copy is with the other group by now: nobody asks for it here, whatever happens to it. */
  @Test
  void theSweepGoesOnBehindAFence() {
    fill();
    apply(batch -> SlotChanges.fence(batch, TARGET, GONE));
    apply(
        batch -> {
          Keyspace due = Keyspace.forApply(batch, 0, 1_500, 1);
          assertThat(ExpirySweep.sweep(due, 100, HashType::sweep)).isEqualTo(2);
        });
    assertThat(store.<Long>query(view -> view.keysInSlot(GOING, 0))).isEqualTo(2);
  }

  @Test
  void aCheckpointHasTheFence() {
    fill();
    apply(batch -> SlotChanges.fence(batch, TARGET, GONE));
    Path target = directory.resolve("checkpoint");
    store.checkpoint(target);
    apply(this::keepTheRest);
    try (ShardStore copy = ShardStore.open(target, environment)) {
      assertThat(copy.ownership().fence()).isEqualTo(new SlotOwnership.Fence(TARGET, GONE));
      try (StoreBatch batch = copy.begin(0)) {
        SlotChanges.keep(batch, 8, GONE);
        batch.commit(1, index);
      }
      assertThat(copy.<String>query(view -> get(view, "{going}2"))).isEqualTo("v");
      assertThat(copy.<Long>query(view -> view.keys(0))).isEqualTo(3);
      assertThatThrownBy(() -> copy.query(view -> get(view, "staying")))
          .isInstanceOf(SlotMovedException.class);
    }
    assertThat(store.<Long>query(view -> view.keys(0))).isEqualTo(1);
  }

  @Test
  void aStoreOfTheFormatBeforeIsAsItWas() {
    fill();
    String before = store.checksum().sha256();
    store.rocks().write(out -> out.put(Family.SYS, SysRows.format(), SysRows.formatValue(5)));
    reopen();
    assertThat(store.checksum().sha256()).isEqualTo(before);
    assertThat(store.ownership()).isEqualTo(SlotOwnership.ALL);
    assertThat(SysRows.formatOf(store.rocks().get(Family.SYS, SysRows.format())))
        .isEqualTo(ShardStore.FORMAT_VERSION);
  }
}
