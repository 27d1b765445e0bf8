package io.raftkv.resp.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ResourceLeakDetector;
import io.raftkv.resp.reply.Reply;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Collects what an output hands over. */
public final class Encoding {
  static {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
  }

  int flushes;
  final List<ByteBuf> handedOver = new ArrayList<>();
  final RespOutput output;

  Encoding() {
    this(PooledByteBufAllocator.DEFAULT);
  }

  Encoding(ByteBufAllocator allocator) {
    output = new RespOutput(allocator, handedOver::add, () -> flushes++);
  }

  /** The bytes of one use of an output. */
  static byte[] bytes(Consumer<RespOutput> use) {
    Encoding encoding = new Encoding();
    use.accept(encoding.output);
    encoding.output.finish();
    return encoding.takeBytes();
  }

  /** A reply as it goes over the wire, each byte one character. */
  public static String text(Reply reply, int protocolVersion) {
    return text(out -> RespEncoder.encode(reply, protocolVersion, out));
  }

  /** What a client takes these bytes of one reply for, each byte given as one character. */
  public static Reply received(String text) {
    EmbeddedChannel client = new EmbeddedChannel(new RespReplyDecoder(RespLimits.DEFAULT));
    client.writeInbound(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1)));
    Reply reply = client.readInbound();
    client.finishAndReleaseAll();
    return reply;
  }

  static String text(Consumer<RespOutput> use) {
    return new String(bytes(use), StandardCharsets.ISO_8859_1);
  }

  /** Everything handed over since the last call, which is released. */
  byte[] takeBytes() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuf buffer : handedOver) {
      byte[] bytes = new byte[buffer.readableBytes()];
      buffer.readBytes(bytes);
      all.writeBytes(bytes);
      assertThat(buffer.release()).isTrue();
    }
    handedOver.clear();
    return all.toByteArray();
  }
}
