package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.Admin;
import io.raftkv.it.cluster.RespError;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Nodes that were killed begin with the metadata that they had on their disks. While they cannot
 * hear of what came after that, they must not bring back what is no more.
 */
class OldMetadataIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /** The first three have the votes of the metadata group. */
  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(4).shards(2).jvm("-Xmx192m");

  private final Admin admin = new Admin(cluster, PATIENCE);

  @Test
  void aShardThatIsNoMoreIsNotBegunAnew() {
    cluster.awaitLeaders();
    Map<String, Object> old =
        admin.list("RAFTKV.SHARD", "LIST").stream()
            .filter(shard -> ((String) shard.get("replicas")).contains("n4"))
            .findFirst()
            .orElseThrow();
    // A majority of those that have the shard, and not of those that vote for the metadata.
    String one =
        Arrays.stream(((String) old.get("replicas")).split(" ", -1))
            .filter(id -> !id.equals("n4"))
            .findFirst()
            .orElseThrow();
    List<TestNode> behind = List.of(cluster.node(one), cluster.node("n4"));
    behind.forEach(TestNode::stop); // with a snapshot of the metadata
    behind.forEach(TestNode::start);
    cluster.awaitReady();
    String slots = (String) old.get("slots");
    String key = keyIn(slots);
    done("RAFTKV.SHARD", "DELETE", (String) old.get("id"), "FORCE", "SYNC");
    done("RAFTKV.SHARD", "CREATE", "s9", "NODES", "n1", "n2", "n3", "SLOTS", slots, "SYNC");
    cluster.await(
        "the slots are served again",
        PATIENCE,
        () -> "OK".equals(cluster.node("n1").call("SET", key, "kept")));

    cluster.nodes().forEach(TestNode::kill);
    behind.forEach(TestNode::start);
    cluster.await(
        "they take commands",
        PATIENCE,
        () -> behind.stream().allMatch(node -> "PONG".equals(node.call("PING"))));
    assertThat(cluster.node("n4").call("SET", key, "lost"))
        .as("nobody is there who may take it")
        .isInstanceOf(RespError.class);

    cluster.nodes().stream().filter(node -> !behind.contains(node)).forEach(TestNode::start);
    cluster.awaitReady();
    for (TestNode node : cluster.nodes()) {
      assertThat(node.call("GET", key)).as("at " + node.id()).isEqualTo("kept");
    }
    cluster.awaitEqualDigests();
  }

  private void done(String... words) {
    assertThat(admin.status(words)).containsEntry("state", "done");
  }

  private String keyIn(String slots) {
    String[] ends = slots.split("-", -1);
    return IntStream.range(0, 1_000)
        .mapToObj(i -> "k" + i)
        .filter(
            key -> {
              long slot = (Long) cluster.node("n1").call("CLUSTER", "KEYSLOT", key);
              return Long.parseLong(ends[0]) <= slot && slot <= Long.parseLong(ends[1]);
            })
        .findFirst()
        .orElseThrow();
  }
}
