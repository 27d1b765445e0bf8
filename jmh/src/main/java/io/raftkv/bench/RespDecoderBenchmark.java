package io.raftkv.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.codec.CommandBatch;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.codec.RespLimits;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
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
 * Decoding a pipeline of 16 SETs with values of 64 bytes, as the network may cut it. The score is
 * the time of the whole pipeline.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RespDecoderBenchmark {
  /** Commands of the pipeline. */
  static final int COMMANDS = 16;

  /** Longest piece: 2048 is more than the pipeline, 100 less than a command, 7 less than a word. */
  @Param({"2048", "100", "7", "1"})
  public int chunkBytes;

  private final Sink sink = new Sink();
  private EmbeddedChannel channel;
  private ByteBuf pipeline;

  /** Stands where the session does. */
  static final class Sink extends ChannelInboundHandlerAdapter {
    private int commands;
    private byte[][] last;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      CommandBatch batch = (CommandBatch) message;
      commands += batch.size();
      last = batch.words(batch.size() - 1);
    }
  }

  @Setup
  public void encode() {
    channel = new EmbeddedChannel(new RespDecoder(RespLimits.DEFAULT), sink);
    byte[] bytes = bytes();
    pipeline = PooledByteBufAllocator.DEFAULT.directBuffer(bytes.length).writeBytes(bytes);
  }

  private static byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < COMMANDS; i++) {
      byte[][] words = SampleCommands.set(i);
      out.writeBytes(("*" + words.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
      for (byte[] word : words) {
        out.writeBytes(("$" + word.length + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(word);
        out.writeBytes(new byte[] {'\r', '\n'});
      }
    }
    return out.toByteArray();
  }

  @TearDown
  public void close() {
    channel.finishAndReleaseAll();
    pipeline.release();
  }

  /** Returns the number of commands. */
  @Benchmark
  public int decode() {
    sink.commands = 0;
    for (int at = 0; at < pipeline.readableBytes(); at += chunkBytes) {
      int length = Math.min(chunkBytes, pipeline.readableBytes() - at);
      channel.pipeline().fireChannelRead(pipeline.retainedSlice(at, length));
    }
    return sink.commands;
  }

  /** Pieces that the pipeline comes in. */
  int chunks() {
    return (pipeline.readableBytes() + chunkBytes - 1) / chunkBytes;
  }

  /** The words of the command decoded last. */
  byte[][] lastCommand() {
    return sink.last;
  }

  /** How often the pipeline's buffer is held: once, unless the decoder kept a piece. */
  int holders() {
    return pipeline.refCnt();
  }
}
