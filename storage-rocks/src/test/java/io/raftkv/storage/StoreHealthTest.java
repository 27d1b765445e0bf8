package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.get;
import static io.raftkv.storage.TestStores.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreHealthTest {
  private static final Path FULL_DEVICE = Path.of("/dev/full");
  private static final int TABLES = 40;

  @TempDir Path directory;

  /** The tables to come are links to a device that has no space, until they are taken away. */
  @Test
  void storeOnAFullDiskRefusesWritesAndRecoversWithoutReopening() throws IOException {
    assumeThat(FULL_DEVICE).exists();
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      put(store, 0, Family.META, "a", "0");
      store.flush();
      put(store, 1, Family.META, "a", "1");
      assertThat(store.isWritable()).isTrue();
      fillDisk();
      assertThatThrownBy(store::flush).isInstanceOf(StorageException.class);
      assertThat(store.isWritable()).isFalse();
      assertThat(store.flushedIndex()).isZero();
      assertThat(store.tryResume()).isFalse();
      assertThatThrownBy(() -> store.checkpoint(directory.resolve("copy")))
          .isInstanceOf(StorageException.class);

      try (StoreBatch batch = store.begin(0)) {
        batch.put(Family.META, bytes("a"), bytes("2"));
        assertThatThrownBy(() -> batch.commit(1, 2)).isInstanceOf(StorageException.class);
        assertThat(store.appliedIndex()).isEqualTo(1);
        assertThat(get(store, Family.META, "a")).isEqualTo("1");

        freeDisk();
        await().atMost(Duration.ofSeconds(60)).until(store::tryResume);
        // The same commit again.
        batch.commit(1, 2);
      }
      assertThat(get(store, Family.META, "a")).isEqualTo("2");
      assertThat(store.flush()).isEqualTo(2);
    }
    try (StoreEnvironment environment = TestStores.environment();
        ShardStore store = ShardStore.open(directory, environment)) {
      assertThat(store.appliedIndex()).isEqualTo(2);
    }
  }

  private void fillDisk() throws IOException {
    for (int number = nextNumber(); number < TABLES; number++) {
      Files.createSymbolicLink(table(number), FULL_DEVICE);
    }
  }

  private void freeDisk() throws IOException {
    for (int number = 0; number < TABLES; number++) {
      if (Files.isSymbolicLink(table(number))) {
        Files.delete(table(number));
      }
    }
  }

  /** Tables, manifests and logs are numbered together. */
  private int nextNumber() throws IOException {
    int highest = 0;
    for (Path file : TestStores.files(directory)) {
      String digits = file.getFileName().toString().replaceAll("\\D", "");
      if (!digits.isEmpty() && digits.length() <= 6) {
        highest = Math.max(highest, Integer.parseInt(digits));
      }
    }
    return highest + 1;
  }

  private Path table(int number) {
    return directory.resolve("%06d.sst".formatted(number));
  }
}
