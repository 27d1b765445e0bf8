package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.load.MassLoad;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Bytes of a file have changed while the node was down. That one replica does not start, the log
 * says which file it is and what to do, everything else goes on; and what it says works.
 */
class DamagedFileIT {
  private static final int KEYS = 3_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern ADVICE =
      Pattern.compile(
          "ERROR .*replica stopped shard=(\\S+): .* remove (\\S+) and (\\S+), and start");

  @RegisterExtension static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(2);

  @Test
  void aDamagedTableOfTheStore() {
    TestNode node = loadedAndStopped();
    Path table = DataFiles.largest(node, "/stores/.*\\.sst");
    DataFiles.flip(table, table.toFile().length() - 20); // in the footer
    assertThatOneReplicaIsRefusedAndCanBeRebuilt(node, table.getFileName().toString());
  }

  @Test
  void aDamagedManifestOfTheStore() {
    TestNode node = loadedAndStopped();
    Path manifest = DataFiles.largest(node, "/stores/.*/MANIFEST-\\d+");
    DataFiles.flip(manifest, manifest.toFile().length() / 2);
    assertThatOneReplicaIsRefusedAndCanBeRebuilt(node, manifest.getFileName().toString());
  }

  @Test
  void aDamagedSegmentOfTheLog() {
    TestNode node = loadedAndStopped();
    Path segment = DataFiles.largest(node, "/groups/.*/current/log_.*");
    DataFiles.flip(segment, 1_000);
    assertThatOneReplicaIsRefusedAndCanBeRebuilt(node, segment.toString());
  }

  /** To open the store shows nothing of it. Nobody is answered by that replica any more. */
  @Test
  void aDamagedBlockThatAReadMeets() throws IOException {
    assumeTrue(TestSize.isFaults(), "only in the profile 'faults'");
    TestNode node = loadedAndStopped();
    Path table = DataFiles.largest(node, "/stores/.*\\.sst");
    DataFiles.flip(table, table.toFile().length() / 3);
    int before = node.logLines().size();
    node.start();
    CLUSTER.awaitReady();
    try (RespConnection connection = node.connect()) {
      assertThat(connection.call("RAFTKV.CONSISTENCY", "EVENTUAL")).isEqualTo("OK");
      for (int i = 0; i < KEYS; i++) {
        assertThat(connection.call("GET", "k:" + i)).as("k:%d", i).isEqualTo("v" + i);
      }
    }
    assertThatOneReplicaStopsAndCanBeRebuilt(node, table.getFileName().toString(), before);
  }

  private TestNode loadedAndStopped() {
    MassLoad.strings("k:", KEYS).sendTo(CLUSTER.nodes().get(0));
    CLUSTER.awaitEqualDigests();
    TestNode node = CLUSTER.node("n3");
    node.stop(); // in order: the stores are flushed
    return node;
  }

  private void assertThatOneReplicaIsRefusedAndCanBeRebuilt(TestNode node, String file) {
    int before = node.logLines().size();
    node.start();
    assertThatOneReplicaStopsAndCanBeRebuilt(node, file, before);
  }

  private void assertThatOneReplicaStopsAndCanBeRebuilt(TestNode node, String file, int before) {
    Matcher[] advice = new Matcher[1];
    CLUSTER.await(
        "the refusal of a replica",
        PATIENCE,
        () -> {
          List<String> lines = node.logLines();
          for (String line : lines.subList(before, lines.size())) {
            Matcher matcher = ADVICE.matcher(line);
            if (matcher.find()) {
              advice[0] = matcher;
              return true;
            }
          }
          return false;
        });
    String told = advice[0].group();
    System.out.println(told);
    assertThat(told).contains(file);

    // The rest of the node works, its health tells, and the data is all there.
    CLUSTER.awaitLeaders();
    CLUSTER.await("reads", PATIENCE, () -> node.call("DBSIZE").equals((long) KEYS));
    assertThat(node.isReady()).isFalse();

    node.stop();
    node.delete(Path.of(advice[0].group(2)));
    node.delete(Path.of(advice[0].group(3)));
    node.start();
    CLUSTER.awaitReady();
    CLUSTER.awaitEqualDigests();
  }
}
