package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.cluster.TestCluster;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The scenario of {@link PartitionIT} with election timeouts as shipped: how long a shard is away.
 */
class PartitionTimeoutsIT {
  /** By default a command may take as long, retries included. */
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(5);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(3).shards(2).inNamespaces();

  @BeforeAll
  static void onlyWithTheOtherLongOnes() {
    assumeTrue(TestSize.isFaults(), "only in the profile 'faults'");
  }

  @Test
  void aShardIsBackBeforeItsClientsGiveUp() {
    try (PartitionScenario scenario = PartitionScenario.withCounters(cluster)) {
      assertThat(scenario.cutOffEachLeader()).allMatch(gap -> gap.compareTo(REQUEST_TIMEOUT) < 0);
      scenario.end().assertLinearizable();
    }
    cluster.awaitEqualDigests();
  }
}
