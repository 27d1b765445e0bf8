package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One thread commits, others read: whatever comes from the cache, from RocksDB or from counts in
 * memory must be of the one index that the view claims. The cache is so small that rows come and
 * go.
 */
class ReadWhileApplyingTest {
  private static final int KEYS = 400;
  private static final int PER_COMMIT = 8;
  private static final int READERS = 3;
  private static final long WRITE_MILLIS = 1_500;
  private static final long ROW_CACHE_BYTES = 24_000;

  @TempDir Path directory;

  /** What entry {@code index} does follows from its index, and so does what a view must show. */
  private static long firstKey(long index) {
    return index * 7 % KEYS;
  }

  @Test
  void everyViewIsOfOneIndex() throws Exception {
    StoreOptions options = new StoreOptions(8 << 20, ROW_CACHE_BYTES, 16 << 20, 64, 2);
    ExecutorService threads = Executors.newFixedThreadPool(READERS);
    AtomicLong fromMemory = new AtomicLong();
    AtomicLong stale = new AtomicLong();
    try (StoreEnvironment environment = new StoreEnvironment(options);
        ShardStore store = ShardStore.open(directory, environment)) {
      apply(store, 0);
      List<CompletableFuture<Long>> readers = new ArrayList<>();
      CompletableFuture<Void> written = new CompletableFuture<>();
      for (int reader = 0; reader < READERS; reader++) {
        Random random = new Random(reader);
        readers.add(
            CompletableFuture.supplyAsync(
                () -> {
                  long views = 0;
                  while (!written.isDone()) {
                    try (ReadView view = open(store, random)) {
                      checkOneIndex(view, random);
                      views++;
                    } catch (StaleViewException e) {
                      stale.incrementAndGet();
                    } catch (NotInMemoryException e) {
                      fromMemory.incrementAndGet();
                    }
                  }
                  return views;
                },
                threads));
      }
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WRITE_MILLIS);
      boolean failed = false;
      for (long index = 1; System.nanoTime() < end && !failed; index++) {
        apply(store, index);
        failed = readers.stream().anyMatch(CompletableFuture::isCompletedExceptionally);
      }
      written.complete(null);
      long views = 0;
      for (CompletableFuture<Long> reader : readers) {
        views += reader.get(30, TimeUnit.SECONDS);
      }
      assertThat(views).isGreaterThan(100);
      assertThat(store.appliedIndex()).isGreaterThan(100);
    } finally {
      threads.shutdownNow();
    }
  }

  private static ReadView open(ShardStore store, Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> store.readSnapshot();
      case 1 -> store.readInMemory();
      default -> store.read();
    };
  }

  /** Every entry writes its index to all of {@code PER_COMMIT} keys, and deletes every third. */
  private static void apply(ShardStore store, long index) {
    try (StoreBatch batch = store.begin(index)) {
      batch.get(Family.META, key(firstKey(index + 3)));
      for (int i = 0; i < PER_COMMIT; i++) {
        byte[] key = key((firstKey(index) + i) % KEYS);
        if (deletes(index, i)) {
          batch.delete(Family.META, key);
        } else {
          batch.put(Family.META, key, bytes(Long.toString(index)));
        }
      }
      if (index % 500 == 0) {
        batch.deleteRange(Family.META, new byte[] {'k'}, new byte[] {'l'});
      }
      batch.put(Family.DATA, bytes("index"), bytes(Long.toString(index)));
      batch.addKeys((int) (index % 3), 0, 1, 0);
      batch.commit(1, index);
    }
  }

  private static boolean deletes(long index, int i) {
    return (index + i) % 3 == 0;
  }

  private static void checkOneIndex(ReadView view, Random random) {
    byte[] somewhere = key(random.nextInt(KEYS));
    view.get(Family.META, somewhere);
    long at = view.appliedIndex();
    assertThat(view.timeMillis()).isEqualTo(at);
    for (int n = 0; n < 6; n++) {
      switch (random.nextInt(8)) {
        case 0 -> assertThat(view.keys(0)).isEqualTo(at + 1);
        case 1 ->
            assertThat(view.get(Family.DATA, bytes("index"))).isEqualTo(bytes(Long.toString(at)));
        default -> {
          long key = random.nextInt(KEYS);
          assertThat(view.get(Family.META, key(key)))
              .as("key %d at index %d", key, at)
              .isEqualTo(expected(key, at));
        }
      }
    }
    assertThat(view.appliedIndex()).isEqualTo(at);
  }

  /** Value of a key at an index: that of the last entry up to it that touched the key. */
  private static byte[] expected(long key, long at) {
    for (long index = at; index >= 0; index--) {
      if (index % 500 == 0) {
        return null;
      }
      long i = (key - firstKey(index) + KEYS) % KEYS;
      if (i < PER_COMMIT) {
        return deletes(index, (int) i) ? null : bytes(Long.toString(index));
      }
    }
    return null;
  }

  private static byte[] key(long key) {
    return bytes("k" + key);
  }
}
