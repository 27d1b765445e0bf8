package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.sync.RedisAdvancedClusterCommands;
import io.lettuce.core.protocol.ProtocolVersion;
import io.raftkv.it.cluster.Shell;
import io.raftkv.it.cluster.Skip;
import io.raftkv.it.cluster.TestNode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisProtocol;

/**
 * The clients that people have, each put to its ordinary use at one node. Keys are named by client
 * and node, and are deleted first.
 */
final class UsualClients {
  private static final int CLUSTER_KEYS = 200;

  private static final String BENCHMARK_TESTS =
      "ping_inline,ping_mbulk,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,"
          + "lrange_100,lrange_300,lrange_500,lrange_600,mset";

  private UsualClients() {}

  static void jedis(TestNode node, RedisProtocol protocol) {
    String p = "jedis:" + protocol + ":" + node.id() + ":";
    try (RedisClient jedis =
        RedisClient.builder()
            .hostAndPort(hostAndPort(node))
            .clientConfig(DefaultJedisClientConfig.builder().protocol(protocol).build())
            .build()) {
      assertThat(jedis.ping()).isEqualTo("PONG");
      jedis.del(p + "s", p + "n", p + "h", p + "l", p + "set", p + "z");
      assertThat(jedis.set(p + "s", "v")).isEqualTo("OK");
      assertThat(jedis.get(p + "s")).isEqualTo("v");
      assertThat(jedis.get(p + "none")).isNull();
      assertThat(jedis.incr(p + "n")).isEqualTo(1);
      assertThat(jedis.incrBy(p + "n", 41)).isEqualTo(42);
      assertThat(jedis.hset(p + "h", Map.of("a", "1", "b", "2"))).isEqualTo(2);
      assertThat(jedis.hgetAll(p + "h")).isEqualTo(Map.of("a", "1", "b", "2"));
      assertThat(jedis.lpush(p + "l", "c", "b", "a")).isEqualTo(3);
      assertThat(jedis.lrange(p + "l", 0, -1)).containsExactly("a", "b", "c");
      assertThat(jedis.sadd(p + "set", "x", "y", "x")).isEqualTo(2);
      assertThat(jedis.smembers(p + "set")).isEqualTo(Set.of("x", "y"));
      assertThat(jedis.zadd(p + "z", Map.of("low", 1.0, "high", 2.5))).isEqualTo(2);
      assertThat(jedis.zrange(p + "z", 0, -1)).containsExactly("low", "high");
      assertThat(jedis.zscore(p + "z", "high")).isEqualTo(2.5);
      assertThat(jedis.del(p + "s", p + "n")).isEqualTo(2);
      assertThat(jedis.exists(p + "s")).isFalse();
    }
  }

  static void lettuce(TestNode node, ProtocolVersion protocol) {
    String p = "lettuce:" + protocol + ":" + node.id() + ":";
    io.lettuce.core.RedisClient client =
        io.lettuce.core.RedisClient.create(RedisURI.create(node.host(), node.respPort()));
    client.setOptions(ClientOptions.builder().protocolVersion(protocol).build());
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      RedisCommands<String, String> redis = connection.sync();
      assertThat(redis.ping()).isEqualTo("PONG");
      redis.del(p + "s", p + "n", p + "h", p + "l", p + "set", p + "z");
      assertThat(redis.set(p + "s", "v")).isEqualTo("OK");
      assertThat(redis.get(p + "s")).isEqualTo("v");
      assertThat(redis.incr(p + "n")).isEqualTo(1);
      assertThat(redis.hset(p + "h", "f", "v")).isTrue();
      assertThat(redis.hgetall(p + "h")).isEqualTo(Map.of("f", "v"));
      assertThat(redis.lpush(p + "l", "b", "a")).isEqualTo(2);
      assertThat(redis.lrange(p + "l", 0, -1)).containsExactly("a", "b");
      assertThat(redis.sadd(p + "set", "x")).isEqualTo(1);
      assertThat(redis.sismember(p + "set", "x")).isTrue();
      assertThat(redis.zadd(p + "z", 1.5, "m")).isEqualTo(1);
      assertThat(redis.zscore(p + "z", "m")).isEqualTo(1.5);
    } finally {
      client.shutdown();
    }
  }

  /** One that starts at this node and finds the others from there. */
  static void jedisCluster(TestNode start) {
    String p = "jc:" + start.id() + ":";
    try (redis.clients.jedis.RedisClusterClient jedis =
        redis.clients.jedis.RedisClusterClient.create(hostAndPort(start))) {
      for (int i = 0; i < CLUSTER_KEYS; i++) {
        assertThat(jedis.set(p + i, "v" + i)).isEqualTo("OK");
      }
      for (int i = 0; i < CLUSTER_KEYS; i++) {
        assertThat(jedis.get(p + i)).isEqualTo("v" + i);
      }
      jedis.del(p + "hash");
      assertThat(jedis.hset(p + "hash", "f", "v")).isEqualTo(1);
      assertThat(jedis.hget(p + "hash", "f")).isEqualTo("v");
      assertThat(jedis.getClusterNodes()).hasSize(3);
    }
  }

  /** One that starts at this node and finds the others from there. */
  static void lettuceCluster(TestNode start) {
    String p = "lc:" + start.id() + ":";
    RedisClusterClient client =
        RedisClusterClient.create(RedisURI.create(start.host(), start.respPort()));
    try (StatefulRedisClusterConnection<String, String> connection = client.connect()) {
      RedisAdvancedClusterCommands<String, String> redis = connection.sync();
      Map<String, String> values = new LinkedHashMap<>();
      for (int i = 0; i < CLUSTER_KEYS; i++) {
        values.put(p + i, "v" + i);
      }
      assertThat(redis.mset(values)).isEqualTo("OK");
      Map<String, String> read =
          redis.mget(values.keySet().toArray(String[]::new)).stream()
              .collect(Collectors.toMap(pair -> pair.getKey(), pair -> pair.getValue()));
      assertThat(read).isEqualTo(values);
      redis.del(p + "n");
      assertThat(redis.incr(p + "n")).isEqualTo(1);
      assertThat(client.getPartitions()).hasSize(3);
    } finally {
      client.shutdown();
    }
  }

  /** Plain, as a client of a cluster, and with RESP3. */
  static void redisCli(TestNode node) {
    Skip.unlessInstalled("UsualClients.redisCli", "redis-cli");
    String port = Integer.toString(node.respPort());
    String p = "cli:" + node.id() + ":";
    Shell.run("redis-cli", "-p", port, "DEL", p + "s", p + "h");
    assertThat(Shell.run("redis-cli", "-p", port, "SET", p + "s", "v")).isEqualTo("OK\n");
    assertThat(Shell.run("redis-cli", "-c", "-p", port, "GET", p + "s")).isEqualTo("v\n");
    assertThat(Shell.run("redis-cli", "-3", "-p", port, "HSET", p + "h", "f", "v"))
        .isEqualTo("1\n");
    assertThat(Shell.run("redis-cli", "-3", "-p", port, "HGETALL", p + "h")).contains("f", "v");
  }

  /** All standard tests of redis-benchmark, each with so many requests. */
  static void redisBenchmark(TestNode node, int requests) {
    Skip.unlessInstalled("UsualClients.redisBenchmark", "redis-benchmark");
    Shell.Result result =
        Shell.tryRun(
            Duration.ofMinutes(3),
            List.of(
                "redis-benchmark",
                "-p",
                Integer.toString(node.respPort()),
                "-t",
                BENCHMARK_TESTS,
                "-n",
                Integer.toString(requests),
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

  private static HostAndPort hostAndPort(TestNode node) {
    return new HostAndPort(node.host(), node.respPort());
  }
}
