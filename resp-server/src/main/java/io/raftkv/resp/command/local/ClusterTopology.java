package io.raftkv.resp.command.local;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.SlotRange;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/**
 * The cluster as Redis clients picture it: each slot has one master, the leader of its shard, and
 * each node is either a master or the replica of one. A node that leads some shards and follows
 * others is a master; one that leads none is the replica of the first leader it follows.
 *
 * <p>An immutable snapshot, in which every replica's master is a master.
 */
final class ClusterTopology {
  private final ClusterState state;
  private final Map<String, String> masterOfShard = new HashMap<>();
  private final Map<String, List<SlotRange>> slotsOfMaster = new HashMap<>();

  /**
   * @param leaderOf leader of a Raft group as this node knows it, or null
   */
  ClusterTopology(ClusterState state, Function<UUID, String> leaderOf) {
    this.state = state;
    for (ShardInfo shard : state.shards().values()) {
      String master = masterOf(shard, leaderOf.apply(shard.groupId()));
      masterOfShard.put(shard.id(), master);
      if (!shard.slots().isEmpty()) {
        slotsOfMaster.computeIfAbsent(master, id -> new ArrayList<>()).addAll(shard.slots());
      }
    }
  }

  /** While there is no leader, the one that should lead stands in: clients need some address. */
  private static String masterOf(ShardInfo shard, String leader) {
    if (leader != null && shard.replicaOn(leader).isPresent()) {
      return leader;
    }
    return shard.preferredLeader().isEmpty() ? shard.voters().get(0) : shard.preferredLeader();
  }

  ClusterState state() {
    return state;
  }

  NodeInfo masterOf(ShardInfo shard) {
    return state.nodes().get(masterOfShard.get(shard.id()));
  }

  /** Nodes that follow the shard's master, in the order of its replicas. */
  List<NodeInfo> replicasOf(ShardInfo shard) {
    String master = masterOfShard.get(shard.id());
    return state.nodesOf(shard).stream().filter(node -> !node.id().equals(master)).toList();
  }

  /** What a node leads, ascending, neighbours joined. */
  List<SlotRange> slotsLedBy(String nodeId) {
    return SlotRange.normalize(slotsOfMaster.getOrDefault(nodeId, List.of()));
  }

  /** How many nodes lead slots. */
  int mastersWithSlots() {
    return slotsOfMaster.size();
  }

  /** The node that a node appears as a replica of; empty if it is a master. */
  Optional<String> followedBy(String nodeId) {
    if (slotsOfMaster.containsKey(nodeId)) {
      return Optional.empty();
    }
    return state.shardsOn(nodeId).stream()
        .filter(shard -> !shard.slots().isEmpty())
        .map(shard -> masterOfShard.get(shard.id()))
        .findFirst();
  }

  /** The shard that a node's place in this picture follows from, if it has any. */
  Optional<ShardInfo> shardShownFor(String nodeId) {
    List<ShardInfo> held = state.shardsOn(nodeId);
    return held.stream()
        .filter(shard -> nodeId.equals(masterOfShard.get(shard.id())) && !shard.slots().isEmpty())
        .findFirst()
        .or(() -> held.stream().findFirst());
  }

  /** Nodes that appear as replicas of a node, in natural order. */
  List<NodeInfo> followersOf(String nodeId) {
    return state.members().stream()
        .filter(node -> followedBy(node.id()).filter(nodeId::equals).isPresent())
        .toList();
  }

  /** Names of the nodes with a copy of a shard, for people. */
  static String whereIs(ShardInfo shard) {
    return String.join(" ", shard.replicas().stream().map(Replica::nodeId).toList());
  }
}
