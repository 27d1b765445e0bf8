package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.raftkv.resp.reply.Reply.Streamed;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Encodes a streamed reply in portions, on any thread, one at a time.
 *
 * <p>A portion has about {@link #BYTES}: it ends with the element that reaches them.
 */
public final class ReplyPortions {
  /** From this size on a portion is complete. */
  public static final int BYTES = 256 * 1024;

  /** Encoded elements of a reply. It belongs to whoever has it, who writes or releases it once. */
  public static final class Portion {
    private final List<ByteBuf> buffers;
    private final long bytes;
    private final boolean last;

    private Portion(List<ByteBuf> buffers, long bytes, boolean last) {
      this.buffers = buffers;
      this.bytes = bytes;
      this.last = last;
    }

    /** Number of encoded bytes. */
    public long bytes() {
      return bytes;
    }

    /** True if the reply ends with this portion. */
    public boolean isLast() {
      return last;
    }

    /** Drops it, unwritten. */
    public void release() {
      buffers.forEach(ByteBuf::release);
    }

    /** Hands the buffers to a sink, which releases them. */
    void writeTo(Consumer<ByteBuf> sink) {
      buffers.forEach(sink);
    }
  }

  private final Streamed reply;
  private final boolean resp3;
  private final RespOutput out;
  private List<ByteBuf> buffers;
  private long bytes;
  private long given;
  private boolean begun;

  /**
   * @param protocolVersion 2 or 3
   * @param channel where the reply will be written
   */
  public ReplyPortions(Streamed reply, int protocolVersion, Channel channel) {
    this(reply, protocolVersion, channel.alloc());
  }

  ReplyPortions(Streamed reply, int protocolVersion, ByteBufAllocator allocator) {
    this.reply = reply;
    this.resp3 = protocolVersion == 3;
    this.out = new RespOutput(allocator, this::take, () -> {});
  }

  private void take(ByteBuf full) {
    bytes += full.readableBytes();
    buffers.add(full);
  }

  /**
   * The next portion; not to be asked for behind the last one.
   *
   * @throws IllegalStateException if there are fewer elements than the reply has announced; as
   *     after any other exception the reply cannot be completed
   */
  public Portion next() {
    buffers = new ArrayList<>();
    bytes = 0;
    boolean complete = false;
    try {
      if (!begun) {
        begun = true;
        RespEncoder.encodeHeader(reply, resp3, out);
      }
      if (given < reply.count()) {
        encodeElements();
      }
      out.finish();
      complete = true;
      return new Portion(buffers, bytes, given == reply.count());
    } finally {
      if (!complete) {
        out.release();
        buffers.forEach(ByteBuf::release);
      }
    }
  }

  private void encodeElements() {
    long before = given;
    reply
        .elements()
        .next(
            (first, second) -> {
              RespEncoder.encodeElement(reply.shape(), first, second, resp3, out);
              given++;
              return bytes < BYTES && given < reply.count();
            });
    if (given == before) {
      throw new IllegalStateException(
          "a reply of " + reply.count() + " elements has only " + given);
    }
  }
}
