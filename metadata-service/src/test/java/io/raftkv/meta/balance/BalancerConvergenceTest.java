package io.raftkv.meta.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a cluster looks like: a few moves, each for the better, and then none any more. */
class BalancerConvergenceTest {
  private static final int CLUSTERS = 12;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 1_001, 2_001})
  void movesComeToAnEndWithLittleImbalance(int first) {
    int moves = 0;
    for (int seed = first; seed < first + CLUSTERS; seed++) {
      moves += balance(ModelCluster.random(new Random(seed)), "seed " + seed);
    }
    assertThat(moves).isGreaterThan(CLUSTERS); // else there was nothing to see
  }

  /** Balances a cluster; how many moves that took. */
  private static int balance(ModelCluster cluster, String seed) {
    int replicas =
        cluster.state.shards().values().stream().mapToInt(s -> s.replicas().size()).sum();
    List<Move> planned = Balancer.moves(cluster.state, cluster.facts(), 10_000).moves();
    List<String> made = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    Set<String> actions = new HashSet<>();
    for (Verdict verdict = cluster.next(); verdict.action().isPresent(); verdict = cluster.next()) {
      double before = squares(cluster, true);
      double leadersBefore = squares(cluster, false);
      JobInfo job = cluster.begin(verdict);
      cluster.finish(job);
      made.add(verdict.reason());
      assertThat(seen.add(distribution(cluster))).as("%s: %s comes twice", seed, made).isTrue();
      assertThat(actions.add(action(job))).as("%s: %s", seed, made).isTrue();
      if (job.kind() == JobKind.MIGRATE) {
        assertThat(squares(cluster, true)).as("%s: %s", seed, made).isLessThan(before);
      } else if (!verdict.reason().contains("prefers no leader")) {
        assertThat(squares(cluster, false)).as("%s: %s", seed, made).isLessThan(leadersBefore);
      }
      assertThat(made.size())
          .as("%s: %s", seed, made)
          .isLessThanOrEqualTo(2 * replicas + 2 * cluster.state.shards().size());
    }
    assertThat(cluster.next().reason()).as(seed).isEqualTo("all is balanced");
    assertThat(made).as(seed).isEqualTo(planned.stream().map(Move::text).toList());
    assertBalanced(cluster, seed);
    return made.size();
  }

  private static String action(JobInfo job) {
    TreeMap<String, String> arguments = new TreeMap<>(job.plan().arguments());
    arguments.keySet().removeAll(List.of(JobInfo.AFTER, JobInfo.REASON));
    return job.kind() + " " + job.shardIds() + arguments;
  }

  private static void assertBalanced(ModelCluster cluster, String seed) {
    Map<String, Double> weights = weights(cluster, true);
    Map<String, Double> leaders = weights(cluster, false);
    double threshold = threshold(weights, Placement.REPLICA_BYTES, Placement.REPLICA_PART);
    double leaderThreshold = threshold(leaders, Placement.LEADER_OPERATIONS, Placement.LEADER_PART);
    double largest = 0;
    for (ShardInfo shard : cluster.state.shards().values()) {
      double weight = weight(cluster, shard);
      largest = Math.max(largest, weight);
      for (String from : shard.voters()) {
        for (String to : cluster.state.nodes().keySet()) {
          if (!shard.voters().contains(to)) {
            assertThat(weights.get(from) - weights.get(to) - weight)
                .as("%s: %s from %s to %s", seed, shard.id(), from, to)
                .isLessThan(threshold * 1.000_001);
          } else if (shard.preferredLeader().equals(from) && !from.equals(to)) {
            assertThat(leaders.get(from) - leaders.get(to) - leaderWeight(cluster, shard))
                .as("%s: lead of %s from %s to %s", seed, shard.id(), from, to)
                .isLessThan(leaderThreshold * 1.000_001);
          }
        }
      }
      assertThat(shard.preferredLeader()).as("%s: %s", seed, shard).isIn(preferred(shard));
    }
    double most = weights.values().stream().mapToDouble(w -> w).max().orElse(0);
    double least = weights.values().stream().mapToDouble(w -> w).min().orElse(0);
    assertThat(most - least).as(seed).isLessThan((largest + threshold) * 1.000_001);
  }

  /** The only voter need not be preferred. */
  private static List<String> preferred(ShardInfo shard) {
    List<String> may = new ArrayList<>(shard.voters());
    if (may.size() == 1) {
      may.add("");
    }
    return may;
  }

  private static double threshold(Map<String, Double> weights, double one, double part) {
    double mean = weights.values().stream().mapToDouble(w -> w).average().orElse(0);
    return Math.max(one / 2, part * mean);
  }

  private static double weight(ModelCluster cluster, ShardInfo shard) {
    return cluster.bytes.getOrDefault(shard.id(), 0L) + Placement.REPLICA_BYTES;
  }

  private static double leaderWeight(ModelCluster cluster, ShardInfo shard) {
    return cluster.operations.getOrDefault(shard.id(), 0.0) + Placement.LEADER_OPERATIONS;
  }

  private static Map<String, Double> weights(ModelCluster cluster, boolean replicas) {
    Map<String, Double> weights = new HashMap<>();
    cluster.state.nodes().keySet().forEach(node -> weights.put(node, 0.0));
    for (ShardInfo shard : cluster.state.shards().values()) {
      if (replicas) {
        shard.voters().forEach(node -> weights.merge(node, weight(cluster, shard), Double::sum));
      } else if (!shard.preferredLeader().isEmpty()) {
        weights.merge(shard.preferredLeader(), leaderWeight(cluster, shard), Double::sum);
      }
    }
    return weights;
  }

  private static double squares(ModelCluster cluster, boolean replicas) {
    return weights(cluster, replicas).values().stream().mapToDouble(w -> w * w).sum();
  }

  private static String distribution(ModelCluster cluster) {
    StringBuilder all = new StringBuilder();
    cluster
        .state
        .shards()
        .values()
        .forEach(
            shard ->
                all.append(shard.voters().stream().sorted().toList())
                    .append(shard.preferredLeader()));
    return all.toString();
  }

  /** The same for many more clusters, without the state machine. */
  @Test
  void noDistributionIsPlannedTwice() {
    for (int seed = 1; seed <= 300; seed++) {
      ModelCluster cluster = ModelCluster.random(new Random(seed));
      List<Move> moves = Balancer.moves(cluster.state, cluster.facts(), 10_000).moves();
      Map<String, Set<String>> nodes = new HashMap<>();
      Map<String, String> leaders = new HashMap<>();
      for (ShardInfo shard : cluster.state.shards().values()) {
        nodes.put(shard.id(), new HashSet<>(shard.voters()));
        leaders.put(shard.id(), shard.preferredLeader());
      }
      Set<String> seen = new HashSet<>();
      for (Move move : moves) {
        Set<String> hosts = nodes.get(move.shardId());
        if (!move.leader()) {
          assertThat(hosts).contains(move.from()).doesNotContain(move.to());
          hosts.remove(move.from());
          hosts.add(move.to());
        }
        assertThat(hosts).as("seed %s: %s", seed, move).contains(move.to());
        if (move.leader() || leaders.get(move.shardId()).equals(move.from())) {
          leaders.put(move.shardId(), move.to());
        }
        assertThat(seen.add(nodes + " " + leaders)).as("seed %s: %s", seed, moves).isTrue();
      }
    }
  }

  @Test
  void equalShardsAreSpreadToWithinOne() {
    for (int seed = 1; seed <= 12; seed++) {
      ModelCluster cluster = ModelCluster.random(new Random(seed));
      cluster.bytes.clear();
      cluster.operations.clear();
      balance(cluster, "seed " + seed);
      int most = 0;
      int least = Integer.MAX_VALUE;
      for (String node : cluster.state.nodes().keySet()) {
        int count = cluster.state.shardsOn(node).size();
        most = Math.max(most, count);
        least = Math.min(least, count);
      }
      int nodes = cluster.state.nodes().size();
      int all = cluster.state.shards().values().stream().mapToInt(s -> s.voters().size()).sum();
      // Beyond twenty replicas per node a twentieth is more than one.
      assertThat(most - least).as("seed %s", seed).isLessThanOrEqualTo(1 + all / nodes / 20);
    }
  }

  @Test
  void newNodeGetsItsShareOfReplicasAndLeaderships() {
    ModelCluster cluster = ModelCluster.of(3, 8, 3);
    cluster.apply(new MetaCommand.JoinNode(Samples.node(4, 1)));
    cluster.judge("n4", NodeState.ONLINE);
    assertThat(balance(cluster, "join")).isEqualTo(6 + 2);
    for (String node : cluster.state.nodes().keySet()) {
      assertThat(cluster.state.shardsOn(node)).as(node).hasSize(6);
      assertThat(cluster.state.shardsPreferring(node)).as(node).hasSize(2);
    }
  }
}
