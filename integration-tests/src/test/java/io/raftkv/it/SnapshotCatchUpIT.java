package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.load.MassLoad;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node that lost its disk gets everything back from the others, log entries purged or not. */
class SnapshotCatchUpIT {
  private static final int KEYS = 5_000;

  @RegisterExtension
  static final TestCluster CLUSTER = TestCluster.ofNodes(3).flags("--snapshot-entries", "50");

  @BeforeEach
  void begin() {
    CLUSTER.nodes().stream().filter(node -> !node.isAlive()).forEach(TestNode::start);
    CLUSTER.awaitReady();
    assertThat(CLUSTER.nodes().get(0).call("FLUSHALL")).isEqualTo("OK");
  }

  @Test
  void aWipedNodeCatchesUpFromASnapshot() {
    TestNode first = CLUSTER.nodes().get(0);
    TestNode wiped = CLUSTER.nodes().get(2);
    MassLoad.strings("before:", KEYS).sendTo(first);

    wiped.kill();
    wiped.wipeData();
    MassLoad.strings("during:", KEYS).sendTo(first);

    wiped.start();
    CLUSTER.awaitReady();
    assertThat(wiped.call("DBSIZE")).isEqualTo(2L * KEYS);
    assertThat(wiped.call("GET", "before:" + (KEYS - 1))).isEqualTo("v" + (KEYS - 1));
    assertThat(wiped.call("GET", "during:" + (KEYS - 1))).isEqualTo("v" + (KEYS - 1));
    assertThat(wiped.call("SET", "after", "v")).isEqualTo("OK");
    CLUSTER.awaitEqualDigests();
  }

  /** The node that caught up counts as a replica: with it, another one may fail. */
  @Test
  void theRestoredReplicaCarriesTheClusterWhenAnotherNodeFails() {
    TestNode first = CLUSTER.nodes().get(0);
    MassLoad.strings("k:", KEYS).sendTo(first);
    TestNode wiped = CLUSTER.nodes().get(1);
    wiped.kill();
    wiped.wipeData();
    wiped.start();
    CLUSTER.awaitReady();

    CLUSTER.nodes().get(2).kill();
    CLUSTER.awaitLeaders();
    assertThat(wiped.call("SET", "after", "v")).isEqualTo("OK");
    assertThat(first.call("GET", "after")).isEqualTo("v");
    assertThat(wiped.call("DBSIZE")).isEqualTo(KEYS + 1L);
  }
}
