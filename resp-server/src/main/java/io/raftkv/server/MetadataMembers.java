package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.control.MetadataPlan;
import io.raftkv.meta.control.MetadataPlan.Change;
import io.raftkv.meta.control.MetadataPlan.Kind;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.Members;
import io.raftkv.raft.Replica;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the members of the metadata group those that {@link MetadataPlan} names, one change after
 * the other, while this node leads it. So a node that joins is brought the metadata by whoever
 * leads, however often that changes meanwhile. For one thread, but for {@link #isBusy}.
 */
final class MetadataMembers {
  private static final Logger LOG = LoggerFactory.getLogger(MetadataMembers.class);
  private static final long TIMEOUT_MILLIS = 30_000;

  /** How long a node is left alone after a failed attempt, which may end the leader's term. */
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** The same for one that is not there yet: nobody was bothered but itself. */
  private static final long READY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final Node node;
  private final String self;
  private final FactsInquiry inquiry;

  /** Until when changes of nodes are left alone. */
  private final Map<Attempt, Long> pausedUntilNanos = new HashMap<>();

  private volatile CompletableFuture<Pause> underWay =
      CompletableFuture.completedFuture(Pause.NONE);

  /** A change of a node; that it is taken out to come back with a vote counts as the latter. */
  private record Attempt(String nodeId, Kind kind) {}

  /** For how long a change is to be left alone. */
  private record Pause(Attempt attempt, long nanos) {
    static final Pause NONE = new Pause(new Attempt("", Kind.LEAVES), 0);
  }

  MetadataMembers(Node node) {
    this.node = node;
    this.self = node.config().node().id();
    this.inquiry = new FactsInquiry(node);
  }

  /** Whether a step is being taken: a node may be about to become a member. */
  boolean isBusy() {
    return !underWay.isDone();
  }

  /**
   * Takes the next step; to be called often while this node leads.
   *
   * @param isHeard whether a node has been heard of lately
   */
  void step(ClusterState state, Predicate<String> isHeard) {
    Replica replica = node.replica(MetadataGroup.GROUP);
    Replica.MemberView now = replica == null || isBusy() ? null : replica.settledMembers();
    if (now == null) {
      return;
    }
    long nanos = System.nanoTime();
    Pause pause = underWay.join();
    underWay = CompletableFuture.completedFuture(Pause.NONE);
    pausedUntilNanos.put(pause.attempt(), nanos + pause.nanos());
    pausedUntilNanos.values().removeIf(until -> until - nanos <= 0);
    Members members = new Members(new TreeSet<>(now.voters()), new TreeSet<>(now.listeners()));
    MetadataPlan.next(state, members, isHeard, this::mayTry)
        .ifPresent(step -> underWay = take(step, members, replica.term(), now.index()));
  }

  /** Who could not even be made to listen does not get a vote either. */
  private boolean mayTry(String nodeId, Kind kind) {
    return !pausedUntilNanos.containsKey(new Attempt(nodeId, kind))
        && !(kind == Kind.VOTES && pausedUntilNanos.containsKey(new Attempt(nodeId, Kind.LISTENS)));
  }

  private CompletableFuture<Pause> take(
      MetadataPlan.Step step, Members members, long term, long index) {
    if (step instanceof MetadataPlan.Note note) {
      return note(note);
    }
    return make((Change) step, members, new ControlRequests.JoinMetadata(term, index));
  }

  /** A vote that could not be given now is not noted. */
  private CompletableFuture<Pause> note(MetadataPlan.Note note) {
    if (note.gives().isEmpty()) {
      return note(note.command());
    }
    Attempt attempt = new Attempt(note.gives().get(), Kind.VOTES);
    return inquiry
        .ask(List.of(attempt.nodeId()))
        .thenCompose(
            facts ->
                isReady(facts, attempt)
                    ? note(note.command())
                    : done(new Pause(attempt, READY_NANOS)))
        .exceptionally(
            failed -> {
              LOG.warn("no vote noted yet node={}", attempt.nodeId(), failed);
              return new Pause(attempt, RETRY_NANOS);
            });
  }

  private CompletableFuture<Pause> note(MetaCommand command) {
    return node.metadata()
        .propose(node.shards().client(MetadataGroup.GROUP), command)
        .handle(
            (reply, lost) -> {
              if (lost != null || reply.outcome() == MetaReply.Outcome.REFUSED) {
                LOG.warn(
                    "the voters of the metadata group are not noted yet: {}",
                    lost == null ? reply.text() : lost.getMessage());
              }
              return Pause.NONE;
            });
  }

  /** The replica of a node that is to join must be there, or it is waited for in vain. */
  private CompletableFuture<Pause> make(
      Change change, Members members, ControlRequests.JoinMetadata joining) {
    // Who steps aside for a vote must be there to get it, or it would hear nothing for long.
    boolean stepsAside =
        !change.joins() && !MetadataPlan.isLeaving(node.metadata().state(), change.nodeId());
    boolean asks = change.joins() || (stepsAside && members.listeners().contains(change.nodeId()));
    Attempt attempt = new Attempt(change.nodeId(), stepsAside && asks ? Kind.VOTES : change.kind());
    CompletableFuture<Boolean> ready =
        asks
            ? inquiry
                .ask(List.of(change.nodeId()))
                .thenApply(facts -> isReady(facts, attempt))
                .thenCompose(is -> is ? begun(change, joining) : done(false))
            : done(true);
    return ready
        .thenCompose(
            yes -> yes ? ask(change, members, attempt) : done(new Pause(attempt, READY_NANOS)))
        .exceptionally(
            failed -> {
              LOG.warn("metadata group not changed yet, {}", text(change), failed);
              return new Pause(attempt, RETRY_NANOS);
            });
  }

  private static <T> CompletableFuture<T> done(T value) {
    return CompletableFuture.completedFuture(value);
  }

  /** Who gets a vote begins with a replica that never was a listener's. */
  private CompletableFuture<Boolean> begun(Change change, ControlRequests.JoinMetadata joining) {
    if (change.kind() != Kind.VOTES) {
      return done(true);
    }
    return FactsInquiry.call(node, change.nodeId(), ControlRequests.joinMetadata(joining))
        .orTimeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .thenApply(
            answer -> {
              String why = ControlRequests.decodeOutcome(answer);
              if (!why.isEmpty()) {
                LOG.info("no vote in the metadata group yet node={}: {}", change.nodeId(), why);
              }
              return why.isEmpty();
            });
  }

  /** By the state as it is now: the node may have been removed while it was asked. */
  private boolean isReady(ClusterFacts facts, Attempt attempt) {
    ClusterState now = node.metadata().state();
    ClusterFacts.NodeFacts said = facts.nodes().get(attempt.nodeId());
    return !MetadataPlan.isLeaving(now, attempt.nodeId())
        && now.node(attempt.nodeId()).filter(known -> isReady(said, known)).isPresent()
        && (attempt.kind() == Kind.LISTENS || said.arrived());
  }

  /**
   * Whether the process that answers is the node which the state means, and its replica runs. What
   * that one's log says of itself does not matter: it may have been sent a part of it, from when
   * its id was another node's.
   */
  static boolean isReady(ClusterFacts.NodeFacts facts, NodeInfo known) {
    ClusterFacts.ReplicaFacts replica =
        facts == null ? null : facts.replicas().get(MetadataGroup.GROUP);
    return replica != null && replica.open() && facts.memberSince() == known.memberSince();
  }

  private static String text(Change change) {
    return switch (change.kind()) {
      case LISTENS -> "to add node=" + change.nodeId();
      case VOTES -> "to give a vote to node=" + change.nodeId();
      case LEAVES -> "to take out node=" + change.nodeId();
    };
  }

  private CompletableFuture<Pause> ask(Change change, Members before, Attempt attempt) {
    LOG.info("the metadata group is asked {}", text(change));
    return FactsInquiry.call(
            node,
            self,
            ControlRequests.changeMembers(
                new JobAction.ChangeMembers(self, MetadataGroup.GROUP, before, change.next())))
        .orTimeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .thenApply(
            answer -> {
              String why = ControlRequests.decodeOutcome(answer);
              LOG.info(
                  "the metadata group {} {}",
                  why.isEmpty() ? "was changed," : "is not changed yet (" + why + "),",
                  text(change));
              return why.isEmpty() ? Pause.NONE : new Pause(attempt, RETRY_NANOS);
            });
  }
}
