package io.raftkv.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** What happens on a connection, still blocking, before the load. */
final class Handshake {
  private static final int CHUNK = 512;

  private Handshake() {}

  /** Sends AUTH if there is a password, given as {@code password} or {@code user:password}. */
  static void authenticate(SocketChannel channel, String auth) throws IOException {
    if (auth == null) {
      return;
    }
    int colon = auth.indexOf(':');
    RequestTemplate request =
        colon < 0
            ? RequestTemplate.fixed("AUTH", auth)
            : RequestTemplate.fixed("AUTH", auth.substring(0, colon), auth.substring(colon + 1));
    ByteBuffer out = ByteBuffer.allocate(request.size());
    request.copyTo(out);
    exchange(channel, out, 1);
  }

  /** Sends the request once for every key, element or connection that it names. */
  static void preload(
      SocketChannel channel,
      RequestTemplate template,
      long numbers,
      int connections,
      KeySequence draws)
      throws IOException {
    long variants = template.variants(numbers, connections);
    long stride = template.stride(numbers);
    ByteBuffer out = ByteBuffer.allocateDirect(CHUNK * template.size());
    for (long variant = 0; variant < variants; ) {
      int size = (int) Math.min(CHUNK, variants - variant);
      out.clear();
      for (int i = 0; i < size; i++, variant++) {
        Turn turn = new Turn(variant, draws);
        turn.next(variant * stride);
        template.copyTo(out, turn);
      }
      exchange(channel, out, size);
    }
  }

  private static void exchange(SocketChannel channel, ByteBuffer out, int replies)
      throws IOException {
    out.flip();
    while (out.hasRemaining()) {
      channel.write(out);
    }
    ReplyScanner scanner = new ReplyScanner();
    AtomicInteger seen = new AtomicInteger();
    AtomicReference<String> firstError = new AtomicReference<>();
    ByteBuffer in = ByteBuffer.allocateDirect(16 * 1024);
    while (seen.get() < replies) {
      in.clear();
      if (channel.read(in) < 0) {
        throw new IOException("the server closed the connection");
      }
      in.flip();
      scanner.scan(
          in,
          (type, number, error) -> {
            seen.incrementAndGet();
            if (error != null) {
              firstError.compareAndSet(null, error);
            }
          });
    }
    if (firstError.get() != null) {
      throw new IOException("refused: " + firstError.get());
    }
  }
}
