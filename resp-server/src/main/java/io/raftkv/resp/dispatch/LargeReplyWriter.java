package io.raftkv.resp.dispatch;

import io.netty.channel.Channel;
import io.raftkv.resp.codec.ReplyPortions.Portion;
import io.raftkv.resp.codec.RespOutput;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a connection's large replies, one at a time, portion by portion: the next one is made when
 * the channel takes more. So a connection has at most its output buffer and one portion in memory.
 *
 * <p>A client may keep it waiting for {@link #PATIENCE_SECONDS} and one second more for each {@link
 * #SLOWEST_BYTES_PER_SECOND} it has taken; then its connection is closed, since the rows of the
 * reply's moment cannot be given up before. Event-loop confined.
 */
final class LargeReplyWriter implements ReplyStream.Receiver {
  private static final Logger LOG = LoggerFactory.getLogger(LargeReplyWriter.class);

  /** How long a client may leave its replies unread, in seconds. */
  static final long PATIENCE_SECONDS = 30;

  /** A client that reads faster than this is never closed. */
  static final long SLOWEST_BYTES_PER_SECOND = 1 << 20;

  private final Channel channel;
  private final RespOutput out;
  private final long connection;
  private final Runnable onSent;
  private final LongSupplier nanoClock;
  private ReplyStream stream;
  private boolean waiting;
  private long waitingSince;
  private long waitedNanos;
  private long sentBytes;
  private ScheduledFuture<?> patience;

  /**
   * @param connection its id, for the log
   * @param onSent runs when a reply has been handed to the channel as a whole
   */
  LargeReplyWriter(
      Channel channel, RespOutput out, long connection, Runnable onSent, LongSupplier nanoClock) {
    this.channel = channel;
    this.out = out;
    this.connection = connection;
    this.onSent = onSent;
    this.nanoClock = nanoClock;
  }

  /** True from {@link #begin} until the reply is sent: nothing else may be written meanwhile. */
  boolean isActive() {
    return stream != null;
  }

  /** Sends a reply, and closes it. */
  void begin(ReplyStream reply, int protocolVersion) {
    stream = reply;
    waitedNanos = 0;
    sentBytes = 0;
    reply.begin(channel, protocolVersion, this);
    goOn();
  }

  /** The channel may have become writable. */
  void writabilityChanged() {
    if (waiting && channel.isWritable()) {
      stopWaiting();
      stream.next();
    }
  }

  /** The connection is gone. */
  void abandon() {
    if (stream != null) {
      ReplyStream abandoned = stream;
      stream = null;
      stopWaiting();
      abandoned.close();
    }
  }

  @Override
  public void portion(Portion portion) {
    sentBytes += portion.bytes();
    boolean last = portion.isLast();
    out.handOver(portion);
    out.flush();
    if (stream == null) {
      return; // the write has found the connection broken
    }
    if (last) {
      ReplyStream sent = stream;
      stream = null;
      sent.close();
      onSent.run();
    } else {
      goOn();
    }
  }

  @Override
  public void failed(Throwable fault) {
    LOG.error(
        "connection {} closed: a reply of {} elements breaks off after {} bytes",
        connection,
        stream.count(),
        sentBytes,
        fault);
    channel.close();
  }

  private void goOn() {
    if (channel.isWritable()) {
      stream.next();
      return;
    }
    waiting = true;
    waitingSince = nanoClock.getAsLong();
    long allowed =
        TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)
            + TimeUnit.SECONDS.toNanos(1) / SLOWEST_BYTES_PER_SECOND * sentBytes;
    patience =
        channel.eventLoop().schedule(this::giveUp, allowed - waitedNanos, TimeUnit.NANOSECONDS);
  }

  private void stopWaiting() {
    if (waiting) {
      waiting = false;
      waitedNanos += nanoClock.getAsLong() - waitingSince;
      patience.cancel(false);
    }
  }

  private void giveUp() {
    if (waiting) {
      LOG.warn(
          "connection {} closed: it does not read a reply of {} elements; {} bytes in {} ms",
          connection,
          stream.count(),
          sentBytes,
          TimeUnit.NANOSECONDS.toMillis(waitedNanos + nanoClock.getAsLong() - waitingSince));
      channel.close();
    }
  }
}
