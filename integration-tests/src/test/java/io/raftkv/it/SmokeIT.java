package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.protocol.ProtocolVersion;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.RedisProtocol;

/** One node as shipped, nothing set but ports and data directory, and the usual clients. */
class SmokeIT {
  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(1).withDefaults();

  private static TestNode node() {
    return CLUSTER.nodes().get(0);
  }

  @AfterAll
  static void nothingAlarmingWasLogged() {
    CLUSTER.stopAndAssertQuiet();
  }

  @ParameterizedTest
  @EnumSource(
      value = RedisProtocol.class,
      names = {"RESP2", "RESP3"})
  void jedisWorks(RedisProtocol protocol) {
    UsualClients.jedis(node(), protocol);
  }

  @ParameterizedTest
  @EnumSource(
      value = ProtocolVersion.class,
      names = {"RESP2", "RESP3"})
  void lettuceWorks(ProtocolVersion protocol) {
    UsualClients.lettuce(node(), protocol);
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
