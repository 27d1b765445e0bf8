package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.load.Workload;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The check of {@link PartitionIT}: of a server whose reads are confirmed by Ratis' own
 * linearizable read, which may answer on the word of an earlier round, the same scenario must find
 * a stale read.
 */
class PartitionMutantIT {
  private static final int ROUNDS = 10;

  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(3).shards(2).inNamespaces().flags(PartitionScenario.FLAGS).mutant();

  @BeforeAll
  static void takesMinutes() {
    assumeTrue(TestSize.isFaults(), "only in the profile 'faults'");
  }

  @Test
  void aServerThatServesStaleReadsIsFoundOut() {
    assertThat(cluster.nodes())
        .allSatisfy(node -> assertThat(node.logLines()).contains("reads are confirmed by Ratis"));
    try (PartitionScenario scenario = PartitionScenario.withRegistersOnly(cluster)) {
      for (int round = 1; round <= ROUNDS; round++) {
        scenario.cutOffEachLeader();
        if (isViolated(scenario.load(), round)) {
          return;
        }
      }
      fail("no stale read in " + ROUNDS + " rounds: " + scenario.load().history());
    }
  }

  private static boolean isViolated(Workload load, int round) {
    assertThat(load.unexpectedErrors()).isEmpty();
    try {
      load.assertLinearizable();
      return false;
    } catch (AssertionError violation) {
      System.out.printf("found in round %d of %s%n%s%n", round, load.history(), violation);
      assertThat(violation).hasMessageStartingWith("NOT_LINEARIZABLE");
      return true;
    }
  }
}
