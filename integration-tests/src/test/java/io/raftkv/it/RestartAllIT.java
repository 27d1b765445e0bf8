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

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(3);

  @Test
  void nothingAcknowledgedIsLostWhenEveryNodeIsKilledAtOnce() {
    ShardView shards = CLUSTER.awaitLeaders();
    try (Workload load =
        CLUSTER
            .workload()
            .registers(shards.keyInEveryShard("r"))
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.GET, Action.DEL)
            .start()) {
      for (int round = 0; round < TestSize.of(1, 10); round++) {
        load.awaitMore(800, PATIENCE);
        CLUSTER.nodes().forEach(TestNode::kill);
        CLUSTER.nodes().forEach(TestNode::start);
        CLUSTER.awaitReady();
      }
      load.awaitMore(300, PATIENCE);
      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
      assertThat(load.history().size()).isGreaterThan(1_000);
    }
    CLUSTER.awaitEqualDigests();
  }

  /** SIGTERM, too: an orderly shutdown ends in time and loses nothing. */
  @Test
  void anOrderlyShutdownEndsInTimeAndKeepsEverything() {
    for (int i = 0; i < 50; i++) {
      assertThat(CLUSTER.nodes().get(i % 3).call("SET", "k" + i, "v" + i)).isEqualTo("OK");
    }
    CLUSTER.nodes().forEach(TestNode::stop);
    CLUSTER.nodes().forEach(TestNode::start);
    CLUSTER.awaitReady();
    for (int i = 0; i < 50; i++) {
      assertThat(CLUSTER.nodes().get((i + 1) % 3).call("GET", "k" + i)).isEqualTo("v" + i);
    }
  }
}
