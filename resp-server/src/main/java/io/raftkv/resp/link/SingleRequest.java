package io.raftkv.resp.link;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.codec.RespReplyDecoder;
import io.raftkv.shard.PeerTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** One request to a node of which only the address is known; its connection ends with it. */
final class SingleRequest implements LinkConnection.Owner {
  private final InetSocketAddress address;
  private final PeerTransport.Kind kind;
  private final Function<InetSocketAddress, byte[]> request;
  private final CompletableFuture<byte[]> answer = new CompletableFuture<>();
  private volatile Channel channel;

  /**
   * @param request made from the local address of the connection
   */
  SingleRequest(
      InetSocketAddress address,
      PeerTransport.Kind kind,
      Function<InetSocketAddress, byte[]> request) {
    this.address = address;
    this.kind = kind;
    this.request = request;
  }

  CompletableFuture<byte[]> send(
      Bootstrap bootstrap, RespLimits limits, String self, String secret) {
    ChannelFuture connecting =
        bootstrap
            .clone()
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel made) {
                    channel = made;
                    made.pipeline()
                        .addLast(
                            new RespReplyDecoder(limits),
                            new LinkConnection(
                                SingleRequest.this, made, self, secret, "", System::nanoTime));
                  }
                })
            .connect(address);
    connecting.addListener(
        done -> {
          if (!done.isSuccess()) {
            answer.completeExceptionally(done.cause());
          }
        });
    answer.whenComplete((bytes, failure) -> connecting.channel().close());
    return answer;
  }

  @Override
  public String nodeId() {
    return "at " + address;
  }

  @Override
  public boolean isClosed() {
    return answer.isDone();
  }

  @Override
  public void ready(LinkConnection connection) {
    byte[] bytes;
    try {
      bytes = request.apply((InetSocketAddress) channel.localAddress());
    } catch (RuntimeException cannotAsk) {
      answer.completeExceptionally(cannotAsk);
      return;
    }
    connection
        .call(kind, bytes)
        .whenComplete(
            (reply, failure) -> {
              if (failure == null) {
                answer.complete(reply);
              } else {
                answer.completeExceptionally(failure);
              }
            });
  }

  @Override
  public void refused(String how) {
    answer.completeExceptionally(new LinkRefusedException(how));
  }

  @Override
  public void lost(LinkConnection connection) {
    answer.completeExceptionally(new IOException("the connection to " + address + " was lost"));
  }
}
