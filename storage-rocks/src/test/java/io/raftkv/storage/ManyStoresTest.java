package io.raftkv.storage;

import static io.raftkv.storage.TestStores.put;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManyStoresTest {
  private static final int STORES = 60;
  private static final long MIB = 1L << 20;

  @TempDir Path directory;

  /** Else one of them that is written to would flush with every commit: nothing else is left. */
  @Test
  void storesThatNobodyUsesLeaveRoomForRows() throws IOException {
    StoreOptions options = new StoreOptions(8 * MIB, 0, 32 * MIB, 64, 2); // as a node has it
    List<ShardStore> stores = new ArrayList<>();
    try (StoreEnvironment environment = new StoreEnvironment(options)) {
      try {
        for (int i = 0; i < STORES; i++) {
          stores.add(ShardStore.open(directory.resolve("store" + i), environment));
        }
        long before = tables();
        for (int index = 0; index < 50; index++) {
          put(stores.get(0), index, Family.META, "a" + index, "value");
        }
        assertThat(tables()).isEqualTo(before);
      } finally {
        stores.forEach(ShardStore::close);
      }
    }
  }

  private long tables() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("store0"))) {
      return files.filter(file -> file.toString().endsWith(".sst")).count();
    }
  }
}
