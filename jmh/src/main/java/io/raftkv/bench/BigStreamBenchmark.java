package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static io.raftkv.bench.SampleCommands.element;

import io.raftkv.resp.reply.Reply;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** Entries of a stream: one comes at the end, and one goes at the beginning. */
public class BigStreamBenchmark extends BigCollection {
  private static final int READS = 10_000;
  private static final int STRIDE = 7_919;

  private Ring<byte[]> xadds;
  private Ring<byte[][]> xranges;
  private Ring<byte[][]> ends;

  @Override
  byte[][] add(int entry) {
    return command("XADD", KEY, id(entry), "field", element(entry));
  }

  private static String id(int entry) {
    return entry + 1 + "-0";
  }

  @Override
  void prepare() {
    String length = Integer.toString(elements);
    xadds =
        writes(
            (entry, partner) ->
                command("XADD", KEY, "MAXLEN", "=", length, "*", "field", element(entry)));
    // The last ones: those at the beginning are gone when the writes are measured first.
    int kept = Math.min(elements, READS);
    xranges =
        new Ring<>(
            IntStream.range(0, kept)
                .mapToObj(i -> id(elements - 1 - (int) ((long) i * STRIDE % kept)))
                .map(id -> command("XRANGE", KEY, id, id))
                .toList());
    ends = new Ring<>(List.<byte[][]>of(command("XREVRANGE", KEY, "+", "-", "COUNT", "1")));
  }

  @Benchmark
  @OperationsPerInvocation(WRITES)
  public Object[] xaddWithMaxlen() {
    return apply(xadds);
  }

  @Benchmark
  public Reply xrangeOfOne() {
    return read(xranges);
  }

  @Benchmark
  public Reply lastEntry() {
    return read(ends);
  }
}
