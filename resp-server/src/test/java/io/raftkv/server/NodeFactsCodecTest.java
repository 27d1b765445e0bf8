package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.NodeLoad;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import io.raftkv.meta.job.Members;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class NodeFactsCodecTest {
  private static final Members MEMBERS =
      new Members(new TreeSet<>(List.of("n1", "n2")), new TreeSet<>(List.of("n3")));

  private static final SlotFacts FENCED =
      new SlotFacts(
          9,
          Optional.of(new UUID(-1, 7)),
          1_250,
          List.of(new SlotRange(0, 0), new SlotRange(8_192, 16_383)));

  private static final NodeFacts FACTS =
      new NodeFacts(
          77,
          1L << 33,
          true,
          "its disk is nearly full",
          Map.of(
              new UUID(1, 1),
              new ReplicaFacts(true, true, 3, MEMBERS, true, 1L << 40, 1L << 39, FENCED),
              new UUID(1, 2),
              new ReplicaFacts(
                  false,
                  false,
                  0,
                  new Members(new TreeSet<>(), new TreeSet<>()),
                  false,
                  0,
                  SlotFacts.UNKNOWN)),
          Map.of(new UUID(5, 6), Set.of(new UUID(7, 8), new UUID(9, 9)), new UUID(7, 8), Set.of()),
          Set.of(new UUID(5, 6)),
          Map.of(new UUID(7, 8), "java.io.IOException: full"),
          new NodeLoad(1L << 50, Map.of(new UUID(1, 2), new ReplicaLoad(0.5, 1e6))));

  @Test
  void factsComeBackAsTheyWere() {
    assertThat(NodeFactsCodec.decode(NodeFactsCodec.encode(FACTS))).isEqualTo(FACTS);
    NodeFacts nothing = new NodeFacts(1, 0, false, "", Map.of(), Map.of());
    assertThat(NodeFactsCodec.decode(NodeFactsCodec.encode(nothing))).isEqualTo(nothing);
  }

  @Test
  void factsThatAreCutOffAreRefused() {
    byte[] whole = NodeFactsCodec.encode(FACTS);
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> NodeFactsCodec.decode(cut))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
