package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.protocol.ProtocolVersion;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.Scrape;
import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.RedisProtocol;

/** Three healthy nodes with several shards: any client at any node gets any key. */
class ThreeNodeIT {
  private static final int SHARDS = 4;

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(SHARDS);

  private static final int BENCHMARK_REQUESTS = 200;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What has to be among the metrics, whatever the documentation says. */
  private static final List<String> PROMISED_METRICS =
      List.of(
          "raftkv_operations_total",
          "raftkv_operation_duration_seconds",
          "raftkv_raft_term",
          "raftkv_raft_commit_index",
          "raftkv_raft_applied_index",
          "raftkv_storage_disk_usage_bytes",
          "raftkv_batch_commands",
          "raftkv_batch_bytes",
          "raftkv_read_barrier_rounds_total",
          "raftkv_forwards_total",
          "raftkv_snapshot_sent_bytes_total",
          "raftkv_connections",
          "raftkv_rocksdb_*",
          "jvm_*",
          "process_*");

  /** A node need not lead, no large reply is being sent, and no replica is far behind. */
  private static final Set<String> MAY_BE_ZERO =
      Set.of(
          "raftkv_jobs",
          "raftkv_jobs_automatic",
          "raftkv_raft_leader",
          "raftkv_replicas_missing",
          "raftkv_rocksdb_retained_views",
          "raftkv_snapshot_sent_bytes_total");

  @AfterAll
  static void nothingAlarmingWasLogged() {
    CLUSTER.stopAndAssertQuiet();
  }

  @Test
  void whatIsWrittenAtOneNodeIsReadAtOnceAtEveryOther() throws IOException {
    List<RespConnection> connections = new ArrayList<>();
    try {
      for (TestNode node : CLUSTER.nodes()) {
        connections.add(node.connect());
      }
      for (int i = 0; i < 300; i++) {
        String key = "any:" + i % 40;
        assertThat(connections.get(i % 3).call("SET", key, "v" + i)).isEqualTo("OK");
        assertThat(connections.get((i + 1) % 3).call("GET", key)).isEqualTo("v" + i);
        assertThat(connections.get((i + 2) % 3).call("GET", key)).isEqualTo("v" + i);
      }
    } finally {
      connections.forEach(RespConnection::close);
    }
  }

  @Test
  void severalKeysInSeveralShardsAreReadAndWrittenAtOnce() {
    ShardView shards = CLUSTER.awaitLeaders();
    List<String> keys = shards.keyInEveryShard("many:");
    assertThat(keys).hasSize(SHARDS);
    List<String> mset = new ArrayList<>(List.of("MSET"));
    List<String> mget = new ArrayList<>(List.of("MGET"));
    List<String> del = new ArrayList<>(List.of("DEL"));
    for (String key : keys) {
      mset.addAll(List.of(key, "value of " + key));
      mget.add(key);
      del.add(key);
    }
    for (TestNode node : CLUSTER.nodes()) {
      assertThat(node.call(mset.toArray(String[]::new))).isEqualTo("OK");
      assertThat(node.call(mget.toArray(String[]::new)))
          .isEqualTo(keys.stream().map(key -> "value of " + key).toList());
      assertThat(node.call(del.toArray(String[]::new))).isEqualTo((long) keys.size());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void jedisWorksAtEveryNode(String node) {
    UsualClients.jedis(CLUSTER.node(node), RedisProtocol.RESP2);
    UsualClients.jedis(CLUSTER.node(node), RedisProtocol.RESP3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void lettuceWorksAtEveryNode(String node) {
    UsualClients.lettuce(CLUSTER.node(node), ProtocolVersion.RESP2);
    UsualClients.lettuce(CLUSTER.node(node), ProtocolVersion.RESP3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void jedisClusterFindsItsWayFromEveryNode(String node) {
    UsualClients.jedisCluster(CLUSTER.node(node));
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void lettuceClusterFindsItsWayFromEveryNode(String node) {
    UsualClients.lettuceCluster(CLUSTER.node(node));
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void redisCliWorksAtEveryNode(String node) {
    UsualClients.redisCli(CLUSTER.node(node));
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void redisBenchmarkRunsItsStandardTestsAtEveryNode(String node) {
    UsualClients.redisBenchmark(CLUSTER.node(node), BENCHMARK_REQUESTS);
  }

  /** Keys of one slot work together; of different slots in different shards they are refused. */
  @Test
  void atomicCommandsNeedOneSlot() {
    TestNode node = CLUSTER.nodes().get(0);
    assertThat(node.call("SET", "{tag}a", "1")).isEqualTo("OK");
    assertThat(node.call("RENAME", "{tag}a", "{tag}b")).isEqualTo("OK");
    assertThat(node.call("GET", "{tag}b")).isEqualTo("1");
    List<String> keys = CLUSTER.awaitLeaders().keyInEveryShard("cross:");
    assertThat(node.call("SET", keys.get(0), "1")).isEqualTo("OK");
    assertThat(String.valueOf(node.call("RENAME", keys.get(0), keys.get(1)))).contains("CROSSSLOT");
  }

  /** What the documentation names is there, and has moved where there was something to count. */
  @Test
  void everyNodeShowsTheDocumentedMetrics() throws IOException {
    List<DocumentedMetric> documented = DocumentedMetric.all();
    assertThat(documented.stream().map(DocumentedMetric::name)).containsAll(PROMISED_METRICS);
    ShardView shards = CLUSTER.awaitLeaders();
    List<RespConnection> open = new ArrayList<>();
    try {
      for (TestNode node : CLUSTER.nodes()) {
        open.add(node.connect());
        for (String key : shards.keyInEveryShard("metrics:")) {
          assertThat(open.get(open.size() - 1).call("SET", key, node.id())).isEqualTo("OK");
          assertThat(open.get(open.size() - 1).call("GET", key)).isEqualTo(node.id());
        }
      }
      for (TestNode node : CLUSTER.nodes()) {
        Scrape scrape = Scrape.of(node);
        assertThat(documented)
            .as("metrics that %s does not show, or shows without a positive value", node.id())
            .filteredOn(metric -> !metric.isIn(scrape, MAY_BE_ZERO.contains(metric.name())))
            .isEmpty();
        assertThat(
                scrape.sum("raftkv_operations_total", Map.of("family", "string", "outcome", "ok")))
            .isGreaterThanOrEqualTo(2.0 * SHARDS);
        assertThat(scrape.labels("raftkv_raft_term", "shard")).containsAll(shards.shardIds());
        assertThat(scrape.labels("raftkv_operation_duration_seconds_bucket", "le"))
            .contains("0.001", "+Inf");
      }
    } finally {
      open.forEach(RespConnection::close);
    }
    for (String shard : shards.shardIds()) {
      CLUSTER.await(
          "one leader of " + shard + " among all nodes' metrics",
          PATIENCE,
          () ->
              CLUSTER.nodes().stream()
                      .mapToDouble(
                          node -> Scrape.of(node).sum("raftkv_raft_leader", Map.of("shard", shard)))
                      .sum()
                  == 1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void healthIsToldWithEveryShard(String node) throws IOException {
    TestNode.HttpReply live = CLUSTER.node(node).http("/health/live");
    assertThat(live.status()).isEqualTo(200);
    assertThat(live.body()).contains("\"live\":true");
    TestNode.HttpReply ready = CLUSTER.node(node).http("/health/ready");
    assertThat(ready.status()).as(ready.body()).isEqualTo(200);
    assertThat(ready.body()).contains("\"ready\":true,\"node\":\"" + node + "\"");
    for (String shard : CLUSTER.awaitLeaders().shardIds()) {
      assertThat(ready.body())
          .containsPattern(
              "\"shard\":\"" + shard + "\",\"role\":\"(leader|follower)\",\"ready\":true");
    }
    assertThat(CLUSTER.node(node).http("/nonsense").status()).isEqualTo(404);
  }
}
