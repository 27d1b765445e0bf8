package io.raftkv.resp.dispatch;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** A session without a node behind it, for tests of who keeps sessions. */
public final class Sessions implements AutoCloseable {
  private final SessionFixture fixture;

  public Sessions(
      long id, Predicate<Session> opened, Consumer<Session> linked, Consumer<Session> closed) {
    fixture =
        new SessionFixture(
            SlotMap.evenly("s1"), false, SessionFixture.PATIENCE, id, opened, linked, closed);
  }

  public EmbeddedChannel channel() {
    return fixture.channel;
  }

  /** Sends a command and takes all replies so far; line ends are shown as bars. */
  public String ask(String line) {
    fixture.send(line);
    return received();
  }

  /** What was sent to the client since the last time; line ends are shown as bars. */
  public String received() {
    return fixture.received();
  }

  /** A write that is never answered. */
  public void sendWrite() {
    fixture.send("SET k v");
  }

  /** Answers what is under way. */
  public void finish() {
    fixture.finish();
  }

  @Override
  public void close() {
    fixture.close();
  }
}
