package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.files;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A damaged store is recognized, and the file is named; it never opens as an older or empty one.
 */
class StoreDamageTest {
  private static final int ROWS = 200;

  /** So many tables of the first level are enough for a compaction. */
  private static final int COMPACTED = 5;

  @TempDir Path directory;

  private final StoreEnvironment environment = TestStores.environment();

  @BeforeEach
  void fillStore() {
    fillStore(directory, 4);
  }

  private void fillStore(Path place, int tables) {
    Random random = new Random(3);
    try (ShardStore store = ShardStore.open(place, environment)) {
      for (int i = 0; i < ROWS; i++) {
        byte[] value = new byte[1_000];
        random.nextBytes(value);
        try (StoreBatch batch = store.begin(i)) {
          batch.put(Family.DATA, bytes("row" + i), value);
          batch.commit(1, i);
        }
        if ((i + 1) % (ROWS / tables) == 0) {
          store.flush();
        }
      }
    }
  }

  @AfterEach
  void close() {
    environment.close();
  }

  @Test
  void tableThatWasCutOff() throws IOException {
    Path table = largest(".sst");
    cutOff(table, Files.size(table) / 2);
    assertOpenNames(table);
  }

  @Test
  void tableThatIsMissing() throws IOException {
    Path table = largest(".sst");
    Files.delete(table);
    assertOpenNames(table);
  }

  @Test
  void tableWithAFlippedBitInItsFooter() throws IOException {
    Path table = largest(".sst");
    flipBit(table, Files.size(table) - 3);
    assertOpenNames(table);
  }

  @Test
  void tableWithAFlippedBitInItsRowsIsFoundWhenTheyAreRead() throws IOException {
    Path table = largest(".sst");
    flipBit(table, Files.size(table) / 3);
    try (ShardStore store = ShardStore.open(directory, environment)) {
      assertThatThrownBy(
              () -> {
                try (ReadView view = store.read()) {
                  for (int i = 0; i < ROWS; i++) {
                    view.get(Family.DATA, bytes("row" + i));
                  }
                }
              })
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageContaining(directory.toString())
          .hasMessageContaining(table.getFileName().toString());
      assertThatThrownBy(store::checksum).isInstanceOf(CorruptStoreException.class);
    }
  }

  /** As if a write had found it: whoever looks after the stores stops the replica. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatAReadFindsDamagedStopsTheStoreFromBeingWritten(boolean byCursor) throws IOException {
    Path quiet = directory.resolve("quiet"); // one table: no compaction is faster
    fillStore(quiet, 1);
    Path table = largest(quiet, ".sst");
    flipBit(table, Files.size(table) / 3);
    try (ShardStore store = ShardStore.open(quiet, environment)) {
      assertThatThrownBy(store::checksum).isInstanceOf(DamagedFileException.class);
      assertThat(store.tryResume()).as("a checksum is only told").isTrue();
      assertDamage(() -> readAll(store, byCursor), table);
      assertDamage(store::tryResume, table);
      assertThat(store.isWritable()).isFalse();
    }
  }

  private static void readAll(ShardStore store, boolean byCursor) {
    try (ReadView view = store.readSnapshot()) {
      if (byCursor) {
        try (RowCursor rows = view.cursor(Family.DATA, bytes("row"), bytes("rox"), true)) {
          while (rows.next()) {}
        }
      } else {
        for (int i = 0; i < ROWS; i++) {
          view.get(Family.DATA, bytes("row" + i));
        }
      }
    }
  }

  /** Nobody has asked for the compaction: RocksDB then refuses writes, as for a full disk. */
  @Test
  void tableWithAFlippedBitInItsRowsIsFoundByACompaction() throws IOException {
    Path table = largest(".sst");
    flipBit(table, Files.size(table) / 3);
    try (ShardStore store = ShardStore.open(directory, environment)) {
      for (int i = 0; i < COMPACTED; i++) {
        // The compaction may meet the damage while more is written.
        assertThat(catchThrowable(() -> overwriteAndFlush(store)))
            .satisfiesAnyOf(
                none -> assertThat(none).isNull(),
                early -> assertThat(early).isInstanceOf(StorageException.class));
      }
      await().atMost(Duration.ofSeconds(60)).until(() -> !store.isWritable());
      assertDamage(store::tryResume, table);
      assertDamage(() -> overwriteAndFlush(store), table);
      assertDamage(() -> store.checkpoint(directory.resolve("copy")), table);
      assertThat(store.isWritable()).isFalse();
    }
  }

  private static void overwriteAndFlush(ShardStore store) {
    try (StoreBatch batch = store.begin(0)) {
      for (int i = 0; i < ROWS; i++) {
        batch.put(Family.DATA, bytes("row" + i), bytes("again"));
      }
      batch.commit(1, store.appliedIndex() + 1);
    }
    store.flush();
  }

  private void assertDamage(ThrowableAssert.ThrowingCallable call, Path table) {
    assertThatThrownBy(call)
        .isInstanceOf(DamagedFileException.class)
        .hasMessageContaining(directory.toString())
        .hasMessageContaining(table.getFileName().toString());
  }

  @Test
  void damageThatWasNotedIsFoundAtTheNextStart() {
    try (ShardStore store = ShardStore.open(directory, environment)) {
      store.keepDamage(new CorruptStoreException("a row that nobody understands"));
    }
    try (ShardStore store = ShardStore.open(directory, environment)) {
      store.keepDamage(new DamagedFileException("store is damaged in 000012.sst", null));
    }
    for (int start = 0; start < 2; start++) {
      assertThatThrownBy(() -> ShardStore.open(directory, environment).close())
          .isInstanceOf(CorruptStoreException.class)
          .hasMessageContaining("store is damaged in 000012.sst")
          .hasMessageContaining(directory.resolve("DAMAGED").toString());
    }
  }

  @Test
  void manifestWithAFlippedBit() throws IOException {
    Path manifest = largest("MANIFEST-");
    for (long at = 8; at < Files.size(manifest); at += 37) {
      flipBit(manifest, at);
      assertOpenNames(manifest);
      flipBit(manifest, at);
    }
  }

  @Test
  void manifestThatWasCutOffAnywhere() throws IOException {
    Path manifest = largest("MANIFEST-");
    byte[] whole = Files.readAllBytes(manifest);
    for (int length = whole.length - 1; length >= 0; length -= 41) {
      Files.write(manifest, whole);
      cutOff(manifest, length);
      assertOpenNames(manifest);
    }
  }

  @Test
  void manifestThatIsMissing() throws IOException {
    Path manifest = largest("MANIFEST-");
    Files.delete(manifest);
    assertOpenNames(manifest);
  }

  @Test
  void currentFileThatIsMissingOrEmpty() throws IOException {
    Path current = directory.resolve("CURRENT");
    Files.write(current, new byte[0]);
    assertOpenNames(current);
    Files.delete(current);
    assertOpenNames(current);
    assertThat(files(directory)).anyMatch(file -> file.toString().endsWith(".sst"));
  }

  /** RocksDB writes its first manifest before the file that names it: nothing is stored then. */
  @Test
  void firstStartThatWasInterruptedIsNoDamage() throws IOException {
    Path fresh = Files.createDirectory(directory.resolve("fresh"));
    Files.write(fresh.resolve("MANIFEST-000001"), new byte[] {1, 2, 3});
    try (ShardStore store = ShardStore.open(fresh, environment)) {
      assertThat(store.position()).isEqualTo(StorePosition.NONE);
    }
  }

  @Test
  void storeThatIsOlderThanItsMark() throws IOException {
    new FlushMark(ROWS + 5, "MANIFEST-999999", 1).write(directory);
    assertThatThrownBy(() -> ShardStore.open(directory, environment))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("199")
        .hasMessageContaining("205");
  }

  @Test
  void markWithUnknownContent() throws IOException {
    Files.writeString(directory.resolve("FLUSHED"), "raftkv-flushed 1\nx\ny\nz\n");
    assertOpenNames(directory.resolve("FLUSHED"));
  }

  private void assertOpenNames(Path file) {
    assertThatThrownBy(() -> ShardStore.open(directory, environment).close())
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining(directory.toString())
        .hasMessageContaining(file.getFileName().toString());
  }

  private Path largest(String kind) throws IOException {
    return largest(directory, kind);
  }

  private static Path largest(Path place, String kind) throws IOException {
    Path largest = null;
    for (Path file : files(place)) {
      if (file.getFileName().toString().contains(kind)
          && (largest == null || Files.size(file) > Files.size(largest))) {
        largest = file;
      }
    }
    assertThat(largest).isNotNull();
    return largest;
  }

  private static void cutOff(Path file, long length) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(length);
    }
  }

  private static void flipBit(Path file, long at) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer octet = ByteBuffer.allocate(1);
      channel.read(octet, at);
      octet.put(0, (byte) (octet.get(0) ^ 0x10));
      channel.write(octet.flip(), at);
    }
  }
}
