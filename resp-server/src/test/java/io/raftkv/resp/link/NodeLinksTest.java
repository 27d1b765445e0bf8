package io.raftkv.resp.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.dispatch.LinkServer;
import io.raftkv.shard.PeerTransport.Kind;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NodeLinksTest {
  private static final RespLimits LIMITS =
      new RespLimits(Integer.MAX_VALUE / 2, 1 << 20, 64 << 10, Integer.MAX_VALUE);

  private record Asked(Kind kind, byte[] request, CompletableFuture<byte[]> answer) {}

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
  private final ConcurrentLinkedQueue<Asked> asked = new ConcurrentLinkedQueue<>();
  private final List<NodeLinks> opened = new ArrayList<>();
  private boolean echoes = true;
  private volatile String cluster = "";
  private LinkServer server = serve(0);
  private volatile InetSocketAddress address = server.address();

  @AfterEach
  void close() {
    opened.forEach(NodeLinks::close);
    server.close();
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private LinkServer serve(int port) {
    return new LinkServer(
        loops,
        new LinkCommands(this::request, "secret", () -> "c-1", (asker, kind, request) -> false),
        port);
  }

  private CompletionStage<byte[]> request(Kind kind, byte[] request) {
    if (kind == Kind.CONTROL) {
      throw new IllegalArgumentException("a bug of the test");
    }
    if (echoes) {
      return CompletableFuture.completedFuture(request);
    }
    Asked one = new Asked(kind, request, new CompletableFuture<>());
    asked.add(one);
    return one.answer();
  }

  private NodeLinks open(String secret) {
    return open(secret, new AtomicInteger());
  }

  /**
   * @param lookups counts how often the other one's address was asked for
   */
  private NodeLinks open(String secret, AtomicInteger lookups) {
    Bootstrap bootstrap = new Bootstrap().group(loops).channel(NioSocketChannel.class);
    Function<String, InetSocketAddress> addresses =
        id -> {
          lookups.incrementAndGet();
          return address;
        };
    NodeLinks links = new NodeLinks("n1", bootstrap, LIMITS, addresses, secret, () -> cluster);
    opened.add(links);
    return links;
  }

  private NodeLinks connected() {
    NodeLinks links = open("secret");
    soon().until(() -> links.isConnected("n2"));
    return links;
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(5));
  }

  private static byte[] get(CompletableFuture<byte[]> answer) {
    return answer.orTimeout(30, TimeUnit.SECONDS).join();
  }

  @Test
  void nodeOfAnotherClusterIsNotConnectedUntilItIsOfThisOne() {
    cluster = "c-2";
    NodeLinks links = open("secret");
    assertThat(get(links.ask(address, Kind.READ, local -> new byte[] {7})))
        .as("one that joins may ask")
        .containsExactly(7);
    assertThat(links.isConnected("n2")).isFalse();
    cluster = "c-1";
    soon().until(() -> links.isConnected("n2"));
  }

  @Test
  void aRequestIsAnswered() {
    NodeLinks links = connected();
    assertThat(get(links.call("n2", Kind.TERMS, new byte[] {1, 2}))).containsExactly(1, 2);
    assertThat(get(links.call("n2", Kind.READ, new byte[0]))).isEmpty();
    assertThat(links.forwards()).isEqualTo(1);
  }

  @Test
  void aSlowRequestDelaysNoOther() {
    echoes = false;
    NodeLinks links = connected();
    List<CompletableFuture<byte[]>> calls = new ArrayList<>();
    for (byte i = 0; i < 20; i++) {
      calls.add(links.call("n2", Kind.PROPOSE, new byte[] {i}));
    }
    soon().until(() -> asked.size() == 20);
    List<Asked> all = new ArrayList<>(asked);
    assertThat(all).extracting(one -> (int) one.request()[0]).as("in order").isSorted();
    for (int i = 19; i >= 0; i--) {
      all.get(i).answer().complete(all.get(i).request());
      assertThat(get(calls.get(i))).containsExactly(i);
      assertThat(calls.subList(0, i)).noneMatch(CompletableFuture::isDone);
    }
  }

  @Test
  void callsOfManyThreadsEachGetTheirAnswer() throws InterruptedException {
    NodeLinks links = connected();
    ConcurrentLinkedQueue<CompletableFuture<Boolean>> right = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int from = t * 1_000_000;
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < 2_000; i++) {
                  byte[] request = ByteBuffer.allocate(4 + i % 50).putInt(from + i).array();
                  right.add(
                      links
                          .call("n2", Kind.READ, request)
                          .thenApply(answer -> Arrays.equals(answer, request)));
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(right).hasSize(8_000);
    assertThat(right).allMatch(one -> one.orTimeout(30, TimeUnit.SECONDS).join());
  }

  @Test
  void requestsOfOneCallerArriveInOrderFromWhateverThread() {
    echoes = false;
    NodeLinks links = connected();
    // From outside and from an event loop in turn, each after the other.
    for (int i = 0; i < 200; i++) {
      byte[] request = {(byte) i};
      if (i % 2 == 0) {
        links.call("n2", Kind.PROPOSE, request);
      } else {
        loops.next().submit(() -> links.call("n2", Kind.PROPOSE, request)).syncUninterruptibly();
      }
    }
    soon().until(() -> asked.size() == 200);
    assertThat(asked).extracting(one -> one.request()[0] & 0xff).isSorted();
  }

  @Test
  void aRequestMayBeFarLargerThanAClientsCommand() {
    NodeLinks links = connected();
    byte[] request = new byte[64 << 20];
    new Random(1).nextBytes(request);
    CompletableFuture<byte[]> large = links.call("n2", Kind.PROPOSE, request);
    assertThat(Arrays.equals(get(large), request)).isTrue();
    assertThat(get(links.call("n2", Kind.TERMS, new byte[] {1}))).containsExactly(1);
  }

  @Test
  void callsFailWhenTheLinkBreaksAndItComesBackByItself() {
    echoes = false;
    NodeLinks links = connected();
    CompletableFuture<byte[]> call = links.call("n2", Kind.PROPOSE, new byte[] {1});
    soon().until(() -> asked.size() == 1);
    server.close();
    assertThatThrownBy(() -> get(call)).hasRootCauseInstanceOf(IOException.class);
    soon().until(() -> !links.isConnected("n2"));
    assertThat(links.call("n2", Kind.PROPOSE, new byte[] {1})).isCompletedExceptionally();

    echoes = true;
    server = serve(address.getPort());
    soon().until(() -> links.isConnected("n2"));
    assertThat(get(links.call("n2", Kind.PROPOSE, new byte[] {2}))).containsExactly(2);
  }

  @Test
  void aNodeThatMovesIsFoundAtItsNewAddress() {
    NodeLinks links = connected();
    server.close();
    soon().until(() -> !links.isConnected("n2"));
    address = null;
    server = serve(0);
    address = server.address();
    soon().until(() -> links.isConnected("n2"));
  }

  @Test
  void aNodeThatIsNotKnownYetIsNothingToTellOf() {
    Queue<String> told = new ConcurrentLinkedQueue<>();
    AbstractAppender log =
        new AbstractAppender("told", null, null, true, Property.EMPTY_ARRAY) {
          @Override
          public void append(LogEvent event) {
            told.add(event.getMessage().getFormattedMessage());
          }
        };
    log.start();
    Logger logger = (Logger) LogManager.getLogger(PeerLink.class);
    logger.addAppender(log);
    try {
      InetSocketAddress known = address;
      AtomicInteger attempts = new AtomicInteger();
      address = null;
      NodeLinks links = open("secret", attempts);
      assertThat(links.isConnected("n2")).isFalse();
      soon().until(() -> attempts.get() >= 3);
      address = known;
      soon().until(() -> links.isConnected("n2"));
      assertThat(told).isEmpty();
    } finally {
      logger.removeAppender(log);
      log.stop();
    }
  }

  @Test
  void aNodeWhereNobodyListensAnyMoreIsToldToBeGoneOnceForEachLoss() {
    ConcurrentLinkedQueue<String> gone = new ConcurrentLinkedQueue<>();
    NodeLinks links = connected();
    links.onGone(gone::add);
    server.close();
    soon().until(() -> !gone.isEmpty());
    server = serve(address.getPort());
    soon().until(() -> links.isConnected("n2"));
    assertThat(gone).containsExactly("n2");
    server.close();
    soon().until(() -> gone.size() == 2);
  }

  @Test
  void aNodeThatWasNeverConnectedToIsNotGone() {
    ConcurrentLinkedQueue<String> gone = new ConcurrentLinkedQueue<>();
    server.close();
    NodeLinks links = open("secret");
    links.onGone(gone::add);
    assertThat(links.isConnected("n2")).isFalse();
    await().during(Duration.ofMillis(300)).until(gone::isEmpty);
    server = serve(address.getPort());
    soon().until(() -> links.isConnected("n2"));
    assertThat(gone).isEmpty();
  }

  @Test
  void aWrongSecretIsRefused() {
    NodeLinks links = open("wrong");
    assertThat(links.isConnected("n2")).isFalse();
    soon().until(() -> server.accepted() >= 3);
    assertThat(links.isConnected("n2")).isFalse();
    assertThat(links.call("n2", Kind.TERMS, new byte[0])).isCompletedExceptionally();
  }

  @Test
  void aRequestThatFailsThereFailsHereAndNothingElse() {
    echoes = false;
    NodeLinks links = connected();
    CompletableFuture<byte[]> other = links.call("n2", Kind.PROPOSE, new byte[] {1});
    assertThatThrownBy(() -> get(links.call("n2", Kind.CONTROL, new byte[0])))
        .hasRootCauseInstanceOf(IOException.class);
    CompletableFuture<byte[]> failing = links.call("n2", Kind.READ, new byte[] {2});
    soon().until(() -> asked.size() == 2);
    List<Asked> all = new ArrayList<>(asked);
    all.get(1).answer().completeExceptionally(new IllegalStateException("of the test"));
    assertThatThrownBy(() -> get(failing)).hasRootCauseInstanceOf(IOException.class);
    all.get(0).answer().complete(new byte[] {3});
    assertThat(get(other)).containsExactly(3);
    assertThat(server.accepted()).as("still the first connection").isEqualTo(1);
  }

  @Test
  void nothingIsCalledAfterTheEnd() {
    NodeLinks links = connected();
    links.close();
    assertThat(links.call("n2", Kind.TERMS, new byte[0])).isCompletedExceptionally();
    assertThat(links.isConnected("n2")).isFalse();
  }
}
