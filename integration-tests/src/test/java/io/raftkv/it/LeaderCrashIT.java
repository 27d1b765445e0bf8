package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.load.Workload;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The leader of every shard is killed in turn, under load, and comes back. */
class LeaderCrashIT {
  private static final int SHARDS = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(3).shards(SHARDS);

  /** What was answered is there, once; what was cut off may be there, but at most once. */
  @Test
  void historiesStayLinearizableWhileLeadersAreKilled() {
    ShardView shards = cluster.awaitLeaders();
    List<String> registers = shards.keyInEveryShard("r");
    List<String> counters = shards.keyInEveryShard("c");
    try (Workload load =
        cluster
            .workload()
            .registers(registers)
            .counters(counters)
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .start()) {
      load.awaitMore(300, PATIENCE);
      for (int round = 0; round < TestSize.of(1, 5); round++) {
        for (String key : registers) {
          killAndRestartLeaderOf(key, load);
        }
      }
      load.stop();
      cluster.awaitReady();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
      assertThat(load.history().size()).isGreaterThan(1_000);
    }
    cluster.awaitEqualDigests();
  }

  private void killAndRestartLeaderOf(String key, Workload load) {
    TestNode leader = cluster.awaitLeader(key);
    long killed = System.nanoTime();
    leader.kill();
    load.awaitMore(400, PATIENCE);
    cluster.awaitLeader(key);
    load.awaitMore(200, PATIENCE);
    Duration gap =
        load.history()
            .longestGap(
                op -> op.key().equals(key) && !op.action().isRead(), killed, System.nanoTime());
    System.out.printf(
        "killed %s, leader for %s: no write acknowledged for %d ms%n",
        leader.id(), key, gap.toMillis());
    leader.start();
    cluster.awaitReady();
    load.awaitMore(200, PATIENCE);
  }
}
