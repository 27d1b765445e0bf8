package io.raftkv.bench;

import io.raftkv.storage.ShardStore;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What a snapshot holds up apply for: it must not grow with the data that was there before. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CheckpointBenchmark {
  private static final int WRITES = 200;

  /** Keys in the store, with values of 64 bytes. */
  @Param({"10000", "1000000"})
  public int keys;

  private BenchShard shard;
  private Ring<byte[]> writes;
  private Path target;

  @Setup
  public void fill() {
    shard = new BenchShard();
    shard.fill(keys, SampleCommands::set);
    shard.store().flush();
    writes = PairedWrites.entries(1, WRITES, (index, partner) -> SampleCommands.set(index));
    target = shard.sibling("checkpoint");
  }

  /** Each call has to find its target free. */
  @TearDown(Level.Invocation)
  public void deleteCheckpoint() {
    ScratchDirectory.delete(target);
  }

  @TearDown
  public void close() {
    shard.close();
  }

  /** Nothing was written since the last one: links and small files only. Returns its index. */
  @Benchmark
  public long unchanged() {
    return shard.store().checkpoint(target);
  }

  /** After an entry of 200 SETs: the flush is part of it. Returns the index. */
  @Benchmark
  public long afterWrites() {
    shard.apply(writes.next());
    ShardStore store = shard.store();
    store.flush();
    return store.checkpoint(target);
  }

  /** Where the checkpoint is made. */
  Path target() {
    return target;
  }
}
