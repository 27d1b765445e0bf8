package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.RespError;
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
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A node joins, an older one is drained and removed, and so on, while clients write and read: one
 * of three machines is replaced, in the profile {@code faults} all of them, with crashes in
 * between.
 */
class MachinesAreReplacedIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int REPLACED = TestSize.of(1, 3);
  private static final int END_OF_REMOVED = 4;
  private static final int END_OF_REFUSED = 1;

  @RegisterExtension
  final TestCluster cluster = TestCluster.ofNodes(3 + REPLACED).joining(REPLACED).shards(2);

  @Test
  void machinesAreReplacedWhileClientsWriteAndRead() {
    ShardView shards = cluster.awaitLeaders();
    try (Workload load =
        cluster
            .workloadOn(cluster.nodes())
            .registers(shards.keyInEveryShard("r"))
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .start()) {
      load.awaitMore(200, PATIENCE);
      for (int i = 1; i <= REPLACED; i++) {
        replace("n" + i, "n" + (i + 3), i == 1 ? "n1" : "n" + (i + 2));
        load.awaitMore(200, PATIENCE);
      }
      for (int i = 1; i <= REPLACED; i++) {
        String id = "n" + i;
        cluster.node(id).wipeData();
        cluster.joinsBy(id, "n4");
        cluster.node(id).start();
        cluster.await(id + " has joined again", PATIENCE, () -> is(id, "online"));
      }
      load.awaitMore(200, PATIENCE);
      assertThat(ask("RAFTKV.NODE", "DRAIN", "n1", "SYNC")).isInstanceOf(List.class);
      assertThat(ask("RAFTKV.NODE", "RESUME", "n1")).isEqualTo("OK");

      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
    }
    cluster.awaitEqualDigests();
  }

  private void replace(String old, String next, String seed) {
    cluster.joinsBy(next, seed);
    cluster.node(next).start();
    cluster.await(next + " is online", PATIENCE, () -> is(next, "online"));

    assertThat(((RespError) ask("RAFTKV.NODE", "REMOVE", old)).text())
        .contains("RAFTKV.NODE DRAIN " + old);
    String drain = (String) ask("RAFTKV.NODE", "DRAIN", old);
    if (TestSize.isFaults()) {
      crashTheLeader(old);
    }
    cluster.await(old + " is drained", PATIENCE, () -> "done".equals(job(drain).get("state")));
    cluster.await(next + " votes in its place", PATIENCE, () -> votes(next) && !votes(old));

    String remove = (String) ask("RAFTKV.NODE", "REMOVE", old);
    if (TestSize.isFaults()) {
      crashTheLeader(old);
    }
    cluster.await(old + " is removed", PATIENCE, () -> "done".equals(job(remove).get("state")));
    TestNode gone = cluster.node(old);
    assertThat(gone.awaitEnd(PATIENCE)).isEqualTo(END_OF_REMOVED);
    assertThat(gone.logLines()).anyMatch(line -> line.contains("was removed from cluster"));
    assertThat(ask("RAFTKV.NODE", "REMOVE", old)).as("it was removed before").isEqualTo("OK");
    gone.start();
    assertThat(gone.awaitEnd(PATIENCE)).as("with its old data").isEqualTo(END_OF_REFUSED);
    assertThat(gone.logLines()).anyMatch(line -> line.contains("needs an empty --data-dir"));
  }

  /** Of the metadata group, unless that is the one that goes: it must live to be emptied. */
  private void crashTheLeader(String except) {
    cluster.await("the metadata has a leader", PATIENCE, () -> metadataLeader() != null);
    TestNode leader = cluster.node(metadataLeader());
    if (!leader.id().equals(except)) {
      leader.restart();
      cluster.await(leader.id() + " is back", PATIENCE, leader::isReady);
    }
  }

  private String metadataLeader() {
    return (String) map(ask("RAFTKV.CLUSTER", "STATUS")).get("metadata-leader");
  }

  private boolean votes(String node) {
    return List.of(
            ((String) map(ask("RAFTKV.CLUSTER", "STATUS")).get("metadata-voters")).split(" "))
        .contains(node);
  }

  private boolean is(String node, String state) {
    return state.equals(map(ask("RAFTKV.NODE", "STATUS", node)).get("state"));
  }

  private Map<String, Object> job(String id) {
    return map(ask("RAFTKV.JOB", "STATUS", id));
  }

  /** Asks a node that lives and is in no danger: the last one that does. */
  private Object ask(String... words) {
    TestNode node =
        cluster.nodes().stream()
            .filter(one -> one.isAlive() && one.isReady())
            .reduce((first, second) -> second)
            .orElseThrow();
    try (RespConnection connection = node.connect(PATIENCE)) {
      return Objects.requireNonNull(connection.call(words));
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
