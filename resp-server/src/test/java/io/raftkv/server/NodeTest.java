package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.raftkv.meta.JobState;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.Members;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A whole node in this process. */
@Timeout(60)
class NodeTest {
  @TempDir private Path directory;

  private ServerConfig config(int port, int raftPort, String... more) throws ConfigException {
    List<String> flags = new ArrayList<>();
    Collections.addAll(flags, more);
    flags.addAll(
        List.of(
            "--data-dir",
            directory.resolve("data").toString(),
            "--port",
            Integer.toString(port),
            "--raft-port",
            Integer.toString(raftPort),
            "--http-port",
            "0",
            "--bind",
            "127.0.0.1",
            "--min-free-disk",
            "0"));
    return ConfigLoader.load(flags, Map.of());
  }

  private RunningServer start(String... flags) throws ConfigException, StartupException {
    return ServerAssembly.start(config(0, 0, flags));
  }

  /** A connection of which every reply is one line. */
  static final class Client implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader in;

    private Client(RunningServer server) throws IOException {
      this(InetAddress.getLoopbackAddress().getHostAddress(), ((Node) server).respPort());
    }

    Client(String host, int port) throws IOException {
      socket = new Socket(host, port);
      socket.setSoTimeout(30_000);
      in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
    }

    void send(String... lines) throws IOException {
      String all = Arrays.stream(lines).map(line -> line + "\r\n").collect(Collectors.joining());
      socket.getOutputStream().write(all.getBytes(StandardCharsets.ISO_8859_1));
    }

    String line() throws IOException {
      return in.readLine();
    }

    String ask(String line) throws IOException {
      send(line);
      return line();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static void awaitWritable(Client client) {
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> client.ask("SET ready 1").equals("+OK"));
  }

  /** An event loop says that it has ended a moment before its thread does. */
  private static void awaitNoThreads() {
    await().atMost(Duration.ofSeconds(5)).untilAsserted(() -> assertThat(threads()).isEmpty());
  }

  private static Set<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("raftkv-"))
        .collect(Collectors.toSet());
  }

  @Test
  void aNodeWithAThreadThatIsStuckIsNotLive() throws Exception {
    RunningServer server = start();
    try {
      Node node = (Node) server;
      URL url = new URL("http://127.0.0.1:" + node.httpPort() + "/health/live");
      assertThat(status(url)).isEqualTo(200);
      node.watchdog().watch("a thread of the test", task -> {});
      for (int i = 0; i <= Watchdog.PATIENCE; i++) {
        node.watchdog().look();
      }
      assertThat(status(url)).isEqualTo(503);
    } finally {
      server.close();
    }
    awaitNoThreads();
  }

  private static int status(URL url) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) url.openConnection();
    try {
      return connection.getResponseCode();
    } finally {
      connection.disconnect();
    }
  }

  @Test
  void whoDrivesAJobThatClientsWaitForNeedNotWaitForReads() throws Exception {
    RunningServer server = start();
    CountDownLatch read = new CountDownLatch(1);
    try (Client client = new Client(server)) {
      awaitWritable(client);
      Node node = (Node) server;
      for (int i = 0; i < node.readPool().getMaximumPoolSize(); i++) {
        node.readPool().execute(() -> awaitQuietly(read));
      }
      UUID group = node.metadata().state().shards().get("s1").groupId();
      NodeFacts facts =
          NodeFactsCodec.decode(
              FactsInquiry.call(
                      node,
                      node.config().node().id(),
                      ControlRequests.nodeFacts(Set.of(group, new UUID(1, 2))))
                  .orTimeout(20, TimeUnit.SECONDS)
                  .join());
      assertThat(facts.replicas()).containsOnlyKeys(group);
      NodeFacts all = node.view().facts(Map.of());
      assertThat(all.replicas()).containsOnlyKeys(group, MetadataGroup.GROUP);
      assertThat(facts.replicas().get(group).slots())
          .isEqualTo(all.replicas().get(group).slots())
          .isNotEqualTo(ClusterFacts.SlotFacts.UNKNOWN);
      assertThat(facts.replicas().get(group).bytes()).isZero();
      assertThat(all.replicas().get(group).bytes()).isPositive();
    } finally {
      read.countDown();
      server.close();
    }
    awaitNoThreads();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
    }
  }

  /** It would be slow, and may still apply what is in its log. */
  @Test
  void aNodeThatHasJustStartedIsNotToLeadYet() throws Exception {
    long begun = System.nanoTime();
    RunningServer server = start();
    try (Client client = new Client(server)) {
      awaitWritable(client);
      Node node = (Node) server;
      UUID group = node.metadata().state().shards().get("s1").groupId();
      await().atMost(Duration.ofSeconds(30)).until(() -> whyNotToLead(node, group).isEmpty());
      assertThat(System.nanoTime() - begun).isGreaterThan(ReadyTimes.SETTLED.toNanos());
      assertThat(whyNotToLead(node, new UUID(1, 2))).isEqualTo("the replica is not running");
    } finally {
      server.close();
    }
    awaitNoThreads();
  }

  /** Whoever wants the hand-over: from the time that Ratis is asked for it nobody can write. */
  @Test
  void nothingIsHandedToANodeThatDoesNotSayThatItIsReady() throws Exception {
    RunningServer server = start();
    try (Client client = new Client(server)) {
      awaitWritable(client);
      Node node = (Node) server;
      UUID group = node.metadata().state().shards().get("s1").groupId();
      assertThat(node.handOvers().handOver(group, "n9").get(20, TimeUnit.SECONDS))
          .isEqualTo("node n9 is not ready: it does not answer");
      TreeSet<String> nobody = new TreeSet<>();
      JobAction.ChangeMembers leaving =
          new JobAction.ChangeMembers(
              "n1",
              group,
              new Members(new TreeSet<>(List.of("n1")), nobody),
              new Members(new TreeSet<>(List.of("n9")), nobody),
              "n9");
      byte[] answer =
          FactsInquiry.call(node, "n1", ControlRequests.changeMembers(leaving))
              .get(20, TimeUnit.SECONDS);
      assertThat(ControlRequests.decodeOutcome(answer))
          .isEqualTo("no voter is ready to lead: {n9=it does not answer}");
      assertThat(client.ask("SET k v")).isEqualTo("+OK");
    } finally {
      server.close();
    }
    awaitNoThreads();
  }

  private static String whyNotToLead(Node node, UUID group) {
    return node.handOvers().whyNot(group, node.config().node().id()).join();
  }

  /** All that starts and stops replicas waits for one that starts. */
  @Test
  void jobsGoOnWhileAReplicaIsBeingStarted() throws Exception {
    RunningServer server = start();
    try (Client client = new Client(server)) {
      awaitWritable(client);
      Node node = (Node) server;
      MetadataGroup metadata = node.metadata();
      synchronized (node.raft()) { // as a start holds it
        metadata
            .propose(
                node.shards().client(MetadataGroup.GROUP),
                JobPlans.create(metadata.state(), "s2", List.of(), 1, List.of()))
            .orTimeout(20, TimeUnit.SECONDS)
            .join();
        await()
            .atMost(Duration.ofSeconds(20))
            .until(() -> !metadata.state().jobs().get("j1").note().isEmpty());
        assertThat(metadata.state().jobs().get("j1").state()).isEqualTo(JobState.RUNNING);
      }
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> metadata.state().jobs().get("j1").state() == JobState.DONE);
    } finally {
      server.close();
    }
    awaitNoThreads();
  }

  /** Everything that is counted is counted for real; what nobody counts is not shown. */
  @Test
  void infoCountsWhatClientsDo() throws Exception {
    RunningServer server = start();
    try (Client client = new Client(server);
        Client idle = new Client(server)) {
      awaitWritable(client);
      long errorsBefore = Long.parseLong(info(client).get("total_error_replies"));
      assertThat(idle.ask("PING")).isEqualTo("+PONG");
      assertThat(client.ask("GET")).startsWith("-ERR wrong number");
      await()
          .atMost(Duration.ofSeconds(10))
          .untilAsserted(
              () -> {
                for (int i = 0; i < 20; i++) {
                  assertThat(client.ask("SET k v")).isEqualTo("+OK");
                }
                assertThat(info(client).get("instantaneous_ops_per_sec")).matches("[1-9][0-9]*");
              });
      Map<String, String> info = info(client);
      assertThat(info)
          .containsEntry("connected_clients", "2")
          .containsEntry("errorstat_ERR", "count=1")
          .containsEntry("total_error_replies", Long.toString(errorsBefore + 1))
          .doesNotContainKeys("keyspace_hits", "keyspace_misses", "expired_keys", "cmdstat_set");
      assertThat(Long.parseLong(info.get("total_net_input_bytes"))).isGreaterThan(20 * 9);
      assertThat(Long.parseLong(info.get("total_net_output_bytes"))).isGreaterThan(1_000);
    } finally {
      server.close();
    }
    awaitNoThreads();
  }

  private static Map<String, String> info(Client client) throws IOException {
    client.send("INFO");
    int length = Integer.parseInt(client.line().substring(1));
    Map<String, String> fields = new HashMap<>();
    for (int read = 0; read < length; ) {
      String line = client.line();
      read += line.length() + 2;
      int colon = line.indexOf(':');
      if (colon > 0) {
        fields.put(line.substring(0, colon), line.substring(colon + 1));
      }
    }
    client.line();
    return fields;
  }

  @Test
  void aNodeServesStopsAndHasItsDataWhenItStartsAgain() throws Exception {
    RunningServer server = start();
    try (Client client = new Client(server)) {
      awaitWritable(client);
      client.send("SET k v", "STRLEN k", "INCR k", "NOPE", "GET", "DBSIZE");
      assertThat(client.line()).isEqualTo("+OK");
      assertThat(client.line()).isEqualTo(":1");
      assertThat(client.line()).startsWith("-ERR value is not an integer");
      assertThat(client.line()).startsWith("-ERR unknown command 'NOPE'");
      assertThat(client.line()).startsWith("-ERR wrong number of arguments for 'get'");
      assertThat(client.line()).isEqualTo(":2");
    } finally {
      server.close();
    }
    assertThat(server.terminated().toCompletableFuture()).isDone();
    server.close();
    awaitNoThreads();

    RunningServer again = start();
    try (Client client = new Client(again)) {
      awaitWritable(client);
      assertThat(client.ask("STRLEN k")).isEqualTo(":1");
    } finally {
      again.close();
    }
  }

  @Test
  void asManyClientsAsThereMayBeDoNotLockOtherNodesOut() throws Exception {
    RunningServer server = start("--maxclients", "1");
    try (Client client = new Client(server)) {
      assertThat(client.ask("PING")).isEqualTo("+PONG");
      try (Client surplus = new Client(server);
          Client node = new Client(server)) {
        assertThat(surplus.ask("PING")).isEqualTo("-ERR max number of clients reached");
        assertThat(surplus.line()).isNull();
        assertThat(node.ask("RAFTKV.LINK HELLO n2 ''")).isEqualTo("+OK");
        assertThat(node.ask("PING")).isEqualTo("+PONG");
      }
    } finally {
      server.close();
    }
  }

  @Test
  void idleClientsAreClosedAndOtherNodesAreNot() throws Exception {
    RunningServer server = start("--timeout", "1");
    try (Client node = new Client(server);
        Client client = new Client(server)) {
      assertThat(node.ask("RAFTKV.LINK HELLO n2 ''")).isEqualTo("+OK");
      assertThat(client.ask("PING")).isEqualTo("+PONG");
      assertThat(client.line()).isNull();
      assertThat(node.ask("PING")).isEqualTo("+PONG");
    } finally {
      server.close();
    }
  }

  @Test
  void aPortThatIsTakenFailsTheStartAndLeavesNothingBehind() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerConfig config = config(taken.getLocalPort(), 0);
      assertThatThrownBy(() -> ServerAssembly.start(config))
          .isInstanceOf(StartupException.class)
          .hasMessage(
              "cannot listen on 127.0.0.1 port %d, the port is in use: stop what uses it, or choose another one with --port"
                  .formatted(taken.getLocalPort()));
    }
    awaitNoThreads();
    start().close(); // the directory is free
  }

  @Test
  void aRaftPortThatIsTakenFailsTheStartAndLeavesNothingBehind() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerConfig config = config(0, taken.getLocalPort());
      assertThatThrownBy(() -> ServerAssembly.start(config))
          .isInstanceOf(StartupException.class)
          .hasMessageContaining("cannot listen on 127.0.0.1 raft-port " + taken.getLocalPort())
          .hasMessageEndingWith("choose another one with --raft-port");
    }
    awaitNoThreads();
    start().close();
  }

  @Test
  void aReplyOnItsWayToASlowClientIsSentWholeBeforeANodeStops() throws Exception {
    int bytes = 16 << 20; // more than the buffers of a connection hold
    RunningServer server = start();
    try (Client client = new Client(server)) {
      awaitWritable(client);
      assertThat(client.ask("SETRANGE k " + (bytes - 1) + " x")).isEqualTo(":" + bytes);
      client.send("GET k");
      await()
          .until(
              () ->
                  ((Node) server)
                      .sessions().all().stream()
                          .anyMatch(one -> one.describe().contains(" cmd=get ") && !one.isBusy()));
      CompletableFuture<Void> closed = CompletableFuture.runAsync(server::close);
      long received = 0;
      byte[] piece = new byte[64 << 10];
      InputStream in = client.socket.getInputStream();
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        received += n;
        Thread.sleep(2);
      }
      assertThat(received).isEqualTo(("$" + bytes + "\r\n").length() + bytes + 2);
      closed.get();
    } finally {
      server.close();
    }
  }

  @Test
  void clientsWithCommandsUnderWayDoNotKeepANodeFromStopping() throws Exception {
    RunningServer server = start();
    try (Client client = new Client(server)) {
      awaitWritable(client);
      for (int i = 0; i < 200; i++) {
        client.send("INCR n");
      }
      server.close();
      String line = client.line();
      int answered = 0;
      while (line != null) { // what was answered is right
        assertThat(line).isEqualTo(":" + ++answered);
        line = client.line();
      }
    } catch (IOException reset) {
      assertThat(reset).hasMessageContaining("reset"); // commands that nobody had read
    } finally {
      server.close();
    }
  }
}
