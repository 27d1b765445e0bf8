package io.raftkv.resp.command;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** A redis-server of this machine, and a connection that gives its replies as raw bytes. */
final class RedisReference implements AutoCloseable {
  private static final String PROGRAM = "redis-server";
  private static final int READ_TIMEOUT_MILLIS = 30_000;
  private static final long START_TIMEOUT_MILLIS = 20_000;

  private final Process process;
  private final Thread killer;
  private final Socket socket;
  private final InputStream in;

  /** Starts one without data, on loopback. */
  RedisReference() throws IOException, InterruptedException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    process =
        new ProcessBuilder(
                PROGRAM,
                "--bind",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--save",
                "",
                "--appendonly",
                "no")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    killer = new Thread(process::destroyForcibly, "kill redis-server");
    Runtime.getRuntime().addShutdownHook(killer);
    socket = connect(port);
    socket.setSoTimeout(READ_TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
  }

  static boolean isInstalled() {
    for (String directory : System.getenv("PATH").split(File.pathSeparator, -1)) {
      if (new File(directory, PROGRAM).canExecute()) {
        return true;
      }
    }
    System.err.println(
        "*** " + PROGRAM + " is not installed: replies are NOT compared with it ***");
    return false;
  }

  private static Socket connect(int port) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_TIMEOUT_MILLIS);
    while (true) {
      try {
        return new Socket(InetAddress.getLoopbackAddress(), port);
      } catch (ConnectException notYet) {
        if (System.nanoTime() > deadline) {
          throw notYet;
        }
        Thread.sleep(20);
      }
    }
  }

  /** The reply as it came over the wire, each byte one character. */
  String call(String... words) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(ascii("*" + words.length + "\r\n"));
    for (String word : words) {
      out.write(ascii("$" + word.length() + "\r\n" + word + "\r\n"));
    }
    socket.getOutputStream().write(out.toByteArray());
    StringBuilder reply = new StringBuilder();
    read(reply);
    return reply.toString();
  }

  private void read(StringBuilder reply) throws IOException {
    int start = reply.length();
    do {
      int next = in.read();
      if (next < 0) {
        throw new EOFException("redis-server closed the connection");
      }
      reply.append((char) next);
    } while (reply.charAt(reply.length() - 1) != '\n');
    char type = reply.charAt(start);
    switch (type) {
      case '$', '=' -> {
        int length = number(reply, start);
        if (length >= 0) {
          byte[] bytes = in.readNBytes(length + 2);
          reply.append(new String(bytes, StandardCharsets.ISO_8859_1));
        }
      }
      case '*', '~', '>', '%' -> {
        int items = number(reply, start) * (type == '%' ? 2 : 1);
        for (int i = 0; i < items; i++) {
          read(reply);
        }
      }
      default -> {
        // The line is the whole reply.
      }
    }
  }

  private static int number(StringBuilder reply, int start) {
    return Integer.parseInt(reply.substring(start + 1, reply.length() - 2));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    Runtime.getRuntime().removeShutdownHook(killer);
    process.destroyForcibly();
    socket.close();
  }
}
