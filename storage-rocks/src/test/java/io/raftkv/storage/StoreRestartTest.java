package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.crashCopy;
import static io.raftkv.storage.TestStores.get;
import static io.raftkv.storage.TestStores.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreRestartTest {
  @TempDir Path directory;

  private final StoreEnvironment environment = TestStores.environment();

  @AfterEach
  void close() {
    environment.close();
  }

  private ShardStore open(String name) {
    return ShardStore.open(directory.resolve(name), environment);
  }

  @Test
  void crashLosesWhatWasNotFlushedAndTheIndexSaysSo() throws IOException {
    try (ShardStore store = open("store")) {
      put(store, 0, Family.META, "a", "0");
      put(store, 1, Family.DATA, "a", "1");
      assertThat(store.flush()).isEqualTo(1);
      StoreChecksum flushed = store.checksum();
      put(store, 2, Family.META, "a", "2");
      put(store, 3, Family.EXPIRY, "a", "3");
      crashCopy(directory.resolve("store"), directory.resolve("crashed"));

      try (ShardStore crashed = open("crashed")) {
        assertThat(crashed.appliedIndex()).isEqualTo(1);
        assertThat(crashed.flushedIndex()).isEqualTo(1);
        assertThat(get(crashed, Family.META, "a")).isEqualTo("0");
        assertThat(crashed.checksum()).isEqualTo(flushed);
        // The log brings it back to where it was.
        put(crashed, 2, Family.META, "a", "2");
        put(crashed, 3, Family.EXPIRY, "a", "3");
        assertThat(crashed.checksum()).isEqualTo(store.checksum());
      }
    }
  }

  @Test
  void replayFromEveryIndexGivesEqualChecksums() throws IOException {
    int entries = 12;
    try (ShardStore store = open("store")) {
      for (int i = 0; i < entries; i++) {
        apply(store, i);
        if (i % 3 == 1) {
          store.flush();
        }
        crashCopy(directory.resolve("store"), directory.resolve("crash" + i));
      }
      for (int i = 0; i < entries; i++) {
        try (ShardStore crashed = open("crash" + i)) {
          long from = crashed.appliedIndex() + 1;
          assertThat(from).isLessThanOrEqualTo(i + 1L).isGreaterThan(i - 3L);
          for (int replayed = (int) from; replayed < entries; replayed++) {
            apply(crashed, replayed);
          }
          assertThat(crashed.checksum()).isEqualTo(store.checksum());
        }
      }
    }
  }

  /** An entry that depends on those before it in every way a store offers. */
  private static void apply(ShardStore store, int index) {
    try (StoreBatch batch = store.begin(1_000L * index)) {
      String last = TestStores.text(batch.get(Family.META, bytes("last")));
      batch.put(Family.META, bytes("last"), bytes(last + index));
      batch.put(Family.DATA, bytes("row" + batch.nextId()), bytes("x"));
      if (index % 4 == 3) {
        batch.deleteRange(Family.DATA, bytes("row1"), bytes("row" + index));
      }
      batch.addKeys(index % 5, 0, 1, 0);
      batch.noteProposal(index % 2, batch.lastProposal(index % 2) + 1);
      batch.putRecord("record" + index % 3, bytes("at" + index));
      batch.commit(1, index);
    }
  }

  @Test
  void cleanCloseLosesNothing() {
    try (ShardStore store = open("store")) {
      put(store, 0, Family.META, "a", "0");
    }
    try (ShardStore store = open("store")) {
      assertThat(store.appliedIndex()).isZero();
      assertThat(get(store, Family.META, "a")).isEqualTo("0");
    }
  }

  @Test
  void checkpointIsAStoreOfItsOwnWithEqualChecksum() {
    try (ShardStore store = open("store")) {
      put(store, 0, Family.META, "a", "0");
      put(store, 1, Family.SCORE, "b", "1");
      assertThat(store.checkpoint(directory.resolve("copy"))).isEqualTo(1);
      try (ShardStore copy = open("copy")) {
        assertThat(copy.checksum()).isEqualTo(store.checksum());
        put(copy, 2, Family.META, "a", "copy");
        put(store, 2, Family.META, "a", "original");
        assertThat(get(copy, Family.META, "a")).isEqualTo("copy");
        assertThat(get(store, Family.META, "a")).isEqualTo("original");
      }
      assertThatThrownBy(() -> store.checkpoint(directory.resolve("copy")))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("checkpoint");
    }
  }

  @Test
  void checkpointWhileEntriesAreAppliedIsOneMoment() {
    AtomicBoolean stop = new AtomicBoolean();
    try (ShardStore store = open("store")) {
      CompletableFuture<Void> applying =
          CompletableFuture.runAsync(
              () -> {
                for (long i = 0; !stop.get(); i++) {
                  try (StoreBatch batch = store.begin(i)) {
                    byte[] value = bytes(Long.toString(i));
                    batch.put(Family.META, bytes("a"), value);
                    batch.put(Family.DATA, bytes("a" + i % 50), value);
                    batch.put(Family.SCORE, bytes("a"), value);
                    batch.commit(1, i);
                  }
                }
              });
      try {
        for (int n = 0; n < 5; n++) {
          long atLeast = store.checkpoint(directory.resolve("copy" + n));
          try (ShardStore copy = open("copy" + n)) {
            String applied = Long.toString(copy.appliedIndex());
            assertThat(copy.appliedIndex()).isGreaterThanOrEqualTo(atLeast);
            if (copy.appliedIndex() >= 0) {
              assertThat(get(copy, Family.META, "a")).isEqualTo(applied);
              assertThat(get(copy, Family.SCORE, "a")).isEqualTo(applied);
              assertThat(get(copy, Family.DATA, "a" + copy.appliedIndex() % 50)).isEqualTo(applied);
            }
          }
        }
      } finally {
        stop.set(true);
        applying.join();
      }
      assertThat(store.appliedIndex()).isPositive();
    }
  }

  /** RocksDB then flushes by itself with every commit, and may be doing so. */
  @Test
  void checkpointHasTheLastCommitThoughThereIsLittleMemory() {
    StoreOptions little = new StoreOptions(1 << 20, 0, 1 << 20, 64, 2);
    List<ShardStore> stores = new ArrayList<>();
    try (StoreEnvironment scarce = new StoreEnvironment(little)) {
      try {
        for (int i = 0; i < 6; i++) {
          ShardStore store = ShardStore.open(directory.resolve("scarce" + i), scarce);
          stores.add(store);
          put(store, 0, Family.META, "a", "in memory");
        }
        ShardStore store = stores.get(0);
        for (int index = 1; index <= 40; index++) {
          if (index % 4 > 0) {
            put(store, index, Family.META, "a" + index, "value");
          } else {
            store.skipTo(1, index); // it changes one family only
            assertThat(store.checkpoint(directory.resolve("copy" + index))).isEqualTo(index);
            try (ShardStore copy = open("copy" + index)) {
              assertThat(copy.appliedIndex()).isEqualTo(index);
            }
          }
        }
      } finally {
        stores.forEach(ShardStore::close);
      }
    }
  }

  @Test
  void directoryIsMadeWithItsParents() {
    try (ShardStore store = open("deep/down/store")) {
      assertThat(Files.isDirectory(directory.resolve("deep/down/store"))).isTrue();
      assertThat(store.appliedIndex()).isEqualTo(-1);
    }
  }
}
