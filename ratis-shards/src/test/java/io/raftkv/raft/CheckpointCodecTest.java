package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.raft.CheckpointCodec.Answer;
import io.raftkv.raft.CheckpointCodec.Ask;
import io.raftkv.raft.CheckpointCodec.Begin;
import io.raftkv.raft.CheckpointCodec.Begun;
import io.raftkv.raft.CheckpointCodec.Done;
import io.raftkv.raft.CheckpointCodec.Has;
import io.raftkv.raft.CheckpointCodec.Install;
import io.raftkv.raft.CheckpointCodec.Piece;
import io.raftkv.raft.CheckpointCodec.Refusal;
import io.raftkv.raft.CheckpointCodec.Refused;
import io.raftkv.raft.CheckpointCodec.Request;
import io.raftkv.raft.CheckpointCodec.Transfer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class CheckpointCodecTest {
  private static final Transfer TRANSFER = new Transfer(new UUID(1, 2), 3, 2, 4711, new UUID(5, 6));

  @Test
  void requestsAreReadAsTheyWereWritten() throws IOException {
    List<Request> requests =
        List.of(
            new Begin(TRANSFER, Map.of("000012.sst", 67_108_864L, "000011.log", 0L)),
            new Ask(TRANSFER, "CURRENT"),
            new Piece(TRANSFER, "000012.sst", 1L << 40, new byte[] {1, 2, 3}),
            new Piece(TRANSFER, "000011.log", 0, new byte[0]),
            new Install(TRANSFER, "abc", new byte[] {9}));
    for (Request request : requests) {
      assertThat(CheckpointCodec.decodeRequest(CheckpointCodec.encode(request)))
          .usingRecursiveComparison()
          .isEqualTo(request);
    }
  }

  @Test
  void answersAreReadAsTheyWereWritten() throws IOException {
    for (Answer answer :
        List.of(
            new Begun(new UUID(5, 6)),
            new Has(77, ""),
            new Has(77, "ff00"),
            new Done(1L << 40),
            new Refused(Refusal.NO_SPACE, "No space left on device"))) {
      assertThat(CheckpointCodec.decodeAnswer(CheckpointCodec.encode(answer))).isEqualTo(answer);
    }
  }

  @Test
  void whatIsCutShortOrOfAnotherVersionIsRefused() {
    byte[] begin = CheckpointCodec.encode(new Begin(TRANSFER, Map.of("CURRENT", 16L)));
    for (int length = 0; length < begin.length; length++) {
      byte[] cut = Arrays.copyOf(begin, length);
      assertThatThrownBy(() -> CheckpointCodec.decodeRequest(cut)).isInstanceOf(IOException.class);
    }
    begin[0] = 99;
    assertThatThrownBy(() -> CheckpointCodec.decodeRequest(begin))
        .hasMessageContaining("of another version");
    assertThatThrownBy(() -> CheckpointCodec.decodeAnswer(new byte[] {99}))
        .hasMessageContaining("of another version");
  }
}
