package io.raftkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.CommandCodec;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplyCodec;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The benchmarks of codecs do what they say. */
class CodecBenchmarksTest {
  /** A SET has 103 bytes: 3 + 12 + 64 of words and 24 of framing. */
  @ParameterizedTest
  @CsvSource({"2048, 1", "100, 17", "7, 236", "1, 1648"})
  void pipelineIsDecodedWholeHoweverItIsCut(int chunkBytes, int chunks) {
    RespDecoderBenchmark benchmark = new RespDecoderBenchmark();
    benchmark.chunkBytes = chunkBytes;
    benchmark.encode();
    for (int round = 0; round < 3; round++) {
      assertThat(benchmark.decode()).isEqualTo(16);
      assertThat(benchmark.lastCommand()).isDeepEqualTo(SampleCommands.set(15));
      assertThat(benchmark.chunks()).isEqualTo(chunks);
      assertThat(benchmark.holders()).as("pieces are released").isEqualTo(1);
    }
    benchmark.close();
    assertThat(benchmark.holders()).isZero();
  }

  /** Bytes as the protocol has it: type, length or value, and line ends. */
  @ParameterizedTest
  @CsvSource({
    "OK, 5, 5",
    "INTEGER, 10, 10",
    "DOUBLE, 12, 9",
    "BULK_64, 71, 71",
    "BULK_32K, 32778, 32778",
    "ARRAY_100, 1906, 1906",
    "MAP_50, 1906, 1905"
  })
  void repliesAreEncodedWhole(TypicalReply reply, int bytes2, int bytes3) {
    RespEncoderBenchmark benchmark = new RespEncoderBenchmark();
    benchmark.reply = reply;
    benchmark.make();
    benchmark.protocol = 2;
    assertThat(benchmark.encode()).isEqualTo(16L * bytes2);
    benchmark.protocol = 3;
    assertThat(benchmark.encode()).isEqualTo(16L * bytes3);
  }

  @Test
  void entryHasOneBatchOfFiftySets() {
    BatchCodecBenchmark benchmark = new BatchCodecBenchmark();
    int perCommand = CommandCodec.encodedBytes(SampleCommands.set(0));
    assertThat(benchmark.encodeEntry()).hasSize(33 + 20 + 50 * perCommand);
    List<CommandCodec.Call> calls = benchmark.decodeEntry();
    assertThat(calls).hasSize(50);
    for (int i = 0; i < calls.size(); i++) {
      assertThat(calls.get(i).args().words()).isDeepEqualTo(SampleCommands.set(i));
    }
  }

  @Test
  void messageHasFiftyReplies() {
    BatchCodecBenchmark benchmark = new BatchCodecBenchmark();
    List<Reply> replies = ReplyCodec.decodeAll(benchmark.encodeReplies());
    assertThat(replies).hasSize(50).containsOnly(Reply.OK).isEqualTo(benchmark.decodeReplies());
  }
}
