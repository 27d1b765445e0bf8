package io.raftkv.meta.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.Balancing;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Replica;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.StateEdit.PutShard;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.NodeLoad;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import io.raftkv.meta.job.Members;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/** A cluster for the balancer to look at, in which jobs are done at once. */
final class ModelCluster {
  static final long MEBIBYTE = 1 << 20;
  static final Duration REBUILD_AFTER = Duration.ofMinutes(30);
  static final BalanceSettings SETTINGS =
      new BalanceSettings(
          Duration.ofSeconds(10),
          REBUILD_AFTER,
          BalanceSettings.NO_SPLIT,
          BalanceSettings.NO_MERGE);

  ClusterState state;
  final Map<String, Long> bytes = new HashMap<>();
  final Map<String, Double> operations = new HashMap<>();

  /** As much as the files have, if not said. */
  final Map<String, Long> ownedBytes = new HashMap<>();

  final Map<String, Long> free = new HashMap<>();
  final Map<String, String> noRoom = new HashMap<>();
  final Map<String, Double> followerReads = new HashMap<>();
  final Set<String> silent = new HashSet<>();
  final Set<String> leaderless = new HashSet<>();
  final Set<String> changing = new HashSet<>();

  ModelCluster(ClusterState state) {
    this.state = state;
    apply(new MetaCommand.SetBalancing(Balancing.ON));
  }

  static ModelCluster of(int nodes, int shards, int replicas) {
    return new ModelCluster(Samples.online(Samples.cluster(nodes, shards, replicas)));
  }

  /** Replicas anywhere, of any size; leaderships anywhere. */
  static ModelCluster random(Random random) {
    int nodes = 1 + random.nextInt(12);
    int shards = 1 + random.nextInt(60);
    int replicas = 1 + random.nextInt(Math.min(nodes, 5));
    List<String> ids = Samples.nodeIds(nodes);
    List<String> used = ids.subList(0, replicas + random.nextInt(nodes - replicas + 1));
    List<ShardSpec> specs = new ArrayList<>();
    for (int i = 0; i < shards; i++) {
      List<String> hosts = new ArrayList<>(used);
      Collections.shuffle(hosts, random);
      hosts = hosts.subList(0, 1 + random.nextInt(replicas));
      String id = "s" + (i + 1);
      specs.add(
          new ShardSpec(
              id,
              DerivedIds.groupId(Samples.CLUSTER, id, 1),
              List.of(new SlotRange(i * 16_384 / shards, (i + 1) * 16_384 / shards - 1)),
              hosts.stream().map(Replica::voter).toList(),
              random.nextInt(5) == 0 ? "" : hosts.get(random.nextInt(hosts.size()))));
    }
    MetaCommand.Bootstrap base = Samples.bootstrap(nodes, 1, 1);
    ModelCluster cluster =
        new ModelCluster(
            Samples.online(
                MetaApplier.apply(
                        ClusterState.EMPTY,
                        new MetaCommand.Bootstrap(
                            base.clusterId(), base.nodes(), specs, base.metadataVoters()),
                        Samples.TIME)
                    .state()));
    int sizes = random.nextInt(4);
    for (ShardSpec spec : specs) {
      if (sizes > 0) {
        cluster.bytes.put(spec.id(), (long) (random.nextDouble() * (MEBIBYTE << (4 * sizes))));
        cluster.operations.put(spec.id(), random.nextDouble() * Math.pow(30, sizes));
      }
    }
    return cluster;
  }

  MetaChange apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    state = change.state();
    return change;
  }

  void judge(String node, NodeState next) {
    state = Samples.with(state, node, next);
    if (next == NodeState.OFFLINE) {
      silent.add(node);
    }
  }

  /** The shard without some of its replicas, which it is to have again. */
  void lack(String shardId, List<String> left) {
    ShardInfo shard = state.shard(shardId).orElseThrow();
    ShardSpec spec = shard.spec();
    state =
        Samples.withShard(
            state,
            new ShardInfo(
                new ShardSpec(
                    spec.id(),
                    spec.groupId(),
                    spec.slots(),
                    left.stream().map(Replica::voter).toList(),
                    left.get(0)),
                shard.voters().size() - left.size(),
                ShardState.ACTIVE,
                shard.version() + 1,
                0,
                0));
  }

  /** The shard with the replicas that it has, but it is to have some more. */
  void lackMore(String shardId, int lacking) {
    ShardInfo shard = state.shard(shardId).orElseThrow();
    state =
        Samples.withShard(
            state,
            new ShardInfo(shard.spec(), lacking, ShardState.ACTIVE, shard.version() + 1, 0, 0));
  }

  /** As somebody sees it who has looked for long. */
  Verdict next() {
    return next(SETTINGS, observed(Map.of()));
  }

  Verdict next(BalanceSettings settings, Observed observed) {
    return Balancer.next(state, facts(), settings, observed);
  }

  static Observed observed(Map<String, Long> offlineMillis) {
    return new Observed(Long.MAX_VALUE, offlineMillis, Map.of(), Map.of(), Map.of(), Map.of());
  }

  /** Begins the job that the balancer proposes. */
  JobInfo begin(Verdict verdict) {
    MetaChange change = apply(verdict.action().orElseThrow());
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
    return state.job(change.reply().text()).orElseThrow();
  }

  /** Ends it: all has come as it was to come. */
  void finish(JobInfo job) {
    ShardInfo shard = state.shard(job.shardIds().get(0)).orElseThrow();
    List<PutShard> edits = new ArrayList<>();
    if (job.kind() == JobKind.MIGRATE) {
      Optional<String> from = job.plan().argument(JobInfo.FROM);
      String to = job.argument("to");
      List<Replica> replicas = new ArrayList<>();
      for (Replica replica : shard.replicas()) {
        if (from.filter(replica.nodeId()::equals).isEmpty()) {
          replicas.add(Replica.voter(replica.nodeId()));
        }
      }
      String leader =
          from.filter(shard.preferredLeader()::equals).isPresent() ? to : shard.preferredLeader();
      ShardSpec spec = shard.spec();
      edits.add(
          new PutShard(
              new ShardSpec(spec.id(), spec.groupId(), spec.slots(), replicas, leader),
              ShardState.ACTIVE,
              shard.version()));
    }
    end(job, JobState.DONE, edits);
  }

  void end(JobInfo job, JobState end, List<PutShard> edits) {
    AdvanceJob.Place last = new AdvanceJob.Place(end, job.plan().steps().size());
    MetaChange change =
        apply(
            new AdvanceJob(
                job.id(),
                AdvanceJob.Place.of(state.job(job.id()).orElseThrow()),
                new AdvanceJob.Progress(last, 0, 0, ""),
                new TreeMap<>(),
                List.copyOf(edits)));
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
  }

  ClusterFacts facts() {
    Map<String, NodeFacts> said = new TreeMap<>();
    for (String node : state.nodes().keySet()) {
      if (silent.contains(node)) {
        continue;
      }
      Map<UUID, ReplicaFacts> replicas = new HashMap<>();
      Map<UUID, ReplicaLoad> loads = new HashMap<>();
      for (ShardInfo shard : state.shardsOn(node)) {
        boolean leads = node.equals(leader(shard));
        replicas.put(
            shard.groupId(),
            new ReplicaFacts(
                true,
                leads,
                1,
                new Members(new TreeSet<>(shard.voters()), new TreeSet<>(shard.listeners())),
                changing.contains(shard.id()),
                bytes.getOrDefault(shard.id(), 0L),
                ownedBytes.getOrDefault(shard.id(), bytes.getOrDefault(shard.id(), 0L)),
                SlotFacts.UNKNOWN));
        if (leads) {
          loads.put(
              shard.groupId(),
              new ReplicaLoad(
                  operations.getOrDefault(shard.id(), 0.0) / 2,
                  operations.getOrDefault(shard.id(), 0.0) / 2));
        } else if (followerReads.containsKey(shard.id())) {
          loads.put(shard.groupId(), new ReplicaLoad(followerReads.get(shard.id()), 0));
        }
      }
      said.put(
          node,
          new NodeFacts(
              state.version(),
              0,
              true,
              noRoom.getOrDefault(node, ""),
              replicas,
              Map.of(),
              Set.of(),
              Map.of(),
              new NodeLoad(free.getOrDefault(node, Long.MAX_VALUE), loads)));
    }
    return new ClusterFacts(said);
  }

  /** The preferred one, or any, if a majority is there. */
  private String leader(ShardInfo shard) {
    List<String> alive = shard.voters().stream().filter(node -> !silent.contains(node)).toList();
    if (leaderless.contains(shard.id()) || 2 * alive.size() <= shard.voters().size()) {
      return "";
    }
    return alive.contains(shard.preferredLeader()) ? shard.preferredLeader() : alive.get(0);
  }
}
