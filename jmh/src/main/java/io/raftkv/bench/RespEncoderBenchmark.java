package io.raftkv.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.reply.Reply;
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

/** Encoding a reply, of which 16 leave with one flush. The score is the time of one reply. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RespEncoderBenchmark {
  /** Replies of a flush. */
  static final int REPLIES = 16;

  /** What is answered. */
  @Param public TypicalReply reply;

  /** The client's RESP version. */
  @Param({"2", "3"})
  public int protocol;

  private final RespOutput output =
      new RespOutput(PooledByteBufAllocator.DEFAULT, this::sent, () -> {});
  private Reply made;
  private long bytes;

  @Setup
  public void make() {
    made = reply.make();
  }

  private void sent(ByteBuf buffer) {
    bytes += buffer.readableBytes();
    buffer.release();
  }

  /** Returns the number of bytes. */
  @Benchmark
  @OperationsPerInvocation(REPLIES)
  public long encode() {
    bytes = 0;
    for (int i = 0; i < REPLIES; i++) {
      RespEncoder.encode(made, protocol, output);
    }
    output.flush();
    return bytes;
  }
}
