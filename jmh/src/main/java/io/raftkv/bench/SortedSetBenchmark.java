package io.raftkv.bench;

import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.ZSetRange;
import io.raftkv.storage.type.ZSetType;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Sorted sets in rows, on a store of their own: what single operations cost on a small set and on
 * one of a million members. Scores are random, so that every operation is somewhere else.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class SortedSetBenchmark {
  private static final byte[] KEY = {'z'};
  private static final int LOADED_AT_ONCE = 1_000;
  private static final int ENTRY = 100;

  /** Members of the set; adding members changes it by little. */
  @Param({"200", "1000000"})
  public int members;

  private final SplittableRandom random = new SplittableRandom(1);
  private Path directory;
  private StoreEnvironment environment;
  private ShardStore store;
  private long index;

  @Setup
  public void load() throws IOException {
    directory = Files.createTempDirectory("sorted-set");
    environment = new StoreEnvironment(StoreOptions.defaults());
    store = ShardStore.open(directory, environment);
    for (int from = 0; from < members; from += LOADED_AT_ONCE) {
      try (StoreBatch batch = store.begin(0)) {
        ZSetType set = set(batch);
        for (int i = from; i < Math.min(from + LOADED_AT_ONCE, members); i++) {
          set.put(member(i), random.nextDouble());
        }
        set.save();
        batch.commit(1, ++index);
      }
    }
    store.flush();
  }

  @TearDown
  public void delete() throws IOException {
    store.close();
    environment.close();
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    }
  }

  /** ZADD of another score, alone in its entry. */
  @Benchmark
  public long zaddAlone() {
    try (StoreBatch batch = store.begin(0)) {
      zadd(batch);
      batch.commit(1, ++index);
    }
    return index;
  }

  /** ZADD of another score, in an entry with {@value #ENTRY} of them. */
  @Benchmark
  @OperationsPerInvocation(ENTRY)
  public long zaddAmongOthers() {
    try (StoreBatch batch = store.begin(0)) {
      for (int i = 0; i < ENTRY; i++) {
        zadd(batch);
        batch.mark();
      }
      batch.commit(1, ++index);
    }
    return index;
  }

  @Benchmark
  public double zscore() {
    try (ReadView view = store.read()) {
      return set(view).score(anyMember());
    }
  }

  @Benchmark
  public long zrank() {
    return store.query(view -> set(view).rank(anyMember(), false));
  }

  @Benchmark
  public long zcount() {
    double min = random.nextDouble();
    double max = random.nextDouble();
    return store.query(view -> set(view).count(new ZSetRange.ByScore(min, false, max, false)));
  }

  /** ZRANGE of ten members somewhere. */
  @Benchmark
  public List<ScoredMember> zrangeByRank() {
    long first = random.nextLong(members);
    return store.query(view -> set(view).ranks(first, first + 9, false));
  }

  private void zadd(StoreBatch batch) {
    ZSetType set = set(batch);
    set.put(anyMember(), random.nextDouble());
    set.save();
  }

  private byte[] anyMember() {
    return member(random.nextInt(members));
  }

  private static byte[] member(int number) {
    return ("member:" + number).getBytes(StandardCharsets.US_ASCII);
  }

  private static ZSetType set(StoreBatch batch) {
    return new ZSetType(Keyspace.forApply(batch, 0, batch.timeMillis(), 1).key(KEY));
  }

  private static ZSetType set(ReadView view) {
    return new ZSetType(Keyspace.forRead(view, 0, 0, 0, 1).key(KEY));
  }
}
