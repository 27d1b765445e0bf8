package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.load.Workload;
import java.io.IOException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Shards that stay small are merged, and those that become large are split, while clients go on.
 */
class ShardSizesIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int KEYS = 800;
  private static final int VALUE_BYTES = 10_000;

  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(1)
          .shards(4)
          .flags(
              "--write-buffer", "1mb", // so that what is written soon is in files, where it counts
              "--balance-pause", "100ms",
              "--auto-merge-bytes", "512kb",
              "--auto-merge-ops", "100000",
              "--auto-merge-after", "1s",
              "--auto-split-bytes", "1mb",
              "--auto-split-after", "1s",
              "--auto-split-shards", "5");

  @Test
  void shardsFollowTheSizeOfTheirData() throws IOException {
    ShardView before = cluster.awaitLeaders();
    TestNode node = cluster.nodes().get(0);
    try (RespConnection connection = node.connect(PATIENCE);
        Workload load =
            cluster
                .workload()
                .registers(before.keyInEveryShard("r"))
                .counters(before.keyInEveryShard("c"))
                .mix(Action.SET, Action.GET, Action.GETSET)
                .clients(2)
                .callsPerSecond(100)
                .start()) {
      load.awaitMore(50, PATIENCE);
      assertThat(connection.call("RAFTKV.BALANCE", "ON")).isEqualTo("OK");
      cluster.await("two shards are left", PATIENCE, () -> shards(node) == 2);

      Random random = new Random(cluster.seed());
      byte[] value = new byte[VALUE_BYTES / 2];
      for (int key = 0; key < KEYS; key++) {
        random.nextBytes(value);
        assertThat(connection.call("SET", "large:" + key, hex(value))).isEqualTo("OK");
      }
      cluster.await("they are split", PATIENCE, () -> shards(node) >= 4);
      load.awaitMore(50, PATIENCE);
      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
      for (int key = 0; key < KEYS; key++) {
        assertThat(connection.call("STRLEN", "large:" + key)).isEqualTo((long) VALUE_BYTES);
      }
      assertThat(connection.call("RAFTKV.EVENTS", "1000").toString())
          .containsPattern("merge of s\\d+, s\\d+, s\\d+ by itself: s\\d+ and s\\d+ are small")
          .containsPattern("split of s\\d+, s\\d+ by itself: s\\d+ has \\d+ bytes");
    }
  }

  private int shards(TestNode node) {
    return cluster.shards(node).shardIds().size();
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
