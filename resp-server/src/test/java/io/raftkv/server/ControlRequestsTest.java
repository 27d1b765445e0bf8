package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.meta.job.JobAction;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
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
      new NodeStatus.ReplicaStatus(
          "n1", "n2", true, 3, 40, 39, 5, 6_000, new ReplicaLoad(2.5, 1e6), SIZES);

  @Test
  void aStatusComesBackAsItWas() {
    assertThat(ControlRequests.decode(ControlRequests.encode(STATUS))).isEqualTo(STATUS);
    NodeStatus.ReplicaStatus lost =
        new NodeStatus.ReplicaStatus(
            "n".repeat(255), "", false, -1, -1, -1, Long.MAX_VALUE, 0, ReplicaLoad.NONE, List.of());
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
                + "4004000000000000"
                + "412e848000000000"
                + "0000000000000007"
                + "0000000000000002"
                + "0000000000000384"
                + "00".repeat(3 * Long.BYTES));
    assertThat(HexFormat.of().formatHex(ControlRequests.replicaStatus(new UUID(1, 2))))
        .isEqualTo("0200000000000000010000000000000002");
    assertThat(
            HexFormat.of()
                .formatHex(
                    ControlRequests.heartbeat(new ControlRequests.Greeting("c1", "n1", 0x102))))
        .isEqualTo("01" + "00026331" + "00026e31" + "0000000000000102");
    assertThat(
            HexFormat.of()
                .formatHex(
                    ControlRequests.encode(
                        new ControlRequests.Heartbeat(0x102, "c1", true, Optional.of("h\u00f6")))))
        .isEqualTo("0000000000000102" + "01" + "026331" + "0368c3b6");
  }

  @Test
  void heartbeatAndItsAnswerComeBackAsTheyWere() throws IOException {
    for (Optional<String> host : List.of(Optional.of("db.example.com"), Optional.<String>empty())) {
      for (boolean removed : new boolean[] {true, false}) {
        ControlRequests.Heartbeat heartbeat =
            new ControlRequests.Heartbeat(77, host.isEmpty() ? "" : "c1", removed, host);
        assertThat(ControlRequests.decodeHeartbeat(ControlRequests.encode(heartbeat)))
            .isEqualTo(heartbeat);
      }
    }
    ControlRequests.Greeting greeting = new ControlRequests.Greeting("c1", "n4", 1L << 40);
    byte[] bytes = ControlRequests.heartbeat(greeting);
    try (DataInputStream in =
        new DataInputStream(new ByteArrayInputStream(bytes, 1, bytes.length - 1))) {
      assertThat(ControlRequests.decodeGreeting(in)).isEqualTo(greeting);
    }
  }

  @Test
  void ordersOfASplitComeBackAsTheyWere() throws IOException {
    UUID group = new UUID(1, 2);
    UUID target = new UUID(-3, 4);
    List<SlotRange> slots = List.of(new SlotRange(0, 7), new SlotRange(16_000, 16_383));
    JobAction.Fence fence = new JobAction.Fence("n2", group, 5, target, slots);
    assertThat(
            ControlRequests.decodeFence(
                "n2", behind(ControlRequests.FENCE, ControlRequests.fence(fence))))
        .isEqualTo(fence);
    UUID other = new UUID(5, 6);
    for (JobAction.Seed seed :
        List.of(
            new JobAction.Seed("n2", List.of(target), List.of(new UUID(3, 4), other)),
            new JobAction.Seed("n2", List.of(target, other, group), List.of(new UUID(3, 4))))) {
      assertThat(
              ControlRequests.decodeSeed(
                  "n2", behind(ControlRequests.SEED, ControlRequests.seed(seed))))
          .isEqualTo(seed);
    }
    ControlRequests.PartStarts parts = new ControlRequests.PartStarts(group, slots, 5);
    byte[] asked = ControlRequests.partStarts(parts);
    assertThat(ControlRequests.decodePartStarts(behind(ControlRequests.PART_STARTS, asked)))
        .isEqualTo(parts);
    JobAction.Keep keep = new JobAction.Keep("n2", group, 6, 70, slots);
    assertThat(
            ControlRequests.decodeKeep(
                "n2", behind(ControlRequests.KEEP, ControlRequests.keep(keep))))
        .isEqualTo(keep);
    JobAction.Unfence unfence = new JobAction.Unfence("n2", group, 7, 6);
    assertThat(
            ControlRequests.decodeUnfence(
                "n2", behind(ControlRequests.UNFENCE, ControlRequests.unfence(unfence))))
        .isEqualTo(unfence);
    assertThat(HexFormat.of().formatHex(ControlRequests.fence(fence)))
        .isEqualTo(
            "08"
                + "00000000000000010000000000000002"
                + "0000000000000005"
                + "fffffffffffffffd0000000000000004"
                + "00000002"
                + "00000007"
                + "3e803fff");
  }

  /** A request behind its kind. */
  private static DataInputStream behind(byte kind, byte[] request) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(request));
    assertThat(in.readByte()).isEqualTo(kind);
    return in;
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
