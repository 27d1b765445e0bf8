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
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The three machines that a cluster began with are replaced one by one, under load. */
class MachinesAreReplacedIT {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final int REMOVED_EXIT_CODE = 4;

  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(6).joining(3).shards(TestSize.of(1, 3)).jvm("-Xmx192m");

  @Test
  void threeMachinesAreReplacedOneByOneWhileClientsWriteAndRead() {
    ShardView shards = cluster.awaitLeaders();
    try (Workload load =
        Workload.on(cluster.nodes().stream().map(TestNode::address).toList())
            .seed(cluster.seed())
            .keepHistoryIn(cluster.directory())
            .registers(shards.keyInEveryShard("r"))
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .callsPerSecond(100)
            .start()) {
      load.awaitMore(50, PATIENCE);
      List<TestNode> joiners = cluster.nodes().subList(3, 6);
      joiners.forEach(TestNode::start);
      joiners.forEach(node -> awaitState(node.id(), "online"));
      assertThat(voters()).containsExactly("n1", "n2", "n3");

      replace("n1", load);
      cluster.node("n1").wipeData(); // with which it forgets that it was removed
      cluster.node("n1").start();
      assertThat(map(ask("RAFTKV.NODE", "REPLACE", "n2", "WITH", "n5", "SYNC")))
          .containsEntry("state", "done");
      assertThat(cluster.node("n2").awaitEnd(PATIENCE)).isEqualTo(REMOVED_EXIT_CODE);
      assertThat(cluster.node("n1").awaitEnd(PATIENCE)).isEqualTo(REMOVED_EXIT_CODE);
      awaitVoters("n5", true);
      if (TestSize.isFaults()) {
        replaceTheLost("n3", load);
      } else {
        drain("n3");
      }
      awaitVoters("n6", true);
      assertThat(voters()).containsExactly("n4", "n5", "n6");

      // One that is down when it is removed comes back with its data and its flags, and is told.
      TestNode last = cluster.node("n3");
      if (!TestSize.isFaults()) {
        last.kill();
        assertThat(map(ask("RAFTKV.NODE", "REMOVE", "n3", "FORCE", "SYNC")))
            .containsEntry("state", "done");
      }
      last.start();
      // None of those is left by whom it joined.
      cluster.node("n4").restart();
      assertThat(last.awaitEnd(PATIENCE)).isEqualTo(REMOVED_EXIT_CODE);
      cluster.await("n4 is ready", PATIENCE, cluster.node("n4")::isReady);
      load.awaitMore(100, PATIENCE);
      assertThat(voters()).containsExactly("n4", "n5", "n6").contains(metadataLeader());
      load.stop();
      load.readBack(joiners.stream().map(TestNode::address).toList());
      System.out.println(load.history());
      load.assertLinearizable();
    }
    cluster.awaitEqualDigests(cluster.nodes().subList(3, 6));
  }

  private void drain(String node) {
    assertThat(map(ask("RAFTKV.NODE", "DRAIN", node, "SYNC"))).containsEntry("state", "done");
    awaitVoters(node, false);
  }

  /** The note of it follows the change. */
  private void awaitVoters(String node, boolean votes) {
    cluster.await(
        node + (votes ? " votes" : " votes no more"),
        PATIENCE,
        () -> voters().size() == 3 && voters().contains(node) == votes);
  }

  private void replace(String node, Workload load) {
    drain(node);
    if (TestSize.isFaults()) {
      TestNode leader = cluster.node(metadataLeader());
      leader.restart(); // whatever it was about to do
      cluster.await(leader.id() + " is ready", PATIENCE, leader::isReady);
    }
    assertThat(map(ask("RAFTKV.NODE", "REMOVE", node, "SYNC"))).containsEntry("state", "done");
    assertThat(cluster.node(node).awaitEnd(PATIENCE)).isEqualTo(REMOVED_EXIT_CODE);
    awaitState(node, "removed");
    load.awaitMore(TestSize.of(20, 200), PATIENCE);
  }

  /** It votes when it is killed, and comes back with what it had then. */
  private void replaceTheLost(String node, Workload load) {
    cluster.node(node).kill();
    awaitState(node, "offline");
    cluster.await(
        "the vote of the lost node was given to another one",
        PATIENCE,
        () -> !voters().contains(node));
    assertThat(map(ask("RAFTKV.NODE", "DRAIN", node, "SYNC"))).containsEntry("state", "done");
    assertThat(map(ask("RAFTKV.NODE", "REMOVE", node, "FORCE", "SYNC")))
        .containsEntry("state", "done");
    load.awaitMore(200, PATIENCE);
  }

  private void awaitState(String node, String state) {
    cluster.await(
        node + " is " + state,
        PATIENCE,
        () -> state.equals(map(ask("RAFTKV.NODE", "STATUS", node)).get("state")));
  }

  /** As noted by the cluster. */
  private Set<String> voters() {
    String voters = (String) map(ask("RAFTKV.CLUSTER", "STATUS")).get("metadata-voters");
    return new TreeSet<>(List.of(voters.split(" ")));
  }

  private String metadataLeader() {
    String[] leader = new String[1];
    cluster.await(
        "the metadata has a leader",
        PATIENCE,
        () -> {
          leader[0] = (String) map(ask("RAFTKV.CLUSTER", "STATUS")).get("metadata-leader");
          return leader[0] != null;
        });
    return leader[0];
  }

  /** Asks the newest node that is there; on a slow machine none may be ready for a moment. */
  private Object ask(String... words) {
    TestNode[] asked = new TestNode[1];
    cluster.await(
        "a node is ready",
        PATIENCE,
        () -> {
          for (TestNode node : cluster.nodes()) {
            asked[0] = node.isReady() ? node : asked[0];
          }
          return asked[0] != null;
        });
    try (RespConnection connection = asked[0].connect(PATIENCE)) {
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
