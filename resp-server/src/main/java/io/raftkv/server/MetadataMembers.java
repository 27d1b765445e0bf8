package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.control.MetadataVotes;
import io.raftkv.meta.control.MetadataVotes.Change;
import io.raftkv.meta.control.MetadataVotes.Kind;
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
 * Makes the members of the metadata group those that {@link MetadataVotes} names, one change after
 * the other, while this node leads it, and has the state name those that vote. So a node that joins
 * is brought the metadata by whoever leads, however often that changes meanwhile. For one thread.
 */
final class MetadataMembers {
  private static final Logger LOG = LoggerFactory.getLogger(MetadataMembers.class);
  private static final long TIMEOUT_MILLIS = 30_000;

  /** How long a node is left alone after a failed attempt, which may end the leader's term. */
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** The same for one that is not there yet: nobody was bothered but itself. */
  private static final long READY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private static final long REFUSED_PAUSE_MILLIS = 1_000;

  private final Node node;
  private final String self;
  private final FactsInquiry inquiry;

  /** Until when nodes are left alone. */
  private final Map<String, Long> pausedUntilNanos = new HashMap<>();

  private CompletableFuture<Pause> underWay = CompletableFuture.completedFuture(Pause.NONE);

  /** For how long a node is to be left alone. */
  private record Pause(String nodeId, long nanos) {
    static final Pause NONE = new Pause("", 0);
  }

  MetadataMembers(Node node) {
    this.node = node;
    this.self = node.config().node().id();
    this.inquiry = new FactsInquiry(node);
  }

  /**
   * Takes the next step; to be called often while this node leads.
   *
   * @param isHeard whether a node has been heard of lately
   */
  void step(ClusterState state, Predicate<String> isHeard) {
    Replica replica = node.replica(MetadataGroup.GROUP);
    if (!underWay.isDone() || replica == null || replica.isChangingMembers()) {
      return;
    }
    long now = System.nanoTime();
    Pause pause = underWay.join();
    underWay = CompletableFuture.completedFuture(Pause.NONE);
    pausedUntilNanos.put(pause.nodeId(), now + pause.nanos());
    pausedUntilNanos.values().removeIf(until -> until - now <= 0);
    Members members = members(replica);
    List<String> toNote = MetadataVotes.toNote(state, members).orElse(List.of());
    if (!toNote.isEmpty()) {
      underWay = note(toNote);
      return;
    }
    MetadataVotes.next(state, members, isHeard, id -> !pausedUntilNanos.containsKey(id))
        .ifPresent(change -> underWay = make(change, members));
  }

  private static Members members(Replica replica) {
    TreeSet<String> voters = new TreeSet<>(replica.voters());
    TreeSet<String> listeners = new TreeSet<>(replica.members());
    listeners.removeAll(voters);
    return new Members(voters, listeners);
  }

  /** Ends a while later if it was in vain: it is in the log nevertheless. */
  private CompletableFuture<Pause> note(List<String> voters) {
    CompletableFuture<Pause> over = new CompletableFuture<>();
    node.metadata()
        .propose(node.shards().client(MetadataGroup.GROUP), new MetaCommand.NoteVoters(voters))
        .whenComplete(
            (reply, lost) -> {
              LOG.info("voters of the metadata group are {}: {}", voters, reply, lost);
              if (lost == null && reply.outcome() != MetaReply.Outcome.REFUSED) {
                over.complete(Pause.NONE);
              } else {
                over.completeOnTimeout(Pause.NONE, REFUSED_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
              }
            });
    return over;
  }

  /** For a node that is to get something its replica must be there, or it is waited for in vain. */
  private CompletableFuture<Pause> make(Change change, Members members) {
    boolean gets = change.kind() == Kind.ADD || change.kind() == Kind.GIVE_VOTE;
    CompletableFuture<Boolean> ready =
        gets
            ? inquiry.ask(List.of(change.nodeId())).thenApply(facts -> isReady(facts, change))
            : CompletableFuture.completedFuture(true);
    return ready
        .thenCompose(
            yes ->
                yes
                    ? ask(change, members)
                    : CompletableFuture.completedFuture(new Pause(change.nodeId(), READY_NANOS)))
        .exceptionally(
            failed -> {
              LOG.warn("metadata group not changed yet, {}", text(change), failed);
              return new Pause(change.nodeId(), RETRY_NANOS);
            });
  }

  /** By the state as it is now: the node may have been removed while it was asked. */
  private boolean isReady(ClusterFacts facts, Change change) {
    ClusterState now = node.metadata().state();
    return !MetadataVotes.isLeaving(now, change.nodeId())
        && now.node(change.nodeId())
            .filter(known -> isReady(facts.nodes().get(change.nodeId()), known, change.kind()))
            .isPresent();
  }

  /**
   * Whether the process that answers is the node which the state means, and its replica runs. What
   * that one's log says of itself does not matter: it may have been sent a part of it, from when
   * its id was another node's. A vote is only for one that will not begin anew.
   */
  static boolean isReady(ClusterFacts.NodeFacts facts, NodeInfo known, Kind kind) {
    ClusterFacts.ReplicaFacts replica =
        facts == null ? null : facts.replicas().get(MetadataGroup.GROUP);
    return replica != null
        && replica.open()
        && facts.memberSince() == known.memberSince()
        && (facts.arrived() || kind == Kind.ADD);
  }

  private static String text(Change change) {
    return switch (change.kind()) {
      case ADD -> "to add node=" + change.nodeId();
      case GIVE_VOTE -> "to have node=" + change.nodeId() + " vote";
      case TAKE_VOTE -> "to have node=" + change.nodeId() + " not vote";
      case TAKE_OUT -> "to take out node=" + change.nodeId();
    };
  }

  private CompletableFuture<Pause> ask(Change change, Members before) {
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
              return why.isEmpty() ? Pause.NONE : new Pause(change.nodeId(), RETRY_NANOS);
            });
  }
}
