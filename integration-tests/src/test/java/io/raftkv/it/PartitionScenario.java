package io.raftkv.it;

import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.History;
import io.raftkv.it.history.Operation;
import io.raftkv.it.load.Workload;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * Clients on all nodes write and read, and the leader of each shard in turn is cut off for a time.
 */
final class PartitionScenario implements AutoCloseable {
  /**
   * A leader lets go of its office after the longest silence, its followers may elect another one
   * after the shortest: the further apart, the longer two nodes both take themselves for the
   * leader.
   */
  static final String[] FLAGS = {"--election-timeout-min", "500ms", "--election-timeout-max", "4s"};

  /**
   * Ratis answers a read without asking anybody if one was confirmed since the last commit: between
   * two writes there must be time for that, or its mistake does not show.
   */
  private static final int CALLS_PER_WRITE = 12;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final TestCluster cluster;
  private final List<String> registers;
  private final Workload load;

  /** Clients on a register of each shard and a counter beside it. */
  static PartitionScenario withCounters(TestCluster cluster) {
    return new PartitionScenario(cluster, true);
  }

  /** All reads and writes go to few keys: the most likely to show a read that is stale. */
  static PartitionScenario withRegistersOnly(TestCluster cluster) {
    return new PartitionScenario(cluster, false);
  }

  /** Starts the clients. */
  private PartitionScenario(TestCluster cluster, boolean counters) {
    this.cluster = cluster;
    ShardView shards = cluster.awaitLeaders();
    this.registers = shards.keyInEveryShard("r");
    this.load =
        cluster
            .workload()
            .clients(9)
            .registers(registers)
            .counters(
                counters
                    ? registers.stream().map(PartitionScenario::counterBeside).toList()
                    : List.of())
            .mix(mostlyReadsBut(Action.SET))
            .counterMix(mostlyReadsBut(Action.INCR))
            .callsPerSecond(60)
            .timeout(Duration.ofSeconds(6))
            .start();
    load.awaitMore(300, PATIENCE);
  }

  private static Action[] mostlyReadsBut(Action write) {
    Action[] mix = new Action[CALLS_PER_WRITE];
    Arrays.fill(mix, Action.GET);
    mix[0] = write;
    return mix;
  }

  /** The counter of the same slot, and so of the same shard. */
  private static String counterBeside(String register) {
    return "c{" + register + "}";
  }

  Workload load() {
    return load;
  }

  /** For how long no write to the shard was acknowledged, for each shard. */
  List<Duration> cutOffEachLeader() {
    return registers.stream().map(this::cutOffLeaderOf).toList();
  }

  private Duration cutOffLeaderOf(String key) {
    TestNode old = cluster.awaitLeader(key);
    long cut = System.nanoTime();
    cluster.network().isolate(old.id());
    TestNode witness =
        cluster.nodes().stream().filter(node -> !node.equals(old)).findFirst().orElseThrow();
    cluster.await(
        "a new leader for " + key,
        PATIENCE,
        () -> {
          TestNode leader = cluster.shards(witness).leaderOf(key);
          return leader != null && !leader.equals(old);
        });
    load.awaitMore(600, PATIENCE);
    cluster.network().heal();
    cluster.awaitReady();
    load.awaitMore(300, PATIENCE);
    History history = load.history();
    Duration gap = history.longestGap(op -> isWriteBeside(key, op), cut, System.nanoTime());
    System.out.printf(
        "cut off %s, leader for %s: no write acknowledged for %d ms%n",
        old.id(), key, gap.toMillis());
    return gap;
  }

  private static boolean isWriteBeside(String key, Operation op) {
    return !op.action().isRead() && (op.key().equals(key) || op.key().equals(counterBeside(key)));
  }

  /** Stops the clients and reads everything back. */
  Workload end() {
    load.stop();
    cluster.awaitReady();
    load.readBack();
    return load;
  }

  @Override
  public void close() {
    load.close();
  }
}
