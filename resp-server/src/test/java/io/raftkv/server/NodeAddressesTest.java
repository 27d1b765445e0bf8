package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.raftkv.meta.NodeInfo;
import io.raftkv.server.NodeTest.Client;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where nodes listen, where they find each other, and where they send clients. */
@Timeout(60)
class NodeAddressesTest {
  private static final String FIRST = "127.0.0.1";
  private static final String SECOND = "127.0.0.2";

  @TempDir private Path directory;

  /** Linux has all of 127.0.0.0/8, other systems only the first of them. */
  @BeforeAll
  static void needTwoAddresses() {
    assumeTrue(canListenOn(SECOND), () -> "SKIPPED: this machine has no address " + SECOND);
  }

  private static boolean canListenOn(String host) {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(host))) {
      return probe.isBound();
    } catch (IOException none) {
      return false;
    }
  }

  /** A port that is free on every address. */
  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }

  private Node start(String id, String... more) throws ConfigException, StartupException {
    List<String> flags = new ArrayList<>(List.of("--node-id", id));
    flags.addAll(List.of("--data-dir", directory.resolve(id).toString(), "--min-free-disk", "0"));
    flags.addAll(List.of("--max-value-bytes", "1mb", "--batch-bytes", "1mb"));
    flags.addAll(List.of("--protected-mode", "no"));
    flags.addAll(List.of(more));
    return (Node) ServerAssembly.start(ConfigLoader.load(flags, Map.of()));
  }

  /** All that cluster-aware clients are told, line by line. */
  private static List<String> told(Client client) throws IOException {
    List<String> lines = new ArrayList<>();
    client.send("CLUSTER SLOTS", "CLUSTER SHARDS", "CLUSTER NODES", "PING");
    for (String line = client.line(); !line.equals("+PONG"); line = client.line()) {
      lines.add(line);
    }
    return lines;
  }

  private static void awaitWritable(Client client) {
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> client.ask("SET k v").equals("+OK"));
  }

  @Test
  void aLoneNodeSendsEachClientToTheAddressItCameBy() throws Exception {
    Node node = start("n1", "--port", "0", "--bind", FIRST + "," + SECOND);
    try (Client first = new Client(FIRST, node.respPort());
        Client second = new Client(SECOND, node.respPort())) {
      awaitWritable(first);
      assertThat(told(first)).contains(FIRST).doesNotContain(SECOND);
      assertThat(told(second)).contains(SECOND).doesNotContain(FIRST);
      assertThat(told(second)).anyMatch(line -> line.contains(" " + SECOND + ":"));
    } finally {
      node.close();
    }
  }

  private static String health(String host, int port) throws IOException {
    URL url = new URL("http", host, port, "/health/live");
    try (InputStream body = url.openStream()) {
      return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void everyPortIsOnEveryAddressAndOneThatIsMissingMayBe() throws Exception {
    String missing = "192.0.2.1"; // for documentation only
    Node node = start("n1", "--port", "0", "--bind", "-" + missing + "," + FIRST + "," + SECOND);
    try {
      for (String host : List.of(FIRST, SECOND)) {
        try (Client client = new Client(host, node.respPort());
            Socket raft = new Socket(host, node.raftPort())) {
          assertThat(client.ask("PING")).isEqualTo("+PONG");
          assertThat(raft.isConnected()).isTrue();
          assertThat(health(host, node.httpPort())).contains("\"live\":true");
        }
      }
      ServerConfig.Listen listen =
          new ServerConfig.Listen(
              node.config().listen().bind(),
              node.respPort(),
              node.raftPort(),
              OptionalInt.of(node.httpPort()),
              Optional.empty());
      assertThat(HealthCheck.ask(listen, false)).matches(HealthCheck.Result::healthy);
    } finally {
      node.close();
    }
  }

  /** As Redis' own configuration has it. */
  @Test
  void allAddressesOfBothKindsTakeOneSocket() throws Exception {
    boolean hasIpv6 = canListenOn("::1");
    List<BindAddress> all = List.of(BindAddress.parse("*"), BindAddress.parse("-::*"));
    assertThat(ListenHosts.of(all)).containsExactly(hasIpv6 ? "::" : "0.0.0.0");
    assertThat(ListenHosts.of(List.of(BindAddress.parse("*"), BindAddress.parse(FIRST))))
        .containsExactly("0.0.0.0");

    Node node = start("n1", "--port", "0", "--bind", "* -::*");
    try {
      for (String host : hasIpv6 ? List.of(FIRST, SECOND, "::1") : List.of(FIRST, SECOND)) {
        try (Client client = new Client(host, node.respPort());
            Socket raft = new Socket(host, node.raftPort())) {
          assertThat(client.ask("PING")).as(host).isEqualTo("+PONG");
          assertThat(raft.isConnected()).as(host).isTrue();
          assertThat(health(host, node.httpPort())).as(host).contains("\"live\":true");
        }
      }
    } finally {
      node.close();
    }
  }

  @Test
  void anAddressThatIsMissingAndMayNotBeFailsTheStartAndSoDoesHavingNone() {
    for (String bind : List.of("192.0.2.1", FIRST + ",192.0.2.1", "-192.0.2.1")) {
      assertThatThrownBy(() -> start("n1", "--bind", bind, "--port", "0"))
          .as(bind)
          .isInstanceOf(StartupException.class)
          .hasMessageContaining("192.0.2.1");
    }
  }

  /** Votes and entries reach a node by any of its addresses. */
  @Test
  void aClusterFormsOverAnAddressThatIsNotTheFirst() throws Exception {
    String ports = ":" + freePort() + ":" + freePort();
    String cluster = "n1=" + SECOND + ports + ",n2=127.0.0.3" + ports;
    List<Node> nodes = new ArrayList<>();
    try {
      // Redis' usual order: the loopback address first.
      for (String[] one :
          new String[][] {{"n1", SECOND, "127.0.1.1"}, {"n2", "127.0.0.3", "127.0.1.2"}}) {
        nodes.add(
            start(
                one[0],
                "--cluster",
                cluster,
                "--bind",
                one[2] + "," + one[1],
                "--http-port",
                "off"));
      }
      try (Client client = new Client(SECOND, nodes.get(0).respPort())) {
        awaitWritable(client);
      }
    } finally {
      nodes.forEach(Node::close);
    }
  }

  /** Both behind one public address, which leads nowhere from here, and with the same ports. */
  @Test
  void nodesReachEachOtherAsTheClusterSaysWhateverTheyAnnounce() throws Exception {
    String announced = "nat.invalid";
    String ports = ":" + freePort() + ":" + freePort();
    String cluster = "n1=" + FIRST + ports + ",n2=" + SECOND + ports;
    List<Node> nodes = new ArrayList<>();
    try {
      for (String[] one : new String[][] {{"n1", FIRST}, {"n2", SECOND}}) {
        nodes.add(
            start(
                one[0],
                "--cluster",
                cluster,
                "--bind",
                one[1],
                "--http-port",
                "off",
                "--announce-host",
                announced));
      }
      try (Client client = new Client(SECOND, nodes.get(1).respPort())) {
        awaitWritable(client);
        await()
            .untilAsserted(
                () ->
                    assertThat(nodes.get(1).metadata().state().members())
                        .as("both have registered")
                        .extracting(NodeInfo::host, node -> node.incarnation() > 0)
                        .containsExactly(tuple(FIRST, true), tuple(SECOND, true)));
        await()
            .untilAsserted(
                () -> assertThat(nodes.get(1).peers().announcedHost("n1")).contains(announced));
        assertThat(told(client))
            .contains(announced)
            .noneMatch(line -> line.contains(FIRST) || line.contains(SECOND));
        assertThat(nodes.get(0).addresses().of("n2").map(ClusterMember::host))
            .isEqualTo(Optional.of(SECOND));
      }
    } finally {
      nodes.forEach(Node::close);
    }
  }
}
