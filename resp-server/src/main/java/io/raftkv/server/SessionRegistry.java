package io.raftkv.server;

import io.netty.channel.Channel;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.dispatch.Session;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/** The open connections of this node. Thread-safe. */
final class SessionRegistry {
  private static final long POLL_MILLIS = 20;

  private final int max;
  private final Map<Long, Session> sessions = new ConcurrentSkipListMap<>();
  private final LongAdder accepted = new LongAdder();
  private final LongAdder rejected = new LongAdder();

  SessionRegistry(int max) {
    this.max = max;
  }

  boolean mayOpen() {
    return sessions.size() < max;
  }

  void refuse(Channel channel) {
    rejected.increment();
    RespOutput out = RespOutput.to(channel);
    RespEncoder.encode(Reply.error(RespErrors.TOO_MANY_CLIENTS), 2, out);
    out.finish();
    RespOutput.closeWhenSent(channel);
  }

  void add(Session session) {
    accepted.increment();
    sessions.put(session.id(), session);
  }

  void remove(Session session) {
    sessions.remove(session.id());
  }

  int count() {
    return sessions.size();
  }

  long accepted() {
    return accepted.sum();
  }

  long rejected() {
    return rejected.sum();
  }

  Collection<Session> all() {
    return sessions.values();
  }

  boolean kill(long id) {
    Session session = sessions.get(id);
    if (session != null) {
      session.kill();
    }
    return session != null;
  }

  /** Lets commands under way be answered, for some seconds at the most, and closes everything. */
  void drain(int seconds) throws InterruptedException {
    sessions.values().forEach(Session::stopReading);
    long deadline = System.nanoTime() + seconds * 1_000_000_000L;
    while (System.nanoTime() < deadline && sessions.values().stream().anyMatch(Session::isBusy)) {
      Thread.sleep(POLL_MILLIS);
    }
    sessions.values().forEach(Session::kill);
  }
}
