package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.dispatch.Sessions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SessionRegistryTest {
  private static final String TOO_MANY = "-ERR max number of clients reached|";

  private final SessionRegistry registry = new SessionRegistry(2);
  private final List<Sessions> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(Sessions::close);
  }

  private Sessions open(long id) {
    Sessions made = new Sessions(id, registry::add, registry::linked, registry::remove);
    opened.add(made);
    return made;
  }

  @Test
  void connectionsAreCountedWhileTheyAreOpen() {
    Sessions first = open(1);
    open(2);
    assertThat(registry.count()).isEqualTo(2);
    assertThat(registry.all()).extracting(session -> session.id()).containsExactly(1L, 2L);
    first.channel().close();
    assertThat(registry.count()).isEqualTo(1);
    assertThat(registry.accepted()).isEqualTo(2);
  }

  @Test
  void clientsDoNotLockOtherNodesOut() {
    Sessions first = open(1);
    open(2);
    assertThat(registry.mayOpen()).as("it may be a node").isTrue();
    Sessions client = open(3);
    assertThat(client.ask("PING")).isEqualTo(TOO_MANY);
    assertThat(client.channel().isOpen()).isFalse();
    Sessions silent = open(4);
    silent.channel().advanceTimeBy(2, TimeUnit.SECONDS);
    silent.channel().runScheduledPendingTasks();
    assertThat(silent.received()).isEqualTo(TOO_MANY);
    assertThat(silent.channel().isOpen()).isFalse();
    assertThat(registry.rejected()).isEqualTo(2);
    Sessions node = open(5);
    assertThat(node.ask("RAFTKV.LINK HELLO n2 secret")).isEqualTo("+OK|");
    assertThat(node.ask("PING")).isEqualTo("+PONG|");
    node.channel().advanceTimeBy(2, TimeUnit.SECONDS);
    node.channel().runScheduledPendingTasks();
    assertThat(node.channel().isOpen()).isTrue();
    assertThat(registry.count()).isEqualTo(2);
    first.channel().close();
    assertThat(open(6).ask("PING")).as("a link takes no client's place").isEqualTo("+PONG|");
  }

  @Test
  void aLinkGivesBackThePlaceThatItTook() {
    Sessions node = open(1);
    node.ask("RAFTKV.LINK HELLO n2 secret");
    node.ask("RAFTKV.LINK HELLO n2 secret");
    assertThat(registry.count()).isZero();
    open(2);
    assertThat(open(3).ask("PING")).isEqualTo("+PONG|");
    node.channel().close();
    assertThat(registry.count()).isEqualTo(2);
  }

  @Test
  void undecidedConnectionsAreFew() {
    for (int i = 0; i < 2 + SessionRegistry.RESERVE; i++) {
      assertThat(registry.mayOpen()).isTrue();
      open(i);
    }
    assertThat(registry.mayOpen()).isFalse();
  }

  @Test
  void oneTooManyIsToldAndClosed() {
    EmbeddedChannel channel = new EmbeddedChannel();
    registry.refuse(channel);
    channel.runPendingTasks();
    ByteBuf told = channel.readOutbound();
    assertThat(told.toString(StandardCharsets.US_ASCII))
        .isEqualToNormalizingNewlines("-ERR max number of clients reached\n");
    told.release();
    assertThat(channel.isOpen()).isFalse();
    assertThat(registry.rejected()).isEqualTo(1);
    channel.finishAndReleaseAll();
  }

  @Test
  void aConnectionIsKilledByItsId() {
    Sessions session = open(5);
    assertThat(registry.kill(6)).isFalse();
    assertThat(registry.kill(5)).isTrue();
    session.channel().runPendingTasks();
    assertThat(session.channel().isOpen()).isFalse();
    assertThat(registry.kill(5)).isFalse();
  }

  @Test
  void drainingClosesIdleConnectionsAtOnceAndBusyOnesAfterTheirTime() throws InterruptedException {
    Sessions idle = open(1);
    long begun = System.nanoTime();
    registry.drain(10);
    assertThat(System.nanoTime() - begun).isLessThan(5_000_000_000L);
    idle.channel().runPendingTasks();
    assertThat(idle.channel().isOpen()).isFalse();
    Sessions busy = open(2);
    busy.sendWrite();
    registry.drain(0);
    busy.channel().runPendingTasks();
    assertThat(busy.channel().isOpen()).isFalse();
  }

  @Test
  @Timeout(60)
  void otherNodesAreAnsweredWhileClientsAreDrained() throws Exception {
    Sessions node = open(1);
    node.ask("RAFTKV.LINK HELLO n2 secret");
    Sessions client = open(2);
    client.sendWrite();
    CompletableFuture<Void> drained =
        CompletableFuture.runAsync(
            () -> {
              try {
                registry.drain(50);
              } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
              }
            });
    await().until(() -> !client.channel().config().isAutoRead());
    assertThat(node.ask("PING")).isEqualTo("+PONG|");
    assertThat(drained).isNotDone();
    client.finish();
    drained.get();
    assertThat(client.channel().isOpen()).isFalse();
    assertThat(node.channel().isOpen()).isFalse();
  }
}
