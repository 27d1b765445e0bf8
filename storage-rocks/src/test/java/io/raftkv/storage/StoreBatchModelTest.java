package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.ElementRows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random changes of a store and of sorted maps in memory must read alike. */
class StoreBatchModelTest {
  private static final int STEPS = 4_000;
  private static final Family[] FAMILIES = {Family.META, Family.DATA, Family.SCORE};

  @TempDir Path directory;

  private final Map<Family, NavigableMap<byte[], byte[]>> committed = emptyModel();
  private Map<Family, NavigableMap<byte[], byte[]>> marked = emptyModel();
  private Map<Family, NavigableMap<byte[], byte[]>> pending = emptyModel();
  private long committedId;
  private long markedId;
  private long pendingId;
  private Random random;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void randomChangesReadLikeASortedMap(long seed) {
    random = new Random(seed);
    try (StoreEnvironment environment = TestStores.environment()) {
      ShardStore store = ShardStore.open(directory, environment);
      StoreBatch batch = store.begin(0);
      try {
        for (int step = 0; step < STEPS; step++) {
          int choice = random.nextInt(100);
          if (choice < 94) {
            change(batch, choice);
          } else if (choice < 96) {
            batch.mark();
            marked = copyOf(pending);
            markedId = pendingId;
          } else if (choice < 98) {
            batch.rollback();
            pending = copyOf(marked);
            pendingId = markedId;
          } else {
            boolean commit = random.nextInt(4) > 0;
            if (commit) {
              batch.commit(1, store.appliedIndex() + 1 + random.nextInt(3));
            }
            batch.close();
            keepOrDrop(commit);
            if (random.nextInt(20) == 0) {
              store.close();
              store = ShardStore.open(directory, environment);
            } else if (random.nextInt(5) == 0) {
              store.flush();
            }
            compareCommitted(store);
            batch = store.begin(0);
          }
        }
      } finally {
        batch.close();
        store.close();
      }
    }
  }

  @Test
  void cursorsJumpOverRangesThatLieSideBySideAndSeeChangesAhead() {
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      try (StoreBatch batch = store.begin(0)) {
        for (byte i = 0; i < 8; i++) {
          batch.put(Family.DATA, new byte[] {i}, new byte[] {i});
        }
        batch.commit(1, 0);
      }
      try (StoreBatch batch = store.begin(0)) {
        for (byte i = 2; i < 5; i++) {
          batch.deleteRange(Family.DATA, new byte[] {i}, new byte[] {i, 0});
        }
        compare(batch, Family.DATA, new byte[0], new byte[] {9}, rowsOf(0, 1, 5, 6, 7));
        try (RowCursor cursor = batch.ascending(Family.DATA, new byte[0], new byte[] {9})) {
          assertThat(cursor.next()).isTrue();
          batch.delete(Family.DATA, new byte[] {1});
          batch.put(Family.DATA, new byte[] {3}, new byte[] {3});
          batch.deleteRange(Family.DATA, new byte[] {5}, new byte[] {7});
          assertThat(all(cursor)).isEqualTo(all(rowsOf(3, 7)));
        }
      }
    }
  }

  /** A row under an id that was not given yet cannot be; here one is, to see who reads it. */
  @Test
  void theStoreIsNotAskedForRowsOfANewCollection() {
    byte[] row = ElementRows.element(1, 3, new byte[] {7});
    byte[] value = {1};
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      try (StoreBatch batch = store.begin(0)) {
        assertThat(batch.nextId()).isEqualTo(1);
        batch.put(Family.DATA, row, value);
        batch.commit(1, 0);
      }
      try (StoreBatch batch = store.begin(0)) {
        assertThat(batch.nextId()).isEqualTo(2);
        assertThat(batch.get(Family.DATA, row)).isEqualTo(value);
        batch.mark();
        assertThat(batch.nextId()).isEqualTo(3);
        assertThat(batch.get(Family.DATA, row)).isNull();
        assertThat(batch.get(Family.META, row)).isNull();
        byte[] from = ElementRows.from(1, 3);
        compare(batch, Family.DATA, from, ElementRows.to(1, 3), emptyRows());
        byte[] beyond = ElementRows.to(1, 4);
        try (RowCursor both = batch.ascending(Family.DATA, from, beyond)) {
          assertThat(both.next()).as("a range beyond the collection").isTrue();
        }
        batch.rollback();
        assertThat(batch.get(Family.DATA, row)).isEqualTo(value);
      }
    }
  }

  private static NavigableMap<byte[], byte[]> rowsOf(int... rows) {
    NavigableMap<byte[], byte[]> map = emptyRows();
    for (int row : rows) {
      map.put(new byte[] {(byte) row}, new byte[] {(byte) row});
    }
    return map;
  }

  private void change(StoreBatch batch, int choice) {
    Family family = FAMILIES[random.nextInt(FAMILIES.length)];
    NavigableMap<byte[], byte[]> rows = pending.get(family);
    byte[] row = row();
    if (choice < 35) {
      byte[] value = new byte[random.nextInt(8)];
      random.nextBytes(value);
      batch.put(family, row, value);
      rows.put(row, value);
    } else if (choice < 45) {
      batch.delete(family, row);
      rows.remove(row);
    } else if (choice < 58) {
      byte[] to = random.nextInt(4) == 0 ? row() : justBehind(row);
      batch.deleteRange(family, row, to);
      if (Arrays.compareUnsigned(row, to) < 0) {
        rows.subMap(row, to).clear();
      }
    } else if (choice < 70) {
      assertThat(batch.get(family, row)).isEqualTo(rows.get(row));
    } else if (choice < 75) {
      assertThat(batch.nextId()).isEqualTo(++pendingId);
    } else {
      byte[] to = row();
      NavigableMap<byte[], byte[]> expected =
          Arrays.compareUnsigned(row, to) < 0 ? rows.subMap(row, true, to, false) : emptyRows();
      compare(batch, family, row, to, expected);
    }
  }

  private void keepOrDrop(boolean commit) {
    if (commit) {
      committed.putAll(copyOf(pending));
      committedId = pendingId;
    } else {
      pending = copyOf(committed);
      pendingId = committedId;
    }
    marked = copyOf(pending);
    markedId = pendingId;
  }

  private void compareCommitted(ShardStore store) {
    try (ReadView view = random.nextBoolean() ? store.read() : store.readSnapshot()) {
      for (Family family : FAMILIES) {
        NavigableMap<byte[], byte[]> rows = committed.get(family);
        compare(view, family, new byte[0], new byte[] {127}, rows);
        for (int i = 0; i < 5; i++) {
          byte[] row = row();
          assertThat(view.get(family, row)).isEqualTo(rows.get(row));
        }
      }
    }
  }

  private static void compare(
      Rows rows, Family family, byte[] from, byte[] to, NavigableMap<byte[], byte[]> expected) {
    try (RowCursor ascending = rows.ascending(family, from, to);
        RowCursor descending = rows.descending(family, from, to)) {
      assertThat(all(ascending)).isEqualTo(all(expected));
      assertThat(all(descending)).isEqualTo(all(expected.descendingMap()));
    }
  }

  private static List<String> all(RowCursor cursor) {
    List<String> rows = new ArrayList<>();
    while (cursor.next()) {
      rows.add(Arrays.toString(cursor.key()) + Arrays.toString(cursor.value()));
    }
    assertThat(cursor.next()).isFalse();
    return rows;
  }

  private static List<String> all(NavigableMap<byte[], byte[]> map) {
    List<String> rows = new ArrayList<>();
    map.forEach((row, value) -> rows.add(Arrays.toString(row) + Arrays.toString(value)));
    return rows;
  }

  /** Few enough rows that changes meet each other, of different lengths and all signs. */
  /** Half of the rows belong to collections, whose ids were given by this batch or earlier ones. */
  private byte[] row() {
    byte[] row = randomRow();
    if (random.nextBoolean() || pendingId == 0) {
      return row;
    }
    long id = Math.max(1, pendingId - random.nextInt(4));
    byte[] from = ElementRows.from(1, id);
    byte[] ofCollection = Arrays.copyOf(from, from.length + row.length);
    System.arraycopy(row, 0, ofCollection, from.length, row.length);
    return ofCollection;
  }

  private byte[] randomRow() {
    byte[] row = new byte[random.nextInt(3)];
    for (int i = 0; i < row.length; i++) {
      row[i] = (byte) (random.nextInt(12) * 11 - 60);
    }
    // All rows lie below the end of compareCommitted, as unsigned bytes.
    if (row.length > 0) {
      row[0] = (byte) (row[0] & 0x7e);
    }
    return row;
  }

  /** The end of a range so small that several of them lie side by side. */
  private static byte[] justBehind(byte[] row) {
    byte[] to = Arrays.copyOf(row, row.length + 1);
    to[row.length] = -1;
    return to;
  }

  private static NavigableMap<byte[], byte[]> emptyRows() {
    return new TreeMap<>(Arrays::compareUnsigned);
  }

  private static Map<Family, NavigableMap<byte[], byte[]>> emptyModel() {
    Map<Family, NavigableMap<byte[], byte[]>> model = new EnumMap<>(Family.class);
    for (Family family : FAMILIES) {
      model.put(family, emptyRows());
    }
    return model;
  }

  private static Map<Family, NavigableMap<byte[], byte[]>> copyOf(
      Map<Family, NavigableMap<byte[], byte[]>> model) {
    Map<Family, NavigableMap<byte[], byte[]>> copy = emptyModel();
    model.forEach((family, rows) -> copy.get(family).putAll(rows));
    return copy;
  }
}
