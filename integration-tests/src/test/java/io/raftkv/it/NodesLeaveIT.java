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

/** Nodes of a cluster under load are emptied. */
class NodesLeaveIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(4).joining(1).shards(2);

  @Test
  void nodesAreEmptiedAsFarAsThereIsRoomWhileClientsWriteAndRead() {
    ShardView shards = cluster.awaitLeaders();
    try (Workload load =
        cluster
            .workload()
            .registers(shards.keyInEveryShard("r"))
            .counters(shards.keyInEveryShard("c"))
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .start()) {
      cluster.node("n4").start();
      cluster.await("n4 is online", PATIENCE, () -> "online".equals(status("n4").get("state")));
      load.awaitMore(200, PATIENCE);

      assertThat(map(ask("RAFTKV.NODE", "DRAIN", "n1", "SYNC"))).containsEntry("state", "done");
      assertThat(status("n1"))
          .containsEntry("state", "draining")
          .containsEntry("leads", List.of())
          .containsEntry("follows", List.of());
      load.awaitMore(200, PATIENCE);

      // There is no fourth node that is to have anything: the job says so, and can be undone.
      String job = (String) ask("RAFTKV.NODE", "DRAIN", "n2");
      cluster.await(
          "the job says why it waits",
          PATIENCE,
          () -> note(job).contains("no node can take a replica of shard s1: n1 is draining"));
      cluster.await(
          "n2 leads nothing", PATIENCE, () -> List.of().equals(status("n2").get("leads")));
      assertThat(ask("RAFTKV.NODE", "RESUME", "n2")).isEqualTo("OK");
      assertThat(map(ask("RAFTKV.JOB", "WAIT", job))).containsEntry("state", "cancelled");
      assertThat(status("n2")).containsEntry("state", "online").containsEntry("draining", "no");

      assertThat(ask("RAFTKV.NODE", "RESUME", "n1")).isEqualTo("OK");
      if (TestSize.isFaults()) {
        emptyALostNode(load);
      }

      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
    }
    cluster.awaitEqualDigests();
  }

  /** It takes fifteen seconds until it counts as lost. */
  private void emptyALostNode(Workload load) {
    cluster.node("n3").kill();
    assertThat(map(ask("RAFTKV.NODE", "DRAIN", "n3", "SYNC"))).containsEntry("state", "done");
    assertThat(status("n3")).containsEntry("state", "offline").containsEntry("draining", "yes");
    load.awaitMore(200, PATIENCE);
    cluster.node("n3").start();
    cluster.awaitReady();
  }

  private String note(String job) {
    return String.valueOf(map(ask("RAFTKV.JOB", "STATUS", job)).get("note"));
  }

  private Map<String, Object> status(String node) {
    return map(ask("RAFTKV.NODE", "STATUS", node));
  }

  /** Asks any node that lives. */
  private Object ask(String... words) {
    TestNode node = cluster.nodes().stream().filter(TestNode::isAlive).findFirst().orElseThrow();
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
