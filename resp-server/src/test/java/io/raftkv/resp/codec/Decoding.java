package io.raftkv.resp.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ResourceLeakDetector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A decoder in a channel of its own; checks that every buffer it was given is released. */
final class Decoding {
  static {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
  }

  final RespDecoder decoder;
  final EmbeddedChannel channel;
  private final List<ByteBuf> given = new ArrayList<>();
  private final List<Object> messages = new ArrayList<>();

  Decoding(RespLimits limits) {
    decoder = new RespDecoder(limits);
    channel = new EmbeddedChannel(decoder);
  }

  /** What a decoder makes of one stream cut into these pieces. */
  static List<String> outcome(RespLimits limits, List<byte[]> pieces) {
    Decoding decoding = new Decoding(limits);
    pieces.forEach(decoding::receive);
    decoding.finish();
    return decoding.outcome();
  }

  static List<String> outcome(String stream) {
    return outcome(RespLimits.DEFAULT, List.of(bytes(stream)));
  }

  void receive(byte[] piece) {
    ByteBuf buffer = direct(piece);
    given.add(buffer);
    channel.writeInbound(buffer);
  }

  void receive(String piece) {
    receive(bytes(piece));
  }

  /** Messages passed on since the last call. */
  List<Object> take() {
    List<Object> taken = new ArrayList<>();
    for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
      taken.add(next);
    }
    messages.addAll(taken);
    return taken;
  }

  /** Closes the channel; whatever was given must be released then. */
  void finish() {
    take();
    channel.finishAndReleaseAll();
    channel.checkException();
    assertThat(given).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
  }

  int held() {
    return (int) given.stream().filter(buffer -> buffer.refCnt() > 0).count();
  }

  /** All commands and the violation so far, as text; {@code !} stands before the oversized. */
  List<String> outcome() {
    take();
    return describe(messages);
  }

  static List<String> describe(List<Object> messages) {
    List<String> lines = new ArrayList<>();
    for (Object message : messages) {
      if (message instanceof CommandBatch batch) {
        assertThat(batch.size()).isBetween(1, CommandBatch.MAX_COMMANDS);
        long total = 0;
        for (int i = 0; i < batch.size(); i++) {
          String reason = batch.oversize(i) == null ? "" : "!" + batch.oversize(i);
          lines.add(reason + describe(batch.words(i)));
          assertThat(batch.bytes(i))
              .isEqualTo(Arrays.stream(batch.words(i)).mapToLong(word -> word.length).sum());
          total += batch.bytes(i);
        }
        assertThat(batch.totalBytes()).isEqualTo(total);
      } else {
        lines.add("-" + ((ProtocolViolation) message).line());
      }
    }
    return lines;
  }

  static String describe(byte[][] words) {
    StringBuilder line = new StringBuilder();
    for (byte[] word : words) {
      line.append('[').append(new String(word, StandardCharsets.ISO_8859_1)).append(']');
    }
    return line.toString();
  }

  static ByteBuf direct(byte[] bytes) {
    return PooledByteBufAllocator.DEFAULT.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
  }

  /** Cuts a stream into pieces of one to {@code most} bytes. */
  static List<byte[]> cut(byte[] stream, int most, Random random) {
    List<byte[]> pieces = new ArrayList<>();
    for (int at = 0; at < stream.length; ) {
      int end = Math.min(stream.length, at + 1 + random.nextInt(most));
      pieces.add(Arrays.copyOfRange(stream, at, end));
      at = end;
    }
    return pieces;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
