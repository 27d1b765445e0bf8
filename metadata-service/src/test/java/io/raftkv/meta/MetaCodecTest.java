package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaCommand.AdvanceJob.Progress;
import io.raftkv.meta.MetaCommand.Bootstrap;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.MetaCommand.JoinNode;
import io.raftkv.meta.MetaCommand.RegisterNode;
import io.raftkv.meta.MetaCommand.ResumeNode;
import io.raftkv.meta.MetaCommand.SetBalancing;
import io.raftkv.meta.MetaCommand.SetMetadataVoters;
import io.raftkv.meta.MetaCommand.SetNodeState;
import io.raftkv.meta.MetaCommand.StartJob;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MetaCodecTest {
  private static final NodeSpec NODE = new NodeSpec("n1", "h", 6379, 9870, 0, "v", 300);

  private static final List<StateEdit> EDITS =
      List.of(
          new StateEdit.PutShard(
              new ShardSpec(
                  "s7",
                  new UUID(1, 2),
                  List.of(new SlotRange(5, 300)),
                  List.of(Replica.voter("n1"), Replica.listener("n2")),
                  "n1"),
              ShardState.CREATING,
              300),
          new StateEdit.DropShard("s1", 7));

  static Stream<MetaCommand> commands() {
    return Stream.of(
        Samples.bootstrap(1, 1, 1),
        Samples.bootstrap(5, 64, 3),
        new RegisterNode(Samples.node(1, 1)),
        new RegisterNode(new NodeSpec("a.b-c_D", "h\u00f6st", 65_535, 1, 0, "", Long.MAX_VALUE)),
        new SetNodeState("n1", Optional.empty(), NodeState.REMOVED, ""),
        new SetNodeState("n1", Optional.of(NodeState.JOINING), NodeState.ONLINE, "heard of"),
        new StartJob(Samples.plan("s1"), List.of()),
        new StartJob(Samples.plan("s1", "s7"), EDITS),
        new AdvanceJob(
            "j12",
            new Place(JobState.RUNNING, 1),
            new Progress(new Place(JobState.UNDOING, 0), 1_000, 5_000_000_000L, "n4 is gone"),
            new TreeMap<>(Map.of("fence", "300")),
            EDITS),
        new CancelJob("j12"),
        new JoinNode(Samples.node(4, 7)),
        new ResumeNode("n4"),
        new SetMetadataVoters(List.of("n1", "n2", "n3"), List.of("n1", "n2", "n3", "n4")),
        new SetBalancing(Balancing.OFF),
        new StartJob(
            Samples.plan("s1"),
            List.of(
                new StateEdit.DrainNode(true),
                new StateEdit.DrainNode(false),
                new StateEdit.RenewRouting(),
                new StateEdit.RemoveNode())));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void commandComesBackAsItWas(MetaCommand command) {
    assertThat(MetaCodec.decode(MetaCodec.encode(command))).isEqualTo(command);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void commandCutAnywhereOrWithMoreBehindItIsRefused(MetaCommand command) {
    byte[] bytes = MetaCodec.encode(command);
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> MetaCodec.decode(cut)).isInstanceOf(MetaFormatException.class);
    }
    assertThatThrownBy(() -> MetaCodec.decode(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOf(MetaFormatException.class)
        .hasMessageContaining("1 bytes too many");
  }

  /** Any damage is either noticed or gives another valid command; nothing else is thrown. */
  @ParameterizedTest
  @MethodSource("commands")
  void damagedCommandFailsInNoOtherWay(MetaCommand command) {
    byte[] bytes = MetaCodec.encode(command);
    for (int i = 0; i < bytes.length; i++) {
      for (int bit : new int[] {0x01, 0x80, 0xff}) {
        byte[] damaged = bytes.clone();
        damaged[i] ^= (byte) bit;
        try {
          assertThat(MetaCodec.decode(damaged)).isNotNull();
        } catch (MetaFormatException noticed) {
          assertThat(noticed).hasMessageContaining("metadata command");
        }
      }
    }
  }

  @Test
  void bootstrapLayoutIsPinned() {
    Bootstrap command =
        new Bootstrap(
            "c1",
            List.of(NODE),
            List.of(
                new ShardSpec(
                    "s1",
                    new UUID(0x0102030405060708L, 0x090a0b0c0d0e0f10L),
                    List.of(new SlotRange(0, 127), new SlotRange(300, 300)),
                    List.of(Replica.voter("n1")),
                    "n1")),
            List.of("n1"));
    assertPinned(
        command,
        "0101" // format, kind
            + "026331" // c1
            + "01" // one node: n1 h 6379 9870 0 v 300
            + "026e31"
            + "0168"
            + "eb31"
            + "8e4d"
            + "00"
            + "0176"
            + "ac02"
            + "01" // one shard: s1, group
            + "027331"
            + "0102030405060708090a0b0c0d0e0f10"
            + "02"
            + "008001"
            + "ac0201" // two ranges: first, size
            + "01"
            + "026e31"
            + "00" // one replica: n1 voter
            + "026e31" // preferred leader
            + "01"
            + "026e31"); // metadata voters
  }

  @Test
  void registerNodeLayoutIsPinned() {
    assertPinned(
        new RegisterNode(NODE),
        "0102" + "026e31" + "0168" + "eb31" + "8e4d" + "00" + "0176" + "ac02");
  }

  @Test
  void joinNodeLayoutIsPinned() {
    assertPinned(
        new JoinNode(NODE), "0107" + "026e31" + "0168" + "eb31" + "8e4d" + "00" + "0176" + "ac02");
  }

  @Test
  void layoutOfResumeNodeIsPinned() {
    assertPinned(new ResumeNode("n1"), "0108" + "026e31");
  }

  @Test
  void layoutOfSetMetadataVotersIsPinned() {
    assertPinned(
        new SetMetadataVoters(List.of("n1"), List.of("n1", "n2")),
        "010c" + "01026e31" + "02026e31026e32");
  }

  @Test
  void layoutOfSetBalancingIsPinned() {
    assertPinned(new SetBalancing(Balancing.ON), "0110" + "01");
  }

  @Test
  void setNodeStateLayoutIsPinned() {
    assertPinned(
        new SetNodeState("n1", Optional.of(NodeState.ONLINE), NodeState.UNHEALTHY, "x"),
        "0103" + "026e31" + "0101" + "02" + "0178");
    assertPinned(
        new SetNodeState("n1", Optional.empty(), NodeState.REMOVED, ""),
        "0103" + "026e31" + "00" + "05" + "00");
  }

  @Test
  void replyLayoutIsPinned() {
    MetaReply reply = new MetaReply(MetaReply.Outcome.REFUSED, 300, "no");
    byte[] bytes = MetaCodec.encode(reply);
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("01" + "02" + "ac02" + "026e6f");
    assertThat(MetaCodec.decodeReply(bytes)).isEqualTo(reply);
    assertThatThrownBy(() -> MetaCodec.decodeReply(Arrays.copyOf(bytes, bytes.length - 1)))
        .isInstanceOf(MetaFormatException.class);
  }

  @Test
  void newerFormatAndUnknownKindAreNamed() {
    assertThatThrownBy(() -> MetaCodec.decode(HexFormat.of().parseHex("0203")))
        .isInstanceOf(MetaFormatException.class)
        .hasMessage("metadata command has format 2, this release reads format 1");
    assertThatThrownBy(() -> MetaCodec.decode(HexFormat.of().parseHex("0163")))
        .isInstanceOf(MetaFormatException.class)
        .hasMessageContaining("unknown kind 99");
  }

  /** A length from damaged bytes must not become an allocation. */
  @Test
  void hugeLengthIsRefusedBeforeMemoryIsTaken() {
    assertThatThrownBy(
            () -> MetaCodec.decode(HexFormat.of().parseHex("0103" + "ffffffff07" + "61")))
        .isInstanceOf(MetaFormatException.class)
        .hasMessageContaining("too early");
    assertThatThrownBy(
            () -> MetaCodec.decode(HexFormat.of().parseHex("0101" + "0161" + "ffffffff07")))
        .isInstanceOf(MetaFormatException.class)
        .hasMessageContaining("too early");
    assertThatThrownBy(
            () -> MetaCodec.decode(HexFormat.of().parseHex("0103" + "ffffffffffffffffffff")))
        .isInstanceOf(MetaFormatException.class)
        .hasMessageContaining("63 bits");
  }

  private static void assertPinned(MetaCommand command, String hex) {
    assertThat(HexFormat.of().formatHex(MetaCodec.encode(command))).isEqualTo(hex);
    assertThat(MetaCodec.decode(HexFormat.of().parseHex(hex))).isEqualTo(command);
  }

  @Test
  void jobLayoutsArePinned() {
    assertPinned(
        new StartJob(
            new JobInfo.Plan(
                JobKind.MIGRATE, List.of("s1"), new TreeMap<>(Map.of("a", "b")), List.of("x"), 1),
            EDITS),
        "01" + "04" + "02" + "01027331" + "01" + "01610162" + "010178" + "01" + EDIT_BYTES);
    assertPinned(
        new AdvanceJob(
            "j1",
            new Place(JobState.RUNNING, 1),
            new Progress(new Place(JobState.DONE, 2), 3, 300, "e"),
            new TreeMap<>(Map.of("a", "b")),
            EDITS),
        "01"
            + "05"
            + "026a31"
            + "0101"
            + "0202"
            + "03"
            + "ac02"
            + "0165"
            + "01"
            + "01610162"
            + EDIT_BYTES);
    assertPinned(new CancelJob("j1"), "01" + "06" + "026a31");
    assertPinned(
        new StartJob(
            new JobInfo.Plan(JobKind.DRAIN, List.of(), new TreeMap<>(), List.of("x"), 1),
            List.of(new StateEdit.DrainNode(true), new StateEdit.RemoveNode())),
        "01" + "04" + "05" + "00" + "00" + "010178" + "01" + "02" + "0301" + "04");
  }

  private static final String EDIT_BYTES =
      "02"
          + "01"
          + "027337"
          + "00000000000000010000000000000002"
          + "01"
          + "05a802"
          + "02026e3100026e3201"
          + "026e31"
          + "00"
          + "ac02"
          + "02"
          + "027331"
          + "07";
}
