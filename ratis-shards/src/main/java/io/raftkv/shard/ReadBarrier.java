package io.raftkv.shard;

import io.raftkv.raft.LeaderView;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds, for a read, a commit index that covers every write acknowledged before the read came:
 * ReadIndex (Ongaro, "Consensus: Bridging Theory and Practice", section 6.4), with a confirmation
 * of leadership of our own, since Ratis' may answer from an earlier round.
 *
 * <p>A round asks nodes for their current term of the group, and the leader also for its commit
 * index. It succeeds when a majority of the voters, the ready leader of term T among them, has said
 * T. Why that is enough: everything was asked after the read came. Had a leader of a later term
 * acknowledged a write before that, a majority would have been at its term by then; terms never go
 * back, and two majorities share a member, which would not have said T. So all acknowledged writes
 * are of leaders up to T, and T's ready leader has them below its commit index.
 *
 * <p>The asking node's own term counts, if it is a voter: in a group of three one answer is enough,
 * on the leader from any follower, on a follower from the leader.
 *
 * <p>Reads of one turn of an event loop share a round; they never join one that has been sent. One
 * message per peer at a time carries all groups that want to know. Thread-safe; never blocks.
 */
public final class ReadBarrier {
  private static final Logger LOG = LoggerFactory.getLogger(ReadBarrier.class);

  /** What the barrier has to know of this node's replica of a group. */
  public interface Source {
    /** Term, leadership and commit index, consistent with each other; null if there is none. */
    LeaderView view();

    /** Names of the voters as this replica's log has them, old and new ones during a change. */
    List<String> voters();

    /** Name of the leader as far as this replica knows, or null. */
    String leader();

    /** Last index that is applied and visible to readers. */
    long appliedIndex();

    /**
     * For the leader: tells a follower the commit index now rather than with the next heartbeat.
     */
    void nudge(String follower);
  }

  /** Takes the outcome of a read's round. */
  public interface Waiter {
    /** {@code commitIndex} is safe: read once this index is applied. Must not block. */
    void confirmed(long commitIndex);

    /** No majority, or no leader, before the deadline. */
    void failed();
  }

  private record Waiting(Waiter waiter, long deadlineNanos) {}

  /** One group's rounds: the one under way and those who wait for the next. */
  private static final class Group {
    private final UUID id;
    private final TurnTask beginning;
    private List<Waiting> current = List.of();
    private List<Waiting> next = new ArrayList<>(); // always one that can grow
    private long round;
    private boolean forgotten;
    private long askedNanos;
    private final Map<String, LeaderView> answers = new HashMap<>();
    private final Set<String> asked = new HashSet<>();

    private Group(UUID id, Executor endOfTurn, Consumer<Group> begin) {
      this.id = id;
      this.beginning = new TurnTask(endOfTurn, () -> begin.accept(this));
    }
  }

  /** What is on its way to one peer, and the groups that wait for the next message to it. */
  private static final class Peer {
    private final String nodeId;
    private Set<Group> wanting = new HashSet<>();
    private boolean asking;
    private long sentNanos;
    private long message;

    private Peer(String nodeId) {
      this.nodeId = nodeId;
    }
  }

  private final String self;
  private final Function<UUID, ? extends Source> replicas;
  private final PeerTransport transport;
  private final long retryNanos;
  private final Executor endOfTurn;
  private final LongSupplier nanoTime;
  private final Map<UUID, Group> groups = new ConcurrentHashMap<>();
  private final Map<String, Peer> peers = new ConcurrentHashMap<>();
  private final LongAdder rounds = new LongAdder();
  private final LongAdder reads = new LongAdder();

  /**
   * @param self this node's name
   * @param replicas this node's replica of a group, or null
   * @param retryNanos what is unanswered for this long is asked again
   * @param endOfTurn where rounds begin: runs what it takes when the event loop of the calling
   *     thread has handled the events at hand, or at once where there is no loop
   */
  public ReadBarrier(
      String self,
      Function<UUID, ? extends Source> replicas,
      PeerTransport transport,
      long retryNanos,
      Executor endOfTurn) {
    this(self, replicas, transport, retryNanos, endOfTurn, System::nanoTime);
  }

  ReadBarrier(
      String self,
      Function<UUID, ? extends Source> replicas,
      PeerTransport transport,
      long retryNanos,
      Executor endOfTurn,
      LongSupplier nanoTime) {
    this.self = self;
    this.replicas = replicas;
    this.transport = transport;
    this.retryNanos = retryNanos;
    this.endOfTurn = endOfTurn;
    this.nanoTime = nanoTime;
  }

  /** Rounds begun so far. */
  public long rounds() {
    return rounds.sum();
  }

  /** Calls of {@link #confirm} so far. */
  public long reads() {
    return reads.sum();
  }

  /**
   * Asks for a safe commit index of a group of which this node has a replica.
   *
   * @param deadlineNanos by {@link System#nanoTime}
   */
  public void confirm(UUID groupId, long deadlineNanos, Waiter waiter) {
    reads.increment();
    Group group;
    boolean added = false;
    boolean begin = false;
    do {
      group = groups.computeIfAbsent(groupId, id -> new Group(id, endOfTurn, this::begin));
      synchronized (group) {
        if (!group.forgotten) {
          group.next.add(new Waiting(waiter, deadlineNanos));
          begin = group.current.isEmpty();
          added = true;
        }
      }
    } while (!added); // it was forgotten at this moment: there is a new one at the next try
    if (begin) {
      group.beginning.request();
    }
  }

  /** To be called every few milliseconds: deadlines, lost answers, rounds without a majority. */
  public void tick() {
    long now = nanoTime.getAsLong();
    groups.values().forEach(group -> tick(group, now));
    for (Peer peer : peers.values()) {
      synchronized (peer) {
        if (peer.asking && now - peer.sentNanos > retryNanos) {
          peer.asking = false;
        }
      }
      ask(peer);
    }
  }

  /** This node's replica of a group was removed. Who waits for a round is told that it failed. */
  public void forget(UUID groupId) {
    Group group = groups.remove(groupId);
    if (group == null) {
      return;
    }
    List<Waiting> waiting = new ArrayList<>();
    synchronized (group) {
      group.forgotten = true;
      waiting.addAll(group.current);
      waiting.addAll(group.next);
      group.current = List.of();
      group.next = new ArrayList<>();
    }
    for (Peer peer : peers.values()) {
      synchronized (peer) {
        peer.wanting.remove(group);
      }
    }
    fail(waiting);
  }

  private static void fail(List<Waiting> late) {
    for (Waiting one : late) {
      try {
        one.waiter.failed();
      } catch (RuntimeException fault) {
        LOG.error("reader could not be told", fault);
      }
    }
  }

  private void tick(Group group, long now) {
    List<Waiting> late = new ArrayList<>();
    boolean begin;
    long again = 0;
    synchronized (group) {
      group.current = takeLate(group.current, now, late);
      group.next = takeLate(group.next, now, late);
      begin = group.current.isEmpty() && !group.next.isEmpty();
      if (!group.current.isEmpty() && now - group.askedNanos > retryNanos) {
        // The same round: what was sent for it may be slow rather than lost, and still counts.
        group.askedNanos = now;
        again = group.round;
      }
    }
    fail(late);
    if (begin) {
      begin(group);
    } else if (again > 0) {
      askAll(group, again);
    }
  }

  /** Returns those of {@code waiting} that still have time; the others go to {@code late}. */
  private static List<Waiting> takeLate(List<Waiting> waiting, long now, List<Waiting> late) {
    if (waiting.stream().allMatch(one -> one.deadlineNanos - now > 0)) {
      return waiting;
    }
    List<Waiting> inTime = new ArrayList<>(waiting.size());
    for (Waiting one : waiting) {
      (one.deadlineNanos - now <= 0 ? late : inTime).add(one);
    }
    return inTime;
  }

  private void begin(Group group) {
    long round;
    synchronized (group) {
      if (!group.current.isEmpty() || group.next.isEmpty()) {
        return;
      }
      group.current = group.next;
      group.next = new ArrayList<>();
      group.answers.clear();
      group.asked.clear();
      group.askedNanos = nanoTime.getAsLong();
      round = ++group.round;
    }
    rounds.increment();
    askAll(group, round);
  }

  /** Asks this node, and if that is not enough all others. */
  private void askAll(Group group, long round) {
    Source replica = replicas.apply(group.id);
    LeaderView own = replica == null ? null : replica.view();
    if (own == null) {
      return; // tick asks again, or tells that the deadline has come
    }
    if (answered(group, round, self, own)) {
      return;
    }
    Set<String> nodes = new LinkedHashSet<>(replica.voters());
    String leader = replica.leader();
    if (leader != null) {
      nodes.add(leader);
    }
    synchronized (group) {
      nodes.addAll(group.asked);
    }
    ask(group, round, nodes);
  }

  private void ask(Group group, long round, Set<String> nodes) {
    synchronized (group) {
      if (group.round != round) {
        return;
      }
      group.asked.addAll(nodes);
    }
    for (String node : nodes) {
      if (!node.equals(self)) {
        Peer peer = peers.computeIfAbsent(node, Peer::new);
        synchronized (peer) {
          peer.wanting.add(group);
        }
        ask(peer);
      }
    }
  }

  /** Sends what is wanted from a peer, unless a message to it is still unanswered. */
  private void ask(Peer peer) {
    Map<UUID, Long> asked = new HashMap<>();
    long message;
    synchronized (peer) {
      if (peer.asking || peer.wanting.isEmpty()) {
        return;
      }
      for (Group group : peer.wanting) {
        synchronized (group) {
          if (!group.current.isEmpty()) {
            asked.put(group.id, group.round);
          }
        }
      }
      peer.wanting = new HashSet<>();
      if (asked.isEmpty()) {
        return;
      }
      peer.asking = true;
      peer.sentNanos = nanoTime.getAsLong();
      message = ++peer.message;
    }
    transport
        .call(peer.nodeId, PeerTransport.Kind.TERMS, request(asked.keySet()))
        .whenComplete(
            Completion.loggingFaults(
                "a question for terms",
                (answer, failure) -> {
                  synchronized (peer) {
                    if (peer.message == message) {
                      peer.asking = false;
                    }
                  }
                  if (failure == null) {
                    take(peer, asked, answer);
                    ask(peer);
                  }
                }));
  }

  /** What was not asked, or is not to be understood, is like no answer: it is asked again. */
  private void take(Peer peer, Map<UUID, Long> asked, byte[] answer) {
    Map<UUID, LeaderView> views;
    try {
      views = TermsCodec.decodeAnswer(answer);
    } catch (RuntimeException malformed) {
      LOG.warn("answer not understood peer={}", peer.nodeId, malformed);
      return;
    }
    views.forEach(
        (id, view) -> {
          Long round = asked.get(id);
          Group group = groups.get(id);
          if (round != null && group != null) {
            answered(group, round, peer.nodeId, view);
          }
        });
  }

  /** Takes one node's word; true if the round has ended with it. */
  private boolean answered(Group group, long round, String node, LeaderView view) {
    List<Waiting> confirmed = List.of();
    Set<String> unasked = Set.of();
    long commit;
    synchronized (group) {
      if (group.round != round || group.current.isEmpty()) {
        return false;
      }
      group.answers.put(node, view);
      commit = confirmedCommit(group.answers);
      if (commit < 0) {
        unasked = unasked(group, view);
      } else {
        confirmed = group.current;
        group.current = List.of();
      }
    }
    if (commit < 0) {
      ask(group, round, unasked);
      return false;
    }
    for (Waiting waiting : confirmed) {
      try {
        waiting.waiter.confirmed(commit);
      } catch (RuntimeException fault) {
        LOG.error("reader could not be told", fault); // the others still can
      }
    }
    group.beginning.request();
    return true;
  }

  /** It is the leader's voters that count: our log may not know yet that they have changed. */
  private static Set<String> unasked(Group group, LeaderView view) {
    Set<String> voters = new LinkedHashSet<>();
    if (view.ready() && !group.asked.isEmpty()) { // else our own view, before all others are asked
      voters.addAll(view.voters());
      voters.addAll(view.oldVoters());
      voters.removeAll(group.asked);
    }
    return voters;
  }

  /** The ready leader's commit index if a majority is in its term, else -1. */
  static long confirmedCommit(Map<String, LeaderView> answers) {
    for (LeaderView leader : answers.values()) {
      if (leader.ready()) {
        Set<String> sameTerm = new HashSet<>();
        answers.forEach(
            (node, view) -> {
              if (view.term() == leader.term()) {
                sameTerm.add(node);
              }
            });
        if (leader.isMajority(sameTerm)) {
          return leader.commitIndex();
        }
      }
    }
    return -1;
  }

  /** Answers another node's {@link PeerTransport.Kind#TERMS} request. */
  public byte[] answer(byte[] request) {
    TermsCodec.Request asked = TermsCodec.decodeRequest(request);
    Map<UUID, LeaderView> views = new LinkedHashMap<>();
    asked
        .applied()
        .forEach(
            (id, applied) -> {
              Source replica = replicas.apply(id);
              LeaderView view = replica == null ? null : replica.view();
              if (view != null) {
                views.put(id, view);
                if (view.ready() && applied < view.commitIndex()) {
                  replica.nudge(asked.asker());
                }
              }
            });
    return TermsCodec.encodeAnswer(views);
  }

  private byte[] request(Collection<UUID> ids) {
    Map<UUID, Long> applied = new LinkedHashMap<>();
    for (UUID id : ids) {
      Source replica = replicas.apply(id);
      applied.put(id, replica == null ? Long.MAX_VALUE : replica.appliedIndex());
    }
    return TermsCodec.encode(new TermsCodec.Request(self, applied));
  }
}
