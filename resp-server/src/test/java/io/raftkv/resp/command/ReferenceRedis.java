package io.raftkv.resp.command;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A redis-server of this machine to compare with, on a free port of the loopback, without files. A
 * test that asks for one is skipped, and says so, where none is installed.
 */
final class ReferenceRedis implements AutoCloseable {
  private static final List<Path> PROGRAMS =
      List.of(Path.of("/usr/bin/redis-server"), Path.of("/usr/local/bin/redis-server"));
  private static final int START_ATTEMPTS = 200;
  private static final int ATTEMPT_MILLIS = 50;

  private final Process process;
  private final Socket socket;
  private final InputStream in;

  private ReferenceRedis(Process process, Socket socket) throws IOException {
    this.process = process;
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
  }

  /** Starts a server; its connection speaks RESP2. */
  static ReferenceRedis start() throws IOException, InterruptedException {
    Path program = PROGRAMS.stream().filter(Files::isExecutable).findFirst().orElse(null);
    if (program == null) {
      System.err.println("NOT COMPARED with Redis: no redis-server on this machine");
    }
    assumeTrue(program != null, "no redis-server on this machine");
    int port = freePort();
    ProcessBuilder builder =
        new ProcessBuilder(
            program.toString(),
            "--port",
            Integer.toString(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--databases",
            "16");
    builder.environment().put("LC_ALL", "C");
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectErrorStream(true);
    Process process = builder.start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    return new ReferenceRedis(process, connect(process, port));
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    }
  }

  private static Socket connect(Process process, int port)
      throws IOException, InterruptedException {
    for (int attempt = 0; attempt < START_ATTEMPTS && process.isAlive(); attempt++) {
      try {
        return new Socket(InetAddress.getLoopbackAddress(), port);
      } catch (IOException notYet) {
        TimeUnit.MILLISECONDS.sleep(ATTEMPT_MILLIS);
      }
    }
    process.destroyForcibly();
    throw new IOException("redis-server does not answer on port " + port);
  }

  /** The bytes of the reply to a command whose words are text, one byte for each character. */
  byte[] run(String... words) throws IOException {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.writeBytes(ascii("*" + words.length + "\r\n"));
    for (String word : words) {
      request.writeBytes(ascii("$" + word.length() + "\r\n" + word + "\r\n"));
    }
    OutputStream out = socket.getOutputStream();
    out.write(request.toByteArray());
    ByteArrayOutputStream reply = new ByteArrayOutputStream();
    copyReply(reply);
    return reply.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private void copyReply(ByteArrayOutputStream reply) throws IOException {
    String line = copyLine(reply);
    switch (line.charAt(0)) {
      case '$', '=' -> {
        int length = Integer.parseInt(line.substring(1));
        for (int i = 0; length >= 0 && i < length + 2; i++) {
          reply.write(read());
        }
      }
      case '*', '~', '>' -> copyReplies(reply, Integer.parseInt(line.substring(1)));
      case '%' -> copyReplies(reply, 2 * Integer.parseInt(line.substring(1)));
      default -> {
        // The line is the reply.
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
    int last = -1;
    for (int b = read(); ; last = b, b = read()) {
      reply.write(b);
      if (last == '\r' && b == '\n') {
        return line.substring(0, line.length() - 1);
      }
      line.append((char) b);
    }
  }

  private int read() throws IOException {
    int b = in.read();
    if (b < 0) {
      throw new EOFException("redis-server is gone");
    }
    return b;
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    socket.close();
  }
}
