package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.Shell;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import io.raftkv.it.load.MassLoad;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A mass load of mixed types, seen alike by all nodes, before and after all were killed. */
class PipeIT {
  private static final int LINES = TestSize.isHeavy() ? 1_000_000 : 100_000;
  private static final int ELEMENTS_PER_KEY = 100;
  private static final int SAMPLES = 200;
  private static final Duration PIPE_DEADLINE = Duration.ofMinutes(10);

  @RegisterExtension
  static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(2).jvm("-Xmx512m");

  /** Of four lines two are strings, one a hash field and one a sorted-set member. */
  private static String[] line(int i) {
    return switch (i % 4) {
      case 0, 1 -> new String[] {"SET", "s:" + i, "v" + i};
      case 2 -> new String[] {"HSET", "h:" + i / 4 / ELEMENTS_PER_KEY, "f" + i, "v" + i};
      default ->
          new String[] {
            "ZADD", "z:" + i / 4 / ELEMENTS_PER_KEY, Integer.toString(i), "m" + i,
          };
    };
  }

  /** Hashes, and as many sorted sets. */
  private static final int COLLECTIONS = (LINES / 4 + ELEMENTS_PER_KEY - 1) / ELEMENTS_PER_KEY;

  private static final long KEYS = LINES / 2 + 2L * COLLECTIONS;

  @Test
  void aMassLoadIsCompleteOnAllNodesAndSurvivesAllBeingKilled() throws IOException {
    TestNode node = CLUSTER.node("n2");
    long start = System.nanoTime();
    if (Shell.has("redis-cli")) {
      pipeTo(node);
    } else {
      MassLoad.of(LINES, PipeIT::line).sendTo(node); // our own client, which does the same
    }
    System.out.printf("%d lines in %d ms%n", LINES, (System.nanoTime() - start) / 1_000_000);
    checkEveryNode();
    CLUSTER.awaitEqualDigests();

    CLUSTER.nodes().forEach(TestNode::kill);
    CLUSTER.nodes().forEach(TestNode::start);
    CLUSTER.awaitReady();
    checkEveryNode();
    CLUSTER.awaitEqualDigests();
  }

  /** The lines as anybody would type them, from a file, through the real tool. */
  private static void pipeTo(TestNode node) throws IOException {
    Path input = CLUSTER.directory().resolve("pipe.txt");
    try (BufferedWriter out = Files.newBufferedWriter(input, StandardCharsets.UTF_8)) {
      for (int i = 0; i < LINES; i++) {
        out.write(String.join(" ", line(i)));
        out.write("\r\n");
      }
    }
    Shell.Result result =
        Shell.tryRun(
            PIPE_DEADLINE,
            List.of(
                "sh",
                "-c",
                "redis-cli -p $0 --pipe < \"$1\"",
                Integer.toString(node.respPort()),
                input.toString()));
    assertThat(result.output()).contains("errors: 0, replies: " + LINES + "\n");
  }

  private void checkEveryNode() throws IOException {
    Random random = new Random(CLUSTER.seed());
    for (TestNode node : CLUSTER.nodes()) {
      try (RespConnection connection = node.connect()) {
        assertThat(connection.call("DBSIZE")).as("DBSIZE at %s", node.id()).isEqualTo(KEYS);
        assertThat(elements(connection, "HLEN", "h:")).as("fields").isEqualTo(LINES / 4);
        assertThat(elements(connection, "ZCARD", "z:")).as("members").isEqualTo(LINES / 4);
        for (int i = 0; i < SAMPLES; i++) {
          checkLine(connection, random.nextInt(LINES));
        }
      }
    }
  }

  private static long elements(RespConnection connection, String counting, String prefix)
      throws IOException {
    for (int i = 0; i < COLLECTIONS; i++) {
      connection.send(counting, prefix + i);
    }
    connection.flush();
    long sum = 0;
    for (int i = 0; i < COLLECTIONS; i++) {
      sum += (Long) connection.read();
    }
    return sum;
  }

  private static void checkLine(RespConnection connection, int i) throws IOException {
    String[] written = line(i);
    switch (written[0]) {
      case "SET" -> assertThat(connection.call("GET", written[1])).isEqualTo(written[2]);
      case "HSET" ->
          assertThat(connection.call("HGET", written[1], written[2])).isEqualTo(written[3]);
      default ->
          assertThat(connection.call("ZSCORE", written[1], written[3])).isEqualTo(written[2]);
    }
  }
}
