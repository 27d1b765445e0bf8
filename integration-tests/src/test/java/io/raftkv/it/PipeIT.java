package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A mass load of mixed types, seen alike by all nodes, before and after all were killed. */
class PipeIT {
  private static final int LINES = TestSize.isHeavy() ? 1_000_000 : 100_000;
  private static final int ELEMENTS_PER_KEY = 100;
  private static final int SAMPLES = 200;
  private static final int CLI_LINES = 2_000;

  @RegisterExtension
  static final TestCluster CLUSTER = TestCluster.ofNodes(3).shards(2).jvm("-Xmx512m");

  @BeforeEach
  void empty() {
    assertThat(CLUSTER.nodes().get(0).call("FLUSHALL")).isEqualTo("OK");
  }

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

  private static final long KEYS =
      LINES / 2 + 2L * ((LINES / 4 + ELEMENTS_PER_KEY - 1) / ELEMENTS_PER_KEY);

  @Test
  void aMassLoadIsCompleteOnAllNodesAndSurvivesAllBeingKilled() throws IOException {
    long start = System.nanoTime();
    MassLoad.of(LINES, PipeIT::line).sendTo(CLUSTER.nodes().get(0));
    System.out.printf("%d lines in %d ms%n", LINES, (System.nanoTime() - start) / 1_000_000);
    checkEveryNode();
    CLUSTER.awaitEqualDigests();

    CLUSTER.nodes().forEach(TestNode::kill);
    CLUSTER.nodes().forEach(TestNode::start);
    CLUSTER.awaitReady();
    checkEveryNode();
    CLUSTER.awaitEqualDigests();
  }

  private void checkEveryNode() throws IOException {
    Random random = new Random(CLUSTER.seed());
    for (TestNode node : CLUSTER.nodes()) {
      try (RespConnection connection = node.connect()) {
        assertThat(connection.call("DBSIZE")).as("DBSIZE at %s", node.id()).isEqualTo(KEYS);
        for (int i = 0; i < SAMPLES; i++) {
          checkLine(connection, random.nextInt(LINES));
        }
      }
    }
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

  @Test
  void redisCliPipeReportsNoErrors() throws IOException {
    assumeTrue(Shell.has("redis-cli"), "no redis-cli on this machine");
    Path input = Files.createTempFile("raftkv-pipe", ".txt");
    try {
      try (BufferedWriter out = Files.newBufferedWriter(input, StandardCharsets.UTF_8)) {
        for (int i = 0; i < CLI_LINES; i++) {
          out.write("SET cli:" + i + " v" + i + "\r\n");
        }
      }
      String port = Integer.toString(CLUSTER.nodes().get(1).respPort());
      Shell.Result result =
          Shell.tryRun(
              Duration.ofMinutes(1),
              List.of("sh", "-c", "redis-cli -p " + port + " --pipe < " + input));
      assertThat(result.output()).contains("errors: 0, replies: " + CLI_LINES);
    } finally {
      Files.delete(input);
    }
  }
}
