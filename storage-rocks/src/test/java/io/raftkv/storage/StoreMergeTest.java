package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.SysRows;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a merge does to the files; what comes out is shown where there are commands. */
class StoreMergeTest {
  private static final UUID TARGET = new UUID(1, 2);
  private static final SlotSet LOW = SlotSet.of(0, 8_191);
  private static final SlotSet HIGH = SlotSet.of(8_192, 16_383);

  private final StoreEnvironment environment = new StoreEnvironment(StoreOptions.defaults());

  @TempDir Path directory;

  @AfterEach
  void close() {
    environment.close();
  }

  /** Shards that a cluster began with never had the others' slots, and never let go of them. */
  @Test
  void nothingIsDeletedWhereNothingIs() {
    try (ShardStore low = store("low", LOW, 5);
        ShardStore high = store("high", HIGH, 9_000)) {
      StoreMerge.merge(List.of(low, high), directory.resolve("merged"), () -> true);
    }
    try (ShardStore merged = ShardStore.open(directory.resolve("merged"), environment)) {
      assertThat(has(merged, 5)).isTrue();
      assertThat(has(merged, 9_000)).isTrue();
      assertThat(merged.rocks().get(Family.SYS, SysRows.orphans())).as("nothing to sweep").isNull();
      assertThat(merged.rocks().compactDeleted(() -> Long.MAX_VALUE)).as("deletions").isFalse();
    }
  }

  @Test
  void whatTheFirstStoreHasBesideItsSlotsIsNotTakenOver() {
    try (ShardStore low = store("low", LOW, 5, 12_000);
        ShardStore high = store("high", HIGH, 9_000)) {
      StoreMerge.merge(List.of(low, high), directory.resolve("merged"), () -> true);
    }
    try (ShardStore merged = ShardStore.open(directory.resolve("merged"), environment)) {
      assertThat(has(merged, 5)).isTrue();
      assertThat(has(merged, 12_000)).isFalse();
      assertThat(merged.rocks().get(Family.SYS, SysRows.orphans())).isNotNull();
    }
  }

  private ShardStore store(String name, SlotSet fenced, int... slots) {
    ShardStore store = ShardStore.open(directory.resolve(name), environment);
    commit(
        store,
        1,
        batch -> {
          for (int slot : slots) {
            batch.put(Family.META, row(slot), new byte[] {1});
          }
        });
    commit(store, 2, batch -> SlotChanges.fence(batch, TARGET, fenced));
    return store;
  }

  private static void commit(ShardStore store, long index, Consumer<StoreBatch> changes) {
    try (StoreBatch batch = store.begin(1)) {
      changes.accept(batch);
      batch.commit(1, index);
    }
  }

  private static byte[] row(int slot) {
    return KeyRows.meta(slot, 0, "k".getBytes(StandardCharsets.US_ASCII));
  }

  private static boolean has(ShardStore store, int slot) {
    return store.rocks().get(Family.META, row(slot)) != null;
  }
}
