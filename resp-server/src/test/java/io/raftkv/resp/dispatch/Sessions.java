package io.raftkv.resp.dispatch;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.function.Consumer;

/** A session without a node behind it, for tests of who keeps sessions. */
public final class Sessions implements AutoCloseable {
  private final SessionFixture fixture;

  public Sessions(long id, Consumer<Session> opened, Consumer<Session> closed) {
    fixture = new SessionFixture(SlotMap.evenly("s1"), false, id, opened, closed);
  }

  public EmbeddedChannel channel() {
    return fixture.channel;
  }

  /** A write that is never answered. */
  public void sendWrite() {
    fixture.send("SET k v");
  }

  @Override
  public void close() {
    fixture.close();
  }
}
