package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.raftkv.metrics.ClientTraffic;
import java.util.function.BooleanSupplier;

/** Counts the bytes of one connection, for as long as it is a client's. First in its pipeline. */
public final class TrafficMeter extends ChannelDuplexHandler {
  private final ClientTraffic traffic;
  private final BooleanSupplier isLink;

  /**
   * @param isLink true once the connection has turned out to be another node's
   */
  public TrafficMeter(ClientTraffic traffic, BooleanSupplier isLink) {
    this.traffic = traffic;
    this.isLink = isLink;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof ByteBuf bytes && !isLink.getAsBoolean()) {
      traffic.received(bytes.readableBytes());
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes && !isLink.getAsBoolean()) {
      traffic.sent(bytes.readableBytes());
    }
    ctx.write(message, promise);
  }
}
