package io.raftkv.bench;

import io.raftkv.storage.Family;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.Slot;
import io.raftkv.storage.StoreOptions;
import io.raftkv.storage.row.KeyRows;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Reading the row of a key, a view made for each as for a lone GET: from the Java heap, from tables
 * of RocksDB whose blocks are in memory, and a row that is not there.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RowReadBenchmark {
  private static final int READS = 10_000;

  /** A prime, so that one read does not help the next. */
  private static final int STRIDE = 7_919;

  /** Keys in the store, with values of 64 bytes. Of them 10,000 are read. */
  @Param("100000")
  public int keys;

  private BenchShard cached;
  private BenchShard uncached;
  private Ring<byte[]> present;
  private Ring<byte[]> absent;

  @Setup
  public void fill() {
    cached = filled(StoreOptions.defaults());
    uncached = filled(StoreOptions.defaults().withRowCacheBytes(0));
    present = rows(0);
    absent = rows(keys);
  }

  private BenchShard filled(StoreOptions options) {
    BenchShard shard = new BenchShard(options);
    shard.fill(keys, SampleCommands::set);
    shard.store().flush();
    return shard;
  }

  private Ring<byte[]> rows(int firstKey) {
    return new Ring<>(
        IntStream.range(0, READS)
            .mapToObj(i -> row(firstKey + (int) ((long) i * STRIDE % keys)))
            .toList());
  }

  private static byte[] row(int number) {
    byte[] key = SampleCommands.key(number).getBytes(StandardCharsets.US_ASCII);
    return KeyRows.meta(Slot.of(key), 0, key);
  }

  @TearDown
  public void close() {
    cached.close();
    uncached.close();
  }

  /** What the event loop does for a hot key. Throws if the row is not in the cache. */
  @Benchmark
  public byte[] rowCacheHit() {
    try (ReadView view = cached.store().readInMemory()) {
      return view.get(Family.META, present.next());
    }
  }

  @Benchmark
  public byte[] rocksGet() {
    return get(present.next());
  }

  /** Returns null: filters say so, without a look into a table. */
  @Benchmark
  public byte[] rocksGetAbsent() {
    return get(absent.next());
  }

  private byte[] get(byte[] row) {
    return uncached.store().query(view -> view.get(Family.META, row));
  }

  /** How many rows the Java heap served to the store that has no cache there. */
  long uncachedHits() {
    return uncached.store().properties().get("row_cache_hits");
  }
}
