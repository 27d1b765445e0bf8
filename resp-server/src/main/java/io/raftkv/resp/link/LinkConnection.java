package io.raftkv.resp.link;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.reply.Reply;
import io.raftkv.shard.PeerTransport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to another node: requests as RESP commands, answers as pushes that carry the
 * request's number, so that a slow request delays no other. Requests leave in the order of the
 * calls.
 *
 * <p>What is unanswered is bounded. A node that is paused or cut off breaks no connection: one from
 * which nothing comes for long, though something is asked of it, is closed.
 */
final class LinkConnection extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(LinkConnection.class);

  /** Beyond this, calls fail: the other node does not keep up. */
  static final long MAX_UNANSWERED_BYTES = 256L << 20;

  private static final int MAX_UNANSWERED_CALLS = 100_000;
  private static final long MAX_SILENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long MIN_BYTES_PER_SECOND = 4L << 20;
  private static final long CHECK_SILENCE_SECONDS = 1;
  private static final byte[] COMMAND = LinkCommands.NAME.getBytes(StandardCharsets.US_ASCII);

  /** Whose connection this is. Told on the connection's event loop. */
  interface Owner {
    String nodeId();

    boolean isClosed();

    /** The other node has accepted this one. */
    void ready(LinkConnection connection);

    /** The other node does not take this one for one of its cluster. */
    void refused(String how);

    void lost(LinkConnection connection);
  }

  private record Call(CompletableFuture<byte[]> answer, int bytes) {}

  private final Owner link;
  private final Channel channel;
  private final String self;
  private final String secret;
  private final String clusterId;
  private final RespOutput out;
  private final Map<Long, Call> calls = new ConcurrentHashMap<>();
  private final Queue<byte[][]> unsent = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean sending = new AtomicBoolean();
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong unansweredBytes = new AtomicLong();
  private final LongSupplier nanoClock;
  private long lastReadNanos;
  private boolean accepted;
  private volatile boolean lost;

  /**
   * @param clusterId the cluster of this node; empty if it is of none yet, or does not mind
   */
  LinkConnection(
      Owner link,
      Channel channel,
      String self,
      String secret,
      String clusterId,
      LongSupplier nanoClock) {
    this.link = link;
    this.channel = channel;
    this.self = self;
    this.secret = secret;
    this.clusterId = clusterId;
    this.nanoClock = nanoClock;
    this.out = RespOutput.to(channel);
  }

  CompletableFuture<byte[]> call(PeerTransport.Kind kind, byte[] request) {
    if (calls.size() >= MAX_UNANSWERED_CALLS || unansweredBytes.get() > MAX_UNANSWERED_BYTES) {
      return CompletableFuture.failedFuture(
          new IOException("too much is unanswered by node " + link.nodeId()));
    }
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    long number = numbers.incrementAndGet();
    unansweredBytes.addAndGet(request.length);
    calls.put(number, new Call(answer, request.length));
    unsent.add(new byte[][] {COMMAND, text(kind.name()), text(Long.toString(number)), request});
    if (sending.compareAndSet(false, true)) {
      try {
        channel.eventLoop().execute(this::sendAll);
      } catch (RejectedExecutionException stopping) {
        lost = true;
      }
    }
    if (lost) {
      fail(number, "lost"); // after all others were failed
    }
    return answer;
  }

  void close() {
    channel.close();
  }

  private void sendAll() {
    sending.set(false);
    try {
      for (byte[][] words = unsent.poll(); words != null; words = unsent.poll()) {
        RespEncoder.encodeCommand(words, out);
      }
      out.flush();
    } catch (RuntimeException | Error fault) { // also for want of memory
      // What was written of the request is not one, and nothing can follow it.
      LOG.error("link to peer={} closed: a request cannot be written", link.nodeId(), fault);
      channel.close();
    }
  }

  private void fail(long number, String how) {
    Call call = remove(number);
    if (call != null) {
      call.answer.completeExceptionally(
          new IOException("connection to node " + link.nodeId() + " is " + how));
    }
  }

  private Call remove(long number) {
    Call call = calls.remove(number);
    if (call != null) {
      unansweredBytes.addAndGet(-call.bytes);
    }
    return call;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (link.isClosed()) {
      ctx.close();
      return;
    }
    RespEncoder.encodeCommand(
        new byte[][] {COMMAND, text(LinkCommands.HELLO), text(self), text(secret), text(clusterId)},
        out);
    out.flush();
    lastReadNanos = nanoClock.getAsLong();
    checkSilenceLater();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof Reply.Push push && accepted) {
      answered(((Reply.Int) push.items().get(1)).value(), push.items().get(2));
    } else if (message.equals(Reply.OK) && !accepted) {
      accepted = true;
      LOG.debug("connected to peer={}", link.nodeId());
      link.ready(this);
    } else {
      link.refused(message instanceof Reply.Failure failure ? failure.line() : message.toString());
      ctx.close();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    lastReadNanos = nanoClock.getAsLong(); // also for a part of a long answer
  }

  private void answered(long number, Reply body) {
    Call call = remove(number);
    if (call == null) {
      return;
    }
    if (body instanceof Reply.Bulk bytes) {
      call.answer.complete(bytes.bytes());
    } else {
      call.answer.completeExceptionally(
          new IOException("node " + link.nodeId() + " refused the request"));
    }
  }

  private void checkSilenceLater() {
    channel.eventLoop().schedule(this::checkSilence, CHECK_SILENCE_SECONDS, TimeUnit.SECONDS);
  }

  private void checkSilence() {
    if (lost) {
      return;
    }
    boolean asked = !accepted || !calls.isEmpty();
    long transfer = TimeUnit.SECONDS.toNanos(unansweredBytes.get() / MIN_BYTES_PER_SECOND);
    long silence = nanoClock.getAsLong() - lastReadNanos;
    if (!asked) {
      lastReadNanos = nanoClock.getAsLong();
    } else if (silence > MAX_SILENCE_NANOS + transfer) {
      long seconds = TimeUnit.NANOSECONDS.toSeconds(silence);
      LOG.warn("peer={} has not answered for {} s: connecting anew", link.nodeId(), seconds);
      channel.close();
      return;
    }
    checkSilenceLater();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    lost = true;
    link.lost(this);
    for (Long number : List.copyOf(calls.keySet())) {
      fail(number, "lost");
    }
    unsent.clear();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    LOG.debug("link to peer={} broke", link.nodeId(), cause);
    ctx.close();
  }
}
