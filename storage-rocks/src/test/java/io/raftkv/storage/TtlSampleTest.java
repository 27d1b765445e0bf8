package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.MetaRow;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TtlSampleTest {
  private static final long NOW = 1_000_000;

  @TempDir Path directory;

  private static long average(ShardStore store, int database, long seed) {
    return store.query(view -> TtlSample.averageMillis(view, database, NOW, seed));
  }

  private static void set(StoreBatch batch, int database, String name, long expireAt) {
    Keyspace.forApply(batch, database, NOW, 1)
        .key(bytes(name))
        .replace(KeyType.STRING, MetaRow.INLINE, bytes("v"), expireAt);
  }

  @Test
  void aSmallDatabaseIsAveragedExactly() {
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      try (StoreBatch batch = store.begin(NOW)) {
        for (int i = 0; i < 300; i++) {
          set(batch, 1, "k" + i, i % 3 == 0 ? NOW + 10L * i : MetaRow.NO_EXPIRY);
        }
        set(batch, 2, "k", MetaRow.NO_EXPIRY);
        batch.commit(1, 0);
      }
      // k0 is due at once and does not count: 30, 60, … 2970.
      for (long seed = 0; seed < 20; seed++) {
        assertThat(average(store, 1, seed)).isEqualTo(1500);
      }
      assertThat(average(store, 2, 1)).isZero();
      assertThat(average(store, 3, 1)).isZero();
    }
  }

  @Test
  void aLargeDatabaseIsGuessedFromAPart() {
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      try (StoreBatch batch = store.begin(NOW)) {
        for (int i = 0; i < 5000; i++) {
          set(batch, 0, "k" + i, NOW + 1000 + i % 100);
        }
        batch.commit(1, 0);
      }
      for (long seed = 0; seed < 20; seed++) {
        assertThat(average(store, 0, seed)).isBetween(1030L, 1070L);
      }
    }
  }
}
