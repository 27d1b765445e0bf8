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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Shards get other replicas and leaders, are made and ended, under load and through crashes. */
class ShardJobsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension final TestCluster cluster = TestCluster.ofNodes(4).shards(2);

  @Test
  void replicasMoveWhileClientsWriteAndRead() throws Exception {
    ShardView shards = cluster.awaitLeaders();
    List<String> registers = shards.keyInEveryShard("r");
    List<String> counters = shards.keyInEveryShard("c");
    try (Workload load =
        cluster
            .workload()
            .registers(registers)
            .counters(counters)
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .start()) {
      load.awaitMore(300, PATIENCE);
      String free = freeNode("s1");
      String first = replicas("s1").iterator().next();
      String group = (String) shard("s1").get("group");

      assertThat(job("MIGRATE", "s1", "FROM", first, "TO", free, "SYNC"))
          .containsEntry("state", "done");
      load.awaitMore(200, PATIENCE);
      assertThat(replicas("s1")).contains(free).doesNotContain(first);
      assertNothingIsLeftOf(group, first);

      // The leader itself leaves, and the driver of the job dies in the middle.
      cluster.await("s1 has a leader", PATIENCE, () -> shard("s1").get("leader") != null);
      String leader = (String) shard("s1").get("leader");
      String id = text("MIGRATE", "s1", "FROM", leader, "TO", freeNode("s1"));
      TestNode metadataLeader = cluster.node(metadataLeader());
      metadataLeader.kill();
      cluster.await(
          "another leader of the metadata", PATIENCE, () -> leadsAnother(metadataLeader.id()));
      metadataLeader.start(); // it may be the one that the replica goes to
      cluster.await("the job has ended", PATIENCE, () -> "done".equals(jobState(id)));
      cluster.awaitReady();
      load.awaitMore(200, PATIENCE);

      for (String to : replicas("s2")) {
        job("TRANSFER-LEADER", "s2", "TO", to, "SYNC");
        assertThat(shard("s2")).containsEntry("leader", to);
        load.awaitMore(100, PATIENCE);
      }

      job("CREATE", "s3", "NODES", "n1", "n4", "SYNC");
      String made = (String) shard("s3").get("group");
      assertThat(shard("s3")).containsEntry("state", "active");
      awaitLeader("s3", "n1"); // whoever was elected first hands over to the preferred one
      job("DELETE", "s3", "SYNC");
      assertNothingIsLeftOf(made, "n1");
      assertNothingIsLeftOf(made, "n4");

      load.stop();
      load.readBack();
      System.out.println(load.history());
      load.assertLinearizable();
    }
    cluster.awaitEqualDigests();
  }

  private void awaitLeader(String shard, String node) {
    cluster.await(
        shard + " is led by " + node, PATIENCE, () -> node.equals(shard(shard).get("leader")));
  }

  private Set<String> replicas(String shard) {
    Set<String> nodes = new TreeSet<>();
    for (Object replica : (List<?>) shard(shard).get("replica-status")) {
      nodes.add((String) map(replica).get("node"));
    }
    return nodes;
  }

  private String freeNode(String shard) {
    Set<String> replicas = replicas(shard);
    return cluster.nodes().stream()
        .map(TestNode::id)
        .filter(id -> !replicas.contains(id))
        .findFirst()
        .orElseThrow();
  }

  private void assertNothingIsLeftOf(String group, String node) throws Exception {
    List<Path> left = new ArrayList<>();
    try (var files = Files.walk(cluster.node(node).dataDirectory())) {
      files.filter(file -> file.getFileName().toString().equals(group)).forEach(left::add);
    }
    assertThat(left).as("files of %s on %s", group, node).isEmpty();
  }

  private String metadataLeader() {
    return (String) ask("RAFTKV.CLUSTER", "STATUS").get("metadata-leader");
  }

  private boolean leadsAnother(String node) {
    String leader = metadataLeader();
    return leader != null && !leader.equals(node);
  }

  private Map<String, Object> shard(String id) {
    return ask("RAFTKV.SHARD", "STATUS", id);
  }

  private String jobState(String id) {
    return (String) ask("RAFTKV.JOB", "STATUS", id).get("state");
  }

  private Map<String, Object> job(String... words) {
    return map(call("RAFTKV.SHARD", words));
  }

  private String text(String... words) {
    return (String) call("RAFTKV.SHARD", words);
  }

  private Map<String, Object> ask(String command, String... words) {
    return map(call(command, words));
  }

  /** Any node that lives. */
  private Object call(String command, String... words) {
    TestNode node = cluster.nodes().stream().filter(TestNode::isAlive).findFirst().orElseThrow();
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(List.of(words));
    try (RespConnection connection = node.connect(PATIENCE)) {
      return connection.call(all.toArray(String[]::new));
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
