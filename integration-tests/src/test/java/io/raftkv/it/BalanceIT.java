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

/** A cluster under load spreads itself over a new node, and heals itself after the loss of one. */
class BalanceIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int SHARDS = 4;

  /** Per client; the machine is to move replicas, too. */
  private static final double CALLS_PER_SECOND = 50;

  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(4)
          .joining(1)
          .shards(SHARDS)
          .flags("--balance-pause", "200ms", "--rebuild-after", "1s");

  @Test
  void newNodeGetsItsShareAndReplicasOfALostOneAreMadeAnew() {
    ShardView shards = cluster.awaitLeaders();
    try (Workload load =
        cluster
            .workload()
            .registers(shards.keyInEveryShard("r"))
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .clients(4)
            .callsPerSecond(CALLS_PER_SECOND)
            .start()) {
      load.awaitMore(100, PATIENCE);
      cluster.node("n4").start();
      cluster.await("n4 is online", PATIENCE, () -> "online".equals(status("n4").get("state")));
      assertThat(shardsOf("n4")).as("nothing moves until somebody wants it").isZero();
      assertThat(list(map(ask("RAFTKV.BALANCE", "DRY-RUN")).get("moves"))).hasSize(3 + 1);

      assertThat(ask("RAFTKV.BALANCE", "ON")).isEqualTo("OK");
      cluster.await("all is balanced", PATIENCE, () -> "all is balanced".equals(next()));
      for (TestNode node : cluster.nodes()) {
        assertThat(shardsOf(node.id())).as(node.id()).isEqualTo(3);
        assertThat(list(status(node.id()).get("preferred-leader-of"))).as(node.id()).hasSize(1);
      }
      cluster.await("n4 leads", PATIENCE, () -> list(status("n4").get("leads")).size() == 1);
      load.awaitMore(100, PATIENCE);

      if (TestSize.isFaults()) {
        loseAndRegainANode(load);
      }
      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
    }
    cluster.awaitEqualDigests();
    assertThat(list(map(ask("RAFTKV.BALANCE", "STATUS")).get("last-actions")))
        .isNotEmpty()
        .allMatch(action -> ((String) action).contains(", done: "));
    assertThat(ask("RAFTKV.EVENTS", "1000").toString())
        .contains("balancing repair to on")
        .containsPattern("migrate of s\\d by itself: n\\d has 4 replicas");
  }

  /** It takes fifteen seconds until it counts as lost. */
  private void loseAndRegainANode(Workload load) {
    cluster.node("n3").kill();
    cluster.await("n3 has nothing", PATIENCE, () -> shardsOf("n3") == 0);
    for (String id : List.of("n1", "n2", "n4")) {
      assertThat(shardsOf(id)).as(id).isEqualTo(SHARDS);
    }
    load.awaitMore(100, PATIENCE);
    assertThat(ask("RAFTKV.BALANCE", "OFF")).isEqualTo("OK");
    long removed = removals("n3");
    cluster.node("n3").start();
    cluster.await("n3 is online", PATIENCE, () -> "online".equals(status("n3").get("state")));
    cluster.await("n3 has dropped what it had", PATIENCE, () -> removals("n3") == removed + 3);
    assertThat(shardsOf("n3")).as("it is off").isZero();
    load.awaitMore(100, PATIENCE);
    assertThat(ask("RAFTKV.EVENTS", "1000").toString()).contains("node n3 is offline");

    assertThat(ask("RAFTKV.BALANCE", "ON")).isEqualTo("OK");
    cluster.await("n3 has its share again", PATIENCE, () -> "all is balanced".equals(next()));
    assertThat(shardsOf("n3")).isEqualTo(3);
  }

  private long removals(String node) {
    return cluster.node(node).logLines().stream()
        .filter(line -> line.contains("replica removed"))
        .count();
  }

  private static List<?> list(Object reply) {
    return (List<?>) reply;
  }

  private String next() {
    return (String) map(ask("RAFTKV.BALANCE", "STATUS")).get("next");
  }

  private int shardsOf(String node) {
    int replicas = 0;
    for (Object one : list(ask("RAFTKV.NODE", "LIST"))) {
      Map<String, Object> known = map(one);
      if (node.equals(known.get("id"))) {
        replicas = ((Number) known.get("replicas")).intValue();
      }
    }
    return replicas;
  }

  private Map<String, Object> status(String node) {
    return map(ask("RAFTKV.NODE", "STATUS", node));
  }

  /** Asks a founder that lives, and not always the leader of the metadata. */
  private Object ask(String... words) {
    try (RespConnection connection = cluster.node("n2").connect(PATIENCE)) {
      return connection.call(words);
    } catch (IOException lost) {
      throw new UncheckedIOException(lost);
    }
  }

  private static Map<String, Object> map(Object reply) {
    Map<String, Object> map = new HashMap<>();
    List<?> items = list(reply);
    for (int i = 0; i < items.size(); i += 2) {
      map.put((String) items.get(i), items.get(i + 1));
    }
    return map;
  }
}
