package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.NodeSpec;
import io.raftkv.server.JoinExchange.Answer;
import io.raftkv.server.JoinExchange.Request;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JoinExchangeTest {
  private static final NodeSpec NODE = new NodeSpec("n4", "::1", 7004, 17004, 0, "0.1.0", 99);

  @Test
  void requestComesBackAsItWas() throws IOException {
    assertComesBack(new Request(NODE, Optional.empty(), Map.of(), false));
    assertComesBack(new Request(NODE, Optional.of("c-1"), Map.of("a", "1", "b", ""), true));
  }

  private static void assertComesBack(Request request) throws IOException {
    byte[] bytes = JoinExchange.encode(request);
    assertThat(bytes[0]).isEqualTo(ControlRequests.JOIN);
    try (DataInputStream in =
        new DataInputStream(new ByteArrayInputStream(bytes, 1, bytes.length - 1))) {
      assertThat(JoinExchange.decodeRequest(in)).isEqualTo(request);
      assertThat(in.available()).isZero();
    }
  }

  @Test
  void answerComesBackAsItWasAndIsNotUnderstoodIfCut() {
    List<ClusterMember> members =
        List.of(
            new ClusterMember("n1", "10.0.0.1", 17001, 7001),
            new ClusterMember("n2", "::1", 17002, 7002));
    for (Answer answer :
        List.of(
            Answer.admitted("c-1", 7, 1L << 40, 1L << 41, members),
            Answer.later("why"),
            Answer.unformed(),
            Answer.removed("gone"),
            Answer.refused("b\u00fcrg"))) {
      byte[] bytes = JoinExchange.encode(answer);
      assertThat(JoinExchange.decodeAnswer(bytes)).isEqualTo(answer);
      assertThatThrownBy(() -> JoinExchange.decodeAnswer(Arrays.copyOf(bytes, bytes.length - 1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> JoinExchange.decodeAnswer(new byte[] {9, 0, 0}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("of another version");
  }
}
