package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.load.Workload;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** All nodes are killed at once under load; after the restart everything acknowledged is there. */
class RestartAllIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(3).shards(3);

  @Test
  void nothingAcknowledgedIsLostWhenEveryNodeIsKilledAtOnce() {
    ShardView shards = cluster.awaitLeaders();
    try (Workload load =
        cluster
            .workload()
            .registers(shards.keyInEveryShard("r"))
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.GET, Action.DEL)
            .start()) {
      for (int round = 0; round < TestSize.rounds(2); round++) {
        load.awaitMore(500, PATIENCE);
        cluster.nodes().forEach(TestNode::kill);
        cluster.nodes().forEach(TestNode::start);
        cluster.awaitReady();
      }
      load.awaitMore(200, PATIENCE);
      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
      assertThat(load.history().size()).isGreaterThan(1_000);
    }
    cluster.awaitEqualDigests();
  }

  /** SIGTERM, too: an orderly shutdown ends in time and loses nothing. */
  @Test
  void anOrderlyShutdownEndsInTimeAndKeepsEverything() {
    for (int i = 0; i < 50; i++) {
      assertThat(cluster.nodes().get(i % 3).call("SET", "k" + i, "v" + i)).isEqualTo("OK");
    }
    cluster.nodes().forEach(TestNode::stop);
    cluster.nodes().forEach(TestNode::start);
    cluster.awaitReady();
    for (int i = 0; i < 50; i++) {
      assertThat(cluster.nodes().get((i + 1) % 3).call("GET", "k" + i)).isEqualTo("v" + i);
    }
  }
}
