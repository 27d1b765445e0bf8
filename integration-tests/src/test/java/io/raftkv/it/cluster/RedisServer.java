package io.raftkv.it.cluster;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;

/**
 * A redis-server, a correct single copy of the data: the harness is tested against it, and RaftKV's
 * replies are compared with its own.
 */
public final class RedisServer implements AutoCloseable {
  private static final String PROGRAM = "redis-server";
  private static final String LOOPBACK = "127.0.0.1";
  private static final Duration START_DEADLINE = Duration.ofSeconds(20);

  private static final List<String> CLUSTER_FLAGS =
      List.of("--cluster-enabled", "yes", "--cluster-config-file", "cluster.conf");

  private final TestNode node;
  private final Thread killer;

  RedisServer(Path directory, List<String> prefix, String host, int port) {
    this(directory, prefix, host, port, List.of());
  }

  private RedisServer(
      Path directory, List<String> prefix, String host, int port, List<String> flags) {
    node = new TestNode("redis", host, port, port, port, directory);
    List<String> words =
        TestNode.words(
            prefix,
            PROGRAM,
            "--port",
            Integer.toString(port),
            "--bind",
            "0.0.0.0",
            "--protected-mode",
            "no",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            directory.toString());
    node.commandIs(TestNode.words(words, flags.toArray(String[]::new)));
    killer = new Thread(node::killNow, "kill redis-server");
    Runtime.getRuntime().addShutdownHook(killer);
    node.start();
    Awaitility.await("redis-server answers")
        .atMost(START_DEADLINE)
        .ignoreExceptions()
        .until(() -> "PONG".equals(node.call("PING")));
  }

  /** A server of its own with its files in this directory, and more flags. */
  public static RedisServer standalone(Path directory, String... flags) {
    return new RedisServer(directory, List.of(), LOOPBACK, Ports.next(), List.of(flags));
  }

  /** A Redis Cluster of one node, which has all slots and refuses keys of different slots. */
  public static RedisServer cluster(Path directory) {
    List<String> flags = new ArrayList<>(CLUSTER_FLAGS);
    flags.addAll(List.of("--cluster-port", Integer.toString(Ports.next())));
    RedisServer server = new RedisServer(directory, List.of(), LOOPBACK, Ports.next(), flags);
    server.node.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    Awaitility.await("the cluster of one redis-server")
        .atMost(START_DEADLINE)
        .until(() -> ((String) server.node.call("CLUSTER", "INFO")).contains("cluster_state:ok"));
    return server;
  }

  public static boolean isInstalled() {
    return Shell.has(PROGRAM);
  }

  public TestNode node() {
    return node;
  }

  public InetSocketAddress address() {
    return node.address();
  }

  @Override
  public void close() {
    node.kill();
    Runtime.getRuntime().removeShutdownHook(killer);
  }
}
