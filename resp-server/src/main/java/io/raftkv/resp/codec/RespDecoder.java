package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Decodes what a client sends: passes on a {@link CommandBatch} with all commands that one read
 * completed, several if they do not fit into one, and a {@link ProtocolViolation} as the last
 * message if the framing is broken.
 *
 * <p>Arguments are copied once, into arrays of their exact length; of an incomplete command only
 * what has arrived is held, within {@link RespLimits}. Of a command that would be more, nothing is:
 * it is passed on in its place without its arguments, as {@link Oversize}.
 *
 * <p><b>Flow.</b> While auto-read is off at most one batch is passed on for each {@code read()};
 * bytes read beyond it stay encoded until the next one. Turning auto-read on is such a {@code
 * read()}, so nothing else is needed to go on. Without auto-read a {@code read()} is answered from
 * those bytes first.
 *
 * <p>Bytes that are not decoded when the channel closes or the handler is removed are dropped. Used
 * by the event loop of its channel only.
 */
public final class RespDecoder extends ChannelDuplexHandler {
  /** From here on bulk bytes go straight to their array instead of through the window. */
  private static final int DIRECT_BYTES = 1024;

  private final CommandParser parser;
  private final Queue<ByteBuf> pending = new ArrayDeque<>(2);

  /** False after a violation, a failure or the end of the channel. */
  private boolean open = true;

  /** A read() came and no batch was passed on since. */
  private boolean demand = true;

  /** Downstream takes more: auto-read is on, or there is demand. */
  private boolean flowing;

  /** Decoding, or telling downstream about it: calls back from there must not start it again. */
  private boolean busy;

  /** A read() came while busy. */
  private boolean readAgain;

  public RespDecoder(RespLimits limits) {
    this.parser = new CommandParser(limits);
  }

  /** Changes the limits for what is not decoded yet. */
  public void setLimits(RespLimits limits) {
    parser.setLimits(limits);
  }

  /**
   * Holds a client that has not authenticated to Redis' limits: 10 words of 16,384 bytes. Commands
   * are then passed on one by one, so that an AUTH handled in {@code channelRead} lifts the limits
   * for what follows it in the same read.
   */
  public void setUnauthenticated(boolean unauthenticated) {
    parser.setUnauthenticated(unauthenticated);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf buffer)) {
      ctx.fireChannelRead(message);
      return;
    }
    if (!open) {
      buffer.release();
      return;
    }
    pending.add(buffer);
    if (busy) {
      return;
    }
    busy = true;
    try {
      decodePending(ctx);
    } finally {
      idle();
    }
    if (readAgain) {
      readAgain = false;
      if (pending.isEmpty()) {
        ctx.read();
      }
    }
  }

  @Override
  public void read(ChannelHandlerContext ctx) {
    demand = true;
    if (busy) {
      readAgain = true;
      return;
    }
    if (!pending.isEmpty()) {
      busy = true;
      try {
        do {
          readAgain = false;
          if (decodePending(ctx)) {
            ctx.fireChannelReadComplete();
          }
        } while (readAgain && !pending.isEmpty());
        readAgain = false;
      } finally {
        idle();
      }
    }
    if (pending.isEmpty() && (demand || ctx.channel().config().isAutoRead())) {
      ctx.read();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    close();
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    close();
  }

  private void idle() {
    busy = false;
    if (!open) {
      releasePending();
    }
  }

  private void close() {
    open = false;
    if (!busy) {
      releasePending();
    }
  }

  private void releasePending() {
    for (ByteBuf buffer = pending.poll(); buffer != null; buffer = pending.poll()) {
      buffer.release();
    }
  }

  /** Decodes while there is something and downstream takes it. True if it passed anything on. */
  private boolean decodePending(ChannelHandlerContext ctx) {
    boolean passedOn = false;
    DecoderWorkspace work = DecoderWorkspace.borrow();
    try {
      flowing = isWanted(ctx);
      // Passing on the last batch may call for more of what is still pending.
      do {
        while (open && flowing && !pending.isEmpty()) {
          ByteBuf buffer = pending.peek();
          passedOn |= decode(ctx, buffer, work);
          if (!buffer.isReadable()) {
            pending.remove();
            buffer.release();
          }
        }
        if (open && !work.isEmpty()) {
          passOn(ctx, work);
          passedOn = true;
        }
      } while (open && flowing && !pending.isEmpty());
    } catch (RuntimeException | Error failure) {
      // The parser may be anywhere in the stream: whatever came next would be a guess.
      open = false;
      throw failure;
    } finally {
      work.giveBack();
    }
    return passedOn;
  }

  private boolean decode(ChannelHandlerContext ctx, ByteBuf buffer, DecoderWorkspace work) {
    boolean passedOn = false;
    while (open && flowing && buffer.isReadable()) {
      if (parser.missingBulkBytes() >= DIRECT_BYTES) {
        parser.fillBulk(buffer);
        continue;
      }
      int length = Math.min(buffer.readableBytes(), DecoderWorkspace.WINDOW_BYTES);
      buffer.getBytes(buffer.readerIndex(), work.window, 0, length);
      int at = 0;
      while (open && flowing && at < length) {
        at = parser.parse(work.window, at, length);
        if (parser.hasCommand()) {
          passedOn |= collect(ctx, work);
        } else if (parser.violation() != null) {
          passOnViolation(ctx, work);
          passedOn = true;
        }
      }
      buffer.skipBytes(at);
    }
    return passedOn;
  }

  /** Adds the parser's command to the batch, which is passed on when it is full. */
  private boolean collect(ChannelHandlerContext ctx, DecoderWorkspace work) {
    long bytes = parser.commandBytes();
    Oversize oversize = parser.oversize();
    byte[][] words = parser.takeCommand();
    boolean passedOn = false;
    if (!work.fits(words, bytes)) {
      passOn(ctx, work);
      passedOn = true;
    }
    work.add(words, bytes, oversize);
    if (work.isFull() || parser.isUnauthenticated()) {
      passOn(ctx, work);
      passedOn = true;
    }
    return passedOn;
  }

  private void passOn(ChannelHandlerContext ctx, DecoderWorkspace work) {
    demand = false;
    ctx.fireChannelRead(work.takeBatch());
    flowing = isWanted(ctx);
  }

  private void passOnViolation(ChannelHandlerContext ctx, DecoderWorkspace work) {
    if (!work.isEmpty()) {
      passOn(ctx, work);
    }
    if (open) {
      open = false;
      ctx.fireChannelRead(parser.violation());
    }
  }

  private boolean isWanted(ChannelHandlerContext ctx) {
    // A channel that downstream has closed learns of it later than the next command.
    return ctx.channel().isActive() && (demand || ctx.channel().config().isAutoRead());
  }
}
