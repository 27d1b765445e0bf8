package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.get;
import static io.raftkv.storage.TestStores.put;
import static io.raftkv.storage.TestStores.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.rocks.RocksHandles;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.SysRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardStoreTest {
  @TempDir Path directory;

  private final StoreEnvironment environment = TestStores.environment();
  private ShardStore store;

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

  @Test
  void newStoreHasAppliedNothing() {
    assertThat(store.position()).isEqualTo(StorePosition.NONE);
    assertThat(store.appliedIndex()).isEqualTo(-1);
    assertThat(store.flushedIndex()).isEqualTo(-1);
  }

  @Test
  void partsHaveAsManyBytesNotAsManySlots() {
    assertThat(store.partStarts(SlotSet.ALL, 2)).isEmpty();
    long index = 0;
    try (StoreBatch batch = store.begin(1)) {
      for (int slot : new int[] {10, 9_000, 9_001, 9_002, 9_003, 16_000}) {
        byte[] value = new byte[50_000];
        new Random(slot).nextBytes(value); // else compression leaves nothing of it
        byte[] key = bytes("k" + slot);
        batch.put(Family.META, KeyRows.meta(slot, 0, key), value);
      }
      batch.commit(1, ++index);
    }
    // RocksDB tells by blocks, of which each value is one here: it may be one less, or more.
    assertThat(store.partStarts(SlotSet.ALL, 2).get(0)).isBetween(9_001, 9_003);
    assertThat(store.partStarts(SlotSet.of(9_002, Slot.COUNT - 1), 2).get(0))
        .isBetween(9_003, 16_000);
    assertThat(store.partStarts(SlotSet.of(0, 9_000), 2).get(0)).isBetween(11, 9_000);
    List<Integer> thirds = store.partStarts(SlotSet.ALL, 3);
    assertThat(thirds).hasSize(2);
    assertThat(thirds.get(0)).isBetween(9_000, 9_002);
    assertThat(thirds.get(1)).isBetween(9_002, 16_000);
  }

  @Test
  void ownedBytesAreThoseOfTheSlotsThatTheStoreHasWhateverItsFilesHave() {
    assertThat(store.ownedBytes(0)).isZero();
    try (StoreBatch batch = store.begin(1)) {
      for (int slot = 0; slot < 20; slot++) {
        byte[] value = new byte[50_000];
        new Random(slot).nextBytes(value);
        batch.put(Family.META, KeyRows.meta(slot, 0, bytes("k")), value);
      }
      batch.commit(1, 1);
    }
    long later = TimeUnit.HOURS.toNanos(1);
    assertThat(store.ownedBytes(later)).as("in memory").isBetween(900_000L, 1_100_000L);
    store.flush();
    assertThat(store.ownedBytes(0)).isBetween(900_000L, 1_100_000L);
    try (StoreBatch batch = store.begin(2)) {
      SlotChanges.keep(batch, 1, SlotSet.of(0, 4));
      batch.commit(1, 2);
    }
    store.flush();
    assertThat(store.ownedBytes(0)).isBetween(150_000L, 350_000L);
    assertThat(store.diskUsageBytes()).as("not compacted").isGreaterThan(900_000L);
  }

  @Test
  void commitMovesTermIndexAndTimeTogetherAndTheyOutliveAReopen() {
    try (StoreBatch batch = store.begin(1_000)) {
      batch.commit(3, 7);
    }
    assertThat(store.position()).isEqualTo(new StorePosition(3, 7, 1_000));
    reopen();
    assertThat(store.position()).isEqualTo(new StorePosition(3, 7, 1_000));
    assertThat(store.appliedTerm()).isEqualTo(3);
    assertThat(store.shardTimeMillis()).isEqualTo(1_000);
  }

  @Test
  void timeNeverGoesBack() {
    try (StoreBatch batch = store.begin(5_000)) {
      batch.commit(1, 0);
    }
    try (StoreBatch batch = store.begin(4_000)) {
      assertThat(batch.timeMillis()).isEqualTo(5_000);
      batch.commit(1, 1);
    }
    assertThat(store.shardTimeMillis()).isEqualTo(5_000);
  }

  @Test
  void entryAppliedAlreadyIsRefused() {
    put(store, 4, Family.META, "a", "1");
    try (StoreBatch batch = store.begin(0)) {
      batch.put(Family.META, bytes("a"), bytes("2"));
      assertThatThrownBy(() -> batch.commit(1, 4))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("index 4")
          .hasMessageContaining("at 4");
    }
    assertThat(get(store, Family.META, "a")).isEqualTo("1");
  }

  @Test
  void entryWithoutDataMovesTheIndexOnlyForward() {
    put(store, 4, Family.DATA, "a", "1");
    assertThat(store.skipTo(2, 4)).isFalse();
    assertThat(store.skipTo(2, 5)).isTrue();
    assertThat(store.position()).isEqualTo(new StorePosition(2, 5, 0));
    reopen();
    assertThat(store.appliedIndex()).isEqualTo(5);
  }

  @Test
  void batchClosedWithoutCommitLeavesNothing() {
    try (StoreBatch batch = store.begin(9)) {
      batch.put(Family.META, bytes("a"), bytes("1"));
      batch.addKeys(1, 0, 1, 0);
      batch.nextId();
    }
    assertThat(get(store, Family.META, "a")).isNull();
    assertThat(store.shardTimeMillis()).isZero();
    try (StoreBatch batch = store.begin(0)) {
      assertThat(batch.keys(0)).isZero();
      assertThat(batch.nextId()).isEqualTo(1);
    }
  }

  @Test
  void onlyOneBatchIsOpenAtATime() {
    try (StoreBatch first = store.begin(0)) {
      assertThatThrownBy(() -> store.begin(0)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> store.skipTo(1, 1)).isInstanceOf(IllegalStateException.class);
      first.commit(1, 0);
      assertThatThrownBy(() -> first.put(Family.DATA, bytes("a"), bytes("b")))
          .isInstanceOf(IllegalStateException.class);
    }
    store.begin(0).close();
  }

  @Test
  void rollbackTakesBackRowsIdsCountsProposalsAndRecordsSinceTheMark() {
    try (StoreBatch batch = store.begin(0)) {
      batch.put(Family.META, bytes("kept"), bytes("1"));
      batch.addKeys(5, 0, 2, 0);
      batch.nextId();
      batch.mark();
      batch.put(Family.META, bytes("kept"), bytes("2"));
      batch.deleteRange(Family.META, bytes("a"), bytes("z"));
      batch.addKeys(5, 0, 3, 0);
      batch.addKeys(6, 1, 1, 0);
      batch.nextId();
      batch.noteProposal(77, 5);
      batch.putRecord("name", bytes("value"));
      batch.rollback();
      batch.commit(1, 0);
    }
    assertThat(get(store, Family.META, "kept")).isEqualTo("1");
    try (StoreBatch batch = store.begin(0)) {
      assertThat(batch.nextId()).isEqualTo(2);
      assertThat(batch.keysInSlot(5, 0)).isEqualTo(2);
      assertThat(batch.keys(1)).isZero();
      assertThat(batch.lastProposal(77)).isZero();
      assertThat(batch.record("name")).isNull();
    }
  }

  @Test
  void batchHoldsNoMoreThanItsLimit() {
    try (StoreBatch batch = store.begin(0)) {
      batch.limit(10_000);
      batch.put(Family.META, bytes("a"), new byte[6_000]);
      batch.put(Family.META, bytes("a"), new byte[9_000]); // in place of the first
      batch.mark();
      assertThatThrownBy(() -> batch.put(Family.META, bytes("b"), new byte[2_000]))
          .isInstanceOfSatisfying(
              EntryFullException.class, full -> assertThat(full.byItself()).isFalse());
      batch.rollback();
      assertThatThrownBy(() -> batch.put(Family.META, bytes("b"), new byte[20_000]))
          .isInstanceOfSatisfying(
              EntryFullException.class, full -> assertThat(full.byItself()).isTrue());
      batch.rollback();
      batch.deleteRange(Family.META, bytes("a"), bytes("b"));
      batch.put(Family.META, bytes("c"), new byte[9_000]);
      batch.mark();
      batch.noteProposal(1, 1); // always has room
      batch.addKeys(1, 0, 1, 0);
      assertThatThrownBy(() -> batch.charge(1_000)).isInstanceOf(EntryFullException.class);
      batch.rollback();
      batch.commit(1, 0);
    }
    assertThat(get(store, Family.META, "b")).isNull();
  }

  @Test
  void idsGoOnAfterAReopen() {
    try (StoreBatch batch = store.begin(0)) {
      assertThat(batch.nextId()).isEqualTo(1);
      assertThat(batch.nextId()).isEqualTo(2);
      batch.commit(1, 0);
    }
    reopen();
    try (StoreBatch batch = store.begin(0)) {
      assertThat(batch.nextId()).isEqualTo(3);
    }
  }

  @Test
  void keyCountsArePerSlotAndHomeAndOutliveAReopen() {
    try (StoreBatch batch = store.begin(0)) {
      batch.addKeys(0, 0, 3, 2);
      batch.addKeys(Slot.COUNT - 1, 0, 4, 3);
      batch.addKeys(Slot.COUNT - 1, 255, 5, 0);
      assertThat(batch.keys(0)).isEqualTo(7);
      assertThat(batch.expiringKeys(0)).isEqualTo(5);
      batch.commit(1, 0);
    }
    reopen();
    try (StoreBatch batch = store.begin(0)) {
      batch.addKeys(0, 0, -3, -2);
      batch.addKeys(Slot.COUNT - 1, 0, 0, -2);
      assertThat(batch.keys(0)).isEqualTo(4);
      assertThatThrownBy(() -> batch.addKeys(0, 0, -1, 0))
          .isInstanceOf(IllegalStateException.class);
      batch.commit(1, 1);
    }
    try (ReadView memory = store.readInMemory();
        ReadView disk = store.readSnapshot()) {
      for (ReadView view : List.of(memory, disk)) {
        assertThat(view.keys(0)).isEqualTo(4);
        assertThat(view.expiringKeys(0)).isEqualTo(1);
        assertThat(view.keys(1)).isZero();
        assertThat(view.keys(255)).isEqualTo(5);
        assertThat(view.expiringKeys(255)).isZero();
        assertThat(view.keysInSlot(0, 0)).isZero();
        assertThat(view.keysInSlot(Slot.COUNT - 1, 0)).isEqualTo(4);
      }
    }
  }

  @Test
  void theNextSlotWithKeysIsFoundInEveryView() {
    try (StoreBatch batch = store.begin(0)) {
      batch.addKeys(3, 1, 1, 0);
      batch.addKeys(7, 0, 1, 0);
      batch.addKeys(7, 1, 1, 0);
      batch.addKeys(9, 1, 1, 0);
      batch.addKeys(Slot.COUNT - 1, 0, 1, 0);
      batch.commit(1, 0);
    }
    try (StoreBatch batch = store.begin(0)) {
      batch.addKeys(9, 1, -1, 0);
      batch.commit(1, 1);
    }
    try (ReadView memory = store.readInMemory();
        ReadView disk = store.readSnapshot();
        StoreBatch batch = store.begin(0)) {
      for (Rows rows : List.of(memory, disk, batch)) {
        assertThat(rows.slotWithKeys(0, 0, Slot.COUNT - 1)).isEqualTo(7);
        assertThat(rows.slotWithKeys(0, 7, 7)).isEqualTo(7);
        assertThat(rows.slotWithKeys(0, 8, Slot.COUNT - 1)).isEqualTo(Slot.COUNT - 1);
        assertThat(rows.slotWithKeys(0, 0, 6)).isEqualTo(7);
        assertThat(rows.slotWithKeys(0, Slot.COUNT, Slot.COUNT - 1)).isEqualTo(Slot.COUNT);
        assertThat(rows.slotWithKeys(1, 4, 9)).isEqualTo(7);
        assertThat(rows.slotWithKeys(1, 8, 9)).isEqualTo(10);
        assertThat(rows.slotWithKeys(1, 10, 9)).isEqualTo(10);
        assertThat(rows.slotWithKeys(1, Slot.COUNT, Slot.COUNT - 1)).isEqualTo(Slot.COUNT);
        assertThat(rows.slotWithKeys(2, 0, Slot.COUNT - 1)).isEqualTo(Slot.COUNT);
      }
      batch.addKeys(5, 1, 1, 0);
      batch.addKeys(7, 0, -1, 0);
      assertThat(batch.slotWithKeys(1, 4, 9)).as("with its own changes").isEqualTo(5);
      assertThat(batch.slotWithKeys(0, 0, Slot.COUNT - 1)).isEqualTo(Slot.COUNT - 1);
    }
  }

  @Test
  void homesOfDatabasesAreOfTheirMomentAndOutliveAReopen() {
    DatabaseHomes swapped = DatabaseHomes.INITIAL.swapped(0, 3);
    String before = store.checksum().sha256();
    try (ReadView lazy = store.read();
        ReadView snapshot = store.readSnapshot()) {
      assertThat(lazy.homes()).isEqualTo(DatabaseHomes.INITIAL);
      try (StoreBatch batch = store.begin(0)) {
        batch.homes(swapped);
        batch.mark();
        batch.homes(swapped.swapped(1, 2));
        batch.rollback();
        assertThat(batch.homes()).isEqualTo(swapped);
        batch.commit(1, 0);
      }
      assertThat(lazy.homes()).isEqualTo(DatabaseHomes.INITIAL);
      assertThat(snapshot.homes()).isEqualTo(DatabaseHomes.INITIAL);
    }
    assertThat(store.checksum().sha256()).isNotEqualTo(before);
    reopen();
    try (ReadView memory = store.readInMemory();
        ReadView disk = store.readSnapshot()) {
      assertThat(memory.homes()).isEqualTo(swapped);
      assertThat(disk.homes()).isEqualTo(swapped);
      // A view that is not served yet moves on, its homes with it.
      ReadView moving = store.read();
      try (StoreBatch batch = store.begin(0)) {
        batch.homes(DatabaseHomes.INITIAL);
        batch.commit(1, 1);
      }
      moving.get(Family.DATA, bytes("none"));
      assertThat(moving.homes()).isEqualTo(DatabaseHomes.INITIAL);
      moving.close();
    }
    byte[] row = store.query(view -> view.get(Family.SYS, SysRows.homes()));
    assertThat(row).isNull();
  }

  private SysRows.Count counts(int home) {
    return store.query(view -> new SysRows.Count(view.keys(home), view.expiringKeys(home)));
  }

  @Test
  void storeOfFormat1GetsItsExpiringKeysCounted() {
    Keyspace keys;
    try (StoreBatch batch = store.begin(0)) {
      keys = Keyspace.forApply(batch, 0, 0, 1);
      for (int i = 0; i < 20; i++) {
        long expireAt = i % 4 == 0 ? 1000 + i : MetaRow.NO_EXPIRY;
        keys.select(i % 2)
            .key(bytes("{slot}" + i))
            .replace(KeyType.STRING, MetaRow.INLINE, bytes("v"), expireAt);
      }
      batch.put(
          Family.EXPIRY,
          KeyRows.expiry(7, KeyRows.meta(Slot.of(bytes("gone")), 0, bytes("gone"))),
          new byte[0]);
      batch.commit(1, 0);
    }
    String now = store.checksum().sha256();
    store.close();
    Path path = directory.resolve("store");
    RocksHandles rocks = RocksHandles.open(path, environment.resources());
    int slot = Slot.of(bytes("{slot}"));
    rocks.write(
        out -> {
          out.put(Family.SYS, SysRows.format(), SysRows.formatValue(1));
          for (int home = 0; home < 2; home++) {
            byte[] ten = {0, 0, 0, 0, 0, 0, 0, 10};
            out.put(Family.SYS, SysRows.count(slot, home), ten);
          }
        });
    rocks.flush();
    rocks.close();
    open();
    assertThat(counts(0)).isEqualTo(new SysRows.Count(10, 5));
    assertThat(counts(1)).isEqualTo(new SysRows.Count(10, 0));
    assertThat(store.checksum().sha256()).isEqualTo(now);
    reopen();
    assertThat(counts(0)).isEqualTo(new SysRows.Count(10, 5));
  }

  @Test
  void rowsOfTheStoreItselfCannotBeWrittenAsData() {
    try (StoreBatch batch = store.begin(0)) {
      assertThatThrownBy(() -> batch.put(Family.SYS, SysRows.position(), new byte[0]))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> batch.deleteRange(Family.SYS, new byte[0], new byte[] {9}))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void namedRecordsAreFoundByNameAndByPrefixInOrder() {
    try (StoreBatch batch = store.begin(0)) {
      batch.putRecord("node/b", bytes("2"));
      batch.putRecord("node/a", bytes("1"));
      batch.putRecord("node/ü", bytes("3"));
      batch.putRecord("nodes", bytes("4"));
      batch.putRecord("gone", bytes("5"));
      batch.deleteRecord("gone");
      assertThat(text(batch.record("node/ü"))).isEqualTo("3");
      assertThat(batch.record("gone")).isNull();
      batch.commit(1, 0);
    }
    reopen();
    try (ReadView view = store.read()) {
      assertThat(text(view.record("nodes"))).isEqualTo("4");
      assertThat(view.record("gone")).isNull();
      assertThat(text(view.record("node/a"))).isEqualTo("1");
      assertThat(text(view.record("node/b"))).isEqualTo("2");
      assertThat(text(view.record("node/ü"))).isEqualTo("3");
    }
  }

  @Test
  void proposersSilentForADayAreForgottenWhenANewOneAppears() {
    long day = StoreBatch.PROPOSER_MEMORY_MILLIS;
    long hour = StoreBatch.MAX_SILENT_STEP_MILLIS;
    propose(0, 1_000, 11, 5);
    propose(1, 2_000, 22, 6);
    long index = 2;
    for (long time = hour; time < day; time += hour) {
      propose(index, time, 22, index + 5);
      index++;
    }
    propose(index, day, 22, 7);
    try (StoreBatch batch = store.begin(day + 1_500)) {
      assertThat(batch.lastProposal(11)).isEqualTo(5);
      batch.noteProposal(33, 1);
      assertThat(batch.lastProposal(11)).isZero();
      assertThat(batch.lastProposal(22)).isEqualTo(7);
      assertThat(batch.lastProposal(33)).isEqualTo(1);
      batch.commit(1, index + 1);
    }
    reopen();
    try (StoreBatch batch = store.begin(0)) {
      assertThat(batch.lastProposal(11)).isZero();
      assertThat(batch.lastProposal(22)).isEqualTo(7);
    }
  }

  /** A live proposer that is forgotten can never go on under its name. */
  @Test
  void aJumpOfTheClockMakesNoProposerAStranger() {
    long day = StoreBatch.PROPOSER_MEMORY_MILLIS;
    propose(0, 1_000, 11, 5);
    propose(1, 2_000, 22, 6);
    propose(2, 2_000 + 3 * day, 33, 1);
    propose(3, 2_000 + 3 * day, 11, 6);
    propose(4, 2_000 + 6 * day, 44, 1);
    try (StoreBatch batch = store.begin(0)) {
      assertThat(batch.lastProposal(11)).isEqualTo(6);
      assertThat(batch.lastProposal(22)).isEqualTo(6);
      assertThat(batch.lastProposal(33)).isEqualTo(1);
    }
  }

  /** Not every entry has proposals: repeats, and entries of Ratis' own, move the time as well. */
  @Test
  void aJumpInAnEntryWithoutNewProposalsCountsAlike() {
    long day = StoreBatch.PROPOSER_MEMORY_MILLIS;
    propose(0, 1_000, 11, 5);
    try (StoreBatch batch = store.begin(3 * day)) {
      batch.commit(1, 1);
    }
    propose(2, 3 * day, 22, 1);
    try (StoreBatch batch = store.begin(0)) {
      assertThat(batch.lastProposal(11)).isEqualTo(5);
    }
  }

  /** Nothing of it has another meaning; only older versions must not open it any more. */
  @Test
  void storeOfFormat2IsAsItWas() {
    try (StoreBatch batch = store.begin(0)) {
      Keyspace keys = Keyspace.forApply(batch, 0, 0, 1);
      keys.key(bytes("a")).replace(KeyType.STRING, MetaRow.INLINE, bytes("v"), 1000);
      keys.key(bytes("b")).replace(KeyType.STRING, MetaRow.INLINE, bytes("v"), MetaRow.NO_EXPIRY);
      batch.commit(1, 0);
    }
    String now = store.checksum().sha256();
    store.close();
    RocksHandles rocks = RocksHandles.open(directory.resolve("store"), environment.resources());
    rocks.write(out -> out.put(Family.SYS, SysRows.format(), SysRows.formatValue(2)));
    rocks.flush();
    rocks.close();
    open();
    assertThat(SysRows.formatOf(store.rocks().get(Family.SYS, SysRows.format())))
        .isEqualTo(ShardStore.FORMAT_VERSION);
    assertThat(counts(0)).isEqualTo(new SysRows.Count(2, 1));
    assertThat(store.checksum().sha256()).isEqualTo(now);
  }

  private void propose(long index, long stamp, long proposer, long sequence) {
    try (StoreBatch batch = store.begin(stamp)) {
      batch.noteProposal(proposer, sequence);
      batch.commit(1, index);
    }
  }

  @Test
  void storeOfANewerFormatIsRefusedAndBothVersionsAreNamed() {
    store.close();
    Path path = directory.resolve("store");
    RocksHandles rocks = RocksHandles.open(path, environment.resources());
    rocks.write(
        out ->
            out.put(
                Family.SYS, SysRows.format(), SysRows.formatValue(ShardStore.FORMAT_VERSION + 1)));
    rocks.flush();
    rocks.close();
    assertThatThrownBy(() -> ShardStore.open(path, environment))
        .isInstanceOf(UnsupportedFormatException.class)
        .hasMessageContaining("format " + (ShardStore.FORMAT_VERSION + 1))
        .hasMessageContaining("up to format " + ShardStore.FORMAT_VERSION);
    // It is closed again, nothing holds its lock.
    RocksHandles again = RocksHandles.open(path, environment.resources());
    again.write(out -> out.put(Family.SYS, SysRows.format(), SysRows.formatValue(2)));
    again.flush();
    again.close();
    open();
    assertThat(store.rocks().get(Family.SYS, SysRows.format()))
        .as("an older store is one of this version from now on")
        .isEqualTo(SysRows.formatValue(ShardStore.FORMAT_VERSION));
  }

  @Test
  void storeOfAnOlderFormatIsOpenedAndGetsTheNewOne() {
    TestStores.put(store, 1, Family.DATA, "row", "value");
    store.flush();
    store.close();
    Path path = directory.resolve("store");
    RocksHandles rocks = RocksHandles.open(path, environment.resources());
    rocks.write(out -> out.put(Family.SYS, SysRows.format(), SysRows.formatValue(1)));
    rocks.flush();
    rocks.close();
    open();
    assertThat(TestStores.get(store, Family.DATA, "row")).isEqualTo("value");
    assertThat(SysRows.formatOf(store.rocks().get(Family.SYS, SysRows.format())))
        .isEqualTo(ShardStore.FORMAT_VERSION);
  }

  @Test
  void storeIsOpenOnlyOnce() {
    assertThatThrownBy(() -> ShardStore.open(directory.resolve("store"), environment))
        .isInstanceOf(StorageException.class)
        .isNotInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("cannot open");
  }

  @Test
  void closedStoreAnswersWithAnErrorAndNotWithACrash() {
    put(store, 0, Family.DATA, "a", "1");
    ReadView view = store.read();
    store.close();
    store.close();
    assertThatThrownBy(() -> view.get(Family.DATA, bytes("a")))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("is closed");
    assertThatThrownBy(store::checksum).isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> put(store, 1, Family.DATA, "a", "2"))
        .isInstanceOf(StorageException.class);
    assertThat(store.isWritable()).isFalse();
  }

  @Test
  void flushTellsWhatIsDurable() {
    put(store, 3, Family.DATA, "a", "1");
    assertThat(store.flushedIndex()).isEqualTo(-1);
    assertThat(store.flush()).isEqualTo(3);
    assertThat(store.flushedIndex()).isEqualTo(3);
  }

  @Test
  void checksumsAreEqualExactlyWhenRowsAndPositionAre() throws IOException {
    try (ShardStore other = ShardStore.open(directory.resolve("other"), environment)) {
      put(store, 0, Family.DATA, "a", "1");
      put(other, 0, Family.DATA, "a", "1");
      other.flush();
      assertThat(store.checksum()).isEqualTo(other.checksum());
      put(store, 1, Family.STREAM, "b", "2");
      put(other, 1, Family.STREAM, "b", "3");
      assertThat(store.checksum().index()).isEqualTo(other.checksum().index()).isEqualTo(1);
      assertThat(store.checksum()).isNotEqualTo(other.checksum());
    }
  }

  /** RocksDB's own compactions would wait until more is written. */
  @Test
  void roomOfWhatWasDeletedIsGivenBack() {
    SeededRandom noise = new SeededRandom(7);
    try (StoreBatch batch = store.begin(0)) {
      for (int i = 0; i < 4_000; i++) {
        byte[] value = new byte[1 << 10];
        for (int at = 0; at < value.length; at++) {
          value[at] = (byte) noise.nextLong();
        }
        batch.put(Family.DATA, bytes("row%04d".formatted(i)), value);
      }
      batch.commit(1, 0);
    }
    store.flush();
    long full = store.diskUsageBytes();
    assertThat(full).isGreaterThan(4_000 << 10);
    try (StoreBatch batch = store.begin(0)) {
      batch.deleteRange(Family.DATA, bytes("row0000"), bytes("row3000"));
      for (int i = 3_000; i < 3_900; i++) {
        batch.delete(Family.DATA, bytes("row%04d".formatted(i)));
      }
      batch.commit(1, 1);
    }

    assertThat(store.giveBackSpace(() -> full / 8)).isEqualTo(1);
    assertThat(store.diskUsageBytes())
        .as("there may be too little room for what is left")
        .isGreaterThan(full / 2);

    assertThat(store.giveBackSpace(() -> 2 * full)).isEqualTo(1);

    assertThat(store.flushedIndex()).isEqualTo(1);
    assertThat(store.diskUsageBytes()).isLessThan(full / 8);
    assertThat(get(store, Family.DATA, "row3899")).isNull();
    byte[] kept = store.query(view -> view.get(Family.DATA, bytes("row3900")));
    assertThat(kept).hasSize(1 << 10);
  }

  @Test
  void whatMayBeWrittenUnaskedIsBufferedAndCompacted() {
    assertThat(store.ownWrites().compactionBytes()).isZero();
    long empty = store.ownWrites().bufferedBytes();
    try (StoreBatch batch = store.begin(0)) {
      batch.put(Family.DATA, bytes("row"), new byte[1 << 20]);
      batch.commit(1, 0);
    }
    assertThat(store.ownWrites().bufferedBytes()).isGreaterThan(empty + (1 << 20));
    store.flush();
    assertThat(store.ownWrites().bufferedBytes()).isLessThan(empty + (1 << 20));
    assertThat(store.ownWrites().compactionBytes()).isPositive();
  }

  @Test
  void storeThatIsAboutToCloseDoesNotCompact() {
    put(store, 0, Family.DATA, "a", "1");
    store.closeSoon();
    assertThat(store.giveBackSpace(() -> Long.MAX_VALUE)).isZero();
    assertThat(get(store, Family.DATA, "a")).isEqualTo("1");
  }

  @Test
  void gaugesAreThere() {
    put(store, 0, Family.META, "a", "1");
    store.flush();
    assertThat(store.properties())
        .containsKeys(
            "memtable_bytes", "block_cache_bytes", "pending_compaction_bytes", "row_cache_hits")
        .hasEntrySatisfying("live_sst_bytes", bytes -> assertThat(bytes).isPositive())
        .hasEntrySatisfying("estimated_keys", keys -> assertThat(keys).isEqualTo(1))
        .hasEntrySatisfying("row_cache_bytes", bytes -> assertThat(bytes).isPositive());
    assertThat(store.diskUsageBytes()).isPositive();
  }
}
