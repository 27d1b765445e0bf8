package io.raftkv.meta.balance;

import io.raftkv.meta.Balancing;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.StartJob;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import io.raftkv.meta.job.JobRunner;
import io.raftkv.meta.job.Members;
import io.raftkv.meta.job.MoveTargets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Says what the cluster should do by itself: first make lost or missing replicas anew, then spread
 * replicas and leaderships, then split shards, then merge some. One thing at a time, by jobs as an
 * operator would begin them. Pure.
 *
 * <p>It decides which leader a shard <em>prefers</em>; {@link
 * io.raftkv.meta.control.LeaderSpreader} brings leaderships there, now and after each failure. So a
 * leadership that is elsewhere for a while is nothing to the balancer.
 */
public final class Balancer {
  /** A shard rests for so many pauses after a job on it; twice as long for each that failed. */
  private static final int REST_PAUSES = 6;

  private static final Duration MAX_REST = Duration.ofHours(1);
  private static final int MAX_DOUBLINGS = 20;

  /** A job that comes no further for so long is cancelled: things may have changed. */
  static final Duration MOVE_PATIENCE = Duration.ofMinutes(10);

  private static final Duration TRANSFER_PATIENCE = Duration.ofMinutes(1);

  private final ClusterState state;
  private final ClusterFacts facts;
  private final BalanceSettings settings;
  private final Observed observed;

  private Balancer(
      ClusterState state, ClusterFacts facts, BalanceSettings settings, Observed observed) {
    this.state = state;
    this.facts = facts;
    this.settings = settings;
    this.observed = observed;
  }

  /**
   * The next thing to do, if there is one.
   *
   * @param facts of all nodes; they may be a little older than the state
   * @param observed at a look at just these
   */
  public static Verdict next(
      ClusterState state, ClusterFacts facts, BalanceSettings settings, Observed observed) {
    return new Balancer(state, facts, settings, observed).next();
  }

  /** Whether there may be anything to do, so that somebody has to look at the cluster. */
  public static boolean hasReason(ClusterState state) {
    return switch (state.balancing()) {
      case OFF -> hasOwnJob(state);
      case ON -> true;
      case REPAIR ->
          hasOwnJob(state)
              || state.shards().values().stream().anyMatch(shard -> shard.lacking() > 0)
              || state.members().stream().anyMatch(node -> node.state() == NodeState.OFFLINE);
    };
  }

  private static boolean hasOwnJob(ClusterState state) {
    return state.jobs().values().stream()
        .anyMatch(job -> job.isAutomatic() && !job.state().isFinal());
  }

  /**
   * Moves that would be made.
   *
   * @param obstacle why none of them is made now; empty if nothing stands against them
   */
  public record Moves(List<Move> moves, String obstacle) {
    public Moves {
      moves = List.copyOf(moves);
    }
  }

  /**
   * All moves of replicas and leaderships that would be made, one after the other, if nothing else
   * happened; also if balancing is off, and without regard to pauses.
   *
   * @param limit no more than so many
   */
  public static Moves moves(ClusterState state, ClusterFacts facts, int limit) {
    Optional<String> trouble = trouble(state, facts);
    Placement placement = Placement.of(state, facts);
    List<Move> moves = new ArrayList<>();
    while (moves.size() < limit) {
      Optional<Move> move = placement.next(way -> true);
      if (move.isEmpty()) {
        break;
      }
      placement.apply(move.get());
      moves.add(move.get());
    }
    return new Moves(moves, trouble.orElse(""));
  }

  private Verdict next() {
    List<JobInfo> running =
        state.jobs().values().stream().filter(job -> !job.state().isFinal()).toList();
    for (JobInfo job : running) {
      String hopeless = job.isAutomatic() && job.canBeCancelled() ? hopeless(job) : "";
      if (!hopeless.isEmpty()) {
        return Verdict.of(
            JobRunner.giveUp(state, job, facts, hopeless), job.id() + " is given up: " + hopeless);
      }
    }
    if (state.balancing() == Balancing.OFF) {
      return Verdict.nothing("balancing is off");
    }
    for (JobInfo job : running) {
      if (job.isAutomatic() && !waitsInVain(job)) {
        return Verdict.nothing(job.id() + " goes on");
      }
    }
    if (observed.quietMillis() < settings.pause().toMillis()) {
      return Verdict.nothing(
          "it pauses, for " + settings.pause().toMillis() + " ms since it began or did something");
    }
    Verdict repair =
        new Repairs(state, facts, settings, observed)
            .next(shard -> failures(shard) > 0 && rests(shard));
    if (repair.action().isPresent() || state.balancing() != Balancing.ON) {
      String nothing = "nothing is to be repaired, and nothing else is done unless balancing is on";
      return repair.reason().isEmpty() ? Verdict.nothing(nothing + unfulfillable()) : repair;
    }
    if (!repair.reason().isEmpty()) {
      return repair;
    }
    Optional<String> trouble = trouble(state, facts);
    if (trouble.isPresent()) {
      return Verdict.nothing(trouble.get());
    }
    Optional<Verdict> spread = spread();
    if (spread.isPresent() && spread.get().action().isPresent()) {
      return spread.get();
    }
    Optional<Verdict> split = split();
    if (split.isPresent() && split.get().action().isPresent()) {
      return split.get();
    }
    Optional<Verdict> merge = merge();
    if (merge.isPresent() && merge.get().action().isPresent()) {
      return merge.get();
    }
    return spread
        .or(() -> split)
        .or(() -> merge)
        .orElseGet(() -> Verdict.nothing("all is balanced" + unfulfillable()));
  }

  /** Which shards lack replicas that no node could hold; empty if none does. */
  private String unfulfillable() {
    List<String> shards =
        state.shards().values().stream()
            .filter(shard -> shard.lacking() > 0 && !Repairs.hasFurtherNode(state, shard))
            .map(ShardInfo::id)
            .toList();
    return shards.isEmpty() ? "" : "; there is no node for what lacks " + Automatic.some(shards);
  }

  /** Why a job should be given up; empty if it should not. */
  private String hopeless(JobInfo job) {
    String lost = new MoveTargets(state, facts).lostTarget(job);
    if (!lost.isEmpty()) {
      return lost;
    }
    return isStuck(job) ? "it has come no further for " + patience(job).toSeconds() + " s" : "";
  }

  private static Duration patience(JobInfo job) {
    return job.kind() == JobKind.TRANSFER ? TRANSFER_PATIENCE : MOVE_PATIENCE;
  }

  private boolean isStuck(JobInfo job) {
    return observed.stuckMillis().getOrDefault(job.id(), 0L) >= patience(job).toMillis();
  }

  /**
   * One whose shard has lost its majority may never end, nor may one that is stuck and cannot be
   * given up: it must not keep others from repair.
   */
  private boolean waitsInVain(JobInfo job) {
    return isStuck(job)
        || job.shardIds().stream()
            .flatMap(shard -> state.shard(shard).stream())
            .anyMatch(
                shard ->
                    facts.leader(shard.groupId()).isEmpty()
                        && observed.stuckMillis().getOrDefault(job.id(), 0L)
                            >= TRANSFER_PATIENCE.toMillis());
  }

  /** Why nothing must be moved that could stay, if so. */
  private static Optional<String> trouble(ClusterState state, ClusterFacts facts) {
    for (NodeInfo node : state.members()) {
      boolean relied = node.state() == NodeState.ONLINE || node.state() == NodeState.DRAINING;
      boolean lostAndEmpty =
          node.state() == NodeState.OFFLINE && state.shardsOn(node.id()).isEmpty();
      if (!relied && !lostAndEmpty) {
        return Optional.of("node " + node.id() + " is " + node.state().text());
      }
      if (relied && !facts.hears(node.id())) {
        return Optional.of("node " + node.id() + " does not answer");
      }
    }
    for (JobInfo job : state.jobs().values()) {
      if (!job.state().isFinal()) {
        return Optional.of("job " + job.id() + " goes on");
      }
    }
    for (ShardInfo shard : state.shards().values()) {
      String wrong =
          shard.lacking() > 0 && Repairs.hasFurtherNode(state, shard)
              ? "lacks a replica"
              : wrong(shard, facts);
      if (!wrong.isEmpty()) {
        return Optional.of("shard " + shard.id() + ' ' + wrong);
      }
    }
    return Optional.empty();
  }

  private static String wrong(ShardInfo shard, ClusterFacts facts) {
    if (shard.state() != ShardState.ACTIVE) {
      return "is not active";
    }
    Optional<ClusterFacts.Leader> leader = facts.leader(shard.groupId());
    if (leader.isEmpty()) {
      return "has no leader";
    }
    if (leader.get().replica().changing()
        || !leader.get().replica().members().equals(Members.of(shard.spec()))) {
      return "has other members than are recorded";
    }
    for (String node : shard.spec().replicas().stream().map(one -> one.nodeId()).toList()) {
      if (facts.replica(node, shard.groupId()).filter(ClusterFacts.ReplicaFacts::open).isEmpty()) {
        return "has a replica on node " + node + " that does not run";
      }
    }
    return "";
  }

  private Optional<Verdict> spread() {
    Placement placement = Placement.of(state, facts);
    Optional<Move> move = placement.next(way -> !isLeftAlone(way.shardId()) && isSteady(way));
    if (move.isEmpty()) {
      return placement.next(way -> true).map(this::later);
    }
    Move made = move.get();
    try {
      return Optional.of(
          Verdict.of(
              Automatic.job(
                  state,
                  made.leader()
                      ? JobPlans.transfer(state, made.shardId(), made.to())
                      : JobPlans.migrate(
                          state, made.shardId(), Optional.of(made.from()), Optional.of(made.to())),
                  JobInfo.BALANCE,
                  made.reason()),
              made.text()));
    } catch (JobRefusedException refused) {
      return Optional.of(Verdict.nothing(made.text() + ", but " + refused.getMessage()));
    }
  }

  /** Who prefers no leader gets one at once: that depends on no load. */
  private boolean isSteady(Way way) {
    return way.from().isEmpty() || !observed.fresh().contains(way);
  }

  private Verdict later(Move move) {
    boolean rests = isLeftAlone(move.shardId());
    return Verdict.nothing(
        move.text()
            + (rests
                ? ", when the shard has rested"
                : ", when that has been so for " + settings.steady().toSeconds() + " s"));
  }

  /** The first shard that has been too large or too busy for long. */
  private Optional<Verdict> split() {
    long after = settings.split().after().toMillis();
    Optional<Verdict> refusal = Optional.empty();
    for (ShardInfo shard : state.shards().values()) {
      boolean large = observed.largeMillis().getOrDefault(shard.id(), -1L) >= after;
      boolean busy = observed.busyMillis().getOrDefault(shard.id(), -1L) >= after;
      if ((!large && !busy) || isLeftAlone(shard.id()) || shard.slotCount() < 2) {
        continue;
      }
      String why =
          large
              ? shard.id() + " has " + facts.ownedBytes(shard.groupId()) + " bytes"
              : shard.id() + " has " + (long) facts.operations(shard.groupId()) + " ops/s";
      if (state.shards().size() >= settings.split().maxShards()) {
        return Optional.of(
            Verdict.nothing(why + ", but there are " + state.shards().size() + " shards already"));
      }
      try {
        return Optional.of(
            new Verdict(
                Optional.of(split(state, shard.id(), List.of(), why)),
                Optional.of(new Verdict.Split(shard.id(), large)),
                why));
      } catch (JobRefusedException refused) {
        refusal =
            refusal.or(() -> Optional.of(Verdict.nothing(why + ", but " + refused.getMessage())));
      }
    }
    return refusal;
  }

  private static StartJob split(ClusterState state, String shardId, List<Integer> at, String why)
      throws JobRefusedException {
    return Automatic.job(
        state, JobPlans.split(state, shardId, List.of(), at, false), JobInfo.BALANCE, why);
  }

  /**
   * The action of a verdict that splits a shard, but at a better slot than the middle one.
   *
   * @param state that the verdict follows from
   * @param at the first slot of the upper half; the middle one if it is empty, or not possible
   */
  public static MetaCommand splitAt(ClusterState state, Verdict verdict, List<Integer> at) {
    String shardId = verdict.split().orElseThrow().shardId();
    try {
      return split(state, shardId, at, verdict.reason());
    } catch (JobRefusedException impossible) {
      return verdict.action().orElseThrow();
    }
  }

  /**
   * The first neighbours that have been small for long, as long as there are more shards than
   * nodes: fewer could not be led by all of them. And two are left, for the only one would never be
   * split by itself.
   */
  private Optional<Verdict> merge() {
    long after = settings.merge().after().toMillis();
    Optional<Verdict> refusal = Optional.empty();
    for (Neighbours pair : Neighbours.of(state)) {
      if (observed.smallMillis().getOrDefault(pair, -1L) < after
          || isLeftAlone(pair.first())
          || isLeftAlone(pair.second())
          || state.shards().size() <= Math.max(2, state.members().size())) {
        continue;
      }
      String why = pair.first() + " and " + pair.second() + " are small";
      try {
        StartJob job =
            JobPlans.merge(state, List.of(pair.first(), pair.second()), Optional.empty());
        return Optional.of(Verdict.of(Automatic.job(state, job, JobInfo.BALANCE, why), why));
      } catch (JobRefusedException refused) {
        refusal =
            refusal.or(() -> Optional.of(Verdict.nothing(why + ", but " + refused.getMessage())));
      }
    }
    return refusal;
  }

  private boolean rests(String shardId) {
    Long since = observed.restMillis().get(shardId);
    if (since == null) {
      return false;
    }
    long rest = (REST_PAUSES * settings.pause().toMillis()) << failures(shardId);
    return since < Math.min(rest, MAX_REST.toMillis());
  }

  /** What somebody cancelled that could be left is left for long; repair is more urgent. */
  private boolean isLeftAlone(String shardId) {
    return rests(shardId)
        || (wasCancelled(shardId)
            && observed.restMillis().getOrDefault(shardId, 0L) < MAX_REST.toMillis());
  }

  private boolean wasCancelled(String shardId) {
    return state.jobs().descendingMap().values().stream()
        .filter(job -> job.isAutomatic() && job.state().isFinal())
        .filter(job -> job.shardIds().contains(shardId))
        .findFirst()
        .filter(job -> job.state() == JobState.CANCELLED)
        .isPresent();
  }

  /** How many of the newest jobs that nobody asked for were not done for a shard, in a row. */
  private int failures(String shardId) {
    int failures = 0;
    for (JobInfo job : state.jobs().descendingMap().values()) {
      if (job.isAutomatic() && job.state().isFinal() && job.shardIds().contains(shardId)) {
        if (job.state() == JobState.DONE) {
          break;
        }
        failures++;
      }
    }
    return Math.min(failures, MAX_DOUBLINGS);
  }
}
