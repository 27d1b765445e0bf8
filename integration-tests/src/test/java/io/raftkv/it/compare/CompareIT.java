package io.raftkv.it.compare;

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
 * Every family of commands on a node as shipped and on a redis-server: as many random sequences as
 * a few seconds allow, in the profile {@code faults} thousands of each, in RESP2 and RESP3, and
 * every reply the same. How to ask for more, see {@link Contest}; how to add a family, see {@link
 * Family}.
 */
class CompareIT {
  private static final int SEQUENCES = 2_000;

  /** In the short form; the slowest family makes twice as many on a slow machine. */
  private static final int LEAST = 10;

  private static final int SECONDS = TestSize.of(36, 1_500);

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(1);

  private static Opponents opponents;

  @BeforeAll
  static void startRedis() throws IOException {
    opponents = Opponents.start("CompareIT", CLUSTER, RedisServer::standalone);
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
  void repliesAreThoseOfRedis(String name) {
    Family family = opponents.family(name);
    opponents.compete(family, false, SEQUENCES, LEAST, SECONDS);
  }
}
