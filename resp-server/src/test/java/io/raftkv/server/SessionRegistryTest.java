package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.raftkv.resp.dispatch.Sessions;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SessionRegistryTest {
  private final SessionRegistry registry = new SessionRegistry(2);
  private final List<Sessions> opened = new ArrayList<>();

  @AfterEach
  void close() {
    opened.forEach(Sessions::close);
  }

  private Sessions open(long id) {
    Sessions made = new Sessions(id, registry::add, registry::remove);
    opened.add(made);
    return made;
  }

  @Test
  void connectionsAreCountedWhileTheyAreOpen() {
    Sessions first = open(1);
    assertThat(registry.mayOpen()).isTrue();
    open(2);
    assertThat(registry.mayOpen()).isFalse();
    assertThat(registry.all()).extracting(session -> session.id()).containsExactly(1L, 2L);
    first.channel().close();
    assertThat(registry.count()).isEqualTo(1);
    assertThat(registry.accepted()).isEqualTo(2);
    assertThat(registry.mayOpen()).isTrue();
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
}
