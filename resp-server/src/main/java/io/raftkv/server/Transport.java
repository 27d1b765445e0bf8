package io.raftkv.server;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
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

/** The node's event loops, and the kind of sockets that go with them: epoll, or NIO elsewhere. */
record Transport(
    EventLoopGroup loops,
    Class<? extends ServerSocketChannel> serverChannel,
    Class<? extends SocketChannel> channel) {

  static Transport open(int threads) {
    boolean epoll = Epoll.isAvailable();
    IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new Transport(
        new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory("raftkv-io"), io),
        epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class,
        epoll ? EpollSocketChannel.class : NioSocketChannel.class);
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

  String name() {
    return channel == EpollSocketChannel.class ? "epoll" : "nio";
  }
}
