package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A node of another cluster is where a member of a group was. */
@Execution(ExecutionMode.CONCURRENT)
class OtherClusterTest {
  private static final long MANY = 1_000_000;

  @TempDir Path directory;

  @Test
  void nodeOfAnotherClusterIsNotFilled() {
    try (TestCluster cluster = TestCluster.start(directory, 3, MANY)) {
      cluster.write(1);
      cluster.awaitEqual();
      TestCluster.Node leader = cluster.leader();
      TestCluster.Node stranger = cluster.followers().get(0);
      TestCluster.Node other = cluster.followers().get(1);
      stranger.cluster("c-2");
      long before = stranger.replica().logEnd().index();
      cluster.write(2, 3, 4);
      assertThat(stranger.replica().logEnd().index()).isEqualTo(before);
      leader.crash();
      stranger.cluster("c-1"); // whose vote is needed now
      assertThat(cluster.leader()).isSameAs(other);
      cluster.awaitEqual();
    }
  }
}
