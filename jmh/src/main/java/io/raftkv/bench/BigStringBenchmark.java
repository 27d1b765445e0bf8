package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.SeededRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
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
 * Parts of one long string that was made by appending, flushed to tables: what is done to a part
 * must not cost more in a longer string. Each write is alone in its entry, so that its score is
 * comparable where one takes a tenth of a second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BigStringBenchmark {
  /** The key of the string. */
  static final String KEY = "big";

  private static final int PIECES = 16;
  private static final int PARTS = 4_096;
  private static final String PART = "0123456789abcdef";
  private static final String OTHER_PART = "fedcba9876543210";

  /** A prime, so that one operation does not help the next. */
  private static final int STRIDE = 1_000_003;

  /** Length of the string. */
  @Param({"1048576", "67108864"})
  public int bytes;

  private BenchShard shard;
  private Ring<byte[]> setbits;
  private Ring<byte[]> setranges;
  private Ring<byte[]> appends;
  private Ring<byte[][]> getbits;
  private Ring<byte[][]> getranges;

  @Setup
  public void fill() {
    shard = new BenchShard();
    SeededRandom random = new SeededRandom(7);
    shard.fill(
        PIECES,
        i -> new byte[][] {command("APPEND")[0], command(KEY)[0], ascii(bytes / PIECES, random)});
    shard.store().flush();
    setbits =
        PairedWrites.entries(
            PARTS, 1, (i, partner) -> command("SETBIT", KEY, bitOffset(i), partner ? "0" : "1"));
    setranges =
        PairedWrites.entries(
            PARTS,
            1,
            (i, partner) -> command("SETRANGE", KEY, offset(i), partner ? OTHER_PART : PART));
    appends = PairedWrites.entries(1, 1, (i, partner) -> command("APPEND", KEY, PART));
    getbits = reads(i -> command("GETBIT", KEY, bitOffset(i)));
    getranges = reads(i -> command("GETRANGE", KEY, offset(i), String.valueOf(at(i) + 15)));
  }

  private static Ring<byte[][]> reads(IntFunction<byte[][]> read) {
    return new Ring<>(IntStream.range(0, PARTS).mapToObj(read).toList());
  }

  /** Bytes that do not compress away; none has its highest bit set. */
  private static byte[] ascii(int length, SeededRandom random) {
    byte[] piece = new byte[length];
    for (int i = 0; i < length; i++) {
      piece[i] = (byte) (random.nextLong() & 0x7f);
    }
    return piece;
  }

  private int at(int index) {
    return (int) ((long) index * STRIDE % (bytes - PART.length()));
  }

  private String offset(int index) {
    return String.valueOf(at(index));
  }

  /** The highest bit of a byte, which is not set. */
  private String bitOffset(int index) {
    return String.valueOf((long) at(index) * Byte.SIZE);
  }

  @TearDown
  public void close() {
    shard.close();
  }

  /** Turns a bit over. */
  @Benchmark
  public Object[] setbit() {
    return shard.apply(setbits.next());
  }

  /** Writes over 16 bytes. */
  @Benchmark
  public Object[] setrange() {
    return shard.apply(setranges.next());
  }

  /** Adds 16 bytes; the string grows by some megabytes while this is measured. */
  @Benchmark
  public Object[] append() {
    return shard.apply(appends.next());
  }

  @Benchmark
  public Reply getbit() {
    return shard.read(getbits.next());
  }

  /** Reads 16 bytes. */
  @Benchmark
  public Reply getrange() {
    return shard.read(getranges.next());
  }

  /** Reads all of it. */
  @Benchmark
  public Reply get() {
    return shard.read(command("GET", KEY));
  }

  BenchShard shard() {
    return shard;
  }
}
