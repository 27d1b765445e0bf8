package io.raftkv.it.compare;

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
 * Every family of commands on a node as shipped and on a redis-server: thousands of random
 * sequences each, in RESP2 and RESP3, and every reply the same. How much, see {@link Contest}; how
 * to add a family, see {@link Family}.
 */
class CompareIT {
  private static final int SEQUENCES = Integer.getInteger("raftkv.compare.sequences", 2_000);
  private static final int SECONDS = Integer.getInteger("raftkv.compare.seconds", 90);

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(1);

  private static RedisServer redis;
  private static Set<String> served;

  @BeforeAll
  static void startRedis() throws IOException {
    References.require("CompareIT");
    redis = RedisServer.standalone(CLUSTER.directory().resolve("redis"));
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
  void repliesAreThoseOfRedis(String name) {
    Family family = Family.load(name, served);
    assumeTrue(family.isServed(), name + " is not served yet");
    new Contest(
            "CompareIT",
            redis.address(),
            CLUSTER.nodes().stream().map(TestNode::address).toList(),
            false,
            CLUSTER.seed())
        .run(family, SEQUENCES, Duration.ofSeconds(SECONDS).dividedBy(families().size()));
  }
}
