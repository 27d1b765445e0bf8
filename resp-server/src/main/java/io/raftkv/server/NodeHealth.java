package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.raft.LeaderView;
import io.raftkv.raft.Replica;
import io.raftkv.server.http.HealthSource;
import io.raftkv.server.http.Readiness;
import io.raftkv.server.http.ShardHealth;
import io.raftkv.shard.ReadBarrier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node can be relied on: ready when the cluster is formed and every replica that it
 * should have knows its leader, hears from it, and has applied nearly all that is committed.
 */
final class NodeHealth implements HealthSource {
  private static final Logger LOG = LoggerFactory.getLogger(NodeHealth.class);
  private static final long MAX_LAG_ENTRIES = 1_000;

  /** For how long a majority is asked. */
  private static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long AGAIN_MILLIS = 20;

  /** Younger than that need not be confirmed again: nodes are judged by seconds of silence. */
  private static final long FRESH_MILLIS = 1_000;

  /**
   * What a round among the replicas told of a shard.
   *
   * @param commitIndex the leader's: a replica's own says nothing if nobody talks to it
   * @param hadAllNanos when the replica here last had all of it; null if it never had
   */
  private record Progress(long commitIndex, long atNanos, Long hadAllNanos) {
    boolean caughtUp() {
      return hadAllNanos != null;
    }

    Progress or(Progress before) {
      return hadAllNanos == null ? new Progress(commitIndex, atNanos, before.hadAllNanos) : this;
    }

    /** While others write, a replica often has what a round told only a moment after it. */
    Progress seenAt(long appliedIndex) {
      return appliedIndex >= commitIndex ? new Progress(commitIndex, atNanos, atNanos) : this;
    }
  }

  private final Node node;
  private final Map<UUID, Progress> progress = new ConcurrentHashMap<>();
  private final ReadyTimes times = new ReadyTimes();

  NodeHealth(Node node) {
    this.node = node;
  }

  @Override
  public boolean live() {
    return node.watchdog().isLive();
  }

  @Override
  public Readiness ready() {
    ClusterState state = node.metadata().state();
    List<ShardHealth> shards = new ArrayList<>();
    shards.add(health(MetadataGroup.NAME, MetadataGroup.GROUP));
    for (ShardInfo shard : state.shardsOn(node.config().node().id())) {
      shards.add(health(shard.id(), shard.groupId()));
    }
    boolean ready = state.isBootstrapped() && shards.stream().allMatch(ShardHealth::ready);
    return new Readiness(ready, node.config().node().id(), shards);
  }

  /** This node has no replica of a group any more. */
  void forget(UUID group) {
    progress.remove(group);
    times.forget(group);
  }

  /** Asks how far the leaders are; to be called a few times per second. */
  void poll() {
    poll(MetadataGroup.GROUP);
    for (ShardInfo shard : node.metadata().state().shardsOn(node.config().node().id())) {
      poll(shard.groupId());
    }
  }

  private void poll(UUID group) {
    Replica replica = node.replica(group);
    if (replica != null) {
      look(group, replica);
    }
    notLeadable(group);
    ask(group, commitIndex -> {});
  }

  private void look(UUID group, Replica replica) {
    long applied = replica.appliedIndex();
    progress.computeIfPresent(group, (id, known) -> known.seenAt(applied));
  }

  /**
   * Whether the replica here would do as leader, and at once: it gets to have applied what the
   * leader has committed now, within a second, and has been ready for a while.
   *
   * @return why it would not, empty if it would; within a second or so
   */
  CompletionStage<String> leadable(UUID group) {
    Replica replica = node.replica(group);
    if (replica == null || !replica.isAlive()) {
      return CompletableFuture.completedFuture("the replica is not running");
    }
    CompletableFuture<String> why = new CompletableFuture<>();
    ask(
        group,
        commitIndex -> {
          if (commitIndex < 0) {
            why.complete("no majority confirms a leader");
            return;
          }
          Runnable endWait = replica.whenApplied(commitIndex, () -> why.complete(""));
          why.whenComplete((done, failure) -> endWait.run());
        });
    return why.completeOnTimeout(
            "it has not applied yet what is committed", ASK_NANOS, TimeUnit.NANOSECONDS)
        .thenApplyAsync(
            lacking -> {
              look(group, replica);
              return lacking.isEmpty() ? notLeadable(group) : lacking;
            },
            node.orders());
  }

  /** See {@link NodeStatus#metadataAgeMillis}. */
  CompletionStage<Long> metadataAgeMillis() {
    CompletableFuture<Long> answer = new CompletableFuture<>();
    tellMetadataAge(answer, System.nanoTime() + ASK_NANOS);
    return answer;
  }

  private void tellMetadataAge(CompletableFuture<Long> answer, long deadlineNanos) {
    long age = metadataAge();
    if ((age >= 0 && age <= FRESH_MILLIS) || deadlineNanos - System.nanoTime() <= 0) {
      answer.complete(age);
    } else {
      ask(MetadataGroup.GROUP, commitIndex -> tellMetadataAgeSoon(answer, deadlineNanos));
    }
  }

  /** What was just committed may not be applied here yet. */
  private void tellMetadataAgeSoon(CompletableFuture<Long> answer, long deadlineNanos) {
    try {
      node.timer()
          .schedule(
              () -> tellMetadataAge(answer, deadlineNanos), AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException stopping) {
      answer.complete(metadataAge());
    }
  }

  private long metadataAge() {
    Progress known = progress.get(MetadataGroup.GROUP);
    return known == null || !known.caughtUp()
        ? -1
        : TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - known.hadAllNanos);
  }

  private String notLeadable(UUID group) {
    ShardHealth health = health(node.groupName(group), group);
    long now = System.nanoTime();
    times.note(group, health.ready(), now);
    return health.ready() ? times.unsettled(group, now).orElse("") : health.detail();
  }

  /**
   * @param then given the commit index that a majority has confirmed, or -1 if none does
   */
  private void ask(UUID group, LongConsumer then) {
    Replica replica = node.replica(group);
    if (replica == null || !replica.isAlive()) {
      then.accept(-1);
      return;
    }
    long deadline = System.nanoTime() + ASK_NANOS;
    node.barrier()
        .confirm(
            group,
            deadline,
            new ReadBarrier.Waiter() {
              @Override
              public void confirmed(long commitIndex) {
                boolean has = replica.appliedIndex() >= commitIndex;
                long now = System.nanoTime();
                Progress known = new Progress(commitIndex, now, has ? now : null);
                progress.merge(group, known, (before, after) -> after.or(before));
                then.accept(commitIndex);
              }

              @Override
              public void failed() {
                LOG.debug("no leader confirmed shard={}", node.groupName(group));
                then.accept(-1);
              }
            });
  }

  private static boolean isReady(LeaderView view) {
    return view != null && view.ready();
  }

  private ShardHealth health(String name, UUID group) {
    Replica replica = node.replica(group);
    if (replica == null || !replica.isAlive()) {
      return new ShardHealth(name, "none", false, null, -1, -1, -1, "the replica is not running");
    }
    String leader = replica.leader();
    long commit = replica.commitIndex();
    long applied = replica.appliedIndex();
    long silence = replica.leaderSilenceMillis();
    long maxSilence = 2 * node.config().raft().electionTimeoutMax().toMillis();
    String detail = null;
    if (leader == null) {
      detail = "no leader";
    } else if (replica.isLeader() && !isReady(replica.view())) {
      detail = "the leader is not ready yet";
    } else if (silence > maxSilence) {
      detail = "nothing heard from the leader for " + silence + " ms";
    } else {
      detail = behind(progress.get(group), applied, maxSilence);
    }
    String role = replica.isLeader() ? "leader" : "follower";
    return new ShardHealth(
        name, role, detail == null, leader, replica.term(), commit, applied, detail);
  }

  /** Why a replica does not keep up with its leader; null if it does. */
  private static String behind(Progress known, long applied, long maxSilenceMillis) {
    if (known == null
        || System.nanoTime() - known.atNanos > TimeUnit.MILLISECONDS.toNanos(maxSilenceMillis)) {
      return "no majority has confirmed a leader lately";
    }
    long lag = known.commitIndex - applied;
    if (!known.caughtUp() && lag > 0) {
      return lag + " entries behind, not caught up since the start";
    }
    return lag > MAX_LAG_ENTRIES ? lag + " entries behind" : null;
  }
}
