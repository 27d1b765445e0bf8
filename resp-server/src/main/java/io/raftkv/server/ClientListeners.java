package io.raftkv.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.timeout.IdleStateHandler;
import io.raftkv.metrics.ClientTraffic;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.codec.TrafficMeter;
import io.raftkv.resp.dispatch.Session;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;

/** The sockets that clients and other nodes connect to; every connection becomes a session. */
final class ClientListeners implements AutoCloseable {
  private static final int BACKLOG = 511;

  private final ServerConfig config;
  private final RespLimits limits;
  private final ClientTraffic traffic;
  private final SessionRegistry sessions;
  private final Session.Host host;
  private final AtomicLong connectionIds = new AtomicLong();
  private final List<Channel> listeners = new ArrayList<>();

  /**
   * @param traffic where the bytes of clients are counted
   * @param sessions says whether there may be one more
   * @param host serves the sessions
   */
  ClientListeners(
      ServerConfig config,
      RespLimits limits,
      ClientTraffic traffic,
      SessionRegistry sessions,
      Session.Host host) {
    this.config = config;
    this.limits = limits;
    this.traffic = traffic;
    this.sessions = sessions;
    this.host = host;
  }

  /**
   * Listens on every one of these addresses.
   *
   * @param listening is told the port, a free one if the configuration says 0
   */
  void open(Transport transport, List<String> hosts, IntConsumer listening) throws IOException {
    int pauseBytes = (int) config.clients().outputBufferPause().bytes();
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(transport.loops())
            .channel(transport.serverChannel())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(pauseBytes / 2, pauseBytes))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel);
                  }
                });
    transport.keepAlive(bootstrap, config.clients().tcpKeepalive());
    int port = config.listen().port();
    for (String address : hosts) {
      try {
        Channel listener = bootstrap.bind(new InetSocketAddress(address, port)).sync().channel();
        listeners.add(listener);
        port = ((InetSocketAddress) listener.localAddress()).getPort();
        listening.accept(port);
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", interrupted);
      } catch (Exception refused) {
        throw ListenTrouble.of(NodeSettings.PORT, address, port, refused);
      }
    }
  }

  private void accept(Channel channel) {
    if (!sessions.mayOpen()) {
      sessions.refuse(channel);
      return;
    }
    RespDecoder decoder = new RespDecoder(limits);
    Session session = new Session(host, connectionIds.incrementAndGet(), decoder);
    if (!config.clients().idleTimeout().isZero()) {
      channel
          .pipeline()
          .addLast(
              new IdleStateHandler(
                  true, // so that bytes that leave slowly count
                  0,
                  0,
                  config.clients().idleTimeout().toMillis(),
                  TimeUnit.MILLISECONDS));
    }
    channel.pipeline().addLast(new TrafficMeter(traffic, session::isLink), decoder, session);
  }

  /** Takes no more connections; those that there are stay. */
  @Override
  public void close() {
    listeners.forEach(Channel::close);
  }
}
