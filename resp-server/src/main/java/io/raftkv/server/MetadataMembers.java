package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.Members;
import io.raftkv.raft.Replica;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the members of the metadata group those that the state names, while this node leads it:
 * each node of the cluster that does not vote listens. So a node that joins is brought the metadata
 * by whoever leads, however often that changes meanwhile. For one thread.
 */
final class MetadataMembers {
  private static final Logger LOG = LoggerFactory.getLogger(MetadataMembers.class);
  private static final long TIMEOUT_MILLIS = 30_000;

  /** How long a node is left alone that was not added: a failed attempt ends the leader's term. */
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Node node;
  private final String self;
  private final FactsInquiry inquiry;
  private final Map<String, Long> triedNanos = new HashMap<>();
  private CompletableFuture<?> underWay = CompletableFuture.completedFuture(null);

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
    triedNanos.values().removeIf(at -> now - at > RETRY_NANOS);
    Members members = members(replica);
    Optional<String> missing =
        state.members().stream()
            .map(NodeInfo::id)
            .filter(id -> !members.contains(id) && !triedNanos.containsKey(id))
            .filter(isHeard)
            .findFirst();
    missing.ifPresent(
        id -> {
          triedNanos.put(id, now);
          underWay = add(id, members);
        });
  }

  private static Members members(Replica replica) {
    TreeSet<String> voters = new TreeSet<>(replica.voters());
    TreeSet<String> listeners = new TreeSet<>(replica.members());
    listeners.removeAll(voters);
    return new Members(voters, listeners);
  }

  /** Its replica must be there: for one that does not answer the leader would wait in vain. */
  private CompletableFuture<?> add(String id, Members members) {
    return inquiry
        .ask(List.of(id))
        .thenCompose(
            facts ->
                facts
                        .replica(id, MetadataGroup.GROUP)
                        .filter(replica -> mayBeAdded(replica, id))
                        .isPresent()
                    ? change(id, members, members.withListener(id))
                    : CompletableFuture.completedFuture(null))
        .exceptionally(
            failed -> {
              LOG.warn("node={} not added to the metadata group yet", id, failed);
              return null;
            });
  }

  /**
   * Running, and not of a cluster of its own. It need not be empty: an attempt that ended with its
   * leader may have left a part of the log there.
   */
  static boolean mayBeAdded(ClusterFacts.ReplicaFacts replica, String id) {
    return replica.open() && !replica.members().voters().contains(id);
  }

  private CompletableFuture<Void> change(String id, Members before, Members after) {
    LOG.info("adding node={} to the metadata group", id);
    return FactsInquiry.call(
            node,
            self,
            ControlRequests.changeMembers(
                new JobAction.ChangeMembers(self, MetadataGroup.GROUP, before, after)))
        .orTimeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .thenAccept(
            answer -> {
              String why = ControlRequests.decodeOutcome(answer);
              if (why.isEmpty()) {
                LOG.info("node={} is in the metadata group", id);
              } else {
                LOG.info("node={} not added to the metadata group yet: {}", id, why);
              }
            });
  }
}
