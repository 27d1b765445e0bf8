package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBufAllocator;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.reply.Reply;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A real redis-server on loopback, and one connection to it that gives replies as raw bytes. */
final class RedisPeer implements AutoCloseable {
  private static final String PROGRAM = "redis-server";

  private final Process process;
  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  private RedisPeer(Process process, Socket socket) throws IOException {
    this.process = process;
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
    this.out = new BufferedOutputStream(socket.getOutputStream());
  }

  /** Starts a server that keeps its files in {@code directory}; skips the test if there is none. */
  static RedisPeer start(Path directory) throws IOException {
    assumeTrue(isInstalled(), "NOT COMPARED WITH REDIS: no redis-server on this machine");
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Process process =
        new ProcessBuilder(
                PROGRAM,
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("redis.log").toFile())
            .start();
    Socket socket =
        Awaitility.await("redis-server listens")
            .atMost(Duration.ofSeconds(30))
            .ignoreExceptions()
            .until(() -> new Socket(InetAddress.getLoopbackAddress(), port), Socket::isConnected);
    socket.setTcpNoDelay(true);
    return new RedisPeer(process, socket);
  }

  private static boolean isInstalled() {
    return Stream.of(System.getenv("PATH").split(":", -1))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, PROGRAM)));
  }

  /** The bytes of the reply, each as one character. */
  String call(byte[]... words) throws IOException {
    RespOutput output = collecting(out);
    RespEncoder.encodeCommand(words, output);
    output.finish();
    out.flush();
    ByteArrayOutputStream reply = new ByteArrayOutputStream();
    readReply(reply);
    return reply.toString(StandardCharsets.ISO_8859_1);
  }

  /** As {@link #call(byte[][])}, each character of a word one byte. */
  String call(String... words) throws IOException {
    return call(
        Arrays.stream(words)
            .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
            .toArray(byte[][]::new));
  }

  /** The bytes that our encoder makes of a reply, each as one character. */
  static String encoded(Reply reply, int protocolVersion) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    RespOutput output = collecting(bytes);
    RespEncoder.encode(reply, protocolVersion, output);
    output.finish();
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  private static RespOutput collecting(OutputStream target) {
    return new RespOutput(
        ByteBufAllocator.DEFAULT,
        buffer -> {
          try {
            buffer.readBytes(target, buffer.readableBytes());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          } finally {
            buffer.release();
          }
        },
        () -> {});
  }

  private void readReply(ByteArrayOutputStream reply) throws IOException {
    String line = readLine(reply);
    switch (line.charAt(0)) {
      case '$' -> {
        int length = Integer.parseInt(line.substring(1));
        if (length >= 0) {
          reply.write(in.readNBytes(length + 2));
        }
      }
      case '*', '~', '%' -> {
        int items = Integer.parseInt(line.substring(1)) * (line.charAt(0) == '%' ? 2 : 1);
        for (int i = 0; i < items; i++) {
          readReply(reply);
        }
      }
      default -> assertThat("+-:_,#").contains(line.substring(0, 1));
    }
  }

  private String readLine(ByteArrayOutputStream reply) throws IOException {
    StringBuilder line = new StringBuilder();
    int last;
    do {
      last = in.read();
      if (last < 0) {
        throw new EOFException("redis-server has gone");
      }
      reply.write(last);
      line.append((char) last);
    } while (last != '\n');
    return line.substring(0, line.length() - 2);
  }

  @Override
  public void close() throws IOException {
    socket.close();
    process.destroyForcibly();
    process.onExit().join();
  }
}
