package io.raftkv.server.http;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves metrics and health: {@code GET /metrics}, {@code /health/live}, {@code /health/ready}.
 * Answers are made on a thread of its own, for a scrape takes longer than an event loop may; that
 * the process lives is answered at once. All is bounded: connections, size of a request, idle time,
 * waiting requests.
 */
public final class HttpServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
  private static final int MAX_CONNECTIONS = 64;
  private static final int MAX_WAITING = 64;
  private static final int MAX_LINE_BYTES = 2_048;
  private static final int MAX_HEADER_BYTES = 8_192;
  private static final int MAX_BODY_BYTES = 1_024;
  private static final int IDLE_SECONDS = 60;
  private static final int BACKLOG = 64;
  private static final int STOP_SECONDS = 5;

  private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ThreadPoolExecutor answers;
  private final List<Channel> listeners = new ArrayList<>();

  /** Says why an address cannot be listened on. */
  @FunctionalInterface
  public interface Refusal {
    IOException of(String host, int port, Throwable cause);
  }

  /**
   * Listens when it returns.
   *
   * @param group event loops, which stay the caller's
   * @param type of listening socket, to match the group
   * @param hosts addresses to listen on; at least one
   * @param port 0 is any free one, see {@link #port}
   * @param refusal what is thrown if an address cannot be listened on
   * @throws IOException if one of them cannot be listened on
   */
  public HttpServer(
      EventLoopGroup group,
      Class<? extends ServerChannel> type,
      List<String> hosts,
      int port,
      Refusal refusal,
      PrometheusMeterRegistry registry,
      HealthSource health)
      throws IOException {
    answers =
        new ThreadPoolExecutor(
            1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), HttpServer::thread);
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(group)
            .channel(type)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(new Pipeline(() -> new HttpAnswers(registry, health, answers)));
    boolean listening = false;
    try {
      for (String host : hosts) {
        listeners.add(listen(bootstrap, host, listeners.isEmpty() ? port : port(), refusal));
      }
      listening = true;
    } finally {
      if (!listening) {
        close();
      }
    }
  }

  private static Channel listen(ServerBootstrap bootstrap, String host, int port, Refusal refusal)
      throws IOException {
    ChannelFuture bound = bootstrap.bind(host, port).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw refusal.of(host, port, bound.cause());
    }
    return bound.channel();
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "raftkv-http");
    thread.setDaemon(true);
    return thread;
  }

  /** The port it listens on, the same on all addresses. */
  public int port() {
    return ((InetSocketAddress) listeners.get(0).localAddress()).getPort();
  }

  /** Stops listening and closes all connections. */
  @Override
  public void close() {
    for (Channel listener : listeners) {
      listener.close().awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
    }
    channels.close().awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
    answers.shutdown();
  }

  private final class Pipeline extends ChannelInitializer<SocketChannel> {
    private final Supplier<HttpAnswers> handlers;

    Pipeline(Supplier<HttpAnswers> handlers) {
      this.handlers = handlers;
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for a refused connection to go
    protected void initChannel(SocketChannel channel) {
      if (channels.size() >= MAX_CONNECTIONS) {
        channel.close();
        return;
      }
      channels.add(channel);
      channel
          .pipeline()
          .addLast(new ReadTimeoutHandler(IDLE_SECONDS))
          .addLast(
              new HttpServerCodec(
                  new HttpDecoderConfig()
                      .setMaxInitialLineLength(MAX_LINE_BYTES)
                      .setMaxHeaderSize(MAX_HEADER_BYTES)))
          .addLast(new HttpObjectAggregator(MAX_BODY_BYTES))
          .addLast(handlers.get())
          .addLast(new CloseOnFailure());
    }
  }

  /** A broken or idle connection of a scraper is no event worth more. */
  private static final class CloseOnFailure extends ChannelInboundHandlerAdapter {
    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // nor for a broken one
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      LOG.debug("connection of a scraper closed", cause);
      context.close();
    }
  }
}
