package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TransportTest {
  private final Transport transport = Transport.open(1);

  private Socket client;

  @AfterEach
  void close() throws IOException {
    client.close();
    transport.loops().shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  /** A client's connection as the server has it. */
  private Channel accept(Duration silence) throws Exception {
    CompletableFuture<Channel> accepted = new CompletableFuture<>();
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(transport.loops())
            .channel(transport.serverChannel())
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accepted.complete(channel);
                  }
                });
    transport.keepAlive(bootstrap, silence);
    Channel listener =
        bootstrap.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).sync().channel();
    InetSocketAddress address = (InetSocketAddress) listener.localAddress();
    client = new Socket(address.getAddress(), address.getPort());
    return accepted.get(10, TimeUnit.SECONDS);
  }

  @Test
  void clientsThatAreSilentAreAskedAsOftenAsIsSaid() throws Exception {
    assumeTrue(transport.name().equals("epoll"));
    Channel channel = accept(Duration.ofSeconds(90));
    assertThat(channel.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
    assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPIDLE)).isEqualTo(90);
    assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPINTVL)).isEqualTo(30);
    assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPCNT)).isEqualTo(3);
  }

  @Test
  void zeroNeverAsks() throws Exception {
    assertThat(accept(Duration.ZERO).config().getOption(ChannelOption.SO_KEEPALIVE)).isFalse();
  }
}
