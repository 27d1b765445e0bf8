package io.raftkv.bench;

import io.raftkv.resp.reply.Reply;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
 * One key with a collection in element rows, flushed to tables: what is done to one element must
 * cost about as much among a million as among 200. Scores are times of a command; written are 50
 * commands with each entry.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public abstract class BigCollection {
  /** The key of the collection. */
  static final String KEY = "big";

  /** Commands of an entry. */
  static final int WRITES = 50;

  private static final int PAIRS = 256;
  private static final int READS = 10_000;

  /** A prime, so that one operation does not help the next. */
  private static final int STRIDE = 7_919;

  /** Elements of the collection; the smallest has just outgrown its key's row. */
  @Param({"200", "1000000"})
  public int elements;

  private BenchShard shard;

  /** The command that adds an element, from 0 to {@code elements - 1}. */
  abstract byte[][] add(int element);

  /** Called when the collection is there. */
  abstract void prepare();

  @Setup
  public void fill() {
    shard = new BenchShard();
    shard.fill(elements, this::add);
    shard.store().flush();
    prepare();
  }

  @TearDown
  public void close() {
    shard.close();
  }

  /** Entries of commands for elements all over the collection. */
  final Ring<byte[]> writes(PairedWrites ofElement) {
    return PairedWrites.entries(
        PAIRS, WRITES, (index, partner) -> ofElement.command(spread(index), partner));
  }

  /** Commands for elements all over the collection. */
  final Ring<byte[][]> reads(String name) {
    return new Ring<>(
        IntStream.range(0, READS)
            .mapToObj(i -> SampleCommands.command(name, KEY, argument(spread(i))))
            .toList());
  }

  /** How a read names an element. */
  String argument(int element) {
    return SampleCommands.element(element);
  }

  private int spread(int index) {
    return (int) ((long) index * STRIDE % elements);
  }

  final Object[] apply(Ring<byte[]> entries) {
    return shard.apply(entries.next());
  }

  final Reply read(Ring<byte[][]> commands) {
    return shard.read(commands.next());
  }

  BenchShard shard() {
    return shard;
  }
}
