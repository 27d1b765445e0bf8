package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.control.MetadataListeners;
import io.raftkv.meta.control.MetadataListeners.Change;
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
 * Makes the members of the metadata group those that {@link MetadataListeners} names, one change
 * after the other, while this node leads it. So a node that joins is brought the metadata by
 * whoever leads, however often that changes meanwhile. For one thread.
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
    MetadataListeners.next(state, members, isHeard, id -> !pausedUntilNanos.containsKey(id))
        .ifPresent(change -> underWay = make(change, members));
  }

  private static Members members(Replica replica) {
    TreeSet<String> voters = new TreeSet<>(replica.voters());
    TreeSet<String> listeners = new TreeSet<>(replica.members());
    listeners.removeAll(voters);
    return new Members(voters, listeners);
  }

  /** The replica of a node that is to join must be there, or it is waited for in vain. */
  private CompletableFuture<Pause> make(Change change, Members members) {
    CompletableFuture<Boolean> ready =
        change.joins()
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
    return !MetadataListeners.isLeaving(now, change.nodeId())
        && now.node(change.nodeId())
            .filter(known -> isReady(facts.nodes().get(change.nodeId()), known))
            .isPresent();
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
    return (change.joins() ? "to add node=" : "to take out node=") + change.nodeId();
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
