package io.raftkv.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cuts must cut, and only what they name, while clients go on: shown with redis-servers. */
class NetworkNamespacesTest {
  private static final int PORT = 7000;
  private static final Duration CALL_DEADLINE = Duration.ofSeconds(10);

  @TempDir Path directory;

  @Test
  void aNodeIsCutOffFromItsPeersButNotFromItsClientsUntilHealed() throws Exception {
    String reason = NetworkNamespaces.unavailable();
    assumeTrue(reason == null, reason);
    assumeTrue(RedisServer.isInstalled(), "no redis-server on this machine");
    List<String> ids = List.of("n1", "n2", "n3");
    try (NetworkNamespaces network = NetworkNamespaces.create(ids);
        RedisServer first = start(network, "n1");
        RedisServer second = start(network, "n2");
        RedisServer third = start(network, "n3");
        RespConnection client = first.node().connect()) {
      assertThat(reaches(network, "n1", "n2")).isTrue();

      network.isolate("n1");
      assertThat(reaches(network, "n1", "n2")).isFalse();
      assertThat(reaches(network, "n1", "n3")).isFalse();
      assertThat(reaches(network, "n3", "n1")).isFalse();
      assertThat(reaches(network, "n2", "n3")).isTrue();
      assertThat(client.call("PING")).isEqualTo("PONG");
      assertThat(second.node().call("PING")).isEqualTo("PONG");
      assertThat(third.node().call("PING")).isEqualTo("PONG");

      network.heal();
      assertThat(reaches(network, "n1", "n2")).isTrue();
      assertThat(reaches(network, "n3", "n1")).isTrue();
      assertThat(client.call("PING")).isEqualTo("PONG");
    }
    assertThat(Shell.run("ip", "netns", "list"))
        .doesNotContain("rkv-" + ProcessHandle.current().pid());
  }

  /** What Raft has between nodes are connections that were there before the cut. */
  @Test
  void anEstablishedConnectionFallsSilentAndGoesOnAfterHealing() throws Exception {
    String reason = NetworkNamespaces.unavailable();
    assumeTrue(reason == null, reason);
    assumeTrue(RedisServer.isInstalled(), "no redis-server on this machine");
    try (NetworkNamespaces network = NetworkNamespaces.create(List.of("n1", "n2"));
        RedisServer second = start(network, "n2")) {
      List<String> words =
          TestNode.words(
              network.prefixFor("n1"),
              "redis-cli",
              "-h",
              network.addressOf("n2"),
              "-p",
              Integer.toString(PORT));
      Process cli = new ProcessBuilder(words).start();
      try (Writer in = cli.outputWriter()) {
        countAt(second, in, 1);
        network.isolate("n1");
        in.write("INCR n\n");
        in.flush();
        await("the cut to hold")
            .during(Duration.ofSeconds(2))
            .until(() -> "1".equals(second.node().call("GET", "n")));
        network.heal();
        await("the lost packet to be sent again")
            .atMost(Duration.ofSeconds(30))
            .until(() -> "2".equals(second.node().call("GET", "n")));
      } finally {
        cli.destroyForcibly();
      }
    }
  }

  private static void countAt(RedisServer server, Writer in, int expected) throws IOException {
    in.write("INCR n\n");
    in.flush();
    await("the connection to work")
        .atMost(Duration.ofSeconds(10))
        .until(() -> Integer.toString(expected).equals(server.node().call("GET", "n")));
  }

  private RedisServer start(NetworkNamespaces network, String id) {
    return new RedisServer(
        directory.resolve(id), network.prefixFor(id), network.addressOf(id), PORT);
  }

  /** A connection from one namespace to the server in another, made by redis-cli. */
  private static boolean reaches(NetworkNamespaces network, String from, String to) {
    List<String> words =
        TestNode.words(
            network.prefixFor(from),
            "timeout",
            "2",
            "redis-cli",
            "-h",
            network.addressOf(to),
            "-p",
            Integer.toString(PORT),
            "PING");
    Shell.Result result = Shell.tryRun(CALL_DEADLINE, words);
    return result.exitCode() == 0 && result.output().contains("PONG");
  }
}
