package io.raftkv.resp.dispatch;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;

/** The way to a client: while it stands still, it keeps what is written until told to go on. */
final class SlowNetwork extends ChannelOutboundHandlerAdapter {
  /** Unsent bytes from which on the channel is not writable. */
  static final long FULL_BYTES = 100_000;

  private final OutputStream received;
  private final ArrayDeque<ByteBuf> unsent = new ArrayDeque<>();
  private ChannelHandlerContext ctx;
  private boolean stands;
  private long unsentBytes;
  private long mostUnsentBytes;
  private long writtenBytes;

  /**
   * @param received takes what has reached the client
   */
  SlowNetwork(OutputStream received) {
    this.received = received;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    ByteBuf bytes = (ByteBuf) message;
    unsent.add(bytes);
    unsentBytes += bytes.readableBytes();
    writtenBytes += bytes.readableBytes();
    mostUnsentBytes = Math.max(mostUnsentBytes, unsentBytes);
    if (stands) {
      regulate();
    } else {
      deliver(Long.MAX_VALUE);
    }
    if (!promise.isVoid()) {
      promise.setSuccess();
    }
  }

  /** Nothing reaches the client from now on. */
  void stand() {
    stands = true;
  }

  /** All reaches the client, what has been waiting, too. */
  void goOn() {
    stands = false;
    deliver(Long.MAX_VALUE);
  }

  /** About so many bytes reach the client. */
  void deliver(long bytes) {
    for (long left = bytes; left > 0 && !unsent.isEmpty(); ) {
      ByteBuf next = unsent.poll();
      left -= next.readableBytes();
      unsentBytes -= next.readableBytes();
      try {
        next.readBytes(received, next.readableBytes());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } finally {
        next.release();
      }
    }
    regulate();
  }

  private void regulate() {
    ctx.channel().unsafe().outboundBuffer().setUserDefinedWritability(1, unsentBytes < FULL_BYTES);
  }

  boolean isEmpty() {
    return unsent.isEmpty();
  }

  /** Most bytes that waited at one time. */
  long mostUnsentBytes() {
    return mostUnsentBytes;
  }

  /** All that was ever written. */
  long writtenBytes() {
    return writtenBytes;
  }

  /** The connection is gone. */
  void drop() {
    unsent.forEach(ByteBuf::release);
    unsent.clear();
  }
}
