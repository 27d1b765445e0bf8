package io.raftkv.meta;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/** Small clusters for tests. Nodes are n1, n2, … */
public final class Samples {
  public static final String CLUSTER = "test-cluster";
  public static final long TIME = 1_700_000_000_000L;

  private Samples() {}

  public static NodeSpec node(int number, long incarnation) {
    return new NodeSpec(
        "n" + number,
        "host" + number,
        6379,
        9870,
        9090,
        incarnation == 0 ? "" : "0.1.0",
        incarnation);
  }

  public static List<String> nodeIds(int count) {
    return IntStream.rangeClosed(1, count).mapToObj(n -> "n" + n).toList();
  }

  public static MetaCommand.Bootstrap bootstrap(int nodes, int shards, int replicationFactor) {
    return new MetaCommand.Bootstrap(
        CLUSTER,
        IntStream.rangeClosed(1, nodes).mapToObj(n -> node(n, 0)).toList(),
        InitialPlacement.plan(CLUSTER, nodeIds(nodes), shards, replicationFactor),
        nodeIds(Math.min(nodes, 3)));
  }

  /** A fresh cluster; its nodes are JOINING. */
  public static ClusterState cluster(int nodes, int shards, int replicationFactor) {
    return MetaApplier.apply(ClusterState.EMPTY, bootstrap(nodes, shards, replicationFactor), TIME)
        .state();
  }

  /** The state after a node went to another state, by whatever way leads there. */
  public static ClusterState with(ClusterState state, String nodeId, NodeState next) {
    if (next == NodeState.DRAINING || next == NodeState.REMOVED) {
      NodeInfo node = state.nodes().get(nodeId);
      StateDraft draft = StateDraft.after(state, state.updatedAtMillis() + 1);
      draft.put(
          new NodeInfo(
              node.spec(),
              next,
              true,
              node.memberSince(),
              node.registeredAtMillis(),
              draft.updatedAtMillis));
      return draft.build();
    }
    MetaChange change =
        MetaApplier.apply(
            state,
            new MetaCommand.SetNodeState(nodeId, Optional.empty(), next, ""),
            state.updatedAtMillis() + 1);
    if (!change.isChange()) {
      throw new AssertionError(change.reply());
    }
    return change.state();
  }

  /** The cluster with all of its nodes ONLINE. */
  public static ClusterState online(ClusterState cluster) {
    ClusterState state = cluster;
    for (String id : cluster.nodes().keySet()) {
      state = with(state, id, NodeState.ONLINE);
    }
    return state;
  }

  /** The state with another record for one of its shards; routing follows. */
  public static ClusterState withShard(ClusterState state, ShardInfo shard) {
    StateDraft draft = StateDraft.after(state, state.updatedAtMillis() + 1);
    draft.shards = new TreeMap<>(state.shards());
    draft.shards.put(shard.id(), shard);
    RoutingTable routing = RoutingTable.of(state.routing().version(), draft.shards.values());
    if (!routing.equals(state.routing())) {
      routing = RoutingTable.of(state.routing().version() + 1, draft.shards.values());
    }
    draft.routing = routing;
    return draft.build();
  }

  /** The state in which a shard has one replica, there. */
  public static ClusterState withReplicaOn(ClusterState state, ShardInfo shard, String nodeId) {
    ShardSpec spec = shard.spec();
    return withShard(
        state,
        new ShardInfo(
            new ShardSpec(
                spec.id(), spec.groupId(), spec.slots(), List.of(Replica.voter(nodeId)), nodeId),
            shard.state(),
            shard.version() + 1,
            shard.createdAtMillis(),
            shard.updatedAtMillis()));
  }

  /** The state in which a node has no replicas, and the shards one less. */
  public static ClusterState withoutShardsOn(ClusterState state, String nodeId) {
    ClusterState without = state;
    for (ShardInfo shard : state.shardsOn(nodeId)) {
      ShardSpec spec = shard.spec();
      List<Replica> replicas =
          spec.replicas().stream().filter(replica -> !replica.nodeId().equals(nodeId)).toList();
      without =
          withShard(
              without,
              new ShardInfo(
                  new ShardSpec(
                      spec.id(), spec.groupId(), spec.slots(), replicas, replicas.get(0).nodeId()),
                  shard.state(),
                  shard.version() + 1,
                  shard.createdAtMillis(),
                  shard.updatedAtMillis()));
    }
    return without;
  }

  /** The shard with other slots. */
  public static ShardInfo withSlots(ShardInfo shard, List<SlotRange> slots) {
    ShardSpec spec = shard.spec();
    return new ShardInfo(
        new ShardSpec(spec.id(), spec.groupId(), slots, spec.replicas(), spec.preferredLeader()),
        shard.state(),
        shard.version() + 1,
        shard.createdAtMillis(),
        shard.updatedAtMillis() + 1);
  }

  public static ShardInfo withState(ShardInfo shard, ShardState state) {
    return new ShardInfo(
        shard.spec(),
        state,
        shard.version() + 1,
        shard.createdAtMillis(),
        shard.updatedAtMillis() + 1);
  }

  static JobInfo.Plan plan(String... shardIds) {
    return new JobInfo.Plan(
        JobKind.MIGRATE,
        List.of(shardIds),
        new TreeMap<>(Map.of("from", "n1", "to", "n4")),
        List.of("add", "promote", "remove"),
        2);
  }

  static JobInfo job(int number, JobState state) {
    return new JobInfo(
        "j" + number,
        plan("s1"),
        state,
        1,
        50,
        100,
        state == JobState.FAILED ? "n4 is gone" : "",
        1_000,
        2_000);
  }

  /**
   * A change made by hand: slots given out by shard number, jobs replaced, history bounded as
   * everywhere.
   */
  static MetaChange change(ClusterState before, List<ShardInfo> shards, List<JobInfo> jobs) {
    StateDraft draft = StateDraft.after(before, before.updatedAtMillis() + 1);
    draft.shards = new TreeMap<>(Ids.NATURAL);
    shards.forEach(shard -> draft.shards.put(shard.id(), shard));
    draft.jobs = new TreeMap<>(Ids.NATURAL);
    jobs.forEach(job -> draft.jobs.put(job.id(), job));
    RoutingTable routing = RoutingTable.of(before.routing().version(), shards);
    Optional<RoutingChange> step = Optional.empty();
    List<HistoryEvent> events = new ArrayList<>();
    if (!routing.equals(before.routing())) {
      routing = RoutingTable.of(before.routing().version() + 1, shards);
      step =
          Optional.of(
              new RoutingChange(
                  routing.version(),
                  draft.version,
                  draft.updatedAtMillis,
                  before.routing().movesTo(routing)));
      events.add(
          new HistoryEvent(
              draft.version, draft.updatedAtMillis, EventKind.ROUTING_CHANGED, CLUSTER, ""));
    }
    draft.routing = routing;
    StateCounters old = before.counters();
    draft.counters =
        new StateCounters(
            Math.max(old.lastShard(), last(draft.shards, Ids::shardNumber)),
            Math.max(old.lastJob(), last(draft.jobs, Ids::jobNumber)),
            Math.max(old.firstEvent(), old.nextEvent() + events.size() - MetaApplier.MAX_EVENTS),
            old.nextEvent() + events.size(),
            Math.max(old.firstRouting(), routing.version() - MetaApplier.MAX_ROUTING_CHANGES + 1));
    ClusterState after = draft.build();
    return new MetaChange(
        after, events, step, new MetaReply(MetaReply.Outcome.CHANGED, after.version(), ""));
  }

  private static long last(NavigableMap<String, ?> map, ToLongFunction<String> number) {
    return map.isEmpty() ? 0 : number.applyAsLong(map.lastKey());
  }
}
