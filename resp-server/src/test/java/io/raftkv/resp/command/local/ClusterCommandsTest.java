package io.raftkv.resp.command.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.NodeState;
import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.NodeStatus.ReplicaStatus;
import io.raftkv.storage.Slot;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected replies were taken from Redis servers wherever they have the command. */
class ClusterCommandsTest {
  private static final String ID = "[0-9a-f]{40}";

  private final FakeNode node = FakeNode.ofCluster(3, 3, 3);
  private final LocalClient client = new LocalClient(node);

  private String id(String nodeId) {
    return node.cluster().redisNodeId(nodeId);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      textBlock =
          """
          cluster                ~ -ERR wrong number of arguments for 'cluster' command|
          cluster foo            ~ -ERR unknown subcommand 'foo'. Try CLUSTER HELP.|
          cluster myid x         ~ -ERR wrong number of arguments for 'cluster|myid' command|
          cluster keyslot a      ~ :15495|
          cluster keyslot a b    ~ -ERR wrong number of arguments for 'cluster|keyslot' command|
          cluster countkeysinslot x ~ -ERR value is not an integer or out of range|
          cluster countkeysinslot 16384 ~ -ERR Invalid slot|
          cluster countkeysinslot -1 ~ -ERR Invalid slot|
          cluster countkeysinslot 4294967296 ~ -ERR Invalid slot|
          cluster countkeysinslot 7 ~ -ERR this node has no replica of slot 7: ask n1 n2 n3|
          cluster replicas x     ~ -ERR Unknown node x|
          cluster slaves         ~ -ERR wrong number of arguments for 'cluster|slaves' command|
          cluster getkeysinslot 0 1 ~ -ERR CLUSTER GETKEYSINSLOT is not supported: use SCAN|
          cluster addslots       ~ -ERR RaftKV manages slots itself: see RAFTKV.SHARD HELP|
          cluster MEET h 1       ~ -ERR RaftKV manages slots itself: see RAFTKV.SHARD HELP|
          cluster forget x       ~ -ERR RaftKV manages slots itself: see RAFTKV.SHARD HELP|
          cluster failover       ~ -ERR RaftKV manages slots itself: see RAFTKV.SHARD HELP|
          cluster setslot 1 stable ~ -ERR RaftKV manages slots itself: see RAFTKV.SHARD HELP|
          cluster reset hard     ~ -ERR RaftKV manages slots itself: see RAFTKV.SHARD HELP|
          """)
  void repliesAreThoseOfRedis(String command, String reply) {
    assertThat(client.send(command)).isEqualTo(reply);
  }

  @Test
  void slotsNameTheLeaderFirst() {
    node.leaders.put(node.group("s1"), "n2");
    String n1 = "*4|$8|10.0.0.1|:7001|$40|" + id("n1") + "|*0|";
    String n2 = n1.replace("0.0.1|", "0.0.2|").replace(id("n1"), id("n2"));
    String n3 = n1.replace("0.0.1|", "0.0.3|").replace(id("n1"), id("n3"));

    assertThat(new LocalClient(FakeNode.alone(null)).send("cluster slots"))
        .isEqualTo("*1|*3|:0|:16383|" + n1);
    assertThat(client.send("cluster slots"))
        .startsWith("*3|*5|:0|:5460|" + n2 + n1 + n3 + "*5|:5461|:10921|");
    client.connection.protocol(3);
    assertThat(client.send("cluster slots"))
        .startsWith("*3|*5|:0|:5460|" + n2.replace("*0|", "%0|"));
  }

  @Test
  void slotsLeaveOutReplicasThatAreGoneButNotALeader() {
    node.become("n3", NodeState.OFFLINE);

    Reply.Array ranges = (Reply.Array) client.ask("cluster", "slots");

    for (Reply range : ranges.items()) {
      List<Reply> items = ((Reply.Array) range).items();
      boolean ledByN3 = nodeOf(items.get(2)).equals(id("n3"));
      assertThat(items).hasSize(ledByN3 ? 5 : 4);
      assertThat(items.subList(3, items.size())).noneMatch(r -> nodeOf(r).equals(id("n3")));
    }
    assertThat(ranges.items())
        .anyMatch(range -> nodeOf(((Reply.Array) range).items().get(2)).equals(id("n3")));
  }

  private static String nodeOf(Reply endpoint) {
    return text(((Reply.Array) endpoint).items().get(2));
  }

  private static String text(Reply reply) {
    return new String(((Reply.Bulk) reply).bytes(), StandardCharsets.UTF_8);
  }

  @Test
  void shardsAreMapsOfSlotsAndNodes() {
    node.leaders.put(node.group("s1"), "n1");
    node.replica(
        "s1",
        new ReplicaStatus("n1", "n1", true, 3, 9, 8, 0, 1, ReplicaLoad.NONE, FakeNode.sizes(1)));
    node.become("n2", NodeState.OFFLINE);
    String master =
        "*14|$2|id|$40|"
            + id("n1")
            + "|$4|port|:7001|$2|ip|$8|10.0.0.1|$8|endpoint|$8|10.0.0.1"
            + "|$4|role|$6|master|$18|replication-offset|:8|$6|health|$6|online|";
    String replica =
        "*14|$2|id|$40|"
            + id("n2")
            + "|$4|port|:7001|$2|ip|$8|10.0.0.2|$8|endpoint|$8|10.0.0.2"
            + "|$4|role|$7|replica|$18|replication-offset|:0|$6|health|$6|failed|";

    assertThat(client.send("cluster shards"))
        .startsWith("*3|*4|$5|slots|*2|:0|:5460|$5|nodes|*3|" + master + replica + "*14|$2|id|");
    client.connection.protocol(3);
    assertThat(client.send("cluster shards"))
        .startsWith("*3|%2|$5|slots|*2|:0|:5460|$5|nodes|*3|" + master.replace("*14", "%7"));
  }

  @Test
  void nodesHaveOneLineEachInTheFormOfRedis() {
    long pong = LocalClient.NOW.toEpochMilli();
    node.leaders.put(node.group("s1"), "n1");
    node.leaders.put(node.group("s2"), "n2");
    node.leaders.put(node.group("s3"), "n1");

    assertThat(client.text("cluster", "nodes"))
        .isEqualTo(
            id("n1")
                + " 10.0.0.1:7001@17001 myself,master - 0 0 1 connected 0-5460 10922-16383\n"
                + id("n2")
                + " 10.0.0.2:7001@17001 master - 0 "
                + pong
                + " 1 connected 5461-10921\n"
                + id("n3")
                + " 10.0.0.3:7001@17001 slave "
                + id("n1")
                + " 0 "
                + pong
                + " 1 connected\n");
    client.connection.protocol(3);
    assertThat(client.send("cluster nodes")).startsWith("=").contains("|txt:");
  }

  /** Not where the nodes find each other. */
  @Test
  void clientsAreSentWhereNodesWantThemElseToTheAddressTheyCameBy() {
    node.clientHosts.put("n1", Optional.empty());
    node.clientHosts.put("n2", Optional.of("db.example.com"));
    client.connection.localHost = "fd00::7";
    List<String> told =
        List.of(
            client.send("cluster slots"),
            client.send("cluster shards"),
            client.text("cluster", "nodes"));

    assertThat(told)
        .allSatisfy(
            text ->
                assertThat(text)
                    .contains("fd00::7", "db.example.com", "10.0.0.3")
                    .doesNotContain("10.0.0.1", "10.0.0.2"));
    node.cluster().shards().values().forEach(shard -> node.leaders.put(shard.groupId(), "n2"));
    assertThat(client.send("cluster replicas " + id("n2"))).contains(" fd00::7:7001@17001 ");
    assertThat(client.send("raftkv.node list")).contains("10.0.0.1:7001", "10.0.0.2:7001");
  }

  @Test
  void neighbouringRangesOfOneLeaderAreOne() {
    node.cluster().shards().values().forEach(shard -> node.leaders.put(shard.groupId(), "n1"));

    assertThat(client.text("cluster", "nodes"))
        .contains(" connected 0-16383\n")
        .contains("slave " + id("n1"));
  }

  @Test
  void nodesInTroubleAreFlagged() {
    node.become("n2", NodeState.UNHEALTHY);
    node.become("n3", NodeState.OFFLINE);
    node.become("n1", NodeState.UNHEALTHY);
    node.connected.clear();

    assertThat(client.text("cluster", "nodes").lines())
        .satisfiesExactly(
            n1 -> assertThat(n1).contains(" myself,master - 0 0 1 connected "),
            n2 -> assertThat(n2).contains(" master,fail? - 0 0 1 disconnected "),
            n3 -> assertThat(n3).contains(" master,fail - 0 0 1 disconnected "));
  }

  @Test
  void theOneThatShouldLeadStandsInWhileNobodyDoes() {
    String before = client.text("cluster", "nodes");
    node.leaders.clear();
    node.leaders.put(node.group("s1"), "n9");

    assertThat(client.text("cluster", "nodes")).isEqualTo(before);
  }

  @Test
  void replicasOfAMasterAreTheNodesThatAppearAsSuch() {
    node.cluster().shards().values().forEach(shard -> node.leaders.put(shard.groupId(), "n2"));
    List<String> lines = client.text("cluster", "nodes").lines().toList();

    for (String subcommand : List.of("replicas", "slaves")) {
      Reply.Array replicas = (Reply.Array) client.ask("cluster", subcommand, id("n2"));
      assertThat(replicas.items().stream().map(ClusterCommandsTest::text))
          .containsExactly(lines.get(0), lines.get(2));
    }
    assertThat(client.send("cluster replicas " + id("n1")))
        .isEqualTo("-ERR The specified node is not a master|");
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "3,3,3", "3,1,3", "3,16,2", "5,7,3", "4,2,1", "9,30,5"})
  void slotsShardsAndNodesTellTheSameStory(int nodes, int shards, int replicationFactor) {
    FakeNode member = FakeNode.ofCluster(nodes, shards, replicationFactor);
    LocalClient asking = new LocalClient(member);
    // Leaders anywhere among the replicas, some shards without one.
    int turn = 0;
    for (var shard : member.cluster().shards().values()) {
      List<String> voters = shard.voters();
      String leader = turn % 4 == 3 ? null : voters.get(turn * 7 % voters.size());
      member.leaders.put(shard.groupId(), leader);
      turn++;
    }

    Map<Integer, String> bySlots = mastersOfSlots((Reply.Array) asking.ask("cluster", "slots"));
    Map<Integer, String> byShards = mastersOfShards((Reply.Array) asking.ask("cluster", "shards"));
    Map<Integer, String> byNodes = mastersOfNodes(asking.text("cluster", "nodes"), nodes);

    assertThat(bySlots).hasSize(Slot.COUNT);
    assertThat(byShards).isEqualTo(bySlots);
    assertThat(byNodes).isEqualTo(bySlots);
  }

  private static Map<Integer, String> mastersOfSlots(Reply.Array ranges) {
    Map<Integer, String> masters = new HashMap<>();
    for (Reply range : ranges.items()) {
      List<Reply> items = ((Reply.Array) range).items();
      claim(masters, number(items.get(0)), number(items.get(1)), nodeOf(items.get(2)));
    }
    return masters;
  }

  private static Map<Integer, String> mastersOfShards(Reply.Array shards) {
    Map<Integer, String> masters = new HashMap<>();
    for (Reply shard : shards.items()) {
      List<Reply> fields = ((Reply.MapOf) shard).keysAndValues();
      assertThat(text(fields.get(0))).isEqualTo("slots");
      List<Reply> slots = ((Reply.Array) fields.get(1)).items();
      List<Reply> nodes = ((Reply.Array) fields.get(3)).items();
      List<String> roles =
          nodes.stream().map(n -> text(((Reply.MapOf) n).keysAndValues().get(9))).toList();
      assertThat(roles).startsWith("master");
      assertThat(roles.subList(1, roles.size())).allMatch("replica"::equals);
      String master = text(((Reply.MapOf) nodes.get(0)).keysAndValues().get(1));
      for (int i = 0; i < slots.size(); i += 2) {
        claim(masters, number(slots.get(i)), number(slots.get(i + 1)), master);
      }
    }
    return masters;
  }

  private static Map<Integer, String> mastersOfNodes(String text, int nodes) {
    Map<Integer, String> masters = new HashMap<>();
    List<String[]> lines = text.lines().map(line -> line.split(" ", -1)).toList();
    assertThat(lines).hasSize(nodes);
    assertThat(lines).filteredOn(line -> line[2].startsWith("myself,")).hasSize(1);
    for (String[] line : lines) {
      assertThat(line[0]).matches(ID);
      if (line[2].endsWith("slave")) {
        assertThat(line).as("a replica has no slots").hasSize(8);
        assertThat(lines)
            .as("its master is a master")
            .anyMatch(other -> other[0].equals(line[3]) && other[2].endsWith("master"));
      } else {
        assertThat(line[3]).isEqualTo("-");
      }
      for (String range : Arrays.asList(line).subList(8, line.length)) {
        String[] ends = range.split("-", 2);
        claim(masters, Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]), line[0]);
      }
    }
    return masters;
  }

  private static void claim(Map<Integer, String> masters, int first, int last, String master) {
    assertThat(master).matches(ID);
    BitSet twice = new BitSet();
    for (int slot = first; slot <= last; slot++) {
      if (masters.put(slot, master) != null) {
        twice.set(slot);
      }
    }
    assertThat(twice.cardinality()).as("slots %s with two masters", twice).isZero();
  }

  private static int number(Reply reply) {
    return (int) ((Reply.Int) reply).value();
  }

  @Test
  void infoIsOkWhileEverySlotHasALeader() {
    String text = client.text("cluster", "info");

    assertThat(text).endsWith("\r\n");
    assertThat(text.split("\r\n", -1))
        .startsWith(
            "cluster_state:ok",
            "cluster_slots_assigned:16384",
            "cluster_slots_ok:16384",
            "cluster_slots_pfail:0",
            "cluster_slots_fail:0",
            "cluster_known_nodes:3",
            "cluster_size:3",
            "cluster_current_epoch:1",
            "cluster_my_epoch:1");
  }

  @Test
  void infoFailsWhenAReplicaHereKnowsNoLeader() {
    node.leaders.remove(node.group("s1"));

    assertThat(client.text("cluster", "info"))
        .contains("cluster_state:fail")
        .contains("cluster_slots_ok:10923\r\n")
        .contains("cluster_slots_fail:5461\r\n");
  }

  @Test
  void infoDoesNotJudgeShardsThatAreElsewhere() {
    FakeNode outside = FakeNode.ofCluster(3, 3, 1);
    outside.leaders.clear();

    assertThat(new LocalClient(outside).text("cluster", "info"))
        .as("one of three shards is here")
        .contains("cluster_slots_fail:5461\r\n");
  }

  @Test
  void aNodeWithoutAClusterHasNoSlots() {
    LocalClient early = new LocalClient(new FakeNode());

    assertThat(early.text("cluster", "info"))
        .contains("cluster_state:fail")
        .contains("cluster_known_nodes:0");
    assertThat(early.send("cluster slots")).isEqualTo("*0|");
    assertThat(early.send("cluster shards")).isEqualTo("*0|");
    assertThat(early.send("cluster nodes")).isEqualTo("$0||");
    assertThat(early.text("cluster", "myid")).matches(ID);
    assertThat(early.text("cluster", "myshardid")).matches(ID);
    assertThat(early.send("cluster countkeysinslot 1")).isEqualTo(":0|");
  }

  @Test
  void keysOfASlotAreCountedInTheDatabaseOfTheConnection() {
    node.keysInSlots.put(7, 40L);
    client.send("select 2");

    assertThat(client.send("cluster countkeysinslot 7")).isEqualTo(":42|");
  }

  @Test
  void idsAreThoseOfTheNodeAndOfAShardItLeads() {
    assertThat(client.text("cluster", "myid")).isEqualTo(id("n1"));
    String leading = client.text("cluster", "myshardid");
    assertThat(leading).matches(ID).isNotEqualTo(id("n1"));
    node.leaders.replaceAll((group, leader) -> "n2");
    node.leaders.put(node.group("s3"), "n1");
    assertThat(client.text("cluster", "myshardid")).matches(ID).isNotEqualTo(leading);
  }

  @Test
  void linksAreToTheNodesThatAreConnected() {
    node.connected.remove("n2");

    assertThat(client.send("cluster links"))
        .isEqualTo(
            "*1|*12|$9|direction|$2|to|$4|node|$40|"
                + id("n3")
                + "|$11|create-time|:0|$6|events"
                + "|$2|rw|$21|send-buffer-allocated|:0|$16|send-buffer-used|:0|");
  }
}
