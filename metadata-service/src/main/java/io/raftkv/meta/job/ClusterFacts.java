package io.raftkv.meta.job;

import io.raftkv.meta.SlotRange;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
   * @param memberSince as of the process, see {@link io.raftkv.meta.NodeInfo}
   * @param arrived whether it has noted durably that it has the metadata from then on
   * @param noRoom why it takes no new replicas; empty if it does
   * @param replicas that it has files of, running or not, by group
   * @param cuts groups for which it has a cut: a copy of a replica's store as it was at the entry
   *     that set the fence, which a seed makes a replica of that group
   */
  public record NodeFacts(
      long stateVersion,
      long memberSince,
      boolean arrived,
      String noRoom,
      Map<UUID, ReplicaFacts> replicas,
      Set<UUID> cuts) {
    public NodeFacts {
      replicas = Map.copyOf(replicas);
      cuts = Set.copyOf(cuts);
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
   * @param slots which its store has, as of what it has applied
   */
  public record ReplicaFacts(
      boolean open,
      boolean leads,
      long term,
      Members members,
      boolean changing,
      long bytes,
      SlotFacts slots) {}

  /**
   * The slots that a replica's store answers for.
   *
   * @param epoch one more with each change of them; an order to change them names the epoch that it
   *     is for
   * @param fenceTarget the group that some of them are about to go to, if there is a fence
   * @param fenceMillis for how long the replica has known of the fence, counted anew when it starts
   *     with one; 0 without
   * @param owned neither away nor behind the fence; ascending, neighbouring ranges joined
   */
  public record SlotFacts(
      long epoch, Optional<UUID> fenceTarget, long fenceMillis, List<SlotRange> owned) {
    /** Of a replica that does not run, or whose store is not open at the moment. */
    public static final SlotFacts UNKNOWN = new SlotFacts(0, Optional.empty(), 0, List.of());

    public SlotFacts {
      owned = SlotRange.normalize(owned);
    }

    /** True if there is a fence for slots that go to this group. */
    public boolean isFencedFor(UUID target) {
      return fenceTarget.filter(target::equals).isPresent();
    }
  }

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

  /** True if a node has said that it has a cut for a group. */
  public boolean hasCut(String nodeId, UUID target) {
    return hears(nodeId) && nodes.get(nodeId).cuts().contains(target);
  }

  /** True if the node did answer. */
  public boolean hears(String nodeId) {
    return nodes.containsKey(nodeId);
  }
}
