package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ControlRequestsTest {
  private static final List<NodeStatus.DatabaseSize> SIZES =
      List.of(new NodeStatus.DatabaseSize(7, 2, 900), new NodeStatus.DatabaseSize(0, 0, 0));

  private static final NodeStatus.ReplicaStatus STATUS =
      new NodeStatus.ReplicaStatus("n1", "n2", true, 3, 40, 39, 5, 6_000, SIZES);

  @Test
  void aStatusComesBackAsItWas() {
    assertThat(ControlRequests.decode(ControlRequests.encode(STATUS))).isEqualTo(STATUS);
    NodeStatus.ReplicaStatus lost =
        new NodeStatus.ReplicaStatus(
            "n".repeat(255), "", false, -1, -1, -1, Long.MAX_VALUE, 0, List.of());
    assertThat(ControlRequests.decode(ControlRequests.encode(lost))).isEqualTo(lost);
  }

  @Test
  void theBytesArePinned() {
    assertThat(HexFormat.of().formatHex(ControlRequests.encode(STATUS)))
        .isEqualTo(
            "026e31"
                + "026e32"
                + "01"
                + "0000000000000003"
                + "0000000000000028"
                + "0000000000000027"
                + "0000000000000005"
                + "0000000000001770"
                + "0000000000000007"
                + "0000000000000002"
                + "0000000000000384"
                + "00".repeat(3 * Long.BYTES));
    assertThat(HexFormat.of().formatHex(ControlRequests.replicaStatus(new UUID(1, 2))))
        .isEqualTo("0200000000000000010000000000000002");
    assertThat(ControlRequests.heartbeat()).containsExactly(1);
    assertThat(
            HexFormat.of()
                .formatHex(
                    ControlRequests.encode(
                        new ControlRequests.Heartbeat(0x102, Optional.of("h\u00f6")))))
        .isEqualTo("0000000000000102" + "68c3b6");
  }

  @Test
  void aHeartbeatComesBackAsItWasAndAClockAloneAnnouncesNothing() {
    for (Optional<String> host : List.of(Optional.of("db.example.com"), Optional.<String>empty())) {
      ControlRequests.Heartbeat heartbeat = new ControlRequests.Heartbeat(77, host);
      assertThat(ControlRequests.decodeHeartbeat(ControlRequests.encode(heartbeat)))
          .isEqualTo(heartbeat);
    }
    assertThat(ControlRequests.decodeHeartbeat(HexFormat.of().parseHex("000000000000004d")))
        .isEqualTo(new ControlRequests.Heartbeat(77, Optional.empty()));
  }

  @Test
  void aStatusThatIsCutOffIsRefused() {
    byte[] whole = ControlRequests.encode(STATUS);
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      if (length == whole.length - 3 * Long.BYTES || length == whole.length - 6 * Long.BYTES) {
        continue; // fewer databases
      }
      assertThatThrownBy(() -> ControlRequests.decode(cut)).isInstanceOf(RuntimeException.class);
    }
  }
}
