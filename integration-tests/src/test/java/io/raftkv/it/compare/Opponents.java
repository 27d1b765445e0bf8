package io.raftkv.it.compare;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.cluster.RedisServer;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** A cluster of RaftKV and the redis-server whose replies it has to give. */
final class Opponents implements AutoCloseable {
  private final String test;
  private final TestCluster cluster;
  private final RedisServer redis;
  private final Set<String> served;

  private Opponents(String test, TestCluster cluster, RedisServer redis, Set<String> served) {
    this.test = test;
    this.cluster = cluster;
    this.redis = redis;
    this.served = served;
  }

  /**
   * Starts the redis-server; skips the test, and says so, where none is installed.
   *
   * @param redis starts it on a directory
   */
  static Opponents start(String test, TestCluster cluster, Function<Path, RedisServer> redis)
      throws IOException {
    requireRedis(test);
    try (RespConnection node = cluster.nodes().get(0).connect()) {
      Set<String> served = Contest.served(node);
      return new Opponents(
          test, cluster, redis.apply(cluster.directory().resolve("redis")), served);
    }
  }

  /** Skips the test, and says so, where no redis-server is installed. */
  static void requireRedis(String test) {
    if (!RedisServer.isInstalled()) {
      System.out.printf("**** SKIPPED %s: no redis-server on this machine ****%n", test);
    }
    assumeTrue(RedisServer.isInstalled(), "no redis-server on this machine");
  }

  /** The names of the families to compare: all, or {@code -Draftkv.compare.family}. */
  static List<String> families() {
    String only = System.getProperty("raftkv.compare.family");
    return only == null ? Family.ALL : List.of(only);
  }

  /** The family of this name; the cluster has to serve all of it. */
  Family family(String name) {
    return Family.load(name, served);
  }

  /**
   * Compares a family, see {@link Contest}.
   *
   * @param sequences how many at the most, unless {@code -Draftkv.compare.sequences} says
   * @param least how many at the least, see {@link Contest#run}
   * @param seconds for how long at the most for all families together, unless {@code
   *     -Draftkv.compare.seconds} says
   */
  void compete(Family family, boolean clustered, int sequences, int least, int seconds) {
    new Contest(
            test,
            redis.address(),
            cluster.nodes().stream().map(TestNode::address).toList(),
            clustered,
            cluster.seed())
        .run(
            family,
            Integer.getInteger("raftkv.compare.sequences", sequences),
            least,
            Duration.ofSeconds(Integer.getInteger("raftkv.compare.seconds", seconds))
                .dividedBy(families().size()));
  }

  @Override
  public void close() {
    redis.close();
  }
}
