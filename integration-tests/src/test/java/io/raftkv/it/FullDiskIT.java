package io.raftkv.it;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespError;
import io.raftkv.it.cluster.ShardView;
import io.raftkv.it.cluster.SmallDisk;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.history.Action;
import io.raftkv.it.history.Outcome;
import io.raftkv.it.load.Workload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A node's disk is full, under load, and later it is not. Nobody restarts anything. */
class FullDiskIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long MIN_FREE = 24L << 20;
  private static final String OOM =
      "OOM command not allowed: the disk of the shard's leader is full";

  /** As many shards as nodes: each node leads one. */
  @RegisterExtension
  final TestCluster cluster =
      TestCluster.ofNodes(3)
          .smallDisk("n3", 160)
          .flags("--min-free-disk", Long.toString(MIN_FREE), "--log-segment-bytes", "6mb")
          .flags("--max-value-bytes", "1mb", "--batch-bytes", "1mb", "--write-buffer", "8mb");

  /** Before its disk is used up, a leader takes no more writes; whoever only follows goes on. */
  @Test
  void aNodeThatRunsShortOfSpaceRefusesWritesAndGoesOnWhenThereIsSpace() {
    SmallDisk disk = cluster.disk("n3");
    TestNode full = cluster.node("n3");
    String key = keyLedBy(full);
    String other = keyLedBy(cluster.node("n1"));
    assertThat(full.call("SET", key, "before")).isEqualTo("OK");
    try (Workload load = load()) {
      load.awaitMore(300, PATIENCE);
      disk.fillUpTo(MIN_FREE - (1 << 20));
      awaitRefusal(key);
      for (TestNode node : cluster.nodes()) {
        assertThat(node.call("GET", key)).as("read at %s", node.id()).isEqualTo("before");
        assertThat(node.call("SET", other, "during")).as("other shard").isEqualTo("OK");
      }
      disk.release();
      awaitWritable(key);
      load.awaitMore(300, PATIENCE);
      assertIsLinearizable(load);
      assertThat(load.history().count(Outcome.REFUSED)).isPositive();
    }
    cluster.awaitEqualDigests();
    assertThat(full.isAlive()).isTrue();
  }

  /** As in Redis, what a client needs to make room is not refused for want of it. */
  @Test
  void aDiskFullOfOwnDataCanBeEmptied() {
    SmallDisk disk = cluster.disk("n3");
    String key = keyLedBy(cluster.node("n3"));
    String value =
        new SplittableRandom(1)
            .ints(900_000)
            .mapToObj(n -> String.valueOf((char) (n & 0x7f)))
            .collect(joining());
    TestNode node = cluster.node("n1");
    List<String> stored = new ArrayList<>();
    cluster.await(
        "a full disk",
        PATIENCE,
        () -> {
          String next = "{" + key + "}" + stored.size();
          stored.add(next);
          return OOM.equals(text(node.call("SET", next, value)));
        });
    System.out.println("full after " + stored.size() + " values");
    for (String one : stored) {
      assertThat(node.call("DEL", one)).isIn(0L, 1L);
    }
    long deleted = System.nanoTime();
    awaitWritable(key);
    System.out.println(
        "writable %d ms after the last DEL, %d bytes are free"
            .formatted((System.nanoTime() - deleted) / 1_000_000, disk.freeBytes()));
    cluster.await("room", PATIENCE, () -> disk.freeBytes() > 3 * MIN_FREE);
    System.out.println(
        "as much as before after %d ms".formatted((System.nanoTime() - deleted) / 1_000_000));
    cluster.awaitEqualDigests();
  }

  /** Nothing at all can be written: the node's replicas stop, and come back with the space. */
  @Test
  void aNodeWithoutAnySpaceIsCarriedByTheOthersAndComesBackByItself() {
    SmallDisk disk = cluster.disk("n3");
    TestNode full = cluster.node("n3");
    TestNode writer = cluster.node("n1");
    String key = keyLedBy(full);
    String other = keyLedBy(writer);
    assertThat(full.call("SET", key, "before")).isEqualTo("OK");
    try (Workload load = load()) {
      load.awaitMore(300, PATIENCE);
      disk.fillUpTo(0);
      String value = "x".repeat(100_000);
      for (int i = 0; i < 100; i++) {
        assertThat(writer.call("SET", other, value + i)).isEqualTo("OK"); // goes into n3's log, too
      }
      assertThat(writer.call("GET", key)).isEqualTo("before");
      assertThat(full.isAlive()).isTrue();
      awaitLine(full, "cannot write its Raft log: the disk is full");
      disk.release();
      awaitWritable(key);
      cluster.awaitReady();
      awaitLine(full, "disk has space again, replica started");
      load.awaitMore(300, PATIENCE);
      assertIsLinearizable(load);
    }
    cluster.awaitEqualDigests();
  }

  /**
   * An election when nothing can be written: Ratis then replaces the file with the vote by an empty
   * one, and would not start with it again.
   */
  @Test
  void aNodeThatCannotWriteItsVoteKnowsItWhenThereIsSpace() {
    SmallDisk disk = cluster.disk("n3");
    TestNode full = cluster.node("n3");
    TestNode leader = cluster.node("n1");
    String key = keyLedBy(leader);
    assertThat(leader.call("SET", key, "before")).isEqualTo("OK");
    disk.fillUpTo(0);
    leader.kill();
    awaitLine(full, "cannot write its vote");
    leader.start();
    awaitWritable(key);
    assertThat(full.isAlive()).isTrue();
    disk.release();
    awaitLine(full, "disk has space again, replica started");
    cluster.awaitReady();
    full.kill();
    full.start();
    cluster.awaitReady();
    cluster.awaitEqualDigests();
  }

  private Workload load() {
    ShardView shards = cluster.awaitLeaders();
    return cluster
        .workload()
        .registers(shards.keyInEveryShard("r"))
        .mix(Action.SET, Action.GET)
        .callsPerSecond(50)
        .refusals("TRYAGAIN", "CLUSTERDOWN", "OOM")
        .start();
  }

  private static void assertIsLinearizable(Workload load) {
    load.stop();
    load.readBack();
    System.out.println(load.history());
    load.assertLinearizable();
  }

  private void awaitRefusal(String key) {
    cluster.await(
        "a refusal",
        PATIENCE,
        () -> OOM.equals(text(cluster.node("n1").call("SET", key, "before"))));
  }

  private void awaitWritable(String key) {
    cluster.await(
        "writes", PATIENCE, () -> "OK".equals(text(cluster.node("n1").call("SET", key, "after"))));
  }

  private void awaitLine(TestNode node, String part) {
    cluster.await(
        part, PATIENCE, () -> node.logLines().stream().anyMatch(line -> line.contains(part)));
  }

  private static String text(Object reply) {
    return reply instanceof RespError error ? error.text() : (String) reply;
  }

  /** Waits until each node leads a shard: before that, one may lead more, and hand them over. */
  private String keyLedBy(TestNode node) {
    String[] found = new String[1];
    cluster.await(
        "a shard that " + node.id() + " leads",
        PATIENCE,
        () -> {
          ShardView shards = cluster.awaitLeaders();
          Map<TestNode, String> byLeader = new HashMap<>();
          shards.keyInEveryShard("k").forEach(key -> byLeader.put(shards.leaderOf(key), key));
          found[0] = byLeader.get(node);
          return byLeader.size() == cluster.nodes().size();
        });
    return found[0];
  }
}
