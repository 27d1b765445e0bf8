package io.raftkv.it.compare;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.cluster.RedisServer;
import java.util.List;

/** What the tests of this package need to begin with. */
final class References {
  private References() {}

  /** Skips the test, and says so, where no redis-server is installed. */
  static void require(String test) {
    if (!RedisServer.isInstalled()) {
      System.out.printf("**** SKIPPED %s: no redis-server on this machine ****%n", test);
    }
    assumeTrue(RedisServer.isInstalled(), "no redis-server on this machine");
  }

  /** The families to compare: all, or {@code -Draftkv.compare.family}. */
  static List<String> families() {
    String only = System.getProperty("raftkv.compare.family");
    return only == null ? Family.ALL : List.of(only);
  }
}
