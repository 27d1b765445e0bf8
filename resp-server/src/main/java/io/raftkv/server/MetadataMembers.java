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
import java.util.List;
import java.util.Set;
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

  /** A member whose replica has not answered its leader for so long is not relied on. */
  private static final long HEARD_MILLIS = 1_500;

  /** How long a node is left alone after a failed attempt, which may end the leader's term. */
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** The same for one that is not there yet: nobody was bothered but itself. */
  private static final long READY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** A vote that fails again is left alone twice as long each time, up to so long. */
  private static final long MOST_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Node node;
  private final String self;
  private final FactsInquiry inquiry;
  private final Runnable soon;
  private final Pauses<Attempt> pauses = new Pauses<>();

  private volatile CompletableFuture<Pause> underWay =
      CompletableFuture.completedFuture(Pause.NONE);

  /** A change of a node; that it is taken out to come back with a vote counts as the latter. */
  private record Attempt(String nodeId, Kind kind) {}

  /** For how long a change is to be left alone; not at all if it was made. */
  private record Pause(Attempt attempt, long nanos) {
    static final Pause NONE = new Pause(new Attempt("", Kind.LEAVES), 0);
  }

  /**
   * @param soon has {@link #step} called when there is another step to be taken
   */
  MetadataMembers(Node node, Runnable soon) {
    this.node = node;
    this.soon = soon;
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
   * @param isAnswering whether the process of a node has answered lately
   */
  void step(ClusterState state, Predicate<String> isAnswering) {
    Replica replica = node.replica(MetadataGroup.GROUP);
    Replica.MemberView now = replica == null || isBusy() ? null : replica.settledMembers();
    if (now == null) {
      return;
    }
    note(underWay.join());
    underWay = CompletableFuture.completedFuture(Pause.NONE);
    Members members = new Members(new TreeSet<>(now.voters()), new TreeSet<>(now.listeners()));
    Set<String> replicas = new TreeSet<>(replica.followersHeardWithin(HEARD_MILLIS));
    replicas.add(self);
    MetadataPlan.next(
            state, members, MetadataPlan.heard(members, replicas, isAnswering), this::mayTry)
        .ifPresent(
            step -> {
              underWay = take(step, members, replica.term(), now.index());
              underWay.thenAccept(
                  pause -> {
                    if (pause.nanos() == 0) {
                      soon.run();
                    }
                  });
            });
  }

  private void note(Pause pause) {
    if (pause.nanos() == 0) {
      pauses.succeeded(pause.attempt());
    } else {
      long most = pause.attempt().kind() == Kind.VOTES ? MOST_NANOS : pause.nanos();
      pauses.failed(pause.attempt(), pause.nanos(), most, System.nanoTime());
    }
  }

  /** Who could not even be made to listen does not get a vote either. */
  private boolean mayTry(String nodeId, Kind kind) {
    long now = System.nanoTime();
    return !pauses.isPaused(new Attempt(nodeId, kind), now)
        && !(kind == Kind.VOTES && pauses.isPaused(new Attempt(nodeId, Kind.LISTENS), now));
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
              if (lost == null && reply.outcome() != MetaReply.Outcome.REFUSED) {
                return Pause.NONE;
              }
              LOG.warn(
                  "the voters of the metadata group are not noted yet: {}",
                  lost == null ? reply.text() : lost.getMessage());
              return new Pause(Pause.NONE.attempt(), READY_NANOS); // by which nothing is left alone
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
                new JobAction.ChangeMembers(self, MetadataGroup.GROUP, before, change.next(), "")))
        .orTimeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .thenApply(
            answer -> {
              String why = ControlRequests.decodeOutcome(answer);
              LOG.info(
                  "the metadata group {} {}",
                  why.isEmpty() ? "was changed," : "is not changed yet (" + why + "),",
                  text(change));
              if (!why.isEmpty()) {
                return new Pause(attempt, RETRY_NANOS);
              }
              return change.kind() == attempt.kind() ? new Pause(attempt, 0) : Pause.NONE;
            });
  }
}
