package io.raftkv.resp.codec;

import static io.raftkv.resp.codec.Decoding.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** How much is decoded when, and what a slow or closing receiver leaves behind. */
class RespDecoderFlowTest {
  private static final int PIPELINE = 5000;

  /** Counts the reads that reach the transport. */
  private static final class Transport extends ChannelOutboundHandlerAdapter {
    int reads;

    @Override
    public void read(ChannelHandlerContext ctx) {
      reads++;
      ctx.read();
    }
  }

  /** Keeps messages and does something about each. */
  private static final class Receiver extends ChannelInboundHandlerAdapter {
    final List<Object> messages = new ArrayList<>();
    final BiConsumer<ChannelHandlerContext, Object> then;
    int completes;
    Runnable onComplete = () -> {};

    Receiver(BiConsumer<ChannelHandlerContext, Object> then) {
      this.then = then;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      messages.add(message);
      then.accept(ctx, message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      completes++;
      onComplete.run();
    }

    int batches() {
      return messages.size();
    }

    List<String> outcome() {
      return Decoding.describe(messages);
    }
  }

  private static String pings(int count) {
    return "PING\r\n".repeat(count);
  }

  @Test
  void longPipelinesAreCutByCount() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.receive(pings(PIPELINE));
    List<Object> batches = decoding.take();
    assertThat(batches).hasSize(5);
    assertThat(batches.subList(0, 4))
        .allSatisfy(batch -> assertThat(((CommandBatch) batch).size()).isEqualTo(1024));
    assertThat(decoding.outcome()).hasSize(PIPELINE);
    decoding.finish();
  }

  @Test
  void batchesAreCutByBytesAndOneLongCommandComesAlone() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    String small = "*1\r\n$300000\r\n" + "s".repeat(300_000) + "\r\n";
    String large = "*1\r\n$3000000\r\n" + "l".repeat(3_000_000) + "\r\n";
    decoding.receive(small.repeat(5) + large + small);
    List<Object> batches = decoding.take();
    assertThat(batches)
        .extracting(batch -> ((CommandBatch) batch).totalBytes())
        .containsExactly(900_000L, 600_000L, 3_000_000L, 300_000L);
    decoding.finish();
  }

  @Test
  void emptyWordsFillABatchToo() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.receive(("*40000\r\n" + "$0\r\n\r\n".repeat(40_000)).repeat(3));
    assertThat(decoding.take())
        .extracting(batch -> ((CommandBatch) batch).size())
        .containsExactly(1, 1, 1);
    decoding.finish();
  }

  @Test
  void withAutoReadOffTheRestStaysEncodedUntilItIsOnAgain() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    Receiver receiver = new Receiver((ctx, batch) -> ctx.channel().config().setAutoRead(false));
    decoding.channel.pipeline().addLast(receiver);

    decoding.receive(pings(PIPELINE));
    assertThat(receiver.batches()).isEqualTo(1);
    decoding.receive(pings(1));
    assertThat(receiver.batches()).isEqualTo(1);
    assertThat(decoding.held()).isEqualTo(2);

    int completes = receiver.completes;
    decoding.channel.config().setAutoRead(true);
    assertThat(receiver.batches()).isEqualTo(2);
    assertThat(receiver.completes).isEqualTo(completes + 1);

    for (int batch = 3; batch <= 5; batch++) {
      decoding.channel.config().setAutoRead(true);
      assertThat(receiver.batches()).isEqualTo(batch);
    }
    assertThat(receiver.outcome()).hasSize(PIPELINE + 1);
    assertThat(decoding.held()).isZero();
    decoding.finish();
  }

  @Test
  void withoutAutoReadEveryReadBringsOneBatch() {
    Transport transport = new Transport();
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    Receiver receiver = new Receiver((ctx, batch) -> {});
    decoding.channel.pipeline().addFirst(transport).addLast(receiver);
    decoding.channel.config().setAutoRead(false);

    decoding.channel.read();
    decoding.receive(pings(2048) + "PI");
    assertThat(receiver.batches()).isEqualTo(1);

    int reads = transport.reads;
    decoding.channel.read();
    assertThat(receiver.batches()).isEqualTo(2);
    assertThat(transport.reads).as("answered from what was held").isEqualTo(reads);

    decoding.channel.read();
    assertThat(receiver.batches()).as("half a command is no batch").isEqualTo(2);
    assertThat(transport.reads).isEqualTo(reads + 1);

    decoding.receive("NG\r\n");
    assertThat(receiver.batches()).isEqualTo(3);
    decoding.finish();
  }

  @Test
  void askingForMoreWhileABatchIsReceivedNeverNestsOrStalls() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    int[] depth = new int[1];
    Receiver receiver =
        new Receiver(
            (ctx, batch) -> {
              assertThat(++depth[0]).isEqualTo(1);
              ctx.channel().config().setAutoRead(false);
              ctx.channel().config().setAutoRead(true);
              depth[0]--;
            });
    decoding.channel.pipeline().addLast(receiver);
    decoding.receive(pings(PIPELINE));
    assertThat(receiver.outcome()).hasSize(PIPELINE);
    decoding.finish();
  }

  /** As a session does that stops at every batch and goes on when its replies are flushed. */
  @Test
  void goingOnAtReadCompleteDoesNotRecurseIntoTheGround() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.decoder.setUnauthenticated(true); // every command is a batch
    Receiver receiver = new Receiver((ctx, batch) -> ctx.channel().config().setAutoRead(false));
    receiver.onComplete = () -> decoding.channel.config().setAutoRead(true);
    decoding.channel.pipeline().addLast(receiver);
    decoding.receive(pings(50_000));
    assertThat(receiver.outcome()).hasSize(50_000);
    decoding.finish();
  }

  @Test
  void limitsLiftedInChannelReadHoldForTheRestOfTheSameRead() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.decoder.setUnauthenticated(true);
    Receiver receiver = new Receiver((ctx, batch) -> decoding.decoder.setUnauthenticated(false));
    decoding.channel.pipeline().addLast(receiver);
    decoding.receive("AUTH secret\r\n*20\r\n" + "$1\r\na\r\n".repeat(20) + "PING\r\n");
    assertThat(receiver.outcome()).containsExactly("[AUTH][secret]", "[a]".repeat(20), "[PING]");
    assertThat(receiver.batches()).isEqualTo(2);
    decoding.finish();
  }

  @Test
  void nothingIsDecodedAfterTheReceiverClosedTheChannel() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    Receiver receiver = new Receiver((ctx, batch) -> ctx.close().syncUninterruptibly());
    decoding.channel.pipeline().addLast(receiver);
    decoding.receive(pings(PIPELINE));
    decoding.channel.runPendingTasks();
    assertThat(receiver.batches()).isEqualTo(1);
    decoding.finish();
  }

  @Test
  void removingTheDecoderInTheMiddleReleasesWhatItHolds() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    Receiver receiver = new Receiver((ctx, batch) -> ctx.pipeline().remove(RespDecoder.class));
    decoding.channel.pipeline().addLast(receiver);
    decoding.receive(pings(PIPELINE));
    assertThat(receiver.batches()).isEqualTo(1);
    assertThat(decoding.held()).isZero();
    decoding.finish();
  }

  @Test
  void heldBytesAreReleasedWhenTheChannelCloses() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    Receiver receiver = new Receiver((ctx, batch) -> ctx.channel().config().setAutoRead(false));
    decoding.channel.pipeline().addLast(receiver);
    decoding.receive(pings(PIPELINE));
    assertThat(decoding.held()).isEqualTo(1);
    decoding.finish();
    assertThat(receiver.batches()).isEqualTo(1);
  }

  @Test
  void decodersAtWorkOnOneThreadDoNotDisturbEachOther() {
    Decoding inner = new Decoding(RespLimits.DEFAULT);
    Decoding outer = new Decoding(RespLimits.DEFAULT);
    Receiver receiver =
        new Receiver((ctx, batch) -> inner.receive("*1\r\n$5\r\ninner\r\n".repeat(1500)));
    outer.channel.pipeline().addLast(receiver);
    outer.receive("*1\r\n$5\r\nouter\r\n".repeat(1500));
    assertThat(receiver.outcome()).hasSize(1500).containsOnly("[outer]");
    assertThat(inner.outcome()).hasSize(3000).containsOnly("[inner]");
    inner.finish();
    outer.finish();
  }

  @Test
  void otherMessagesPassThrough() {
    Decoding decoding = new Decoding(RespLimits.DEFAULT);
    decoding.channel.writeInbound("event");
    assertThat(decoding.channel.<String>readInbound()).isEqualTo("event");
    decoding.receive(bytes(""));
    decoding.finish();
  }
}
