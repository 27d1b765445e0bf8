package io.raftkv.resp.command.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.NodeState;
import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.NodeStatus.ReplicaChecksum;
import io.raftkv.server.NodeStatus.ReplicaStatus;
import io.raftkv.storage.CorruptStoreException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdminCommandsTest {
  private final FakeNode node = FakeNode.ofCluster(3, 3, 3);
  private final LocalClient client = new LocalClient(node);

  /** Maps, lists, texts, numbers and null. */
  private static Object plain(Reply reply) {
    if (reply instanceof Reply.MapOf map) {
      Map<String, Object> plain = new LinkedHashMap<>();
      for (int i = 0; i < map.keysAndValues().size(); i += 2) {
        plain.put(
            (String) plain(map.keysAndValues().get(i)), plain(map.keysAndValues().get(i + 1)));
      }
      return plain;
    } else if (reply instanceof Reply.Array array) {
      List<Object> plain = new ArrayList<>();
      array.items().forEach(item -> plain.add(plain(item)));
      return plain;
    } else if (reply instanceof Reply.Bulk bulk) {
      return new String(bulk.bytes(), StandardCharsets.UTF_8);
    } else if (reply instanceof Reply.Int number) {
      return number.value();
    } else if (reply instanceof Reply.Null) {
      return null;
    }
    throw new AssertionError("unexpected " + reply);
  }

  @SuppressWarnings("unchecked")
  private Map<String, Object> map(String... words) {
    return (Map<String, Object>) plain(client.ask(words));
  }

  @SuppressWarnings("unchecked")
  private List<Map<String, Object>> maps(String... words) {
    return (List<Map<String, Object>>) plain(client.ask(words));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      textBlock =
          """
          raftkv.shard              ~ -ERR wrong number of arguments for 'raftkv.shard' command|
          raftkv.shard foo          ~ -ERR unknown subcommand 'foo'. Try RAFTKV.SHARD HELP.|
          raftkv.shard status       ~ -ERR wrong number of arguments for 'raftkv.shard|status' command|
          raftkv.shard status s9    ~ -ERR no shard 's9': see RAFTKV.SHARD LIST|
          raftkv.shard checksum s9  ~ -ERR no shard 's9': see RAFTKV.SHARD LIST|
          raftkv.node status n9     ~ -ERR no node 'n9': see RAFTKV.NODE LIST|
          raftkv.routing history 0  ~ -ERR the number of entries must be from 1 to 1000|
          raftkv.routing history x  ~ -ERR the number of entries must be from 1 to 1000|
          raftkv.routing history 1 2 ~ -ERR wrong number of arguments for 'raftkv.routing|history' command|
          raftkv.routing rollback 1 ~ +OK|
          raftkv.routing rollback 0 ~ -ERR the routing has had no such version, see RAFTKV.ROUTING HISTORY|
          raftkv.routing rollback 2 ~ -ERR the routing has had no such version, see RAFTKV.ROUTING HISTORY|
          raftkv.events 1001        ~ -ERR the number of entries must be from 1 to 1000|
          raftkv.events 1 2         ~ -ERR wrong number of arguments for 'raftkv.events' command|
          raftkv.job list           ~ *0|
          """)
  void mistakesAreNamed(String command, String reply) {
    assertThat(client.send(command)).isEqualTo(reply);
  }

  @Test
  void shardsAreListed() {
    node.leaders.remove(node.group("s3"));

    List<Map<String, Object>> shards = maps("raftkv.shard", "list");

    assertThat(shards).hasSize(3);
    assertThat(shards.get(0))
        .containsEntry("id", "s1")
        .containsEntry("state", "active")
        .containsEntry("slots", "0-5460")
        .containsEntry("slot-count", 5461L)
        .containsEntry("leader", "n1")
        .containsEntry("replicas", "n1 n2 n3")
        .containsEntry("version", 1L);
    assertThat(shards.get(2)).containsEntry("leader", null);
  }

  @Test
  void statusOfAShardGathersItsReplicas() {
    node.replica(
        "s1",
        new ReplicaStatus(
            "n1", "n1", true, 4, 20, 19, 0, 1000, new ReplicaLoad(7.5, 2.4), FakeNode.sizes(3, 2)));
    node.replica(
        "s1",
        new ReplicaStatus(
            "n3", "n1", false, 4, 18, 15, 30, 900, ReplicaLoad.NONE, FakeNode.sizes(2, 2)));

    Map<String, Object> status = map("RAFTKV.SHARD", "STATUS", "S1");

    assertThat(status)
        .containsEntry("id", "s1")
        .containsEntry("group", node.group("s1").toString())
        .containsEntry("preferred-leader", "n1")
        .containsEntry("keys", 5L)
        .containsEntry("replicas-missing", 0L)
        .containsEntry("created", "2023-11-14T22:13:20Z");
    assertThat(status.get("replica-status"))
        .isEqualTo(
            List.of(
                replica("n1", "leader", 4, 20, 19, 1, 0, 5, 1000),
                Map.of("node", "n2", "role", "voter", "reachable", "no"),
                replica("n3", "follower", 4, 18, 15, 5, 30, 4, 900)));
  }

  private static Map<String, Object> replica(
      String node,
      String role,
      long term,
      long commit,
      long applied,
      long lag,
      long silence,
      long keys,
      long bytes) {
    boolean leads = role.equals("leader");
    return Map.ofEntries(
        Map.entry("node", node),
        Map.entry("role", role),
        Map.entry("reachable", "yes"),
        Map.entry("term", term),
        Map.entry("commit-index", commit),
        Map.entry("applied-index", applied),
        Map.entry("lag", lag),
        Map.entry("silence-ms", silence),
        Map.entry("keys", keys),
        Map.entry("bytes", bytes),
        Map.entry("reads-per-second", leads ? 8L : 0L),
        Map.entry("writes-per-second", leads ? 2L : 0L));
  }

  @Test
  void statusOfAShardThatNobodyAnswersForIsStillAnAnswer() {
    assertThat(map("raftkv.shard", "status", "s2"))
        .containsEntry("keys", null)
        .extractingByKey("replica-status")
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .hasSize(3)
        .allMatch(replica -> ((Map<?, ?>) replica).get("reachable").equals("no"));
  }

  @Test
  void aReplicaThatNeverHeardOfALeaderHasNoTimeOfSilence() {
    node.replica(
        "s1",
        new ReplicaStatus(
            "n2", "", false, 4, 20, 25, Long.MAX_VALUE, 1, ReplicaLoad.NONE, FakeNode.sizes(1)));

    List<?> replicas = (List<?>) map("raftkv.shard", "status", "s1").get("replica-status");

    assertThat(replicas.get(1))
        .asInstanceOf(InstanceOfAssertFactories.MAP)
        .containsEntry("silence-ms", null)
        .as("never negative")
        .containsEntry("lag", 0L);
  }

  @Test
  void checksumOfAShardThatIsElsewhereSaysWhere() {
    LocalClient elsewhere = new LocalClient(FakeNode.ofCluster(3, 3, 1));

    assertThat(elsewhere.send("raftkv.shard checksum s2"))
        .matches("-ERR this node has no replica of shard s2: ask n[23]\\|");
  }

  @Test
  void checksumNamesADamagedFileAndNoOtherFault() {
    node.checksumFailures.put(
        node.group("s1"), new CorruptStoreException("store is damaged in 000012.sst"));
    assertThat(client.send("raftkv.shard checksum s1"))
        .isEqualTo("-ERR store is damaged in 000012.sst|");
    node.checksumFailures.put(node.group("s1"), new IllegalStateException("a secret"));
    assertThatThrownBy(() -> client.send("raftkv.shard checksum s1"))
        .hasRootCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void checksumIsTheIndexAndTheDigest() {
    node.replica(
        "s1",
        new ReplicaStatus(
            "n1", "n1", true, 4, 20, 19, 0, 1000, ReplicaLoad.NONE, FakeNode.sizes(3)));
    node.checksums.put(node.group("s1"), new ReplicaChecksum(19, "abcd"));

    assertThat(client.send("raftkv.shard checksum s1")).isEqualTo("*2|:19|$4|abcd|");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "info",
        "cluster shards",
        "raftkv.events",
        "raftkv.routing history",
      })
  void whatReadsFilesOrStoresDoesNotHoldTheEventLoop(String command) {
    List<Runnable> tasks = new ArrayList<>();
    client.readers = tasks::add;

    CompletableFuture<Reply> reply = client.stage(command.split(" ", -1)).toCompletableFuture();

    assertThat(reply).isNotDone();
    tasks.forEach(Runnable::run);
    assertThat(reply).isCompleted();
  }

  @Test
  void aNodeThatIsTooBusyRefuses() {
    client.readers =
        task -> {
          throw new RejectedExecutionException();
        };

    assertThat(client.send("raftkv.events"))
        .isEqualTo("-TRYAGAIN this node is too busy to look it up|");
  }

  @Test
  void nodesAreListed() {
    node.connected.remove("n2");

    List<Map<String, Object>> nodes = maps("raftkv.node", "list");

    assertThat(nodes).hasSize(3);
    assertThat(nodes.get(1))
        .isEqualTo(
            Map.of(
                "id", "n2",
                "state", "online",
                "address", "10.0.0.2:7001",
                "connected", "no",
                "version", "0.1.0",
                "leads", 1L,
                "replicas", 3L));
    assertThat(nodes.get(0)).as("this node").containsEntry("connected", "yes");
  }

  @Test
  void statusOfANodeNamesItsShards() {
    assertThat(map("raftkv.node", "status", "n1"))
        .containsEntry("redis-id", node.cluster().redisNodeId("n1"))
        .containsEntry("raft-port", 17001L)
        .containsEntry("http-port", 9001L)
        .containsEntry("metadata-voter", "yes")
        .containsEntry("metadata-leader", "yes")
        .containsEntry("leads", List.of("s1"))
        .containsEntry("follows", List.of("s2", "s3"))
        .containsEntry("preferred-leader-of", List.of("s1"));
  }

  /** Nobody judges nodes then: what the metadata say is of some time ago. */
  @Test
  void whatNoMajorityConfirmsIsNotToldAsIfItWereSo() {
    node.metadataAgeMillis = 3_000;
    assertThat(maps("raftkv.node", "list").get(1)).containsEntry("state", "online");
    assertThat(map("raftkv.cluster", "status")).containsEntry("metadata", "current");

    node.metadataAgeMillis = 12_345;
    String unknown = "unknown (online 12 s ago)";
    assertThat(maps("raftkv.node", "list"))
        .extracting(one -> one.get("state"))
        .containsExactly(unknown, unknown, unknown);
    assertThat(map("raftkv.node", "status", "n2")).containsEntry("state", unknown);
    assertThat(map("raftkv.cluster", "status"))
        .containsEntry("metadata", "not confirmed by a majority, as of 12 s ago")
        .extractingByKey("nodes")
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .contains("n2 unknown (online 12 s ago), 10.0.0.2:7001, connected, leads 1 of 3 replicas");

    node.metadataAgeMillis = -1;
    assertThat(map("raftkv.node", "status", "n2"))
        .containsEntry("state", "unknown (online before this node started)");
    assertThat(map("raftkv.cluster", "status"))
        .containsEntry("metadata", "not confirmed by a majority, as of before this node started");
  }

  @Test
  void routingIsAListOfRanges() {
    node.leaders.remove(node.group("s2"));
    String leaderOfS3 = node.cluster().shards().get("s3").preferredLeader();

    Map<String, Object> routing = map("raftkv.routing", "get");

    assertThat(routing).containsEntry("version", 1L).containsEntry("assigned-slots", 16384L);
    List<Object> withoutLeader = new ArrayList<>(List.of("5461-10921", "s2"));
    withoutLeader.add(null);
    assertThat(routing.get("slots"))
        .isEqualTo(
            List.of(
                List.of("0-5460", "s1", "n1"),
                withoutLeader,
                List.of("10922-16383", "s3", leaderOfS3)));
  }

  @Test
  void routingHistorySaysWhatMoved() {
    assertThat(maps("raftkv.routing", "history"))
        .isEqualTo(
            List.of(
                Map.of(
                    "version",
                    1L,
                    "cluster-version",
                    1L,
                    "time",
                    "2023-11-14T22:13:20Z",
                    "moves",
                    List.of(
                        "0-5460: nobody -> s1",
                        "5461-10921: nobody -> s2",
                        "10922-16383: nobody -> s3"))));
  }

  @Test
  void clusterStatusIsOneScreen() {
    node.become("n3", NodeState.UNHEALTHY);
    node.connected.remove("n3");
    node.leaders.remove(node.group("s3"));

    assertThat(map("raftkv.cluster", "status"))
        .containsEntry("cluster", FakeNode.CLUSTER_ID)
        .containsEntry("state", "online")
        .containsEntry("this-node", "n1")
        .containsEntry("metadata-leader", "n1")
        .containsEntry("metadata-voters", "n1 n2 n3")
        .containsEntry("running-jobs", 0L)
        .containsEntry(
            "nodes",
            List.of(
                "n1 online, 10.0.0.1:7001, connected, leads 1 of 3 replicas",
                "n2 online, 10.0.0.2:7001, connected, leads 1 of 3 replicas",
                "n3 unhealthy, 10.0.0.3:7001, not connected, leads 0 of 3 replicas"))
        .extractingByKey("shards")
        .asInstanceOf(InstanceOfAssertFactories.LIST)
        .startsWith("s1 active, slots 0-5460, leader n1, replicas n1 n2 n3")
        .hasSize(3)
        .last()
        .asString()
        .contains("no known leader");
  }

  @Test
  void eventsAreNewestFirstAndLimited() {
    List<Map<String, Object>> events = maps("raftkv.events");

    assertThat(events).hasSize(5);
    assertThat(events.get(0))
        .isEqualTo(
            Map.of(
                "time", "2023-11-14T22:13:20Z",
                "version", 4L,
                "kind", "node-state-changed",
                "subject", "n3",
                "text", "JOINING to ONLINE: test"));
    assertThat(maps("raftkv.events", "2")).isEqualTo(events.subList(0, 2));
  }

  @Test
  void repliesAreMapsInResp3() {
    client.connection.protocol(3);

    assertThat(client.send("raftkv.cluster status")).startsWith("%14|$7|cluster|$12|test-cluster|");
    assertThat(client.send("raftkv.shard list")).startsWith("*3|%7|");
  }

  @Test
  void aNodeWithoutAClusterAnswersToo() {
    LocalClient early = new LocalClient(new FakeNode());

    assertThat(early.send("raftkv.shard list")).isEqualTo("*0|");
    assertThat(early.send("raftkv.node list")).isEqualTo("*0|");
    assertThat(early.send("raftkv.routing get")).startsWith("*6|$7|version|:0|");
    assertThat(early.send("raftkv.cluster status")).contains("|$7|forming|");
  }
}
