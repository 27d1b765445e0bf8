package io.raftkv.meta.job;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What nodes have said of themselves a moment ago, to whoever drives jobs. It may be outdated when
 * it is used: what follows from it must be right all the same, or be refused where it is done.
 *
 * @param nodes by name; those that did not answer are missing
 */
public record ClusterFacts(Map<String, NodeFacts> nodes) {
  /**
   * One node.
   *
   * @param stateVersion of the newest cluster state it has applied
   * @param replicas that it has files of, running or not, by group
   */
  public record NodeFacts(long stateVersion, Map<UUID, ReplicaFacts> replicas) {
    public NodeFacts {
      replicas = Map.copyOf(replicas);
    }
  }

  /**
   * One replica, as its node sees it.
   *
   * @param open true if it runs
   * @param leads true if it leads and is ready
   * @param term newest that it knows
   * @param members by its log
   * @param changing of a leader: true while a change of members is not over, from its request on
   * @param bytes of its store on the disk
   */
  public record ReplicaFacts(
      boolean open, boolean leads, long term, Members members, boolean changing, long bytes) {}

  /**
   * The leader of a group.
   *
   * @param nodeId its node
   * @param group the group
   * @param replica what it says of itself
   */
  public record Leader(String nodeId, UUID group, ReplicaFacts replica) {
    JobAction.ChangeMembers change(Members next) {
      return new JobAction.ChangeMembers(nodeId, group, replica.members(), next);
    }
  }

  public ClusterFacts {
    nodes = Map.copyOf(nodes);
  }

  /**
   * Who leads a group, if that is known: not one that believes so while another replica is in a
   * later term.
   */
  public Optional<Leader> leader(UUID group) {
    List<Leader> replicas =
        nodes.entrySet().stream()
            .filter(node -> node.getValue().replicas().containsKey(group))
            .map(node -> new Leader(node.getKey(), group, node.getValue().replicas().get(group)))
            .toList();
    long newest = replicas.stream().mapToLong(one -> one.replica().term()).max().orElse(0);
    return replicas.stream()
        .filter(one -> one.replica().leads() && one.replica().term() == newest)
        .findFirst();
  }

  /** What a node says of its replica of a group, if it said so and has one. */
  public Optional<ReplicaFacts> replica(String nodeId, UUID group) {
    return Optional.ofNullable(nodes.get(nodeId)).map(node -> node.replicas().get(group));
  }

  /** True if the node did answer. */
  public boolean hears(String nodeId) {
    return nodes.containsKey(nodeId);
  }
}
