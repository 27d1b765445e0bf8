package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.History;
import io.raftkv.it.history.Operation;
import io.raftkv.it.history.Outcome;
import io.raftkv.it.load.Workload;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A leader is cut off from the other nodes while its clients stay connected to it: the moment in
 * which a store that trusts its own leadership serves stale reads.
 */
class PartitionIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(3).shards(2).inNamespaces();

  @Test
  void aLeaderCutOffFromItsPeersServesNoStaleReads() {
    ShardView shards = cluster.awaitLeaders();
    List<String> keys = shards.keyInEveryShard("r");
    try (Workload load =
        cluster
            .workload()
            .clients(9)
            .registers(keys)
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.GET, Action.GET)
            .callsPerSecond(200)
            .timeout(Duration.ofSeconds(6))
            .start()) {
      load.awaitMore(300, PATIENCE);
      for (int round = 0; round < TestSize.rounds(1); round++) {
        for (String key : keys) {
          cutOffLeaderOf(key, load);
        }
      }
      load.stop();
      cluster.awaitReady();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
      assertThat(load.history().count(Outcome.OK)).isGreaterThan(1_000);
    }
    cluster.awaitEqualDigests();
  }

  private void cutOffLeaderOf(String key, Workload load) {
    TestNode old = cluster.awaitLeader(key);
    long cut = System.nanoTime();
    cluster.network().isolate(old.id());
    TestNode witness =
        cluster.nodes().stream().filter(node -> !node.equals(old)).findFirst().orElseThrow();
    cluster.await(
        "a new leader for " + key,
        PATIENCE,
        () -> {
          TestNode leader = cluster.shards(witness).leaderOf(key);
          return leader != null && !leader.equals(old);
        });
    load.awaitMore(600, PATIENCE);
    cluster.network().heal();
    cluster.awaitReady();
    load.awaitMore(300, PATIENCE);
    History history = load.history();
    Duration gap = history.longestGap(op -> isWriteTo(key, op), cut, System.nanoTime());
    System.out.printf(
        "cut off %s, leader for %s: no write acknowledged for %d ms%n",
        old.id(), key, gap.toMillis());
  }

  private static boolean isWriteTo(String key, Operation op) {
    return op.key().equals(key) && !op.action().isRead();
  }
}
