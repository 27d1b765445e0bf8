package io.raftkv.it.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One server process of a {@link TestCluster}: its addresses, files and life. The process is killed
 * when the test's JVM ends, however it ends short of {@code kill -9}.
 */
public final class TestNode {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration STOP_DEADLINE = Duration.ofSeconds(30);
  private static final int HTTP_TIMEOUT_MILLIS = 1_000;

  /** How many bytes of the log's end go into the report of a failure. */
  private static final int TAIL_BYTES = 6_000;

  private final String id;
  private final String host;
  private final int respPort;
  private final int raftPort;
  private final int httpPort;
  private final Path directory;
  private List<String> command = List.of();
  private Process process;

  TestNode(String id, String host, int respPort, int raftPort, int httpPort, Path directory) {
    this.id = id;
    this.host = host;
    this.respPort = respPort;
    this.raftPort = raftPort;
    this.httpPort = httpPort;
    this.directory = directory;
  }

  public String id() {
    return id;
  }

  public String host() {
    return host;
  }

  public int respPort() {
    return respPort;
  }

  int raftPort() {
    return raftPort;
  }

  public int httpPort() {
    return httpPort;
  }

  public InetSocketAddress address() {
    return new InetSocketAddress(host, respPort);
  }

  public Path dataDirectory() {
    return directory.resolve("data");
  }

  public Path logFile() {
    return directory.resolve("server.log");
  }

  void commandIs(List<String> words) {
    command = List.copyOf(words);
  }

  /** Starts the process; returns before it is ready. */
  public synchronized void start() {
    if (isAlive()) {
      throw new IllegalStateException(id + " runs already");
    }
    try {
      Files.createDirectories(directory);
      Files.writeString(
          logFile(),
          "---- " + String.join(" ", command) + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()))
              .start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + id, e);
    }
  }

  /** Orderly shutdown (SIGTERM); fails if the process does not end in time. */
  public synchronized void stop() {
    if (isAlive()) {
      process.destroy();
      awaitExit("SIGTERM");
    }
  }

  /** {@code kill -9}. */
  public synchronized void kill() {
    if (isAlive()) {
      process.destroyForcibly();
      awaitExit("SIGKILL");
    }
  }

  /** Waits until the process has ended by itself; with which code. */
  public synchronized int awaitEnd(Duration patience) {
    try {
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError(id + " still runs after " + patience);
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + id + " to end", e);
    }
  }

  private void awaitExit(String signal) {
    try {
      if (!process.waitFor(STOP_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError(id + " still runs " + STOP_DEADLINE + " after " + signal);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for " + id + " to end", e);
    }
  }

  /** Stops all threads of the process where they are (SIGSTOP); its sockets stay open. */
  public void pause() {
    Shell.run("kill", "-STOP", Long.toString(pid()));
  }

  /** Undoes {@link #pause}. */
  public void resume() {
    Shell.run("kill", "-CONT", Long.toString(pid()));
  }

  /** Kills the process if it runs and starts it again on the same data. */
  public void restart() {
    kill();
    start();
  }

  /** Deletes the data of a node that is down. */
  public void wipeData() {
    delete(dataDirectory());
  }

  /** Deletes a part of the data of a node that is down. */
  public synchronized void delete(Path part) {
    if (isAlive()) {
      throw new IllegalStateException(id + " is running");
    }
    if (!part.startsWith(dataDirectory()) || !Files.exists(part)) {
      throw new IllegalArgumentException(part + " is no data of " + id);
    }
    deleteRecursively(part);
  }

  /** True from the first start on, whatever became of it. */
  synchronized boolean isStarted() {
    return process != null;
  }

  public synchronized boolean isAlive() {
    return process != null && process.isAlive();
  }

  private synchronized long pid() {
    if (!isAlive()) {
      throw new IllegalStateException(id + " is not running");
    }
    return process.pid();
  }

  /** True once {@code /health/ready} answers 200. */
  public boolean isReady() {
    try {
      return http("/health/ready").status() == HttpURLConnection.HTTP_OK;
    } catch (IOException notYet) {
      return false;
    }
  }

  /** What the HTTP port said. */
  public record HttpReply(int status, String body) {}

  /** Asks the HTTP port, with a deadline of a second. */
  public HttpReply http(String path) throws IOException {
    HttpURLConnection http =
        (HttpURLConnection)
            URI.create("http://" + host + ":" + httpPort + path).toURL().openConnection();
    http.setConnectTimeout(HTTP_TIMEOUT_MILLIS);
    http.setReadTimeout(HTTP_TIMEOUT_MILLIS);
    try {
      int status = http.getResponseCode();
      try (InputStream body =
          status < HttpURLConnection.HTTP_BAD_REQUEST
              ? http.getInputStream()
              : http.getErrorStream()) {
        return new HttpReply(
            status, body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8));
      }
    } finally {
      http.disconnect();
    }
  }

  /** A new connection, closed by the caller. */
  public RespConnection connect() throws IOException {
    return connect(CONNECT_TIMEOUT);
  }

  public RespConnection connect(Duration timeout) throws IOException {
    return new RespConnection(address(), timeout);
  }

  /** One command on a connection of its own; I/O errors are the test's failure. */
  public Object call(String... args) {
    try (RespConnection connection = connect()) {
      return connection.call(args);
    } catch (IOException e) {
      throw new UncheckedIOException(id + ": " + String.join(" ", args), e);
    }
  }

  /** All lines that the process has printed to their ends, in all its lives. */
  public List<String> logLines() {
    try {
      String text = new String(Files.readAllBytes(logFile()), StandardCharsets.UTF_8);
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The end of what the process printed. */
  String logTail() {
    try {
      byte[] log = Files.exists(logFile()) ? Files.readAllBytes(logFile()) : new byte[0];
      int from = Math.max(0, log.length - TAIL_BYTES);
      return new String(log, from, log.length - from, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "(log unreadable: " + e + ")";
    }
  }

  static void deleteRecursively(Path root) {
    if (!Files.exists(root)) {
      return;
    }
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, IOException failure)
                throws IOException {
              if (failure != null) {
                throw failure;
              }
              Files.delete(dir);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + root, e);
    }
  }

  /** Kills a process whatever state it is in, without waiting; for shutdown hooks. */
  void killNow() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
    }
  }

  static List<String> words(List<String> first, String... more) {
    List<String> all = new ArrayList<>(first);
    all.addAll(List.of(more));
    return all;
  }
}
