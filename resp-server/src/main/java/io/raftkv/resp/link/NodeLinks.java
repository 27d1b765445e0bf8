package io.raftkv.resp.link;

import io.netty.bootstrap.Bootstrap;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.shard.PeerTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** The connections to all other nodes, made when first needed. Thread-safe. */
public final class NodeLinks implements PeerTransport, AutoCloseable {
  private final String self;
  private final Bootstrap bootstrap;
  private final RespLimits limits;
  private final Function<String, InetSocketAddress> addresses;
  private final String secret;
  private final Supplier<String> clusterId;
  private final Map<String, PeerLink> links = new ConcurrentHashMap<>();
  private final ScheduledExecutorService connector =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread made = new Thread(work, "raftkv-connect");
            made.setDaemon(true);
            return made;
          });
  private final LongAdder proposals = new LongAdder();
  private volatile Consumer<String> gone = node -> {};
  private volatile boolean closed;

  /**
   * @param bootstrap with event loops and socket options set
   * @param addresses where a node takes commands; null while unknown. Called on a thread that may
   *     block, since it may have to look up a name
   * @param secret what nodes prove to each other that they belong together; may be empty
   * @param clusterId the cluster of this node, whose nodes alone take it; empty if it is of none
   *     yet
   */
  public NodeLinks(
      String self,
      Bootstrap bootstrap,
      RespLimits limits,
      Function<String, InetSocketAddress> addresses,
      String secret,
      Supplier<String> clusterId) {
    this.self = self;
    this.bootstrap = bootstrap;
    this.limits = limits;
    this.addresses = addresses;
    this.secret = secret;
    this.clusterId = clusterId;
  }

  /**
   * From now on {@code listener} is told of each node that was connected to and where nobody
   * listens any more, which is the surest sign that its process has ended; on an event loop.
   */
  public void onGone(Consumer<String> listener) {
    gone = listener;
  }

  @Override
  public CompletableFuture<byte[]> call(String nodeId, Kind kind, byte[] request) {
    if (closed) {
      return CompletableFuture.failedFuture(new IOException("this node is stopping"));
    }
    if (kind == Kind.PROPOSE || kind == Kind.READ) {
      proposals.increment();
    }
    return link(nodeId).call(kind, request);
  }

  /**
   * Asks whoever listens at an address, over a connection for this request alone.
   *
   * @param request made from this node's own address on that connection
   * @return fails with {@link LinkRefusedException} if the other one takes no requests of this node
   */
  public CompletableFuture<byte[]> ask(
      InetSocketAddress address, Kind kind, Function<InetSocketAddress, byte[]> request) {
    return new SingleRequest(address, kind, request).send(bootstrap, limits, self, secret);
  }

  @Override
  public boolean isConnected(String nodeId) {
    return !closed && link(nodeId).isReady();
  }

  /** Requests of clients that went to another node, so far. */
  public long forwards() {
    return proposals.sum();
  }

  private PeerLink link(String nodeId) {
    PeerLink link = links.get(nodeId);
    return link != null
        ? link
        : links.computeIfAbsent(
            nodeId,
            id ->
                new PeerLink(
                    id,
                    () -> addresses.apply(id),
                    bootstrap,
                    connector,
                    limits,
                    self,
                    secret,
                    clusterId,
                    node -> gone.accept(node)));
  }

  @Override
  public void close() {
    closed = true;
    connector.shutdownNow();
    links.values().forEach(PeerLink::close);
  }
}
