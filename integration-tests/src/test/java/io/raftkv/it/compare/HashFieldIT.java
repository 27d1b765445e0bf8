package io.raftkv.it.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.TestSize;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.TestCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Fields of hashes that expire, which Debian's Redis does not know yet: random commands through all
 * nodes, fields die of time meanwhile, by reads, writes and the sweep, and all replicas hold the
 * same bytes. What the commands answer is the business of unit tests.
 */
class HashFieldIT {
  private static final int COMMANDS = TestSize.of(1_500, 50_000);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<String> SECONDS = List.of("1", "1", "2", "100");
  private static final List<String> MILLIS = List.of("1", "20", "20", "150", "100000");

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(3).shards(3);

  @Test
  void replicasAgreeOnFieldsThatDie() throws IOException {
    Random random = new Random(cluster.seed());
    int errors = 0;
    List<RespConnection> nodes = new ArrayList<>();
    try {
      for (var node : cluster.nodes()) {
        nodes.add(node.connect());
      }
      for (int i = 0; i < COMMANDS; i++) {
        RespConnection node = nodes.get(random.nextInt(nodes.size()));
        node.send(command(random));
        node.flush();
        errors += node.readRaw().isError() ? 1 : 0;
      }
      assertThat(errors).as("most commands must do something").isLessThan(COMMANDS / 4);
      cluster.awaitEqualDigests();
      for (int key = 0; key < 8; key++) {
        String hash = "h" + key;
        RespConnection first = nodes.get(0);
        first.call("HPEXPIRE", hash, "1", "FIELDS", "4", "f0", "f1", "f2", "f3");
        cluster.await(
            "dead fields",
            PATIENCE,
            () ->
                nodes.stream()
                    .allMatch(
                        node ->
                            List.of(0L, 0L, 0L, 0L)
                                .equals(
                                    List.of(
                                        exists(node, hash, "f0"),
                                        exists(node, hash, "f1"),
                                        exists(node, hash, "f2"),
                                        exists(node, hash, "f3")))));
      }
    } finally {
      for (RespConnection node : nodes) {
        node.close();
      }
    }
    cluster.awaitEqualDigests();
  }

  private static Object exists(RespConnection node, String hash, String field) {
    try {
      return node.call("HEXISTS", hash, field);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String[] command(Random random) {
    String key = "h" + random.nextInt(8);
    String field = "f" + random.nextInt(12);
    String other = "f" + random.nextInt(200); // enough of them for rows of their own
    String value = "v" + random.nextInt(1_000);
    String seconds = SECONDS.get(random.nextInt(SECONDS.size()));
    String millis = MILLIS.get(random.nextInt(MILLIS.size()));
    return switch (random.nextInt(16)) {
      case 0, 1, 2, 3 -> new String[] {"HSET", key, field, value, other, value};
      case 4 -> new String[] {"HEXPIRE", key, seconds, "FIELDS", "2", field, other};
      case 5, 6 -> new String[] {"HPEXPIRE", key, millis, "FIELDS", "1", field};
      case 7 -> new String[] {"HPEXPIRE", key, millis, "GT", "FIELDS", "1", other};
      case 8 -> new String[] {"HPERSIST", key, "FIELDS", "2", field, other};
      case 9 -> new String[] {"HSETEX", key, "FNX", "PX", millis, "FIELDS", "1", other, value};
      case 10 -> new String[] {"HSETEX", key, "PX", millis, "FIELDS", "1", field, value};
      case 11 -> new String[] {"HGETEX", key, "PX", millis, "FIELDS", "1", field};
      case 12 -> new String[] {"HGETDEL", key, "FIELDS", "2", field, other};
      case 13 -> new String[] {"HINCRBY", key, "n" + field, "1"};
      case 14 -> new String[] {"HTTL", key, "FIELDS", "1", field};
      default ->
          random.nextInt(10) == 0
              ? new String[] {"DEL", key}
              : new String[] {"HDEL", key, field, other};
    };
  }
}
