package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.load.Workload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A cluster under load gets another node, which takes replicas, through crashes. */
class NodesComeAndGoIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(4).joining(1).shards(2);

  @Test
  void nodeJoinsWhileClientsWriteAndReadAndTheMetadataLeaderIsKilled() {
    ShardView shards = cluster.awaitLeaders();
    TestNode joiner = cluster.node("n4");
    try (Workload load =
        cluster
            .workload()
            .registers(shards.keyInEveryShard("r"))
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .start()) {
      load.awaitMore(200, PATIENCE);

      // Whoever had admitted the new node dies before, while or after it lets it in.
      joiner.start();
      cluster.await("the new node is known", PATIENCE, () -> nodes().containsKey("n4"));
      cluster.await("the metadata has a leader", PATIENCE, () -> metadataLeader() != null);
      TestNode leader = cluster.node(metadataLeader());
      leader.kill();
      cluster.await("the new node is online", PATIENCE, () -> isOnline("n4"));
      leader.start();
      cluster.awaitReady();
      for (TestNode node : cluster.nodes()) {
        cluster.await(
            node.id() + " knows the new node",
            PATIENCE,
            () -> "online".equals(stateOf(node.call("RAFTKV.NODE", "STATUS", "n4"))));
      }
      load.awaitMore(200, PATIENCE);

      assertThat(map(ask("RAFTKV.SHARD", "MIGRATE", "s1", "FROM", "n1", "TO", "n4", "SYNC")))
          .containsEntry("state", "done");
      assertThat(map(ask("RAFTKV.SHARD", "TRANSFER-LEADER", "s1", "TO", "n4", "SYNC")))
          .containsEntry("state", "done");
      load.awaitMore(200, PATIENCE);

      // It finds the others by what it knows itself, and they find it by what they know.
      joiner.restart();
      TestNode founder = cluster.node("n2");
      founder.restart();
      cluster.awaitReady();
      load.awaitMore(200, PATIENCE);
      assertThat(joiner.call("SET", "by-the-new-node", "1")).isEqualTo("OK");
      assertThat(founder.call("GET", "by-the-new-node")).isEqualTo("1");

      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
    }
    cluster.awaitEqualDigests();

    // Emptied and removed it ends by itself, and does not come back with what it has.
    assertThat(map(ask("RAFTKV.NODE", "DRAIN", "n4", "SYNC"))).containsEntry("state", "done");
    assertThat(map(ask("RAFTKV.NODE", "REMOVE", "n4", "SYNC"))).containsEntry("state", "done");
    assertThat(joiner.awaitEnd(PATIENCE)).isEqualTo(REMOVED_EXIT_CODE);
    assertThat(nodes()).containsEntry("n4", "removed");
    assertThat(ask("GET", "by-the-new-node")).isEqualTo("1");
  }

  private static final String LEADER = "metadata-leader";
  private static final int REMOVED_EXIT_CODE = 4;

  private String metadataLeader() {
    return (String) map(ask("RAFTKV.CLUSTER", "STATUS")).get(LEADER);
  }

  private boolean isOnline(String node) {
    return "online".equals(nodes().get(node));
  }

  /** States by id. */
  private Map<String, Object> nodes() {
    Map<String, Object> states = new HashMap<>();
    for (Object node : (List<?>) ask("RAFTKV.NODE", "LIST")) {
      states.put((String) map(node).get("id"), stateOf(node));
    }
    return states;
  }

  private static Object stateOf(Object node) {
    return map(node).get("state");
  }

  /** Asks any founder that lives. */
  private Object ask(String... words) {
    TestNode node = cluster.founders().stream().filter(TestNode::isAlive).findFirst().orElseThrow();
    try (RespConnection connection = node.connect(PATIENCE)) {
      return connection.call(words);
    } catch (IOException lost) {
      throw new UncheckedIOException(lost);
    }
  }

  private static Map<String, Object> map(Object reply) {
    Map<String, Object> map = new HashMap<>();
    List<?> items = (List<?>) reply;
    for (int i = 0; i < items.size(); i += 2) {
      map.put((String) items.get(i), items.get(i + 1));
    }
    return map;
  }
}
