package io.raftkv.bench;

import io.raftkv.resp.command.CommandCodec;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplyCodec;
import io.raftkv.shard.EntryCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** From commands to the bytes of a log entry and back, and the way of their replies to a node. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BatchCodecBenchmark {
  /** Commands of a batch. */
  static final int COMMANDS = 50;

  private final List<byte[][]> commands =
      IntStream.range(0, COMMANDS).mapToObj(SampleCommands::set).toList();
  private final byte[] entry = LogEntries.entry(commands);
  private final List<Reply> replies = Collections.nCopies(COMMANDS, Reply.OK);
  private final byte[] message = ReplyCodec.encodeAll(replies);

  /** Payload, batch and entry, as client and proposer of a shard make them. */
  @Benchmark
  public byte[] encodeEntry() {
    return LogEntries.entry(commands);
  }

  /** As apply reads it. */
  @Benchmark
  public List<CommandCodec.Call> decodeEntry() {
    List<CommandCodec.Call> calls = new ArrayList<>();
    ByteBuffer bytes = ByteBuffer.wrap(entry).asReadOnlyBuffer();
    EntryCodec.decodeHeader(bytes);
    EntryCodec.decodeBatches(
        bytes,
        (proposer, sequence, payload) -> {
          while (payload.hasRemaining()) {
            calls.add(CommandCodec.decode(payload));
          }
        });
    return calls;
  }

  /** The replies of a batch, for a node that has no replica. */
  @Benchmark
  public byte[] encodeReplies() {
    return ReplyCodec.encodeAll(replies);
  }

  @Benchmark
  public List<Reply> decodeReplies() {
    return ReplyCodec.decodeAll(message);
  }
}
