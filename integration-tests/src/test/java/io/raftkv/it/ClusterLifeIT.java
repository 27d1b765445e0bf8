package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.cluster.Admin;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.Outcome;
import io.raftkv.it.load.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** All that happens in a cluster's life, while eight clients write and read. */
class ClusterLifeIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int REMOVED_EXIT_CODE = 4;

  /** A job that finds too little of the machine in time is undone, and may be asked for again. */
  private static final int ATTEMPTS = 6;

  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(5).joining(2).shards(2).flags("--balance-pause", "200ms");

  private final Admin admin = new Admin(cluster, PATIENCE);
  private Workload load;

  @BeforeAll
  static void onlyInFaults() {
    assumeTrue(TestSize.isFaults(), "only in the profile 'faults'");
  }

  @Test
  void nothingIsLostWhenShardsAndNodesComeAndGo() {
    cluster.awaitLeaders();
    List<String> registers = IntStream.range(0, 8).mapToObj(i -> "r" + i).toList();
    List<String> counters = IntStream.range(0, 8).mapToObj(i -> "c" + i).toList();
    try (Workload clients =
        cluster
            .workload()
            .registers(registers)
            .counters(counters)
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .callsPerSecond(100)
            .start()) {
      load = clients;
      load.awaitMore(300, PATIENCE);
      shardsComeAndGo();
      nodesComeAndGo();
      load.awaitMore(300, PATIENCE);
      load.stop();
      load.readBack(
          cluster.nodes().stream().filter(TestNode::isAlive).map(TestNode::address).toList());
      System.out.println(load.history());
      load.assertLinearizable();
      assertThat(load.history().count(Outcome.OK)).isGreaterThan(2_000);
      assertThat(load.history().count(Outcome.REFUSED)).as("nobody was turned away").isZero();
    }
    cluster.awaitEqualDigests(cluster.nodes().stream().filter(TestNode::isAlive).toList());
  }

  private void shardsComeAndGo() {
    job("RAFTKV.SHARD", "CREATE", "s9", "NODES", "n1", "n2", "n3");
    job("RAFTKV.SHARD", "DELETE", "s9");
    for (int split = 0; split < 3; split++) {
      job("RAFTKV.SHARD", "SPLIT", shardsByNodes().lastEntry().getValue().get(split));
    }
    cluster.nodes().subList(3, 5).forEach(TestNode::start);
    awaitState("n4", "online");
    awaitState("n5", "online");
    List<String> shards = shardsByNodes().get("[n1, n2, n3]");
    job("RAFTKV.SHARD", "MIGRATE", shards.get(0), "FROM", "n1", "TO", "n4");
    job("RAFTKV.SHARD", "MIGRATE", shards.get(1), "FROM", "n2", "TO", "n4");
    for (int merge = 0; merge < 2; merge++) {
      List<String> alike = shardsByNodes().get("[n1, n2, n3]");
      job("RAFTKV.SHARD", "MERGE", alike.get(0), alike.get(1));
      awaitReplicas();
    }
    String moved = shardsByNodes().get("[n1, n2, n3]").get(0);
    job("RAFTKV.SHARD", "TRANSFER-LEADER", moved, "TO", "n2");
    job("RAFTKV.SHARD", "TRANSFER-LEADER", moved, "TO", "n3");
  }

  private void nodesComeAndGo() {
    job("RAFTKV.NODE", "DRAIN", "n4");
    job("RAFTKV.NODE", "REMOVE", "n4");
    assertThat(cluster.node("n4").awaitEnd(PATIENCE)).isEqualTo(REMOVED_EXIT_CODE);
    cluster.node("n3").kill();
    awaitState("n3", "offline");
    job("RAFTKV.NODE", "REPLACE", "n3", "WITH", "n5", "FORCE");
    awaitReplicas();
  }

  /** Does a job, and tells for how long a key had to wait meanwhile. */
  private void job(String... words) {
    long begun = System.nanoTime();
    Object state = "";
    for (int attempt = 0; attempt < ATTEMPTS && !"done".equals(state); attempt++) {
      state = atOnce(words);
    }
    assertThat(state).as(String.join(" ", words)).isEqualTo("done");
    load.awaitMore(100, PATIENCE);
    System.out.printf(
        "%s: %d ms, longest pause of a key %d ms%n",
        String.join(" ", words),
        Duration.ofNanos(System.nanoTime() - begun).toMillis(),
        longestCall(begun).toMillis());
  }

  /** Of those that ended since. */
  private Duration longestCall(long since) {
    return Duration.ofNanos(
        load.history().operations().stream()
            .filter(call -> call.outcome() == Outcome.OK && call.completedNanos() >= since)
            .mapToLong(call -> call.completedNanos() - call.invokedNanos())
            .max()
            .orElse(0));
  }

  private Object atOnce(String... words) {
    String[] all = Arrays.copyOf(words, words.length + 1);
    all[words.length] = "SYNC";
    Object answer = admin.ask(all);
    if (answer instanceof List<?> job) {
      return Admin.map(job).get("state");
    }
    System.out.println(String.join(" ", words) + ": " + answer);
    return answer;
  }

  private void awaitState(String node, String state) {
    cluster.await(node + " is " + state, PATIENCE, () -> state.equals(admin.nodeState(node)));
  }

  /** One that was late for a split or a merge gets its replica later. */
  private void awaitReplicas() {
    cluster.await(
        "no replica is missing",
        PATIENCE,
        () ->
            admin.list("RAFTKV.SHARD", "LIST").stream()
                .map(shard -> admin.status("RAFTKV.SHARD", "STATUS", (String) shard.get("id")))
                .allMatch(
                    shard ->
                        Long.valueOf(0).equals(shard.get("replicas-missing"))
                            && "active".equals(shard.get("state"))));
  }

  /** The shards by the nodes that have them. */
  private NavigableMap<String, List<String>> shardsByNodes() {
    awaitReplicas();
    TreeMap<String, List<String>> shards = new TreeMap<>();
    for (Map<String, Object> shard : admin.list("RAFTKV.SHARD", "LIST")) {
      String id = (String) shard.get("id");
      List<?> replicas = (List<?>) admin.status("RAFTKV.SHARD", "STATUS", id).get("replica-status");
      String nodes =
          replicas.stream()
              .map(one -> (String) Admin.map(one).get("node"))
              .sorted()
              .toList()
              .toString();
      shards.computeIfAbsent(nodes, none -> new ArrayList<>()).add(id);
    }
    return shards;
  }
}
