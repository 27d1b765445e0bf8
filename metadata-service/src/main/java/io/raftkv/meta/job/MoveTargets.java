package io.raftkv.meta.job;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Which nodes can take a replica, and whether one that is about to still can. Pure. */
public final class MoveTargets {
  private final ClusterState state;
  private final ClusterFacts facts;

  public MoveTargets(ClusterState state, ClusterFacts facts) {
    this.state = state;
    this.facts = facts;
  }

  /**
   * Of the nodes that can take a replica, one with the most free room, and of those the one with
   * the fewest replicas. Rooms differ if one is about twice as large.
   */
  public Optional<String> target(ShardInfo shard) {
    return target(shard, any -> true);
  }

  /**
   * The same.
   *
   * @param among the nodes that come into question
   */
  Optional<String> target(ShardInfo shard, Predicate<String> among) {
    return state.members().stream()
        .filter(node -> among.test(node.id()))
        .filter(node -> refusal(shard, node).isEmpty())
        .map(NodeInfo::id)
        .min(
            Comparator.<String>comparingInt(id -> Long.numberOfLeadingZeros(freeBytes(id)))
                .thenComparingInt(id -> state.shardsOn(id).size()));
  }

  /**
   * What must be free on a node that is to take a replica: as much again as it has, for its log and
   * its growth, or the node would soon refuse writes.
   */
  public static long roomFor(long diskBytes) {
    return 2 * diskBytes;
  }

  /** Why a node cannot take a replica of a shard; empty if it can. */
  public String refusal(ShardInfo shard, NodeInfo node) {
    if (shard.replicaOn(node.id()).isPresent()) {
      return "has one";
    }
    String why = refusal(node);
    long bytes = facts.diskBytes(shard.groupId());
    if (why.isEmpty() && freeBytes(node.id()) < roomFor(bytes)) {
      return "has no room for its " + bytes + " bytes and as much again";
    }
    return why;
  }

  /** Why a node cannot take any replica; empty if it can. */
  public String refusal(NodeInfo node) {
    if (node.state() != NodeState.ONLINE) {
      return "is " + node.state().text();
    }
    ClusterFacts.NodeFacts said = facts.nodes().get(node.id());
    return said == null ? "does not answer" : said.noRoom();
  }

  /** What may still be stored on a node's disk; 0 if it does not answer. */
  public long freeBytes(String nodeId) {
    ClusterFacts.NodeFacts said = facts.nodes().get(nodeId);
    return said == null ? 0 : said.load().freeBytes();
  }

  /** That no node can take a replica, and why those cannot that do not. */
  public String noTarget(ShardInfo shard) {
    List<String> refusals =
        state.members().stream()
            .filter(node -> !refusal(shard, node).isEmpty()) // that can, but is not to
            .map(node -> node.id() + ' ' + refusal(shard, node))
            .toList();
    return "no node can take a replica of shard %s: %s"
        .formatted(shard.id(), String.join(", ", refusals));
  }

  /** Why the target of a move will not take the replica; empty if it may, or if there is none. */
  public String lostTarget(JobInfo move) {
    Optional<String> to = move.plan().argument(MigrateSteps.TO);
    if (move.kind() != JobKind.MIGRATE || to.isEmpty()) {
      return "";
    }
    NodeState target = state.node(to.get()).map(NodeInfo::state).orElse(NodeState.REMOVED);
    if (target == NodeState.OFFLINE || target == NodeState.REMOVED) {
      return "node " + to.get() + " is " + target.text();
    }
    String noRoom = noRoom(move, to.get());
    return noRoom.isEmpty() ? "" : "node " + to.get() + ": " + noRoom;
  }

  /** While the replica runs it may still become whole; one that has stopped for room does not. */
  private String noRoom(JobInfo move, String to) {
    ClusterFacts.NodeFacts said = facts.nodes().get(to);
    boolean runs =
        state
            .shard(move.shardIds().get(0))
            .flatMap(shard -> facts.replica(to, shard.groupId()))
            .filter(ClusterFacts.ReplicaFacts::open)
            .isPresent();
    return said == null || runs ? "" : said.noRoom();
  }
}
