package io.raftkv.resp.dispatch;

import io.netty.channel.Channel;
import io.raftkv.resp.codec.ReplyPortions.Portion;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.ViewTakenBackException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Sends a connection's large replies, one at a time, portion by portion: the next one is made when
 * the channel takes more. So a connection has at most its output buffer and one portion in memory.
 *
 * <p>A client may keep it waiting for some time, and one second more for each {@link
 * #SLOWEST_BYTES_PER_SECOND} it has taken; then its connection is closed, since the rows of the
 * reply's moment cannot be given up before. Event-loop confined.
 */
final class LargeReplyWriter implements ReplyStream.Receiver {
  private static final Logger LOG = LoggerFactory.getLogger(LargeReplyWriter.class);

  /** A client that reads faster than this is never closed. */
  static final long SLOWEST_BYTES_PER_SECOND = 1 << 20;

  private final Channel channel;
  private final RespOutput out;
  private final long connection;
  private final Runnable onSent;
  private final long patienceNanos;
  private final LongSupplier nanoClock;
  private ReplyStream stream;
  private int protocol;
  private boolean waiting;
  private long waitingSince;
  private long waitedNanos;
  private long sentBytes;
  private ScheduledFuture<?> patience;

  /**
   * @param connection its id, for the log
   * @param onSent runs when a reply has been handed to the channel as a whole
   * @param patienceNanos how long a client may leave a reply unread
   */
  LargeReplyWriter(
      Channel channel,
      RespOutput out,
      long connection,
      Runnable onSent,
      long patienceNanos,
      LongSupplier nanoClock) {
    this.channel = channel;
    this.out = out;
    this.connection = connection;
    this.onSent = onSent;
    this.patienceNanos = patienceNanos;
    this.nanoClock = nanoClock;
  }

  /** True from {@link #begin} until the reply is sent: nothing else may be written meanwhile. */
  boolean isActive() {
    return stream != null;
  }

  /** Sends a reply, and closes it. */
  void begin(ReplyStream reply, int protocolVersion) {
    stream = reply;
    protocol = protocolVersion;
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
      sent();
    } else {
      goOn();
    }
  }

  private void sent() {
    ReplyStream done = stream;
    stream = null;
    done.close();
    onSent.run();
  }

  /** Before the first byte there may still be another reply; after it only an end. */
  @Override
  public void failed(Throwable fault) {
    boolean takenBack = fault instanceof ViewTakenBackException;
    if (sentBytes > 0) {
      LOG.atLevel(takenBack ? Level.WARN : Level.ERROR)
          .setCause(fault)
          .log(
              "connection {} closed: a large reply breaks off after {} bytes",
              connection,
              sentBytes);
      channel.close();
      return;
    }
    String error = RespErrors.tryAgain("the shard's data was replaced or closed");
    if (!takenBack) {
      LOG.error("connection {}: a large reply cannot be read", connection, fault);
      error = RespErrors.INTERNAL;
    }
    RespEncoder.encode(Reply.error(error), protocol, out);
    out.flush();
    if (stream != null) { // the write has not found the connection broken
      sent();
    }
  }

  private void goOn() {
    if (channel.isWritable()) {
      stream.next();
      return;
    }
    waiting = true;
    waitingSince = nanoClock.getAsLong();
    long allowed =
        patienceNanos + TimeUnit.SECONDS.toNanos(1) / SLOWEST_BYTES_PER_SECOND * sentBytes;
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
          "connection {} closed: it does not read a reply; {} bytes of it in {} ms",
          connection,
          sentBytes,
          TimeUnit.NANOSECONDS.toMillis(waitedNanos + nanoClock.getAsLong() - waitingSince));
      channel.close();
    }
  }
}
