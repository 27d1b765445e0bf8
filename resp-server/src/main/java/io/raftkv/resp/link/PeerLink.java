package io.raftkv.resp.link;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.codec.RespReplyDecoder;
import io.raftkv.shard.PeerTransport;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This node's link to one other node, which connects again by itself. Thread-safe. */
final class PeerLink implements LinkConnection.Owner {
  private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
  private static final long RECONNECT_MILLIS = 100;

  /** After a loss: a process that has ended closes its ports in this time, and refuses then. */
  private static final long FIRST_RECONNECT_MILLIS = 10;

  private final String nodeId;
  private final Supplier<InetSocketAddress> address;
  private final Bootstrap bootstrap;
  private final ScheduledExecutorService connector;
  private final Consumer<String> gone;
  private volatile LinkConnection ready;

  /** The node was connected to, and has not been since. */
  private volatile boolean lost;

  private volatile boolean closed;

  private final LinkTrouble trouble = new LinkTrouble(System::nanoTime);

  /**
   * @param address where the node is, null while unknown; asked on the connector: may look up names
   * @param connector where connections are begun
   * @param gone told the node's name, once for each connection that was lost, if nobody listens
   *     there any more: unlike one that is silent, such a node has certainly ended
   */
  PeerLink(
      String nodeId,
      Supplier<InetSocketAddress> address,
      Bootstrap bootstrap,
      ScheduledExecutorService connector,
      RespLimits limits,
      String self,
      String secret,
      Supplier<String> clusterId,
      Consumer<String> gone) {
    this.nodeId = nodeId;
    this.gone = gone;
    this.address = address;
    this.connector = connector;
    this.bootstrap =
        bootstrap
            .clone()
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel made) {
                    made.pipeline()
                        .addLast(
                            new RespReplyDecoder(limits),
                            new LinkConnection(
                                PeerLink.this,
                                made,
                                self,
                                secret,
                                clusterId.get(),
                                System::nanoTime));
                  }
                });
    connectAfter(0);
  }

  @Override
  public String nodeId() {
    return nodeId;
  }

  boolean isReady() {
    return ready != null;
  }

  CompletableFuture<byte[]> call(PeerTransport.Kind kind, byte[] request) {
    LinkConnection connection = ready;
    return connection == null
        ? CompletableFuture.failedFuture(new IOException("no connection to node " + nodeId))
        : connection.call(kind, request);
  }

  void close() {
    closed = true;
    LinkConnection connection = ready;
    if (connection != null) {
      connection.close();
    }
  }

  private void connectAfter(long millis) {
    if (!closed) {
      try {
        connector.schedule(this::connect, millis, TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException stopping) {
        LOG.debug("peer={} is not connected to: this node stops", nodeId, stopping);
      }
    }
  }

  private void connect() {
    if (closed) {
      return;
    }
    try {
      InetSocketAddress target = address.get();
      if (target == null) {
        if (trouble.isUnknownForLong()) {
          tell("is not connected to: its address is unknown");
        }
        connectAfter(RECONNECT_MILLIS);
        return;
      }
      trouble.known();
      if (target.isUnresolved()) {
        tell("is not connected to: its address " + target + " is unknown");
        connectAfter(RECONNECT_MILLIS);
        return;
      }
      bootstrap
          .connect(target)
          .addListener(
              done -> {
                if (!done.isSuccess()) {
                  LOG.debug("cannot connect to peer={} at {}", nodeId, target, done.cause());
                  connectAfter(RECONNECT_MILLIS);
                  if (lost && !closed && isRefusal(done.cause())) {
                    lost = false;
                    gone.accept(nodeId);
                  }
                }
              });
    } catch (RuntimeException fault) {
      LOG.debug("cannot connect to peer={}", nodeId, fault);
      tell("is not connected to: " + fault);
      connectAfter(RECONNECT_MILLIS);
    }
  }

  /** Only the text tells it from other failures of a connection, alike for NIO and epoll. */
  private static boolean isRefusal(Throwable failure) {
    return failure instanceof ConnectException
        && String.valueOf(failure.getMessage()).contains("Connection refused");
  }

  @Override
  public void ready(LinkConnection connection) {
    lost = false;
    ready = connection;
    if (closed) {
      connection.close();
      return;
    }
    if (trouble.isOver()) {
      LOG.info("peer={} is connected to again", nodeId);
    }
  }

  @Override
  public void refused(String how) {
    tell("refused this node: " + how);
  }

  @Override
  public void lost(LinkConnection connection) {
    if (ready == connection) {
      ready = null;
      lost = true;
      connectAfter(FIRST_RECONNECT_MILLIS);
    } else {
      connectAfter(RECONNECT_MILLIS);
    }
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  private void tell(String what) {
    if (trouble.isNews(what)) {
      LOG.error("peer={} {}", nodeId, what);
    }
  }
}
