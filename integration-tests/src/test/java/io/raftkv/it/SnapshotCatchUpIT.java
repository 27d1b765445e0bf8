package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.load.MassLoad;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A node that lost its disk gets everything back from the others. Their logs do not reach back to
 * the beginning any more: without a snapshot of each shard it would never be whole.
 */
class SnapshotCatchUpIT {
  private static final int SHARDS = 2;
  private static final int SMALL_KEYS = 5_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** In each shard more than two files of the log, which take 6 MB each. */
  private static final int LARGE_KEYS = 3_000;

  private static final String PADDING = "x".repeat(10_000);

  @RegisterExtension
  static final TestCluster CLUSTER =
      TestCluster.ofNodes(3)
          .shards(SHARDS)
          .flags("--snapshot-entries", "20", "--snapshot-log-bytes", "6mb")
          .flags("--log-segment-bytes", "6mb")
          .flags("--max-value-bytes", "1mb", "--batch-bytes", "64kb");

  @BeforeEach
  void begin() {
    CLUSTER.nodes().stream().filter(node -> !node.isAlive()).forEach(TestNode::start);
    CLUSTER.awaitReady();
    assertThat(CLUSTER.nodes().get(0).call("FLUSHALL")).isEqualTo("OK");
  }

  @Test
  void aWipedNodeCatchesUpFromASnapshot() {
    TestNode wiped = CLUSTER.node("n3");
    MassLoad.strings("before:", SMALL_KEYS).sendTo(CLUSTER.node("n1"));
    wipeAndRefill(wiped);
    assertThat(wiped.call("DBSIZE")).isEqualTo((long) SMALL_KEYS + LARGE_KEYS);
    assertThat(wiped.call("GET", "before:" + (SMALL_KEYS - 1))).isEqualTo("v" + (SMALL_KEYS - 1));
    assertThat(wiped.call("GET", "during:" + (LARGE_KEYS - 1))).isEqualTo(LARGE_KEYS - 1 + PADDING);
    assertThat(wiped.call("SET", "after", "v")).isEqualTo("OK");
    CLUSTER.awaitEqualDigests();
  }

  /** The node that caught up counts as a replica: with it, another one may fail. */
  @Test
  void theRestoredReplicaCarriesTheClusterWhenAnotherNodeFails() {
    TestNode wiped = CLUSTER.node("n2");
    wipeAndRefill(wiped);
    CLUSTER.node("n3").kill();
    CLUSTER.awaitLeaders();
    assertThat(wiped.call("SET", "after", "v")).isEqualTo("OK");
    assertThat(CLUSTER.node("n1").call("GET", "after")).isEqualTo("v");
    assertThat(wiped.call("DBSIZE")).isEqualTo(LARGE_KEYS + 1L);
  }

  /** The node loses its disk, and while it is away the others purge what it would need. */
  private static void wipeAndRefill(TestNode node) {
    ShardView shards = CLUSTER.awaitLeaders();
    List<TestNode> others = CLUSTER.nodes().stream().filter(n -> !n.equals(node)).toList();
    node.kill();
    node.wipeData();
    MassLoad.of(LARGE_KEYS, i -> new String[] {"SET", "during:" + i, i + PADDING})
        .sendTo(others.get(0));
    for (TestNode other : others) {
      CLUSTER.await(
          "a purge of all shards' logs at " + other.id(),
          PATIENCE,
          () -> purgedLogs(other) == SHARDS);
    }

    int before = node.logLines().size();
    node.start();
    CLUSTER.awaitReady();
    List<String> lines = node.logLines();
    for (String shard : shards.shardIds()) {
      assertThat(lines.subList(before, lines.size()))
          .as("log of %s since its start", node.id())
          .anyMatch(line -> line.contains("snapshot installed shard=" + shard + " "));
    }
    CLUSTER.awaitEqualDigests();
  }

  /** How many groups have no first entry in their logs any more. */
  private static long purgedLogs(TestNode node) {
    try (Stream<Path> groups = Files.list(node.dataDirectory().resolve("raft/groups"))) {
      return groups.filter(group -> !reachesBack(group.resolve("current"))).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean reachesBack(Path log) {
    try (Stream<Path> files = Files.list(log)) {
      return files.anyMatch(
          file -> file.getFileName().toString().matches("log_(inprogress_0|0-.*)"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
