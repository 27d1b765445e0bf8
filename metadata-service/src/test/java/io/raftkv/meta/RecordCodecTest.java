package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class RecordCodecTest {
  private static final int ONE_FORMAT = 1;
  private static final int NEWEST_OF_NODES = 2;
  private static final int NEWEST_OF_HEADS = 2;
  private static final int NEWEST_OF_SHARDS = 2;
  private static final NodeSpec NODE = new NodeSpec("n1", "h", 6379, 9870, 0, "v", 300);

  private static RecordCodec.Head head(int wantedMetadataVoters) {
    return new RecordCodec.Head(
        "c1",
        ClusterStatus.ONLINE,
        7,
        1,
        300,
        List.of("n1", "n2"),
        wantedMetadataVoters,
        2,
        new StateCounters(3, 4, 5, 9, 1),
        2,
        1,
        4);
  }

  /** The voters that are wanted do not follow from those there are: it once had five nodes. */
  @Test
  void layoutOfTheHeadOfAClusterThatHasShrunkIsPinned() {
    assertPinned(
        head(5),
        RecordCodec::encode,
        RecordCodec::head,
        NEWEST_OF_HEADS,
        "02"
            + "05"
            + "026331"
            + "01"
            + "07"
            + "01"
            + "ac02"
            + "02026e31026e32"
            + "02"
            + "0304050901"
            + "020104");
  }

  @Test
  void headLayoutIsPinned() {
    assertPinned(
        head(3),
        RecordCodec::encode,
        RecordCodec::head,
        NEWEST_OF_HEADS,
        "01"
            + "026331"
            + "01"
            + "07"
            + "01"
            + "ac02"
            + "02026e31026e32"
            + "02"
            + "0304050901"
            + "020104");
  }

  @Test
  void nodeLayoutIsPinned() {
    assertPinned(
        new NodeInfo(NODE, NodeState.DRAINING, true, 0, 1, 300),
        RecordCodec::encode,
        RecordCodec::node,
        NEWEST_OF_NODES,
        "01" + "026e31" + "0168" + "eb31" + "8e4d" + "00" + "0176" + "ac02" + "04" + "01" + "ac02");
  }

  @Test
  void layoutOfANodeThatHasJoinedOrIsLostWhileItDrainsIsPinned() {
    String spec = "026e31" + "0168" + "eb31" + "8e4d" + "00" + "0176" + "ac02";
    assertPinned(
        new NodeInfo(NODE, NodeState.OFFLINE, true, 0, 1, 300),
        RecordCodec::encode,
        RecordCodec::node,
        NEWEST_OF_NODES,
        "02" + spec + "03" + "01" + "00" + "01" + "ac02");
    assertPinned(
        new NodeInfo(NODE, NodeState.ONLINE, false, 300, 1, 2),
        RecordCodec::encode,
        RecordCodec::node,
        NEWEST_OF_NODES,
        "02" + spec + "01" + "00" + "ac02" + "01" + "02");
  }

  @Test
  void shardLayoutIsPinned() {
    assertPinned(
        new ShardInfo(
            new ShardSpec(
                "s12",
                new UUID(1, 2),
                List.of(new SlotRange(1, 300)),
                List.of(Replica.voter("n1"), Replica.listener("n2")),
                ""),
            ShardState.MERGING,
            5,
            1,
            2),
        RecordCodec::encode,
        RecordCodec::shard,
        NEWEST_OF_SHARDS,
        "01"
            + "03733132"
            + "00000000000000010000000000000002"
            + "01"
            + "01ac02"
            + "02026e3100026e3201"
            + "00"
            + "04"
            + "05"
            + "01"
            + "02");
  }

  @Test
  void layoutOfAShardThatLacksReplicasIsPinned() {
    assertPinned(
        new ShardInfo(
            new ShardSpec("s1", new UUID(1, 2), List.of(), List.of(Replica.voter("n1")), "n1"),
            2,
            ShardState.ACTIVE,
            5,
            1,
            300),
        RecordCodec::encode,
        RecordCodec::shard,
        NEWEST_OF_SHARDS,
        "02"
            + "027331"
            + "00000000000000010000000000000002"
            + "00"
            + "01026e3100"
            + "026e31"
            + "02"
            + "01"
            + "05"
            + "01"
            + "ac02");
  }

  @Test
  void balancingLayoutIsPinned() {
    assertPinned(Balancing.OFF, RecordCodec::encode, RecordCodec::balancing, "0102");
  }

  @Test
  void jobLayoutIsPinned() {
    assertPinned(
        new JobInfo(
            "j1",
            new JobInfo.Plan(
                JobKind.SPLIT,
                List.of("s1"),
                new TreeMap<>(Map.of("k", "v", "a", "")),
                List.of("x", "y"),
                1),
            JobState.FAILED,
            1,
            50,
            300,
            "e",
            1,
            2),
        RecordCodec::encode,
        RecordCodec::job,
        "01"
            + "026a31"
            + "03"
            + "01027331"
            + "02"
            + "016100"
            + "016b0176"
            + "0201780179"
            + "01"
            + "03"
            + "01"
            + "32"
            + "ac02"
            + "0165"
            + "01"
            + "02");
  }

  @Test
  void eventLayoutIsPinned() {
    assertPinned(
        new HistoryEvent(300, 1, EventKind.NODE_STATE_CHANGED, "n1", "t"),
        RecordCodec::encode,
        RecordCodec::event,
        "01" + "ac02" + "01" + "04" + "026e31" + "0174");
  }

  @Test
  void routingChangeLayoutIsPinned() {
    assertPinned(
        new RoutingChange(2, 9, 1, List.of(new RoutingChange.Move(new SlotRange(5, 5), "s1", ""))),
        RecordCodec::encode,
        RecordCodec::routing,
        "01" + "02" + "09" + "01" + "01" + "0501" + "027331" + "00");
  }

  @Test
  void nodeIdsLayoutIsPinned() {
    byte[] bytes = RecordCodec.encodeIds(List.of("n1", "n2"), 2);
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo("01" + "02" + "026e31" + "026e32");
    assertThat(RecordCodec.ids(bytes)).containsExactly("n1", "n2");
  }

  /** Numbers on disk are for ever. */
  @Test
  void codesOfStatesArePinned() {
    assertThat(codes(ClusterStatus.values())).isEqualTo("FORMING=0 ONLINE=1");
    assertThat(codes(NodeState.values()))
        .isEqualTo("JOINING=0 ONLINE=1 UNHEALTHY=2 OFFLINE=3 DRAINING=4 REMOVED=5");
    assertThat(codes(ShardState.values()))
        .isEqualTo("CREATING=0 ACTIVE=1 MIGRATING=2 SPLITTING=3 MERGING=4 DELETING=5");
    assertThat(codes(JobKind.values()))
        .isEqualTo(
            "CREATE=0 DELETE=1 MIGRATE=2 SPLIT=3 MERGE=4 DRAIN=5 TRANSFER=6 REMOVE=7"
                + " REPLACE=9");
    assertThat(codes(JobState.values()))
        .isEqualTo("RUNNING=1 UNDOING=5 DONE=2 FAILED=3 CANCELLED=4");
    assertThat(codes(EventKind.values()))
        .isEqualTo(
            "CLUSTER_BOOTSTRAPPED=0 ROUTING_CHANGED=1 NODE_REGISTERED=2 NODE_RESTARTED=3"
                + " NODE_STATE_CHANGED=4 JOB_STARTED=5 JOB_ADVANCED=6 JOB_ENDED=7 BALANCING_CHANGED=16");
    assertThat(codes(Replica.Role.values())).isEqualTo("VOTER=0 LISTENER=1");
    assertThat(codes(MetaReply.Outcome.values())).isEqualTo("CHANGED=0 UNCHANGED=1 REFUSED=2");
  }

  @Test
  void namesOrderAsTheirNumbers() {
    assertThat(RecordCodec.shardName(7)).isEqualTo("shard/0000000007");
    assertThat(RecordCodec.jobName(9_999_999_999L)).isEqualTo("job/9999999999");
    assertThat(RecordCodec.eventName(Long.MAX_VALUE)).isEqualTo("event/9223372036854775807");
    assertThat(RecordCodec.routingName(9)).isLessThan(RecordCodec.routingName(10));
  }

  private static String codes(Coded... values) {
    return String.join(" ", Arrays.stream(values).map(v -> v + "=" + v.code()).toList());
  }

  private static <T> void assertPinned(
      T value, Function<T, byte[]> encode, Function<byte[], T> decode, String hex) {
    assertPinned(value, encode, decode, ONE_FORMAT, hex);
  }

  /** {@code format} is the newest one that is read. */
  private static <T> void assertPinned(
      T value, Function<T, byte[]> encode, Function<byte[], T> decode, int format, String hex) {
    byte[] bytes = encode.apply(value);
    assertThat(HexFormat.of().formatHex(bytes)).isEqualTo(hex);
    assertThat(decode.apply(bytes)).isEqualTo(value);
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> decode.apply(cut)).isInstanceOf(MetaFormatException.class);
    }
    byte[] newer = bytes.clone();
    newer[0] = (byte) (format + 1);
    assertThatThrownBy(() -> decode.apply(newer))
        .isInstanceOf(MetaFormatException.class)
        .hasMessageContaining("format " + newer[0]);
  }
}
