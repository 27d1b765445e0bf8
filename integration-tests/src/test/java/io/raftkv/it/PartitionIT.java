package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.history.Outcome;
import io.raftkv.it.load.Workload;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The leader of each shard in turn is cut off from the other nodes while its clients stay connected
 * to it: the moment in which a store that trusts its own leadership serves stale reads. That the
 * test would see them is the business of {@link PartitionMutantIT}.
 */
class PartitionIT {
  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(3).shards(2).inNamespaces().flags(PartitionScenario.FLAGS);

  @Test
  void leadersCutOffFromTheirPeersServeNoStaleReads() {
    try (PartitionScenario scenario = PartitionScenario.withCounters(cluster)) {
      for (int round = 0; round < TestSize.of(1, 5); round++) {
        scenario.cutOffEachLeader();
      }
      Workload load = scenario.end();
      System.out.println(load.history());
      load.assertLinearizable();
      assertThat(load.history().count(Outcome.OK)).isGreaterThan(1_000);
    }
    cluster.awaitEqualDigests();
  }
}
