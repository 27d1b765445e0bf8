package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.raft.LeaderView;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TermsCodecTest {
  private static final UUID G = new UUID(1, 2);
  private static final UUID H = new UUID(3, 4);

  @Test
  void layoutIsPinned() {
    byte[] request = TermsCodec.encode(new TermsCodec.Request("n1", Map.of(G, 9L)));
    assertThat(HexFormat.of().formatHex(request))
        .isEqualTo("026e31" + "00000000000000010000000000000002" + "0000000000000009");
    byte[] answer =
        TermsCodec.encodeAnswer(
            Map.of(G, new LeaderView(5, true, 8, List.of("a", "bc"), List.of("d"))));
    assertThat(HexFormat.of().formatHex(answer))
        .isEqualTo(
            "00000000000000010000000000000002"
                + "0000000000000005"
                + "01"
                + "0000000000000008"
                + "02"
                + "0161"
                + "026263"
                + "01"
                + "0164");
  }

  @Test
  void whatIsEncodedIsDecoded() {
    Map<UUID, LeaderView> views = new LinkedHashMap<>();
    views.put(G, new LeaderView(5, true, 8, List.of("a", "ü".repeat(100)), List.of()));
    views.put(H, new LeaderView(6, false, -1, List.of(), List.of()));
    assertThat(TermsCodec.decodeAnswer(TermsCodec.encodeAnswer(views))).isEqualTo(views);
    TermsCodec.Request request = new TermsCodec.Request("ü".repeat(100), Map.of(G, -1L, H, 3L));
    assertThat(TermsCodec.decodeRequest(TermsCodec.encode(request))).isEqualTo(request);
  }

  /** What a node knows of the commit index without leading is no bound for anybody. */
  @Test
  void onlyALeadersCommitIndexTravels() {
    byte[] answer =
        TermsCodec.encodeAnswer(Map.of(G, new LeaderView(5, false, 8, List.of("a"), List.of("b"))));
    assertThat(TermsCodec.decodeAnswer(answer))
        .containsEntry(G, new LeaderView(5, false, -1, List.of(), List.of()));
  }
}
