package io.raftkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The benchmarks of the store read and write what they say. */
class StorageBenchmarksTest {
  private static final int KEYS = 500;

  @Test
  void rowsComeFromWhereTheBenchmarkSays() {
    RowReadBenchmark benchmark = new RowReadBenchmark();
    benchmark.keys = KEYS;
    benchmark.fill();
    for (int i = 0; i < KEYS; i++) {
      byte[] fromMemory = benchmark.rowCacheHit(); // throws if it is not there
      assertThat(new String(fromMemory, StandardCharsets.ISO_8859_1)).endsWith("x".repeat(64));
    }
    for (int i = 0; i < KEYS; i++) {
      byte[] fromTable = benchmark.rocksGet();
      assertThat(new String(fromTable, StandardCharsets.ISO_8859_1)).endsWith("x".repeat(64));
      assertThat(benchmark.rocksGetAbsent()).isNull();
    }
    assertThat(benchmark.uncachedHits()).as("rows of the store without a cache").isZero();
    benchmark.close();
  }

  @Test
  void checkpointsAreWholeStores() {
    CheckpointBenchmark benchmark = new CheckpointBenchmark();
    benchmark.keys = KEYS;
    benchmark.fill();
    long filled = benchmark.unchanged();
    expectStoreOfAllKeys(benchmark, filled);
    benchmark.deleteCheckpoint();
    assertThat(benchmark.afterWrites()).isEqualTo(filled + 1);
    expectStoreOfAllKeys(benchmark, filled + 1);
    benchmark.deleteCheckpoint();
    benchmark.close();
    assertThat(benchmark.target().getParent()).doesNotExist();
  }

  private static void expectStoreOfAllKeys(CheckpointBenchmark benchmark, long index) {
    try (StoreEnvironment environment = new StoreEnvironment(StoreOptions.defaults());
        ShardStore copy = ShardStore.open(benchmark.target(), environment)) {
      assertThat(copy.appliedIndex()).isEqualTo(index);
      long keys = copy.query(view -> view.keys(0));
      assertThat(keys).isEqualTo(KEYS);
    }
  }
}
