package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.channel.ChannelPromise;
import io.raftkv.resp.command.Numbers;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Collects encoded replies in pooled buffers of about 64 KB. A full buffer is handed over at once,
 * the last one by {@link #finish} or {@link #flush}. Long byte arrays are handed over as they are,
 * without a copy here: they must not change afterwards.
 *
 * <p>One per connection, used by its event loop only. Whoever stops using it before {@code finish}
 * calls {@link #release}.
 */
public final class RespOutput {
  /** A buffer of this size is handed over. */
  static final int HAND_OVER_BYTES = 64 * 1024;

  /** Arrays from this length on are not copied. */
  static final int UNCOPIED_BYTES = 16 * 1024;

  private static final int MIN_BUFFER_BYTES = 512;
  private static final int SCRATCH_BYTES = 128;
  private static final int HEADER_BYTES = 1 + Numbers.MAX_LONG_CHARS + 2;
  private static final byte[] LINE_END = {'\r', '\n'};

  private final ByteBufAllocator allocator;
  private final Consumer<ByteBuf> sink;
  private final Runnable flush;
  private final byte[] scratch = new byte[SCRATCH_BYTES];

  private ByteBuf buffer;
  private int expectedBytes = MIN_BUFFER_BYTES;

  /**
   * Hands buffers to {@code sink}, which releases them, and ends a {@link #flush} with {@code
   * flush}.
   */
  public RespOutput(ByteBufAllocator allocator, Consumer<ByteBuf> sink, Runnable flush) {
    this.allocator = allocator;
    this.sink = sink;
    this.flush = flush;
  }

  /** Writes to the pipeline from this handler on; a failed write is an exception of the channel. */
  public static RespOutput to(ChannelHandlerContext ctx) {
    return to(ctx, ctx.alloc(), ctx.voidPromise());
  }

  /** Writes to the end of the pipeline; a failed write is an exception of the channel. */
  public static RespOutput to(Channel channel) {
    return to(channel, channel.alloc(), channel.voidPromise());
  }

  private static RespOutput to(
      ChannelOutboundInvoker target, ByteBufAllocator allocator, ChannelPromise promise) {
    return new RespOutput(allocator, bytes -> write(target, bytes, promise), target::flush);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the promise is void: it has nothing to tell
  private static void write(ChannelOutboundInvoker target, ByteBuf bytes, ChannelPromise promise) {
    target.write(bytes, promise);
  }

  /** Closes the channel once all that was handed over before is sent. */
  public static void closeWhenSent(Channel channel) {
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /** Hands over what is left. */
  public void finish() {
    if (buffer != null) {
      ByteBuf last = buffer;
      buffer = null;
      // The next round will likely be of about this size.
      expectedBytes = Math.max(MIN_BUFFER_BYTES, Math.min(HAND_OVER_BYTES, last.readableBytes()));
      sink.accept(last);
    }
  }

  /** Hands over what is left, then a portion, which is the channel's from now on. */
  public void handOver(ReplyPortions.Portion portion) {
    finish();
    portion.writeTo(sink);
  }

  /** Hands over what is left and has the channel send everything. */
  public void flush() {
    finish();
    flush.run();
  }

  /** Drops what has not been handed over. */
  public void release() {
    if (buffer != null) {
      buffer.release();
      buffer = null;
    }
  }

  /** {@code bytes} as they are. */
  void raw(byte[] bytes) {
    raw(bytes, bytes.length);
  }

  /** A type, a number and a line end. */
  void header(char type, long value) {
    raw(scratch, putHeader(type, value));
  }

  /** A type, a double and a line end. */
  void doubleLine(char type, double value) {
    scratch[0] = (byte) type;
    raw(scratch, putLineEnd(Numbers.writeDouble(value, scratch, 1)));
  }

  /** A double as a bulk string. */
  void doubleBulk(double value) {
    int from = HEADER_BYTES; // its length has to be written before it
    int end = Numbers.writeDouble(value, scratch, from);
    int length = end - from;
    int start = putHeader('$', length);
    System.arraycopy(scratch, from, scratch, start, length);
    raw(scratch, putLineEnd(start + length));
  }

  /**
   * A type, a text and a line end. Line breaks in the text become blanks, or it could pass for more
   * than one reply. Characters up to U+00FF are written as one byte each, as {@code Args.text}
   * reads them; a text with any other character is written as UTF-8.
   */
  void line(char type, String text) {
    byte[] bytes = bytesOf(text);
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\r' || bytes[i] == '\n') {
        bytes[i] = ' ';
      }
    }
    writable(bytes.length + 1 + LINE_END.length).writeByte(type);
    buffer.writeBytes(bytes).writeBytes(LINE_END);
    handOverIfFull();
  }

  /** A length, the bytes and a line end. */
  void bulk(byte[] bytes) {
    int length = bytes.length;
    int start = putHeader('$', length);
    if (start + length + LINE_END.length <= SCRATCH_BYTES) {
      System.arraycopy(bytes, 0, scratch, start, length);
      raw(scratch, putLineEnd(start + length));
    } else {
      raw(scratch, start);
      body(bytes);
    }
  }

  /** A length, then a prefix and the bytes as one, and a line end. */
  void prefixedBulk(char type, byte[] prefix, byte[] bytes) {
    header(type, (long) prefix.length + bytes.length);
    raw(prefix);
    body(bytes);
  }

  private void body(byte[] bytes) {
    if (bytes.length < UNCOPIED_BYTES) {
      writable(bytes.length + LINE_END.length).writeBytes(bytes).writeBytes(LINE_END);
      handOverIfFull();
    } else {
      handOver();
      sink.accept(Unpooled.wrappedBuffer(bytes));
      raw(LINE_END);
    }
  }

  static byte[] bytesOf(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0xFF) {
        return text.getBytes(StandardCharsets.UTF_8);
      }
    }
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private int putHeader(char type, long value) {
    scratch[0] = (byte) type;
    return putLineEnd(Numbers.write(value, scratch, 1));
  }

  private int putLineEnd(int at) {
    scratch[at] = '\r';
    scratch[at + 1] = '\n';
    return at + 2;
  }

  private void raw(byte[] bytes, int length) {
    writable(length).writeBytes(bytes, 0, length);
    handOverIfFull();
  }

  private ByteBuf writable(int length) {
    if (buffer == null) {
      buffer = allocator.ioBuffer(Math.max(expectedBytes, length));
    }
    return buffer;
  }

  private void handOverIfFull() {
    if (buffer.readableBytes() >= HAND_OVER_BYTES) {
      handOver();
    }
  }

  private void handOver() {
    if (buffer != null) {
      ByteBuf full = buffer;
      buffer = null;
      expectedBytes = HAND_OVER_BYTES;
      sink.accept(full);
    }
  }
}
