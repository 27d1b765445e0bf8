package io.raftkv.resp.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A redis-server of its own, with one connection, to compare replies with. */
final class RedisProcess implements AutoCloseable {
  private static final String PROGRAM = "redis-server";

  private final Process process;
  private Socket socket;
  private InputStream in;

  RedisProcess(Path directory) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    String address = InetAddress.getLoopbackAddress().getHostAddress();
    process =
        new ProcessBuilder(
                PROGRAM, "--port", Integer.toString(port), "--bind", address, "--save", "")
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("redis.log").toFile())
            .start();
    Awaitility.await("redis-server listens")
        .atMost(20, TimeUnit.SECONDS)
        .ignoreExceptions()
        .until(
            () -> {
              socket = new Socket(InetAddress.getLoopbackAddress(), port);
              return true;
            });
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
  }

  static boolean isInstalled() {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, PROGRAM)));
  }

  /** The bytes of the reply to a command. */
  byte[] run(byte[]... words) throws IOException {
    ByteArrayOutputStream command = new ByteArrayOutputStream();
    command.writeBytes(("*" + words.length + "\r\n").getBytes(ISO_8859_1));
    for (byte[] word : words) {
      command.writeBytes(("$" + word.length + "\r\n").getBytes(ISO_8859_1));
      command.writeBytes(word);
      command.writeBytes(new byte[] {'\r', '\n'});
    }
    OutputStream out = socket.getOutputStream();
    out.write(command.toByteArray());
    out.flush();
    ByteArrayOutputStream reply = new ByteArrayOutputStream();
    copyReply(reply);
    return reply.toByteArray();
  }

  private void copyReply(ByteArrayOutputStream reply) throws IOException {
    String line = copyLine(reply);
    switch (line.charAt(0)) {
      case '$', '=' -> {
        int length = Integer.parseInt(line.substring(1));
        if (length >= 0) {
          reply.writeBytes(in.readNBytes(length + 2));
        }
      }
      case '*', '~', '>' -> copyReplies(reply, Integer.parseInt(line.substring(1)));
      case '%' -> copyReplies(reply, 2 * Integer.parseInt(line.substring(1)));
      default -> {
        // The line is all of it.
      }
    }
  }

  private void copyReplies(ByteArrayOutputStream reply, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      copyReply(reply);
    }
  }

  private String copyLine(ByteArrayOutputStream reply) throws IOException {
    StringBuilder line = new StringBuilder();
    int next;
    do {
      next = in.read();
      if (next < 0) {
        throw new IOException("redis-server closed the connection");
      }
      reply.write(next);
      line.append((char) next);
    } while (next != '\n');
    return line.toString().strip();
  }

  @Override
  public void close() throws IOException {
    socket.close();
    process.destroyForcibly().onExit().join();
  }
}
