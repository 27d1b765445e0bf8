package io.raftkv.resp.command;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.codec.RespReplyDecoder;
import io.raftkv.resp.reply.Reply;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A real redis-server on this machine, to compare replies with. */
final class StreamRedis implements AutoCloseable {
  private static final String PROGRAM = "redis-server";
  private static final long START_NANOS = TimeUnit.SECONDS.toNanos(20);

  private final Process process;
  private final Socket socket;
  private final EmbeddedChannel decoder = decoder();

  /** Starts a server without persistence; {@code settings} are further words of its command. */
  StreamRedis(String... settings) throws IOException, InterruptedException {
    int port = freePort();
    String[] words =
        List.of(PROGRAM, "--port", "" + port, "--bind", "127.0.0.1", "--save", "")
            .toArray(String[]::new);
    String[] all = Arrays.copyOf(words, words.length + settings.length);
    System.arraycopy(settings, 0, all, words.length, settings.length);
    process = new ProcessBuilder(all).redirectErrorStream(true).redirectOutput(discard()).start();
    socket = connect(port);
  }

  private static ProcessBuilder.Redirect discard() {
    return ProcessBuilder.Redirect.DISCARD;
  }

  /** True if the program is on the path. */
  static boolean isInstalled() {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(directory -> new File(directory, PROGRAM).canExecute());
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    }
  }

  private Socket connect(int port) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + START_NANOS;
    while (true) {
      try {
        Socket connected = new Socket(InetAddress.getLoopbackAddress(), port);
        connected.setTcpNoDelay(true);
        connected.setSoTimeout(20_000);
        return connected;
      } catch (IOException notYet) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          process.destroyForcibly();
          throw notYet;
        }
        TimeUnit.MILLISECONDS.sleep(20);
      }
    }
  }

  /** Sends a command whose words are text, one byte for each character; returns its reply. */
  Reply run(String... words) throws IOException {
    byte[][] bytes =
        Arrays.stream(words)
            .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
            .toArray(byte[][]::new);
    socket.getOutputStream().write(written(out -> RespEncoder.encodeCommand(bytes, out)));
    byte[] buffer = new byte[8192];
    Reply reply;
    while ((reply = decoder.readInbound()) == null) {
      int length = socket.getInputStream().read(buffer);
      if (length < 0) {
        throw new EOFException(PROGRAM + " has closed the connection");
      }
      decoder.writeInbound(Unpooled.copiedBuffer(buffer, 0, length));
    }
    return reply;
  }

  /** What a client would decode of this reply of ours. */
  static Reply asReceived(Reply reply, int protocolVersion) {
    EmbeddedChannel client = decoder();
    byte[] sent = written(out -> RespEncoder.encode(reply, protocolVersion, out));
    client.writeInbound(Unpooled.wrappedBuffer(sent));
    Reply received = client.readInbound();
    client.finishAndReleaseAll();
    return received;
  }

  private static EmbeddedChannel decoder() {
    return new EmbeddedChannel(new RespReplyDecoder(RespLimits.DEFAULT));
  }

  private static byte[] written(Consumer<RespOutput> use) {
    ByteBuf all = Unpooled.buffer();
    RespOutput out =
        new RespOutput(
            UnpooledByteBufAllocator.DEFAULT,
            part -> {
              all.writeBytes(part);
              part.release();
            },
            () -> {});
    use.accept(out);
    out.finish();
    byte[] bytes = new byte[all.readableBytes()];
    all.readBytes(bytes);
    all.release();
    return bytes;
  }

  @Override
  public void close() throws IOException {
    decoder.finishAndReleaseAll();
    socket.close();
    process.destroy();
  }
}
