package io.raftkv.it.cluster;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/** A plain redis-server, a correct single copy of the data: the harness is tested against it. */
final class RedisServer implements AutoCloseable {
  private static final String PROGRAM = "redis-server";

  private final TestNode node;
  private final Thread killer;

  RedisServer(Path directory, List<String> prefix, String host, int port) {
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
            "no");
    node.commandIs(words);
    killer = new Thread(node::killNow, "kill redis-server");
    Runtime.getRuntime().addShutdownHook(killer);
    node.start();
    Awaitility.await("redis-server answers")
        .atMost(Duration.ofSeconds(20))
        .ignoreExceptions()
        .until(() -> "PONG".equals(node.call("PING")));
  }

  static boolean isInstalled() {
    return Shell.has(PROGRAM);
  }

  TestNode node() {
    return node;
  }

  InetSocketAddress address() {
    return node.address();
  }

  @Override
  public void close() {
    node.kill();
    Runtime.getRuntime().removeShutdownHook(killer);
  }
}
