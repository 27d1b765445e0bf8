package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableSet;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpiryFloorTest {
  private static final byte[] FIRST = new byte[Long.BYTES];
  private static final byte[] LAST = {-1};

  @TempDir Path directory;

  /** A family as one moment has it: tells where walks begin. */
  private static final class Moment {
    private final TreeSet<byte[]> rows = new TreeSet<>(Arrays::compareUnsigned);
    private byte[] begun;

    Moment(int... rows) {
      for (int row : rows) {
        this.rows.add(row(row));
      }
    }

    SeekableCursor open(byte[] from) {
      begun = from;
      return new SeekableCursor() {
        private byte[] at;

        @Override
        public boolean next() {
          at = at == null ? rows.ceiling(from) : rows.higher(at);
          return at != null;
        }

        @Override
        public boolean seek(byte[] row) {
          at = rows.ceiling(row);
          return at != null;
        }

        @Override
        public byte[] key() {
          return at;
        }

        @Override
        public byte[] value() {
          return new byte[0];
        }

        @Override
        public void close() {}
      };
    }
  }

  private static byte[] row(int number) {
    return KeyRows.expiry(number, new byte[0]);
  }

  private long newest = 10;
  private final ExpiryFloor floor = new ExpiryFloor(index -> index == newest);

  private SeekableCursor walk(Moment moment, long index) {
    return floor.walk(FIRST, LAST, index, moment::open);
  }

  private byte[] begun(Moment moment, long index) {
    walk(moment, index);
    return moment.begun;
  }

  @Test
  void aWalkBeginsWhereTheOneBeforeFoundTheFirstRow() {
    Moment moment = new Moment(50, 60);
    assertThat(walk(moment, 10).next()).isTrue();
    assertThat(moment.begun).isEqualTo(FIRST);
    assertThat(begun(moment, 10)).isEqualTo(row(50));
    assertThat(begun(moment, 11)).as("a later moment").isEqualTo(row(50));
    assertThat(begun(new Moment(5, 50), 9)).as("an earlier moment").isEqualTo(FIRST);
  }

  @Test
  void ifThereIsNoRowTheNextWalkBeginsAtTheEndOfThisOne() {
    assertThat(floor.walk(FIRST, row(30), 10, new Moment()::open).next()).isFalse();
    Moment moment = new Moment();
    assertThat(begun(moment, 10)).isEqualTo(row(30));
    floor.walk(FIRST, row(20), 10, moment::open);
    assertThat(moment.begun).as("not behind its end").isEqualTo(row(20));
  }

  @Test
  void aRowThatIsWrittenInFrontLowersTheFloor() {
    walk(new Moment(50), 10).next();
    floor.lower(row(70));
    assertThat(begun(new Moment(), 10)).isEqualTo(row(50));
    floor.lower(row(40));
    assertThat(begun(new Moment(), 11)).isEqualTo(row(40));
  }

  @Test
  void aWalkDoesNotRaiseTheFloorOverWhatIsWrittenMeanwhile() {
    SeekableCursor before = walk(new Moment(50), 10);
    newest = 11; // begins to commit
    floor.lower(row(40));
    before.next();
    assertThat(begun(new Moment(), 11)).isEqualTo(FIRST);

    SeekableCursor during = walk(new Moment(50), 10); // has a snapshot from before
    during.next();
    assertThat(begun(new Moment(), 11)).isEqualTo(FIRST);
  }

  @Test
  void aWalkFromTheMiddleSaysNothingOfTheBegin() {
    floor.walk(row(20), LAST, 10, new Moment(50)::open).next();
    assertThat(begun(new Moment(), 10)).isEqualTo(FIRST);
    SeekableCursor jumping = walk(new Moment(5, 50), 10);
    jumping.seek(row(20));
    jumping.next();
    assertThat(begun(new Moment(), 10)).isEqualTo(FIRST);
  }

  /** What the sweep has deleted is not walked over again, on leaders and on followers. */
  @Test
  void stepsOfTheSweepRaiseTheFloor() {
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      long index = 0;
      try (StoreBatch batch = store.begin(0)) {
        for (int i = 1; i <= 100; i++) {
          Keyspace.forApply(batch, 0, 0, 1)
              .key(bytes("k" + i))
              .replace(KeyType.STRING, MetaRow.INLINE, new byte[1], i);
        }
        batch.commit(1, ++index);
      }
      for (int step = 0; step < 10; step++) {
        try (StoreBatch batch = store.begin(0)) {
          Keyspace keys = Keyspace.forApply(batch, 0, 1_000, 1);
          assertThat(ExpirySweep.sweep(keys, 10, (key, limit) -> 0)).isEqualTo(10);
          batch.commit(1, ++index);
        }
        byte[] firstOfStep = firstAfterFloor(store, index);
        assertThat(KeyRows.expireAtOf(firstOfStep)).isEqualTo(10 * step + 1);
      }
      try (ReadView view = store.readSnapshot()) {
        assertThat(ExpirySweep.anyDue(view, 2_000)).isFalse();
      }
      assertThat(firstAfterFloor(store, index)).isEqualTo(row(2_001));
    }
  }

  private static byte[] firstAfterFloor(ShardStore store, long index) {
    Moment moment = new Moment();
    store.expiryFloor().walk(FIRST, LAST, index, moment::open);
    return moment.begun;
  }

  /** Each commit says in another row which expiry row is the first: all views must agree. */
  @Test
  void viewsSeeTheFirstRowWhileRowsComeAndGo() throws Exception {
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      CompletableFuture<Void> written = new CompletableFuture<>();
      List<CompletableFuture<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        readers.add(CompletableFuture.supplyAsync(() -> readUntil(written, store)));
      }
      Random random = new Random(7);
      TreeSet<byte[]> model = new TreeSet<>(Arrays::compareUnsigned);
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1_500);
      long index = 0;
      while (System.nanoTime() < end) {
        try (StoreBatch batch = store.begin(0)) {
          assertThat(first(batch)).isEqualTo(model.isEmpty() ? null : model.first());
          if (random.nextInt(3) == 0) {
            change(batch, new TreeSet<>(model), random);
            batch.rollback();
          }
          change(batch, model, random);
          batch.put(Family.DATA, FIRST, model.isEmpty() ? new byte[0] : model.first());
          batch.commit(1, ++index);
        }
      }
      written.complete(null);
      for (CompletableFuture<Integer> reader : readers) {
        assertThat(reader.get(30, TimeUnit.SECONDS)).isGreaterThan(100);
      }
    }
  }

  private static void change(StoreBatch batch, NavigableSet<byte[]> model, Random random) {
    for (int i = random.nextInt(4); i >= 0; i--) {
      byte[] row = row(random.nextInt(100_000));
      model.add(row);
      batch.put(Family.EXPIRY, row, new byte[0]);
    }
    for (int i = random.nextInt(5); i >= 0 && !model.isEmpty(); i--) {
      batch.delete(Family.EXPIRY, model.pollFirst());
    }
  }

  private static byte[] first(Rows rows) {
    try (RowCursor cursor = rows.ascending(Family.EXPIRY, FIRST, LAST)) {
      return cursor.next() ? cursor.key() : null;
    }
  }

  /** Returns how many views were looked at; those that a commit made stale do not count. */
  private static int readUntil(CompletableFuture<Void> written, ShardStore store) {
    int views = 0;
    int stale = 0;
    while (!written.isDone()) {
      try (ReadView view = (views + stale) % 2 == 0 ? store.readSnapshot() : store.read()) {
        byte[] first = first(view);
        byte[] said = view.get(Family.DATA, FIRST);
        assertThat(first == null ? new byte[0] : first)
            .isEqualTo(said == null ? new byte[0] : said);
        views++;
      } catch (StaleViewException e) {
        stale++;
      }
    }
    return views;
  }
}
