package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.it.ClusterShape.Shard;
import io.raftkv.it.cluster.Admin;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.Outcome;
import io.raftkv.it.load.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** All that happens in a cluster's life, while eight clients write and read. */
class ClusterLifeIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int REMOVED_EXIT_CODE = 4;
  private static final List<String> NODES = List.of("n1", "n2", "n3");

  /** A job that finds too little of the machine in time is undone, and may be asked for again. */
  private static final int ATTEMPTS = 6;

  /** How many jobs of a kind are begun at most until the leader was killed in each of its steps. */
  private static final int ROUNDS = 20;

  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(5).joining(2).shards(2).flags("--balance-pause", "200ms");

  private final Admin admin = new Admin(cluster, PATIENCE);
  private final ClusterShape shape = new ClusterShape(cluster, admin, PATIENCE);
  private Workload load;
  private int lastShard = 8;
  private int moves;

  /** Null in the life in which nobody is killed but one. */
  private LeaderKills kills;

  @BeforeAll
  static void onlyInFaults() {
    assumeTrue(TestSize.isFaults(), "only in the profile 'faults'");
  }

  @Test
  void nothingIsLostWhenShardsAndNodesComeAndGo() {
    live(100);
    assertThat(load.history().count(Outcome.OK)).isGreaterThan(2_000);
    assertThat(load.history().count(Outcome.REFUSED)).as("nobody was turned away").isZero();
  }

  /** A job is done then, or not at all, and clients see no errors but those that they may retry. */
  @Test
  void nothingIsLostWhenTheMetadataLeaderIsKilledInEveryStep() {
    kills = new LeaderKills(cluster, admin, PATIENCE);
    assertThat(admin.ask("RAFTKV.BALANCE", "OFF")).as("no job but ours").isEqualTo("OK");
    live(30);
    assertThat(load.history().count(Outcome.OK)).isGreaterThan(2_000);
    assertThat(kills.isEachStepHit()).as(kills.toString()).isTrue();
  }

  private void live(int callsPerSecond) {
    cluster.awaitLeaders();
    List<String> registers = IntStream.range(0, 8).mapToObj(i -> "r" + i).toList();
    List<String> counters = IntStream.range(0, 8).mapToObj(i -> "c" + i).toList();
    try (Workload clients =
        cluster
            .workload()
            .registers(registers)
            .counters(counters)
            .mix(Action.SET, Action.SET, Action.GET, Action.GET, Action.GETSET)
            .callsPerSecond(callsPerSecond)
            .start()) {
      load = clients;
      load.awaitMore(300, PATIENCE);
      shardsComeAndGo();
      nodesComeAndGo();
      load.awaitMore(300, PATIENCE);
      load.stop();
      load.readBack(living().stream().map(TestNode::address).toList());
      System.out.println(load.history() + (kills == null ? "" : ", " + kills));
      load.assertLinearizable();
    }
    cluster.awaitEqualDigests(living());
    shape.settled();
    shape.awaitNoCuts();
    cluster.nodes().forEach(ClusterLifeIT::assertNoErrors);
  }

  /** A node that was removed says so when it ends, and nothing else is worth an error. */
  private static void assertNoErrors(TestNode node) {
    assertThat(node.logLines().stream().filter(line -> line.matches("\\S+ \\S+ ERROR .*")))
        .as("errors of " + node.id())
        .allMatch(line -> line.contains("was removed from cluster"));
  }

  private List<TestNode> living() {
    return cluster.nodes().stream().filter(TestNode::isAlive).toList();
  }

  private void shardsComeAndGo() {
    until(
        1,
        () -> isEachStepHit("create") && isEachStepHit("delete"),
        () -> {
          String made = "s" + ++lastShard;
          job("RAFTKV.SHARD", "CREATE", made, "NODES", "n1", "n2", "n3");
          job("RAFTKV.SHARD", "DELETE", made);
        });
    until(3, () -> isEachStepHit("split"), () -> job("RAFTKV.SHARD", "SPLIT", largest().id()));
    cluster.nodes().subList(3, 5).forEach(TestNode::start);
    awaitState("n4", "online");
    awaitState("n5", "online");
    until(2, () -> isEachStepHit("migrate"), () -> move(any(shards(), moves++)));
    until(2, () -> isEachStepHit("merge"), this::merge);
    until(2, () -> isEachStepHit("transfer"), this::transfer);
  }

  private void nodesComeAndGo() {
    until(
        1,
        () -> isEachStepHit("drain") && isEachStepHit("remove"),
        () -> {
          join("n4");
          if (shards().stream().noneMatch(shard -> shard.nodes().contains("n4"))) {
            Shard shard = largest();
            move(shard, shard.nodes().get(0), "n4");
          }
          job("RAFTKV.NODE", "DRAIN", "n4");
          job("RAFTKV.NODE", "REMOVE", "n4");
          awaitRemoval("n4");
        });
    cluster.node("n3").kill();
    awaitState("n3", "offline");
    job("RAFTKV.NODE", "REPLACE", "n3", "WITH", "n5", "FORCE");
    awaitReplicas();
    String[] joined = {"n5", "n4"};
    until(
        0,
        () -> isEachStepHit("replace"),
        () -> {
          join(joined[1]);
          job("RAFTKV.NODE", "REPLACE", joined[0], "WITH", joined[1]);
          awaitRemoval(joined[0]);
          joined[1] = joined[0];
          joined[0] = joined[0].equals("n5") ? "n4" : "n5";
        });
  }

  /** At least so often, and until the leader was killed in each of the steps. */
  private static void until(int times, BooleanSupplier enough, Runnable work) {
    for (int round = 0; round < times || !enough.getAsBoolean(); round++) {
      assertThat(round).as("rounds").isLessThan(ROUNDS);
      work.run();
    }
  }

  private boolean isEachStepHit(String kind) {
    return kills == null || kills.isEachStepHit(kind);
  }

  /** Starts a node that may have been removed, unless it runs. */
  private void join(String id) {
    TestNode node = cluster.node(id);
    if (!node.isAlive()) {
      node.wipeData();
      node.start();
      awaitState(id, "online");
    }
  }

  private void awaitRemoval(String id) {
    assertThat(cluster.node(id).awaitEnd(PATIENCE)).isEqualTo(REMOVED_EXIT_CODE);
  }

  /** From one of its nodes to one that it is not on. */
  private void move(Shard shard) {
    String to =
        living().stream()
            .map(TestNode::id)
            .filter(node -> !shard.nodes().contains(node))
            .findFirst()
            .orElseThrow();
    move(shard, any(shard.nodes(), moves), to);
  }

  private void move(Shard shard, String from, String to) {
    job("RAFTKV.SHARD", "MIGRATE", shard.id(), "FROM", from, "TO", to);
  }

  /** Of two shards that are on the same nodes, or are brought there. */
  private void merge() {
    while (shards().size() < 3) {
      job("RAFTKV.SHARD", "SPLIT", largest().id());
    }
    Shard[] pair = alike();
    while (!pair[0].nodes().equals(pair[1].nodes())) {
      List<String> from = new ArrayList<>(pair[1].nodes());
      from.removeAll(pair[0].nodes());
      List<String> to = new ArrayList<>(pair[0].nodes());
      to.removeAll(pair[1].nodes());
      move(pair[1], from.get(0), to.get(0));
      pair = alike();
    }
    job("RAFTKV.SHARD", "MERGE", pair[0].id(), pair[1].id());
  }

  /** The two shards that have most nodes in common. */
  private Shard[] alike() {
    Shard[] best = null;
    int most = -1;
    List<Shard> shards = shards();
    for (Shard one : shards) {
      for (Shard other : shards) {
        Set<String> common = new HashSet<>(one.nodes());
        common.retainAll(other.nodes());
        if (!one.equals(other) && common.size() > most) {
          most = common.size();
          best = new Shard[] {one, other};
        }
      }
    }
    return best;
  }

  private void transfer() {
    Shard shard = largest();
    Object leader = admin.status("RAFTKV.SHARD", "STATUS", shard.id()).get("leader");
    String to = shard.nodes().stream().filter(id -> !id.equals(leader)).findFirst().orElseThrow();
    job("RAFTKV.SHARD", "TRANSFER-LEADER", shard.id(), "TO", to);
  }

  /** Does a job, and tells for how long a key had to wait meanwhile. */
  private void job(String... words) {
    long begun = System.nanoTime();
    boolean done = false;
    for (int attempt = 0; attempt < ATTEMPTS && !done; attempt++) {
      done = kills == null ? atOnce(words) : throughKills(words);
    }
    assertThat(done).as(String.join(" ", words)).isTrue();
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

  private boolean atOnce(String... words) {
    String[] all = Arrays.copyOf(words, words.length + 1);
    all[words.length] = "SYNC";
    Object answer = admin.ask(all);
    if (answer instanceof List<?> job) {
      return "done".equals(Admin.map(job).get("state"));
    }
    System.out.println(String.join(" ", words) + ": " + answer);
    return false;
  }

  /** Whether the job is done; else all is as before. */
  private boolean throughKills(String... words) {
    NavigableMap<String, Shard> before = shape.settled();
    Object answer = kills.run(words);
    NavigableMap<String, Shard> after = shape.settled();
    boolean done = answer instanceof Map<?, ?> job && "done".equals(job.get("state"));
    if (done) {
      assertDone(words, before, after);
    } else {
      System.out.println(String.join(" ", words) + ": " + answer);
      assertThat(after).as("after what was not done: " + answer).isEqualTo(before);
    }
    healed();
    return done;
  }

  private static void assertDone(
      String[] words, NavigableMap<String, Shard> before, NavigableMap<String, Shard> after) {
    Set<String> gone = new TreeSet<>(before.keySet());
    gone.removeAll(after.keySet());
    Set<String> made = new TreeSet<>(after.keySet());
    made.removeAll(before.keySet());
    TreeMap<String, Shard> others = new TreeMap<>(before);
    others.keySet().removeAll(gone);
    TreeMap<String, Shard> othersAfter = new TreeMap<>(after);
    othersAfter.keySet().removeAll(made);
    switch (words[1]) {
      case "CREATE" -> {
        assertThat(gone).isEmpty();
        assertThat(made).containsExactly(words[2]);
        assertThat(after.get(words[2])).isEqualTo(new Shard(words[2], "none", NODES));
        assertThat(othersAfter).isEqualTo(others);
      }
      case "DELETE" -> {
        assertThat(gone).containsExactly(words[2]);
        assertThat(made).isEmpty();
        assertThat(othersAfter).isEqualTo(others);
      }
      case "SPLIT" -> {
        assertThat(gone).isEmpty();
        assertThat(made).hasSize(1);
        Shard parent = before.get(words[2]);
        Shard rest = after.get(words[2]);
        Shard child = after.get(made.iterator().next());
        assertThat(rest.nodes()).isEqualTo(parent.nodes());
        assertThat(parent.nodes()).containsAll(child.nodes());
        assertThat(child.nodes().size()).isGreaterThan(parent.nodes().size() / 2);
        assertThat(Math.abs(rest.slotCount() - child.slotCount())).isLessThanOrEqualTo(1);
        assertThat(rest.slotCount() + child.slotCount()).isEqualTo(parent.slotCount());
        others.remove(words[2]);
        othersAfter.remove(words[2]);
        assertThat(othersAfter).isEqualTo(others);
      }
      case "MERGE" -> {
        assertThat(gone).containsExactlyInAnyOrder(words[2], words[3]);
        assertThat(made).hasSize(1);
        Shard child = after.get(made.iterator().next());
        List<String> nodes = before.get(words[2]).nodes();
        assertThat(nodes).containsAll(child.nodes());
        assertThat(child.nodes().size()).isGreaterThan(nodes.size() / 2);
        assertThat(child.slotCount())
            .isEqualTo(before.get(words[2]).slotCount() + before.get(words[3]).slotCount());
        assertThat(othersAfter).isEqualTo(others);
      }
      case "MIGRATE" -> {
        others.computeIfPresent(words[2], (id, shard) -> replaced(shard, words[4], words[6]));
        assertThat(after).isEqualTo(others);
      }
      case "TRANSFER-LEADER", "REMOVE" -> assertThat(after).isEqualTo(before);
      case "DRAIN", "REPLACE" -> {
        assertThat(after.keySet()).isEqualTo(before.keySet());
        after.forEach(
            (id, shard) -> {
              Shard was = before.get(id);
              assertThat(shard.slots()).isEqualTo(was.slots());
              assertThat(shard.nodes()).hasSameSizeAs(was.nodes()).doesNotContain(words[2]);
              if (!was.nodes().contains(words[2])) {
                assertThat(shard).isEqualTo(was);
              } else if (words[1].equals("REPLACE")) {
                assertThat(shard.nodes()).contains(words[4]);
              }
            });
      }
      default -> throw new IllegalArgumentException(String.join(" ", words));
    }
    assertThat(after.values().stream().mapToInt(Shard::slotCount).sum()).isEqualTo(16_384);
  }

  /** The shard as it is when what it has on one node is on another one. */
  private static Shard replaced(Shard shard, String from, String to) {
    List<String> nodes = shard.nodes().stream().map(id -> id.equals(from) ? to : id).toList();
    return new Shard(shard.id(), shard.slots(), nodes.stream().distinct().sorted().toList());
  }

  /** A node that was down has missed the beginning of a shard, which so lacks a replica. */
  private void healed() {
    if (isComplete()) {
      return;
    }
    assertThat(admin.ask("RAFTKV.BALANCE", "REPAIR")).isEqualTo("OK");
    awaitReplicas();
    assertThat(admin.ask("RAFTKV.BALANCE", "OFF")).isEqualTo("OK");
    shape.settled();
  }

  private void awaitState(String node, String state) {
    cluster.await(node + " is " + state, PATIENCE, () -> state.equals(admin.nodeState(node)));
  }

  /** One that was late for a split or a merge gets its replica later. */
  private void awaitReplicas() {
    cluster.await("no replica is missing", PATIENCE, this::isComplete);
  }

  private boolean isComplete() {
    return admin.list("RAFTKV.SHARD", "LIST").stream()
        .map(shard -> admin.status("RAFTKV.SHARD", "STATUS", (String) shard.get("id")))
        .allMatch(
            shard ->
                Long.valueOf(0).equals(shard.get("replicas-missing"))
                    && "active".equals(shard.get("state")));
  }

  /** The shards in their order, when none lacks anything. */
  private List<Shard> shards() {
    awaitReplicas();
    return List.copyOf(shape.settled().values());
  }

  private Shard largest() {
    return shards().stream().max(Comparator.comparingInt(Shard::slotCount)).orElseThrow();
  }

  private static <T> T any(List<T> all, int number) {
    return all.get(number % all.size());
  }
}
