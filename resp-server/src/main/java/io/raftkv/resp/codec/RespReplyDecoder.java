package io.raftkv.resp.codec;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.raftkv.resp.reply.MalformedReplyException;
import io.raftkv.resp.reply.Reply;

/**
 * Decodes what a server sends, RESP2 or RESP3: passes on every {@link Reply} as it is complete.
 * Texts are read one byte to a character, so that encoding them again gives the same bytes.
 *
 * <p>Bytes that are no reply, or one beyond the limits, raise a {@link MalformedReplyException} in
 * the pipeline; whatever follows is dropped, and whoever gets it closes the channel. Used by the
 * event loop of its channel only.
 */
public final class RespReplyDecoder extends ChannelInboundHandlerAdapter {
  private static final int DIRECT_BYTES = 1024;

  private final ReplyParser parser;
  private boolean failed;

  public RespReplyDecoder(RespLimits limits) {
    this.parser = new ReplyParser(limits);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!(message instanceof ByteBuf buffer)) {
      ctx.fireChannelRead(message);
      return;
    }
    DecoderWorkspace work = DecoderWorkspace.borrow();
    try {
      while (!failed && buffer.isReadable()) {
        decode(ctx, buffer, work.window);
      }
    } catch (RuntimeException | Error failure) {
      failed = true; // the parser may be anywhere in the stream
      throw failure;
    } finally {
      work.giveBack();
      buffer.release();
    }
  }

  private void decode(ChannelHandlerContext ctx, ByteBuf buffer, byte[] window) {
    if (parser.missingBulkBytes() >= DIRECT_BYTES) {
      parser.fillBulk(buffer); // its line end is still to come: no reply yet
      return;
    }
    int length = Math.min(buffer.readableBytes(), window.length);
    buffer.readBytes(window, 0, length);
    int at = 0;
    while (at < length) {
      at = parser.parse(window, at, length);
      Reply reply = parser.takeReply();
      if (reply != null) {
        ctx.fireChannelRead(reply);
      }
    }
  }
}
