package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.load.MassLoad;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node that lost its disk gets everything back from the others, log entries purged or not. */
class SnapshotCatchUpIT {
  private static final int KEYS = 5_000;

  @RegisterExtension
  final TestCluster cluster = TestCluster.ofNodes(3).flags("--snapshot-entries", "50");

  @Test
  void aWipedNodeCatchesUpFromASnapshot() {
    TestNode first = cluster.nodes().get(0);
    TestNode wiped = cluster.nodes().get(2);
    MassLoad.strings("before:", KEYS).sendTo(first);

    wiped.kill();
    wiped.wipeData();
    MassLoad.strings("during:", KEYS).sendTo(first);

    wiped.start();
    cluster.awaitReady();
    assertThat(wiped.call("DBSIZE")).isEqualTo(2L * KEYS);
    assertThat(wiped.call("GET", "before:" + (KEYS - 1))).isEqualTo("v" + (KEYS - 1));
    assertThat(wiped.call("GET", "during:" + (KEYS - 1))).isEqualTo("v" + (KEYS - 1));
    assertThat(wiped.call("SET", "after", "v")).isEqualTo("OK");
    cluster.awaitEqualDigests();
  }

  /** The node that caught up counts as a replica: with it, another one may fail. */
  @Test
  void theRestoredReplicaCarriesTheClusterWhenAnotherNodeFails() {
    TestNode first = cluster.nodes().get(0);
    MassLoad.strings("k:", KEYS).sendTo(first);
    TestNode wiped = cluster.nodes().get(1);
    wiped.kill();
    wiped.wipeData();
    wiped.start();
    cluster.awaitReady();

    cluster.nodes().get(2).kill();
    cluster.awaitLeaders();
    assertThat(wiped.call("SET", "after", "v")).isEqualTo("OK");
    assertThat(first.call("GET", "after")).isEqualTo("v");
    assertThat(wiped.call("DBSIZE")).isEqualTo(KEYS + 1L);
  }
}
