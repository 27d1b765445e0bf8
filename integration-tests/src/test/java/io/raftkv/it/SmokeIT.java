package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.protocol.ProtocolVersion;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisProtocol;

/** One node as shipped, nothing set but ports and data directory, and the usual clients. */
class SmokeIT {
  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(1).withDefaults();

  private static TestNode node() {
    return CLUSTER.nodes().get(0);
  }

  @ParameterizedTest
  @EnumSource(
      value = RedisProtocol.class,
      names = {"RESP2", "RESP3"})
  void jedisWorks(RedisProtocol protocol) {
    String p = "jedis:" + protocol + ":";
    try (RedisClient jedis =
        RedisClient.builder()
            .hostAndPort(new HostAndPort(node().host(), node().respPort()))
            .clientConfig(DefaultJedisClientConfig.builder().protocol(protocol).build())
            .build()) {
      assertThat(jedis.ping()).isEqualTo("PONG");
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

  @ParameterizedTest
  @EnumSource(
      value = ProtocolVersion.class,
      names = {"RESP2", "RESP3"})
  void lettuceWorks(ProtocolVersion protocol) {
    String p = "lettuce:" + protocol + ":";
    io.lettuce.core.RedisClient client =
        io.lettuce.core.RedisClient.create(RedisURI.create(node().host(), node().respPort()));
    client.setOptions(ClientOptions.builder().protocolVersion(protocol).build());
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      RedisCommands<String, String> redis = connection.sync();
      assertThat(redis.ping()).isEqualTo("PONG");
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

  /** A single node has one shard, where commands over several keys need no common slot. */
  @Test
  void severalKeysOfDifferentSlotsWorkAsInAStandaloneRedis() {
    assertThat(node().call("MSET", "one", "1", "two", "2", "three", "3")).isEqualTo("OK");
    assertThat(node().call("MGET", "one", "two", "three")).isEqualTo(List.of("1", "2", "3"));
    assertThat(node().call("RENAME", "one", "uno")).isEqualTo("OK");
    assertThat(node().call("GET", "uno")).isEqualTo("1");
  }
}
