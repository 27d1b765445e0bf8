package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.raftkv.it.cluster.Ports;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.Shell;
import io.raftkv.it.cluster.Skip;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The scripts of {@code deploy/} do what they say, with the jar of this build. */
class DeployIT {
  private static final Path DEPLOY = Path.of("..", "deploy").toAbsolutePath().normalize();
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  /** JVMs that are quick to start, and small buffers for the logs. */
  private static final Map<String, String> QUICK =
      Map.of(
          "JAVA_OPTS",
          "-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1",
          "RAFTKV_MAX_VALUE_BYTES",
          "1mb",
          "RAFTKV_BATCH_BYTES",
          "1mb");

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path directory;

  private int port;

  @Test
  void theLocalClusterServesWithoutANodeThatIsKilledAndWithItAgain() throws IOException {
    need("bash", "ps", "timeout");
    port = Ports.nextWith(1, 2, 1_000, 1_001, 1_002, 10_000, 10_001, 10_002);
    try {
      assertThat(cluster("start", Integer.toString(port)))
          .contains("redis-cli -p " + port + " set");
      assertThat(ask(1, "SET", "greeting", "hello")).isEqualTo("OK");

      assertThat(cluster("kill", "1")).isEqualTo("n1 killed\n");
      assertThat(cluster("status").lines())
          .contains("n1: not running")
          .anyMatch(line -> line.matches("n2: pid \\d+, port " + (port + 1)))
          .anyMatch(line -> line.matches("n3: pid \\d+, port " + (port + 2)));
      await()
          .atMost(Duration.ofSeconds(30)) // until the two have elected leaders
          .untilAsserted(() -> assertThat(ask(2, "GET", "greeting")).isEqualTo("hello"));

      assertThat(cluster("restart", "n1")).endsWith("n1 is ready\n");
      assertThat(ask(1, "GET", "greeting")).isEqualTo("hello");
      assertThat(cluster("status")).contains("n1: pid ").doesNotContain("not running", "no answer");
      assertThat(script(List.of("start", "7001")).output()).contains("has begun at port " + port);

      assertThat(cluster("stop").lines()).contains("n1 stopped", "n2 stopped", "n3 stopped");
      assertThat(cluster("status"))
          .isEqualTo("n1: not running\nn2: not running\nn3: not running\n");
      cluster("clean");
      assertThat(directory).isEmptyDirectory();
    } finally {
      Stream.of("1", "2", "3").forEach(node -> script(List.of("kill", node)));
    }
  }

  @Test
  void theComposeFileIsConsistentAndItsCommandsWork() {
    need("bash", "python3");
    Skip.unless(
        Shell.succeeds("python3", "-c", "import yaml"), "DeployIT", "no PyYAML on this machine");
    Shell.Result checked =
        Shell.tryRun(
            DEADLINE,
            directory,
            QUICK,
            List.of("bash", DEPLOY.resolve("check-compose.sh").toString()));

    assertThat(checked.exitCode()).as(checked.output()).isZero();
    assertThat(checked.output()).contains("a node started, was healthy and stopped");
  }

  private static void need(String... programs) {
    for (String program : programs) {
      Skip.unlessInstalled("DeployIT", program);
    }
  }

  private String cluster(String... words) {
    Shell.Result result = script(List.of(words));
    assertThat(result.exitCode()).as("%s: %s", List.of(words), result.output()).isZero();
    return result.output();
  }

  private Shell.Result script(List<String> words) {
    List<String> command = new ArrayList<>();
    command.add("bash");
    command.add(DEPLOY.resolve("local-cluster.sh").toString());
    command.addAll(words);
    return Shell.tryRun(DEADLINE, directory, QUICK, command);
  }

  private Object ask(int node, String... words) throws IOException {
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port + node - 1);
    try (RespConnection connection = new RespConnection(address, Duration.ofSeconds(10))) {
      return connection.call(words);
    }
  }
}
