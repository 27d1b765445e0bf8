package io.raftkv.it.compare;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.raftkv.it.TestSize;
import io.raftkv.it.cluster.RedisServer;
import io.raftkv.it.cluster.TestCluster;
import java.io.IOException;
import java.util.List;
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
  private static final int SEQUENCES = 300;

  /** In the short form; the slowest family makes twice as many on a slow machine. */
  private static final int LEAST = 3;

  private static final int SECONDS = TestSize.of(12, 900);

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(3);

  private static Opponents opponents;

  @BeforeAll
  static void startRedis() throws IOException {
    opponents = Opponents.start("ClusterCompareIT", CLUSTER, RedisServer::cluster);
  }

  @AfterAll
  static void stopRedis() {
    if (opponents != null) {
      opponents.close();
    }
  }

  static List<String> families() {
    return Opponents.families();
  }

  @ParameterizedTest
  @MethodSource("families")
  void repliesAreThoseOfRedisClusterAndReplicasAgree(String name) {
    Family family = opponents.family(name);
    assumeFalse(family.isStandalone(), name + " is not for Redis Cluster");
    opponents.compete(family, true, SEQUENCES, LEAST, SECONDS);
    CLUSTER.awaitEqualDigests();
  }
}
