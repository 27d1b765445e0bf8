package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.RespError;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The nodes of a new cluster start one after the other: it is formed once, by a majority. */
class StartOrderIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(3).shards(2).startedByTest();

  /** With a restart in the middle of it, when the cluster may or may not have been formed. */
  @Test
  void theLastNodeFirst() throws IOException {
    startAlone("n3");
    cluster.node("n2").start();
    awaitLine("n2", "started: node n2");
    cluster.node("n3").restart();
    awaitReady("n3", "n2"); // a majority
    assertThat(cluster.node("n3").call("SET", "early", "v")).isEqualTo("OK");
    cluster.node("n1").start();
    assertThatOneClusterWasFormed();
    assertThat(cluster.node("n1").call("GET", "early")).isEqualTo("v");
  }

  /** Each is killed once: while it waits for others, and while others wait for it. */
  @Test
  void restartsOfEachNode() throws IOException {
    assumeTrue(TestSize.isFaults(), "only in the profile 'faults'");
    startAlone("n2");
    cluster.node("n2").restart();
    cluster.node("n1").start();
    awaitReady("n2", "n1");
    cluster.node("n1").restart();
    cluster.node("n3").start();
    awaitLine("n3", "started: node n3");
    cluster.node("n3").restart();
    assertThatOneClusterWasFormed();
  }

  /** One of three is no majority: it listens, and says that there is no cluster yet. */
  private void startAlone(String id) {
    TestNode node = cluster.node(id);
    node.start();
    awaitLine(id, "started: node " + id);
    assertThat(node.call("GET", "early"))
        .isInstanceOfSatisfying(
            RespError.class, error -> assertThat(error.code()).isEqualTo("CLUSTERDOWN"));
    assertThat(node.isReady()).isFalse();
  }

  private void assertThatOneClusterWasFormed() throws IOException {
    cluster.awaitReady();
    awaitPreferredLeaders();
    Set<Object> ids = new HashSet<>();
    Set<Object> shards = new HashSet<>();
    for (TestNode node : cluster.nodes()) {
      try (RespConnection connection = node.connect()) {
        assertThat(connection.call("HELLO", "3")).isInstanceOf(Map.class);
        Map<?, ?> status = (Map<?, ?>) connection.call("RAFTKV.CLUSTER", "STATUS");
        ids.add(status.get("cluster"));
        assertThat(status.get("state")).isEqualTo("online");
        shards.add(idsOf((List<?>) connection.call("RAFTKV.SHARD", "LIST")));
        assertThat(String.valueOf(connection.call("CLUSTER", "INFO")))
            .contains("cluster_state:ok", "cluster_known_nodes:3");
        List<?> formed =
            ((List<?>) connection.call("RAFTKV.EVENTS", "1000"))
                .stream()
                    .map(event -> (Map<?, ?>) event)
                    .filter(event -> "cluster-bootstrapped".equals(event.get("kind")))
                    .map(event -> event.get("subject"))
                    .toList();
        assertThat(formed).as("clusters formed, as %s knows", node.id()).hasSize(1);
        ids.addAll(formed);
      }
    }
    assertThat(ids).as("ids of the cluster, of all nodes").hasSize(1);
    assertThat(String.valueOf(ids.iterator().next())).isNotBlank();
    assertThat(shards).as("shards, of all nodes").containsExactly(List.of("s1", "s2"));
    cluster.awaitEqualDigests();
  }

  /**
   * Every node knows that each shard is led by its preferred node: while it is handed over, to one
   * that has just come, nobody is known to lead it.
   */
  private void awaitPreferredLeaders() {
    for (TestNode node : cluster.nodes()) {
      cluster.await(
          node.id() + " knows that the preferred nodes lead",
          PATIENCE,
          () -> {
            String shards = String.valueOf(node.call("RAFTKV.SHARD", "LIST"));
            return shards.contains("leader, n1") && shards.contains("leader, n2");
          });
    }
  }

  private static List<?> idsOf(List<?> shards) {
    return shards.stream().map(shard -> ((Map<?, ?>) shard).get("id")).toList();
  }

  private void awaitReady(String... ids) {
    for (String id : ids) {
      cluster.await(id + " ready", PATIENCE, () -> cluster.node(id).isReady());
    }
  }

  private void awaitLine(String id, String part) {
    cluster.await(
        part,
        PATIENCE,
        () -> cluster.node(id).logLines().stream().anyMatch(line -> line.contains(part)));
  }
}
