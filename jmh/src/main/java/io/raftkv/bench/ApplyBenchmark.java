package io.raftkv.bench;

import java.util.concurrent.TimeUnit;
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
 * What a replica spends on one log entry, from its bytes to committed rows: every node pays it for
 * every write. The score is the time of an entry, not of a command.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ApplyBenchmark {
  /** Keys in the store; their rows fit into the row cache. */
  static final int KEYS = 10_000;

  /** Commands of all entries but the partners, whatever the size of an entry. */
  private static final int RING_COMMANDS = 12_800;

  /** A prime, so that neighbours in an entry are not neighbours in the store. */
  private static final int STRIDE = 7_919;

  /** What the commands are. */
  @Param public SmallWrite command;

  /** How many are in an entry. */
  @Param({"1", "50", "200"})
  public int commands;

  private BenchShard shard;
  private Ring<byte[]> entries;

  @Setup
  public void fill() {
    shard = new BenchShard();
    shard.fill(KEYS, command::create);
    entries =
        PairedWrites.entries(
            RING_COMMANDS / commands,
            commands,
            (index, partner) -> command.write(keyOf(index), index % SmallWrite.ELEMENTS, partner));
  }

  @TearDown
  public void close() {
    shard.close();
  }

  /** Returns the replies. */
  @Benchmark
  public Object[] apply() {
    return shard.apply(entries.next());
  }

  static int keyOf(int index) {
    return (int) ((long) index * STRIDE % KEYS);
  }

  BenchShard shard() {
    return shard;
  }
}
