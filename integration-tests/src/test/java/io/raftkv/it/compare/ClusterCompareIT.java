package io.raftkv.it.compare;

import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.cluster.RedisServer;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * As {@link CompareIT}, on three nodes with three shards and a Redis Cluster: every pipeline goes
 * to a node at random, every sequence to one slot. Afterwards all replicas hold the same bytes.
 */
class ClusterCompareIT {
  private static final int SEQUENCES = Integer.getInteger("raftkv.compare.sequences", 300);
  private static final int SECONDS = Integer.getInteger("raftkv.compare.seconds", 30);

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(3);

  private static RedisServer redis;
  private static Set<String> served;

  @BeforeAll
  static void startRedis() throws IOException {
    References.require("ClusterCompareIT");
    redis = RedisServer.cluster(CLUSTER.directory().resolve("redis"));
    try (RespConnection node = CLUSTER.nodes().get(0).connect()) {
      served = Contest.served(node);
    }
  }

  @AfterAll
  static void stopRedis() {
    if (redis != null) {
      redis.close();
    }
  }

  static List<String> families() {
    return References.families();
  }

  @ParameterizedTest
  @MethodSource("families")
  void repliesAreThoseOfRedisClusterAndReplicasAgree(String name) {
    Family family = Family.load(name, served);
    assumeTrue(family.isServed(), name + " is not served yet");
    assumeFalse(family.isStandalone(), name + " is not for Redis Cluster");
    new Contest(
            "ClusterCompareIT",
            redis.address(),
            CLUSTER.nodes().stream().map(TestNode::address).toList(),
            true,
            CLUSTER.seed())
        .run(family, SEQUENCES, Duration.ofSeconds(SECONDS).dividedBy(families().size()));
    CLUSTER.awaitEqualDigests();
  }
}
