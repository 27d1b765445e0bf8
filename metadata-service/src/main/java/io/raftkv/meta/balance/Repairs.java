package io.raftkv.meta.balance;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import io.raftkv.meta.job.Members;
import io.raftkv.meta.job.MoveTargets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Which lost or missing replica is made anew next: of the shard first that is closest to having no
 * majority any more.
 */
final class Repairs {
  /** A shard that has fewer replicas than it should have, or one that is lost. */
  private record Wound(ShardInfo shard, Optional<String> lost, int spare, String reason) {}

  private final ClusterState state;
  private final ClusterFacts facts;
  private final BalanceSettings settings;
  private final Observed observed;
  private final MoveTargets targets;

  Repairs(ClusterState state, ClusterFacts facts, BalanceSettings settings, Observed observed) {
    this.state = state;
    this.facts = facts;
    this.settings = settings;
    this.observed = observed;
    this.targets = new MoveTargets(state, facts);
  }

  /**
   * What is to be repaired next.
   *
   * @param rests shards to leave alone for a while
   * @return the reason is empty if there is nothing to repair
   */
  Verdict next(Predicate<String> rests) {
    List<Wound> wounds = new ArrayList<>();
    List<String> obstacles = new ArrayList<>();
    for (ShardInfo shard : state.shards().values()) {
      Optional<Wound> wound = wound(shard, obstacles);
      if (wound.isEmpty()) {
        continue;
      }
      String why = rests.test(shard.id()) ? "it rests after a job that failed" : obstacle(shard);
      if (why.isEmpty()) {
        wounds.add(wound.get());
      } else {
        obstacles.add(wound.get().reason() + ", but " + why);
      }
    }
    wounds.sort(Comparator.comparingInt(Wound::spare)); // stable: else in natural order
    for (Wound wound : wounds) {
      Optional<String> to = targets.target(wound.shard());
      if (to.isEmpty()) {
        obstacles.add(targets.noTarget(wound.shard()));
        continue;
      }
      try {
        return Verdict.of(
            Automatic.job(
                state,
                JobPlans.migrate(state, wound.shard().id(), wound.lost(), to),
                JobInfo.REPAIR,
                wound.reason()),
            wound.reason());
      } catch (JobRefusedException refused) {
        obstacles.add(refused.getMessage());
      }
    }
    return Verdict.nothing(Automatic.some(obstacles));
  }

  private Optional<Wound> wound(ShardInfo shard, List<String> obstacles) {
    if (shard.state() != ShardState.ACTIVE) {
      return Optional.empty(); // a job works on it
    }
    int alive = (int) shard.voters().stream().filter(node -> isAlive(shard, node)).count();
    int spare = alive - (shard.voters().size() / 2 + 1);
    for (String node : shard.spec().replicas().stream().map(one -> one.nodeId()).toList()) {
      Optional<String> why = isLost(node, obstacles);
      if (why.isPresent()) {
        return Optional.of(
            new Wound(shard, Optional.of(node), spare, shard.id() + ": " + why.get()));
      }
    }
    if (shard.lacking() > 0 && hasFurtherNode(state, shard)) {
      String reason = shard.id() + " lacks " + shard.lacking() + " of its replicas";
      return Optional.of(new Wound(shard, Optional.empty(), spare, reason));
    }
    return Optional.empty();
  }

  /**
   * False if no node could ever hold one more replica, however much room it had: what the shard
   * lacks keeps nothing else from being done then.
   */
  static boolean hasFurtherNode(ClusterState state, ShardInfo shard) {
    return state.members().stream()
        .anyMatch(
            node ->
                !node.draining()
                    && node.state() != NodeState.OFFLINE
                    && shard.replicaOn(node.id()).isEmpty());
  }

  private boolean isAlive(ShardInfo shard, String node) {
    return facts.replica(node, shard.groupId()).filter(ClusterFacts.ReplicaFacts::open).isPresent();
  }

  /** Why a node's replicas are to be made anew, if they are. */
  private Optional<String> isLost(String nodeId, List<String> obstacles) {
    NodeInfo node = state.node(nodeId).orElseThrow();
    long offline = observed.offlineMillis().getOrDefault(nodeId, -1L);
    long needed = settings.rebuildAfter().toMillis();
    if (node.state() != NodeState.OFFLINE
        || offline < 0
        || needed == 0
        || node.draining() // who drains it has its replicas moved
        || state.jobOfNode(nodeId).isPresent()) {
      return Optional.empty();
    }
    String told = "node " + nodeId + " is offline for " + text(offline);
    String why =
        offline < needed
            ? "its replicas are made anew after " + text(needed)
            : isTheNetwork() ? "so are half of the nodes or more: nothing is made anew" : "";
    if (!why.isEmpty()) {
      if (!obstacles.contains(told + ", " + why)) {
        obstacles.add(told + ", " + why);
      }
      return Optional.empty();
    }
    return Optional.of(told);
  }

  /**
   * Nodes that have no replicas do not count, be they spare or lost for so long: however many
   * answer, the others may be on the other side of a broken network.
   */
  private boolean isTheNetwork() {
    int silent = 0;
    int all = 0;
    for (NodeInfo node : state.members()) {
      boolean relied = node.state() == NodeState.ONLINE || node.state() == NodeState.DRAINING;
      boolean counts = !state.shardsOn(node.id()).isEmpty();
      all += counts ? 1 : 0;
      silent += counts && !(relied && facts.hears(node.id())) ? 1 : 0;
    }
    return 2 * silent >= all;
  }

  /** Why a shard cannot be worked on at the moment; empty if it can. */
  private String obstacle(ShardInfo shard) {
    Optional<JobInfo> holder = state.jobOfShard(shard.id());
    if (holder.isPresent()) {
      return "job " + holder.get().id() + " works on it";
    }
    Optional<ClusterFacts.Leader> leader = facts.leader(shard.groupId());
    if (leader.isEmpty()) {
      return "it has no leader: a majority of its replicas is needed";
    }
    boolean asRecorded =
        !leader.get().replica().changing()
            && leader.get().replica().members().equals(Members.of(shard.spec()));
    return asRecorded ? "" : "its members are not as recorded";
  }

  private static String text(long millis) {
    Duration time = Duration.ofMillis(millis);
    return time.toMinutes() >= 10 ? time.toMinutes() + " min" : time.toSeconds() + " s";
  }
}
