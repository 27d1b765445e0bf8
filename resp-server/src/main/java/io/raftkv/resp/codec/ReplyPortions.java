package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.raftkv.resp.reply.Reply.Streamed;
import java.util.ArrayDeque;
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

  /** An aggregate of which some elements may be encoded. */
  private static final class Level {
    private final Streamed reply;
    private long given;

    private Level(Streamed reply) {
      this.reply = reply;
    }
  }

  private final Streamed reply;
  private final boolean resp3;
  private final RespOutput out;

  /** The aggregates that are not complete, each an element of the one behind it. */
  private final ArrayDeque<Level> levels = new ArrayDeque<>();

  private List<ByteBuf> buffers;
  private long bytes;
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
        begin(reply);
      }
      while (!levels.isEmpty() && bytes < BYTES) {
        encodeElements(levels.peek());
        dropComplete();
      }
      out.finish();
      complete = true;
      return new Portion(buffers, bytes, levels.isEmpty());
    } finally {
      if (!complete) {
        out.release();
        buffers.forEach(ByteBuf::release);
      }
    }
  }

  private void begin(Streamed aggregate) {
    Streamed counted = aggregate.counted();
    RespEncoder.encodeHeader(counted, resp3, out);
    levels.push(new Level(counted));
    dropComplete();
  }

  private void dropComplete() {
    while (!levels.isEmpty() && levels.peek().given == levels.peek().reply.count()) {
      levels.pop();
    }
  }

  /** Ends with the portion, with the aggregate, or with an element that is one itself. */
  private void encodeElements(Level level) {
    Streamed aggregate = level.reply;
    long before = level.given;
    aggregate
        .elements()
        .next(
            (first, second) -> {
              RespEncoder.encodeElement(aggregate.shape(), first, second, resp3, out);
              level.given++;
              if (second instanceof Streamed inner) {
                begin(inner);
                return false;
              }
              return bytes < BYTES && level.given < aggregate.count();
            });
    if (level.given == before) {
      throw new IllegalStateException(
          "a reply of " + aggregate.count() + " elements has only " + level.given);
    }
  }
}
