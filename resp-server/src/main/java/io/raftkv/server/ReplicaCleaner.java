package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobRunner;
import io.raftkv.raft.Replica;
import io.raftkv.shard.ReadBarrier;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the replicas that this node has and should not: of shards that moved away or are no more.
 * A replica that a majority may have counted on must never be taken for one. So, in this order:
 *
 * <ol>
 *   <li>The state must miss the replica, and have all that was committed when that was seen,
 *       confirmed by a majority of the metadata group: after a restart this node may not have got
 *       to the entry yet that gave it the replica.
 *   <li>The shard's leader, if a majority of its voters knows of none in a later term, must not
 *       have this node among its members, nor a change of them under way: a change that was asked
 *       for long ago may have added it after all.
 *   <li>The replica is stopped, so that it acknowledges nothing from then on, and the leader asked
 *       once more.
 *   <li>The state must miss it still. Then its files go; else it is started again.
 * </ol>
 *
 * <p>For one thread.
 */
final class ReplicaCleaner {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicaCleaner.class);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How long nothing is tried after something stood against it. */
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How long a replica is left alone that is a member against the record: that is put right. */
  private static final long MEMBER_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(15);

  private static final long CUT_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** A replica that the state misses. */
  private static final class Candidate implements ReadBarrier.Waiter {
    /** The index that the metadata here must have; completed on any thread. */
    private CompletableFuture<Long> index = new CompletableFuture<>();

    /** The state is published a little after its index: so what is reached counts a look later. */
    private boolean reached;

    private boolean suspended;

    /** Whether the replica was stopped before the question that is under way. */
    private boolean stoppedBefore;

    private CompletableFuture<ClusterFacts> asked;
    private long notBeforeNanos = System.nanoTime();
    private String lastFailure = "";

    @Override
    public void confirmed(long commitIndex) {
      index.complete(commitIndex);
    }

    @Override
    public void failed() {
      index.completeExceptionally(new IOException("the metadata group has no majority"));
    }
  }

  private final Node node;
  private final String self;
  private final FactsInquiry inquiry;
  private final Map<UUID, Candidate> candidates = new HashMap<>();

  /** Cuts that no job of this state is for, and since when. */
  private final Map<UUID, Long> idleCuts = new HashMap<>();

  ReplicaCleaner(Node node) {
    this.node = node;
    this.self = node.config().node().id();
    this.inquiry = new FactsInquiry(node);
  }

  /**
   * Takes a step for each replica that may have to go; to be called often. Waits for one that is
   * suspended to stop, but not for one that goes.
   */
  void look(ClusterState state) {
    Set<UUID> hosted = new HashSet<>(node.raft().groups());
    hosted.remove(MetadataGroup.GROUP);
    hosted.removeIf(node.raft()::isBeingDeleted);
    candidates.keySet().retainAll(hosted);
    for (UUID group : hosted) {
      if (belongsHere(state, group)) {
        Candidate was = candidates.remove(group);
        if (was != null && was.suspended) {
          node.raft().resume(group);
        }
        continue;
      }
      Candidate candidate = candidates.computeIfAbsent(group, this::begin);
      try {
        if (System.nanoTime() - candidate.notBeforeNanos >= 0) {
          look(state, group, candidate);
        }
      } catch (IOException | RuntimeException failed) {
        pause(candidate, PAUSE_NANOS);
        if (!failed.toString().equals(candidate.lastFailure)) {
          candidate.lastFailure = failed.toString();
          LOG.error("replica not removed, trying again group={}", group, failed);
        }
      }
    }
  }

  /**
   * Drops what was cut off for groups that will not begin with it. What this node knows of jobs may
   * be old: so not at once.
   */
  void dropCuts(ClusterState state) {
    try {
      Set<UUID> cuts = node.raft().cuts().keySet();
      idleCuts.keySet().retainAll(cuts);
      for (UUID group : cuts) {
        dropCut(group, JobRunner.beginnings(state).contains(group));
      }
    } catch (IOException failed) {
      LOG.debug("what was cut off cannot be dropped, trying again", failed);
    }
  }

  private void dropCut(UUID group, boolean needed) throws IOException {
    if (needed) {
      idleCuts.remove(group);
      return;
    }
    long since = idleCuts.computeIfAbsent(group, cut -> System.nanoTime());
    if (System.nanoTime() - since >= CUT_NANOS) {
      idleCuts.put(group, System.nanoTime()); // also when it fails: not again and again
      node.raft().dropCut(group);
      LOG.info("what was cut off for group={} is not needed any more, and gone", group);
    }
  }

  private boolean belongsHere(ClusterState state, UUID group) {
    Optional<ShardInfo> shard = state.shardOfGroup(group);
    return shard.isEmpty()
        ? JobRunner.beginnings(state).contains(group) // it has no record before it is everywhere
        : shard.get().replicaOn(self).isPresent();
  }

  private Candidate begin(UUID group) {
    Candidate candidate = new Candidate();
    confirm(candidate);
    return candidate;
  }

  private void confirm(Candidate candidate) {
    node.barrier().confirm(MetadataGroup.GROUP, System.nanoTime() + PATIENCE_NANOS, candidate);
  }

  private void look(ClusterState state, UUID group, Candidate candidate) throws IOException {
    if (!candidate.index.isDone()) {
      return;
    }
    if (candidate.index.isCompletedExceptionally()) {
      candidate.index = new CompletableFuture<>();
      confirm(candidate);
      return;
    }
    Replica metadata = node.replica(MetadataGroup.GROUP);
    if (metadata == null || metadata.appliedIndex() < candidate.index.join()) {
      return;
    }
    if (!candidate.reached) {
      candidate.reached = true;
      pause(candidate, PAUSE_NANOS);
      return;
    }
    Optional<ShardInfo> shard = state.shardOfGroup(group);
    if (shard.isEmpty()) {
      remove(group);
    } else if (candidate.asked == null) {
      candidate.stoppedBefore = !node.raft().runs(group);
      candidate.asked = inquiry.ask(shard.get().voters());
    } else if (candidate.asked.isDone()) {
      ClusterFacts facts = candidate.asked.join();
      candidate.asked = null;
      judge(shard.get(), candidate, facts);
    }
  }

  /** Once while the replica runs, which may be needed, and once more when it has been stopped. */
  private void judge(ShardInfo shard, Candidate candidate, ClusterFacts facts) throws IOException {
    UUID group = shard.groupId();
    boolean runs = node.raft().runs(group);
    if (!isKnownAsGone(shard, facts)) {
      node.raft().resume(group);
      candidate.suspended = false;
      pause(candidate, runs ? PAUSE_NANOS : MEMBER_PAUSE_NANOS);
    } else if (runs) {
      node.raft().suspend(group); // also if somebody has started it again
      candidate.suspended = true;
    } else if (candidate.stoppedBefore && !belongsHere(node.metadata().state(), group)) {
      remove(group);
    }
  }

  private boolean isKnownAsGone(ShardInfo shard, ClusterFacts facts) {
    UUID group = shard.groupId();
    List<String> voters = shard.voters();
    long heard =
        voters.stream()
            .filter(
                voter ->
                    facts.replica(voter, group).filter(ClusterFacts.ReplicaFacts::open).isPresent())
            .count();
    Optional<ClusterFacts.Leader> leader = facts.leader(group);
    return 2 * heard > voters.size()
        && leader.isPresent()
        && !leader.get().replica().changing()
        && !leader.get().replica().members().contains(self);
  }

  private static void pause(Candidate candidate, long nanos) {
    candidate.notBeforeNanos = System.nanoTime() + nanos;
  }

  private void remove(UUID group) throws IOException {
    node.raft()
        .removeReplica(
            group,
            () -> {
              node.shards().forget(group);
              node.barrier().forget(group);
              node.health().forget(group);
            });
    candidates.remove(group);
  }
}
