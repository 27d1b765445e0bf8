package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.sync.RedisAdvancedClusterCommands;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.Shell;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import redis.clients.jedis.HostAndPort;

/** Three healthy nodes with several shards: any client at any node gets any key. */
class ThreeNodeIT {
  private static final int SHARDS = 4;

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(SHARDS);

  private static final String BENCHMARK_TESTS =
      "ping_inline,ping_mbulk,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,"
          + "lrange_100,lrange_300,lrange_500,lrange_600,mset";

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

  @Test
  void jedisClusterFindsItsWay() {
    TestNode any = CLUSTER.nodes().get(1);
    try (redis.clients.jedis.RedisClusterClient jedis =
        redis.clients.jedis.RedisClusterClient.create(
            new HostAndPort(any.host(), any.respPort()))) {
      for (int i = 0; i < 200; i++) {
        assertThat(jedis.set("jc:" + i, "v" + i)).isEqualTo("OK");
      }
      for (int i = 0; i < 200; i++) {
        assertThat(jedis.get("jc:" + i)).isEqualTo("v" + i);
      }
      assertThat(jedis.hset("jc:hash", "f", "v")).isEqualTo(1);
      assertThat(jedis.hget("jc:hash", "f")).isEqualTo("v");
    }
  }

  @Test
  void lettuceClusterFindsItsWay() {
    TestNode any = CLUSTER.nodes().get(2);
    RedisClusterClient client =
        RedisClusterClient.create(RedisURI.create(any.host(), any.respPort()));
    try (StatefulRedisClusterConnection<String, String> connection = client.connect()) {
      RedisAdvancedClusterCommands<String, String> redis = connection.sync();
      Map<String, String> values = new LinkedHashMap<>();
      for (int i = 0; i < 200; i++) {
        values.put("lc:" + i, "v" + i);
      }
      assertThat(redis.mset(values)).isEqualTo("OK");
      Map<String, String> read =
          redis.mget(values.keySet().toArray(String[]::new)).stream()
              .collect(Collectors.toMap(pair -> pair.getKey(), pair -> pair.getValue()));
      assertThat(read).isEqualTo(values);
      assertThat(redis.incr("lc:n")).isEqualTo(1);
    } finally {
      client.shutdown();
    }
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

  @Test
  void redisCliWorksPlainAndAsAClusterClient() {
    assumeTrue(Shell.has("redis-cli"), "no redis-cli on this machine");
    String port = Integer.toString(CLUSTER.nodes().get(0).respPort());
    assertThat(Shell.run("redis-cli", "-p", port, "SET", "cli", "v")).contains("OK");
    assertThat(Shell.run("redis-cli", "-c", "-p", port, "GET", "cli")).contains("v");
    assertThat(Shell.run("redis-cli", "-3", "-p", port, "HSET", "cli:h", "f", "v")).contains("1");
    assertThat(Shell.run("redis-cli", "-3", "-p", port, "HGETALL", "cli:h")).contains("f", "v");
  }

  @Test
  void redisBenchmarkRunsItsStandardTests() {
    assumeTrue(Shell.has("redis-benchmark"), "no redis-benchmark on this machine");
    String port = Integer.toString(CLUSTER.nodes().get(0).respPort());
    Shell.Result result =
        Shell.tryRun(
            Duration.ofMinutes(3),
            List.of(
                "redis-benchmark",
                "-p",
                port,
                "-t",
                BENCHMARK_TESTS,
                "-n",
                "600",
                "-c",
                "20",
                "-P",
                "4",
                "-r",
                "1000",
                "--csv"));
    assertThat(result.exitCode()).as(result.output()).isZero();
    assertThat(result.output()).doesNotContainIgnoringCase("error");
    for (String test :
        List.of("PING_INLINE", "SET", "GET", "INCR", "HSET", "ZPOPMIN", "LRANGE_600", "MSET")) {
      assertThat(result.output()).contains("\"" + test);
    }
  }
}
