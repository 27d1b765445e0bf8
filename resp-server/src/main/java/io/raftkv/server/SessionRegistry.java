package io.raftkv.server;

import io.netty.channel.Channel;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.dispatch.Session;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

/**
 * The open connections of this node: those of clients, which are bounded, and those of other nodes,
 * which are not, or clients could lock the nodes out that answer them. A connection shows only by
 * its first command which of the two it is; so a few more are opened, to be told that there is no
 * room or to become links. Thread-safe.
 */
final class SessionRegistry {
  /** Connections beyond the clients that may be undecided at one time. */
  static final int RESERVE = 64;

  private static final long POLL_MILLIS = 20;

  private final int max;
  private final Map<Long, Session> sessions = new ConcurrentSkipListMap<>();
  private final Set<Long> links = ConcurrentHashMap.newKeySet();
  private final Set<Long> surplus = ConcurrentHashMap.newKeySet();
  private final AtomicInteger clients = new AtomicInteger();
  private final LongAdder accepted = new LongAdder();
  private final LongAdder rejected = new LongAdder();

  /** For so many clients at one time. */
  SessionRegistry(int max) {
    this.max = max;
  }

  /** False if there is no room even for a connection that may be another node's. */
  boolean mayOpen() {
    return clients.get() + surplus.size() < max + RESERVE;
  }

  void refuse(Channel channel) {
    rejected.increment();
    RespOutput out = RespOutput.to(channel);
    RespEncoder.encode(Reply.error(RespErrors.TOO_MANY_CLIENTS), 2, out);
    out.finish();
    RespOutput.closeWhenSent(channel);
  }

  /** False if it is one more than the clients that there may be. */
  boolean add(Session session) {
    sessions.put(session.id(), session);
    if (clients.incrementAndGet() <= max) {
      accepted.increment();
      return true;
    }
    clients.decrementAndGet();
    surplus.add(session.id());
    return false;
  }

  /** It is no client, and its place is free for one. */
  void linked(Session session) {
    links.add(session.id());
    if (surplus.remove(session.id())) {
      accepted.increment();
    } else {
      clients.decrementAndGet();
    }
  }

  void remove(Session session) {
    sessions.remove(session.id());
    if (surplus.remove(session.id())) {
      rejected.increment();
    } else if (!links.remove(session.id())) {
      clients.decrementAndGet();
    }
  }

  /** Clients; links are none. */
  int count() {
    return clients.get();
  }

  /** Clients and links so far. */
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

  /**
   * Lets commands under way be answered, and the answers be sent, and closes everything. Other
   * nodes are answered meanwhile: commands need their votes, and theirs ours.
   *
   * @param seconds for all of it, at the most
   */
  void drain(int seconds) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    List<Session> draining =
        sessions.values().stream().filter(session -> !session.isLink()).toList();
    List<CompletableFuture<Void>> stopped = draining.stream().map(Session::stopReading).toList();
    // Only from then on is it known what has to be answered.
    await(deadline, () -> stopped.stream().allMatch(CompletableFuture::isDone));
    await(deadline, () -> draining.stream().noneMatch(Session::isBusy));
    draining.forEach(Session::closeWhenSent);
    await(deadline, () -> draining.stream().noneMatch(open -> sessions.containsKey(open.id())));
    sessions.values().forEach(Session::kill);
  }

  private static void await(long deadline, BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean() && deadline - System.nanoTime() > 0) {
      Thread.sleep(POLL_MILLIS);
    }
  }
}
