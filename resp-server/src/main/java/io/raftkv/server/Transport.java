package io.raftkv.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.time.Duration;

/** The node's event loops, and the kind of sockets that go with them: epoll, or NIO elsewhere. */
record Transport(
    EventLoopGroup loops,
    Class<? extends ServerSocketChannel> serverChannel,
    Class<? extends SocketChannel> channel) {
  private static final int PROBES = 3;
  private static final int MAX_SILENCE_SECONDS = 32_767; // of Linux

  static Transport open(int threads) {
    boolean epoll = Epoll.isAvailable();
    IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new Transport(
        new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory("raftkv-io"), io),
        epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class,
        epoll ? EpollSocketChannel.class : NioSocketChannel.class);
  }

  /**
   * Has the system ask whether clients are still there, as Redis does: after a silence of so long,
   * then every third of it, three times. With NIO the system's own times hold.
   *
   * @param silence zero never asks
   */
  void keepAlive(ServerBootstrap bootstrap, Duration silence) {
    bootstrap.childOption(ChannelOption.SO_KEEPALIVE, !silence.isZero());
    if (!silence.isZero() && serverChannel == EpollServerSocketChannel.class) {
      int seconds = (int) Math.max(1, Math.min(MAX_SILENCE_SECONDS, silence.toSeconds()));
      bootstrap
          .childOption(EpollChannelOption.TCP_KEEPIDLE, seconds)
          .childOption(EpollChannelOption.TCP_KEEPINTVL, Math.max(1, seconds / PROBES))
          .childOption(EpollChannelOption.TCP_KEEPCNT, PROBES);
    }
  }

  /**
   * Runs {@code work} when the event loop of this thread has handled the events at hand; at once on
   * any other thread.
   */
  void endOfTurn(Runnable work) {
    for (EventExecutor loop : loops) {
      if (loop.inEventLoop()) {
        loop.execute(work);
        return;
      }
    }
    work.run();
  }

  /** Has the watchdog look at every event loop. */
  void watch(Watchdog watchdog) {
    int number = 0;
    for (EventExecutor loop : loops) {
      watchdog.watch("event loop " + ++number, loop);
    }
  }

  String name() {
    return channel == EpollSocketChannel.class ? "epoll" : "nio";
  }
}
