package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.put;
import static io.raftkv.storage.TestStores.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.row.ElementRows;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadViewTest {
  @TempDir Path directory;

  private final StoreEnvironment environment = TestStores.environment();
  private ShardStore store;

  @BeforeEach
  void open() {
    store = ShardStore.open(directory, environment);
    put(store, 0, Family.META, "a", "old");
    put(store, 1, Family.META, "b", "old");
    put(store, 2, Family.DATA, "row", "old");
  }

  @AfterEach
  void close() {
    store.close();
    environment.close();
  }

  private void commitBoth(long index, String value) {
    try (StoreBatch batch = store.begin(index * 1_000)) {
      batch.put(Family.META, bytes("a"), bytes(value));
      batch.put(Family.META, bytes("b"), bytes(value));
      batch.put(Family.DATA, bytes("row"), bytes(value));
      batch.addKeys(1, 0, 1, 0);
      batch.commit(1, index);
    }
  }

  private void emptyCache() {
    store.close();
    store = ShardStore.open(directory, environment);
  }

  @Test
  void rowsFromMemoryStayAtTheMomentOfTheView() {
    try (ReadView view = store.readInMemory()) {
      assertThat(text(view.get(Family.META, bytes("a")))).isEqualTo("old");
      commitBoth(3, "new");
      // The old row is only on disk now, where this view may not go.
      assertThatThrownBy(() -> view.get(Family.META, bytes("b")))
          .isInstanceOf(NotInMemoryException.class);
    }
  }

  @Test
  void allViewsTogetherHoldNoMoreThanThereIsRoomFor() {
    try (StoreEnvironment small = new StoreEnvironment(TestStores.OPTIONS, 1_000);
        ShardStore one = ShardStore.open(directory.resolve("one"), small);
        ShardStore other = ShardStore.open(directory.resolve("other"), small)) {
      ReadView first = one.read();
      ReadView second = other.readSnapshot();
      first.hold(600);
      second.hold(400);
      assertThatThrownBy(() -> second.hold(1))
          .isInstanceOfSatisfying(
              HeldTooMuchException.class, full -> assertThat(full.byItself()).isFalse());
      first.hold(-100);
      second.hold(100);
      first.close();
      first.close();
      second.hold(500);
      assertThatThrownBy(() -> second.hold(1))
          .isInstanceOfSatisfying(
              HeldTooMuchException.class, full -> assertThat(full.byItself()).isTrue());
      assertThat(small.heldByReadsBytes()).isEqualTo(1_000);
      second.close();
      assertThat(small.heldByReadsBytes()).isZero();
    }
  }

  @Test
  void longWorkIsNotForAViewOfMemory() {
    try (ReadView view = store.readInMemory()) {
      view.mayTakeLong(1_000);
      assertThatThrownBy(() -> view.mayTakeLong(10_000)).isInstanceOf(NotInMemoryException.class);
    }
    try (ReadView view = store.read()) {
      view.mayTakeLong(Long.MAX_VALUE);
      assertThat(text(view.get(Family.META, bytes("a")))).isEqualTo("old");
    }
  }

  @Test
  void rankNodesComeFromMemoryAsKeysDo() {
    byte[] node = ElementRows.rankCounts(1, 2, 3);
    putScoreRow(3, node, "old");
    try (ReadView view = store.readInMemory()) {
      assertThat(text(view.get(Family.SCORE, node))).isEqualTo("old");
      putScoreRow(4, node, "new");
      assertThatThrownBy(() -> view.get(Family.SCORE, node))
          .isInstanceOf(NotInMemoryException.class);
    }
    try (ReadView view = store.readInMemory()) {
      assertThat(text(view.get(Family.SCORE, node))).isEqualTo("new");
    }
    emptyCache();
    try (ReadView view = store.read()) {
      assertThat(text(view.get(Family.SCORE, node))).isEqualTo("new");
    }
    try (StoreBatch batch = store.begin(5_000)) {
      assertThat(text(batch.get(Family.SCORE, node))).isEqualTo("new");
      batch.delete(Family.SCORE, node);
      batch.commit(1, 5);
    }
    try (ReadView view = store.readInMemory()) {
      assertThat(view.get(Family.SCORE, node)).isNull();
    }
  }

  private void putScoreRow(long index, byte[] row, String value) {
    try (StoreBatch batch = store.begin(index * 1_000)) {
      batch.put(Family.SCORE, row, bytes(value));
      batch.commit(1, index);
    }
  }

  @Test
  void viewThatHasServedNothingMovesToTheNewerMoment() {
    emptyCache();
    try (ReadView view = store.read()) {
      commitBoth(3, "new");
      assertThat(text(view.get(Family.DATA, bytes("row")))).isEqualTo("new");
      assertThat(view.appliedIndex()).isEqualTo(3);
      assertThat(view.timeMillis()).isEqualTo(3_000);
      commitBoth(4, "newest");
      assertThat(text(view.get(Family.META, bytes("a")))).isEqualTo("new");
      assertThat(view.keys(0)).isEqualTo(1);
    }
  }

  @Test
  void viewThatHasServedRowsBecomesStaleAndTheCommandIsRunAgain() {
    try (ReadView view = store.read()) {
      assertThat(text(view.get(Family.META, bytes("a")))).isEqualTo("old");
      commitBoth(3, "new");
      assertThatThrownBy(() -> view.get(Family.DATA, bytes("row")))
          .isInstanceOf(StaleViewException.class);
      assertThatThrownBy(() -> view.ascending(Family.DATA, bytes("a"), bytes("z")))
          .isInstanceOf(StaleViewException.class);
      assertThatThrownBy(() -> view.keys(0)).isInstanceOf(StaleViewException.class);
    }
    AtomicInteger runs = new AtomicInteger();
    String both =
        store.query(
            view -> {
              String a = text(view.get(Family.META, bytes("a")));
              commitBoth(4 + runs.getAndIncrement(), "newest");
              return a + " " + text(view.get(Family.DATA, bytes("row")));
            });
    assertThat(both).isEqualTo("newest newest");
    assertThat(runs).hasValue(2);
  }

  @Test
  void timeThatWasAskedForHoldsTheViewToo() {
    emptyCache();
    try (ReadView view = store.read()) {
      assertThat(view.timeMillis()).isZero();
      commitBoth(3, "new");
      assertThatThrownBy(() -> view.get(Family.META, bytes("a")))
          .isInstanceOf(StaleViewException.class);
    }
  }

  @Test
  void viewWithASnapshotStaysAtItsMoment() {
    try (ReadView view = store.readSnapshot()) {
      commitBoth(3, "new");
      assertThat(text(view.get(Family.META, bytes("a")))).isEqualTo("old");
      assertThat(text(view.get(Family.DATA, bytes("row")))).isEqualTo("old");
      assertThat(view.keys(0)).isZero();
      assertThat(view.keysInSlot(1, 0)).isZero();
      try (RowCursor rows = view.descending(Family.DATA, bytes("a"), bytes("z"))) {
        assertThat(rows.next()).isTrue();
        assertThat(text(rows.value())).isEqualTo("old");
      }
    }
  }

  @Test
  void secondReadFromDiskFixesTheMoment() {
    emptyCache();
    try (ReadView view = store.read()) {
      assertThat(text(view.get(Family.META, bytes("a")))).isEqualTo("old");
      assertThat(text(view.get(Family.META, bytes("b")))).isEqualTo("old");
      commitBoth(3, "new");
      assertThat(text(view.get(Family.DATA, bytes("row")))).isEqualTo("old");
      assertThat(view.appliedIndex()).isEqualTo(2);
    }
  }

  @Test
  void cursorStaysAtItsMoment() {
    emptyCache();
    try (ReadView view = store.read();
        RowCursor rows = view.ascending(Family.META, bytes("a"), bytes("z"))) {
      commitBoth(3, "new");
      assertThat(rows.next()).isTrue();
      assertThat(text(rows.value())).isEqualTo("old");
    }
  }

  @Test
  void readInMemoryFindsRowsThatOthersRead() {
    emptyCache();
    try (ReadView view = store.readInMemory()) {
      assertThatThrownBy(() -> view.get(Family.META, bytes("a")))
          .isInstanceOf(NotInMemoryException.class);
      assertThatThrownBy(() -> view.get(Family.DATA, bytes("row")))
          .isInstanceOf(NotInMemoryException.class);
      assertThatThrownBy(() -> view.ascending(Family.META, bytes("a"), bytes("z")))
          .isInstanceOf(NotInMemoryException.class);
    }
    try (ReadView view = store.read()) {
      view.get(Family.META, bytes("a"));
      view.get(Family.META, bytes("none"));
    }
    try (ReadView view = store.readInMemory()) {
      assertThat(text(view.get(Family.META, bytes("a")))).isEqualTo("old");
      assertThat(view.get(Family.META, bytes("none"))).isNull();
      assertThat(view.keys(0)).isZero();
    }
  }

  @Test
  void deletedRangeOfMetadataIsGoneFromMemoryToo() {
    try (StoreBatch batch = store.begin(0)) {
      batch.deleteRange(Family.META, bytes("a"), bytes("c"));
      batch.put(Family.META, bytes("b"), bytes("after"));
      batch.commit(1, 3);
    }
    try (ReadView view = store.readInMemory()) {
      assertThat(text(view.get(Family.META, bytes("b")))).isEqualTo("after");
      assertThatThrownBy(() -> view.get(Family.META, bytes("a")))
          .isInstanceOf(NotInMemoryException.class);
    }
    assertThat(TestStores.get(store, Family.META, "a")).isNull();
  }

  @Test
  void closedViewIsNotUsed() {
    ReadView view = store.readSnapshot();
    view.close();
    view.close();
    assertThatThrownBy(() -> view.get(Family.META, bytes("a")))
        .isInstanceOf(IllegalStateException.class);
  }
}
