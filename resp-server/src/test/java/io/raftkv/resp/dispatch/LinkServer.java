package io.raftkv.resp.dispatch;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.raftkv.metrics.Metrics;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.link.LinkCommands;
import io.raftkv.storage.type.StringType;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** The receiving end of links on a port of this machine: real sessions, without any shards. */
public final class LinkServer implements AutoCloseable {
  /** What a client may send; a link may send more. */
  private static final RespLimits CLIENT_LIMITS = new RespLimits(1 << 20, 1024, 1024, 1 << 20);

  private final Metrics metrics = new Metrics();
  private final AtomicLong ids = new AtomicLong();
  private final Set<Channel> channels = ConcurrentHashMap.newKeySet();
  private final Channel listener;

  public LinkServer(EventLoopGroup loops, LinkCommands commands, int port) {
    SessionServices services =
        new SessionServices(
            new CommandTable(List.of(commands.all())),
            new RoutingFeed(new SlotMap()),
            new Dispatcher(new CommandSpec.Limits(StringType.MAX_BYTES, 16), new SlotLoad()),
            (shard, ops, consistency, loop, turn) -> turn.done(),
            (shard, ops) -> {},
            () -> true, // a full node serves links all the same
            new LongAdder(),
            Duration.ofSeconds(5),
            metrics,
            ReadConsistency.LINEARIZABLE,
            true,
            RespLimits.DEFAULT,
            Duration.ofSeconds(30));
    listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channels.add(channel);
                    RespDecoder decoder = new RespDecoder(CLIENT_LIMITS);
                    channel
                        .pipeline()
                        .addLast(
                            decoder,
                            new Session(host(services, commands), ids.incrementAndGet(), decoder));
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .syncUninterruptibly()
            .channel();
  }

  private static Session.Host host(SessionServices services, LinkCommands commands) {
    return new Session.Host() {
      @Override
      public SessionServices services() {
        return services;
      }

      @Override
      public boolean opened(Session session) {
        return false; // whoever is no link is refused
      }

      @Override
      public void linked(Session session) {}

      @Override
      public void closed(Session session) {
        commands.closed(session.id());
      }
    };
  }

  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /** Connections accepted so far. */
  public long accepted() {
    return ids.get();
  }

  /** Closes the port and all connections. */
  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    channels.forEach(channel -> channel.close().syncUninterruptibly());
    metrics.close();
  }
}
