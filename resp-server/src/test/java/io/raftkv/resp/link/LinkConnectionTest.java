package io.raftkv.resp.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.reply.Reply;
import io.raftkv.shard.PeerTransport.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LinkConnectionTest implements LinkConnection.Owner {
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final List<String> told = new ArrayList<>();
  private long nanos;
  private boolean closed;
  private final LinkConnection connection =
      new LinkConnection(this, channel, "n1", "secret", "c-1", () -> nanos);

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  @Override
  public String nodeId() {
    return "n2";
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public void ready(LinkConnection ready) {
    told.add("ready");
  }

  @Override
  public void refused(String how) {
    told.add("refused " + how);
  }

  @Override
  public void lost(LinkConnection gone) {
    told.add("lost");
  }

  private void connect() {
    channel.pipeline().addLast(connection);
    channel.pipeline().fireChannelActive();
    channel.writeInbound(Reply.OK);
  }

  private void pass(long seconds) {
    for (int i = 0; i < seconds; i++) {
      nanos += TimeUnit.SECONDS.toNanos(1);
      channel.advanceTimeBy(1, TimeUnit.SECONDS);
      channel.runScheduledPendingTasks();
    }
  }

  private String sent() {
    channel.runPendingTasks();
    StringBuilder text = new StringBuilder();
    for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
      text.append(next.toString(StandardCharsets.US_ASCII));
      next.release();
    }
    return text.toString().replace("\r\n", "|");
  }

  private static Reply push(long number, Reply body) {
    return new Reply.Push(List.of(Reply.bulk("link"), Reply.integer(number), body));
  }

  @Test
  void itIntroducesItselfAndNumbersItsRequests() {
    connect();
    assertThat(sent()).isEqualTo("*5|$11|RAFTKV.LINK|$5|HELLO|$2|n1|$6|secret|$3|c-1|");
    CompletableFuture<byte[]> first = connection.call(Kind.TERMS, new byte[] {'a'});
    CompletableFuture<byte[]> second = connection.call(Kind.READ, new byte[] {'b'});
    assertThat(sent())
        .isEqualTo("*4|$11|RAFTKV.LINK|$5|TERMS|$1|1|$1|a|*4|$11|RAFTKV.LINK|$4|READ|$1|2|$1|b|");
    channel.writeInbound(push(2, Reply.bulk("B")), push(9, Reply.bulk("unknown")));
    assertThat(second.join()).containsExactly('B');
    assertThat(first).isNotDone();
    channel.writeInbound(push(1, Reply.NULL));
    assertThat(first).isCompletedExceptionally();
    assertThat(told).containsExactly("ready");
  }

  @Test
  void aPeerThatIsSilentThoughAskedIsLeft() {
    connect();
    pass(60);
    assertThat(channel.isOpen()).as("nothing was asked").isTrue();
    CompletableFuture<byte[]> call = connection.call(Kind.TERMS, new byte[0]);
    pass(10);
    assertThat(call).isNotDone();
    pass(2);
    assertThat(call).isCompletedExceptionally();
    assertThat(channel.isOpen()).isFalse();
    assertThat(told).containsExactly("ready", "lost");
    assertThat(connection.call(Kind.TERMS, new byte[0])).isCompletedExceptionally();
  }

  @Test
  void aPeerThatAnswersOthersIsNotSilent() {
    connect();
    CompletableFuture<byte[]> slow = connection.call(Kind.PROPOSE, new byte[0]);
    for (int i = 2; i < 12; i++) {
      connection.call(Kind.CONTROL, new byte[0]);
      pass(5);
      channel.writeInbound(push(i, Reply.bulk("")));
    }
    assertThat(slow).isNotDone();
    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void aLinkWhoseRequestCannotBeWrittenIsLeft() {
    EmbeddedChannel poor = new EmbeddedChannel();
    Purse purse = new Purse();
    poor.config().setAllocator(purse);
    LinkConnection link = new LinkConnection(this, poor, "n1", "secret", "c-1", () -> nanos);
    poor.pipeline().addLast(link);
    poor.pipeline().fireChannelActive();
    poor.writeInbound(Reply.OK);
    purse.empty = true;
    CompletableFuture<byte[]> call = link.call(Kind.TERMS, new byte[] {'a'});
    poor.runPendingTasks();
    assertThat(poor.isOpen()).isFalse();
    assertThat(call).isCompletedExceptionally();
    poor.finishAndReleaseAll();
  }

  /** Has memory until it is empty. */
  private static final class Purse extends AbstractByteBufAllocator {
    private boolean empty;

    private Purse() {
      super(false);
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
      if (empty) {
        throw new OutOfMemoryError("of the test");
      }
      return UnpooledByteBufAllocator.DEFAULT.heapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
      return newHeapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    public boolean isDirectBufferPooled() {
      return false;
    }
  }

  @Test
  void aLargeRequestMayTakeItsTime() {
    connect();
    connection.call(Kind.PROPOSE, new byte[64 << 20]);
    sent();
    pass(20);
    assertThat(channel.isOpen()).isTrue();
    pass(10);
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void aPeerThatDoesNotEvenGreetIsLeft() {
    channel.pipeline().addLast(connection);
    channel.pipeline().fireChannelActive();
    pass(12);
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void whatIsUnansweredIsBounded() {
    connect();
    byte[] large = new byte[32 << 20]; // never copied
    int taken = 0;
    while (taken < 100 && !connection.call(Kind.READ, large).isCompletedExceptionally()) {
      taken++;
      channel.runPendingTasks();
    }
    assertThat(taken).isEqualTo((int) (LinkConnection.MAX_UNANSWERED_BYTES / large.length) + 1);
    channel.writeInbound(push(1, Reply.bulk("")), push(2, Reply.bulk("")));
    assertThat(connection.call(Kind.READ, large)).isNotDone();
  }

  @Test
  void aRefusalIsToldAndEndsTheConnection() {
    channel.pipeline().addLast(connection);
    channel.pipeline().fireChannelActive();
    channel.writeInbound(Reply.error("NOPERM wrong cluster secret"));
    assertThat(told).containsExactly("refused NOPERM wrong cluster secret", "lost");
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void answersBeforeTheGreetingAreNone() {
    channel.pipeline().addLast(connection);
    channel.pipeline().fireChannelActive();
    channel.writeInbound(push(1, Reply.NULL));
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void aLinkThatIsClosedWhileItConnectsIsClosed() {
    closed = true;
    channel.pipeline().addLast(connection);
    channel.pipeline().fireChannelActive();
    assertThat(channel.isOpen()).isFalse();
    assertThat(sent()).isEmpty();
  }
}
