package io.raftkv.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/** What the load generator spends on a reply: it must be small against what a server spends. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ReplyScannerBenchmark {
  private static final int REPLIES = 1_000;

  /** The kind of reply: of a SET, or of a GET of 64 bytes. */
  @Param({"status", "bulk"})
  public String reply;

  private final ReplyScanner scanner = new ReplyScanner();
  private ByteBuffer replies;
  private long seen;

  @Setup
  public void encode() {
    String one = reply.equals("status") ? "+OK\r\n" : "$64\r\n" + "x".repeat(64) + "\r\n";
    byte[] all = one.repeat(REPLIES).getBytes(StandardCharsets.US_ASCII);
    replies = ByteBuffer.allocateDirect(all.length).put(all);
  }

  @Benchmark
  @OperationsPerInvocation(REPLIES)
  public long scan() {
    replies.flip();
    scanner.scan(replies, (type, number, error) -> seen++);
    return seen;
  }
}
