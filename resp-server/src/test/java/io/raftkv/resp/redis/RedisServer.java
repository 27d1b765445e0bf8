package io.raftkv.resp.redis;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.awaitility.Awaitility;

/**
 * The redis-server of this machine, started on a free port of the loopback without data and without
 * files, and one connection to it. For one thread.
 */
public final class RedisServer implements AutoCloseable {
  private static final String PROGRAM = "redis-server";
  private static final Duration START_DEADLINE = Duration.ofSeconds(20);
  private static final int READ_TIMEOUT_MILLIS = 30_000;

  private final Process process;
  private final Thread killer;
  private final Socket socket;
  private final InputStream in;

  private RedisServer(int port, List<String> command) throws IOException {
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    killer = new Thread(process::destroyForcibly, "kill redis-server");
    Runtime.getRuntime().addShutdownHook(killer);
    socket = connect(port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(READ_TIMEOUT_MILLIS);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /**
   * Starts a server, whose connection speaks RESP2. Where none is installed the test is skipped,
   * and says so.
   *
   * @param settings more words of its command line
   */
  public static RedisServer start(String... settings) throws IOException {
    if (!isInstalled()) {
      System.err.println("**** NOT COMPARED WITH REDIS: no redis-server on this machine ****");
    }
    assumeTrue(isInstalled(), "no redis-server on this machine");
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    List<String> command = new ArrayList<>(List.of(PROGRAM, "--port", Integer.toString(port)));
    command.addAll(List.of("--bind", "127.0.0.1", "--save", "", "--appendonly", "no"));
    command.addAll(List.of(settings));
    return new RedisServer(port, command);
  }

  private static boolean isInstalled() {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, PROGRAM)));
  }

  private Socket connect(int port) {
    return Awaitility.await("redis-server listens")
        .atMost(START_DEADLINE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(10))
        .ignoreExceptions()
        .failFast("redis-server has ended", () -> !process.isAlive())
        .until(() -> new Socket(InetAddress.getLoopbackAddress(), port), Socket::isConnected);
  }

  /** As {@link #call(byte[][])}; the words are text, one byte for each character. */
  public String call(String... words) throws IOException {
    return call(Arrays.stream(words).map(RedisServer::bytes).toArray(byte[][]::new));
  }

  /** The reply to a command as it came over the wire, each byte one character. */
  public String call(byte[]... words) throws IOException {
    ByteArrayOutputStream command = new ByteArrayOutputStream();
    command.writeBytes(bytes("*" + words.length + "\r\n"));
    for (byte[] word : words) {
      command.writeBytes(bytes("$" + word.length + "\r\n"));
      command.writeBytes(word);
      command.writeBytes(bytes("\r\n"));
    }
    socket.getOutputStream().write(command.toByteArray());
    StringBuilder reply = new StringBuilder();
    read(reply);
    return reply.toString();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private void read(StringBuilder reply) throws IOException {
    int start = reply.length();
    readLine(reply);
    char type = reply.charAt(start);
    switch (type) {
      case '$', '=', '!' -> {
        int length = number(reply, start);
        if (length >= 0) {
          byte[] content = in.readNBytes(length + 2);
          reply.append(new String(content, StandardCharsets.ISO_8859_1));
        }
      }
      case '*', '~', '>', '%' -> {
        int items = number(reply, start) * (type == '%' ? 2 : 1);
        for (int i = 0; i < items; i++) {
          read(reply);
        }
      }
      case '+', '-', ':', '_', ',', '#', '(' -> {
        // The line is the whole reply.
      }
      default -> throw new IOException("not a reply: " + reply.substring(start));
    }
  }

  private void readLine(StringBuilder reply) throws IOException {
    int next;
    do {
      next = in.read();
      if (next < 0) {
        throw new EOFException("redis-server has closed the connection");
      }
      reply.append((char) next);
    } while (next != '\n');
  }

  /** The number between the type, which stands at {@code start}, and the end of the line. */
  private static int number(StringBuilder reply, int start) {
    return Integer.parseInt(reply.substring(start + 1, reply.length() - 2));
  }

  @Override
  public void close() throws IOException {
    Runtime.getRuntime().removeShutdownHook(killer);
    socket.close();
    process.destroyForcibly().onExit().join();
  }
}
