package io.raftkv.meta.job;

import io.raftkv.meta.SlotRange;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.ToLongFunction;

/**
 * What nodes have said of themselves a moment ago, to whoever drives jobs. It may be outdated when
 * it is used: what follows from it must be right all the same, or be refused where it is done.
 *
 * @param nodes by name; those that did not answer are missing
 * @param silent those that have not answered for a while, however often they were asked: one that
 *     has only missed a question may answer the next one
 */
public record ClusterFacts(Map<String, NodeFacts> nodes, Set<String> silent) {
  /**
   * One node.
   *
   * @param stateVersion of the newest cluster state it has applied
   * @param memberSince as of the process, see {@link io.raftkv.meta.NodeInfo}
   * @param arrived whether it has noted durably that it has the metadata from then on
   * @param noRoom why it takes no new replicas; empty if it does
   * @param replicas that it has files of, running or not, by group
   * @param cuts groups for which it has cuts, each with the groups that were cut: copies of their
   *     replicas' stores as they were at the entry that set the fence, which a seed makes a replica
   *     of the new group
   * @param seeding groups of which it is just making a replica of its cuts
   * @param load what its replicas cost
   */
  public record NodeFacts(
      long stateVersion,
      long memberSince,
      boolean arrived,
      String noRoom,
      Map<UUID, ReplicaFacts> replicas,
      Map<UUID, Set<UUID>> cuts,
      Set<UUID> seeding,
      NodeLoad load) {
    public NodeFacts {
      replicas = Map.copyOf(replicas);
      cuts = Map.copyOf(cuts);
      seeding = Set.copyOf(seeding);
    }

    /** Of a node that makes no replica, and does not say what those it has cost. */
    public NodeFacts(
        long stateVersion,
        long memberSince,
        boolean arrived,
        String noRoom,
        Map<UUID, ReplicaFacts> replicas,
        Map<UUID, Set<UUID>> cuts) {
      this(stateVersion, memberSince, arrived, noRoom, replicas, cuts, Set.of(), NodeLoad.UNKNOWN);
    }
  }

  /**
   * What a node has room for, and what its replicas do.
   *
   * @param freeBytes what may still be stored on its disk before it refuses to store more
   * @param replicas by group; one that has done nothing may be missing
   */
  public record NodeLoad(long freeBytes, Map<UUID, ReplicaLoad> replicas) {
    /** Room for everything, and nothing done. */
    public static final NodeLoad UNKNOWN = new NodeLoad(Long.MAX_VALUE, Map.of());

    public NodeLoad {
      replicas = Map.copyOf(replicas);
    }
  }

  /**
   * What a replica does, averaged over about a minute.
   *
   * @param readsPerSecond commands that were answered from it
   * @param writesPerSecond commands that it took as a leader; 0 of a follower
   */
  public record ReplicaLoad(double readsPerSecond, double writesPerSecond) {
    /** Of a replica that does nothing. */
    public static final ReplicaLoad NONE = new ReplicaLoad(0, 0);
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
   * @param ownedBytes of those, about as many as the rows of its slots take: what went to other
   *     shards stays on the disk until it is compacted
   * @param slots which its store has, as of what it has applied
   */
  public record ReplicaFacts(
      boolean open,
      boolean leads,
      long term,
      Members members,
      boolean changing,
      long bytes,
      long ownedBytes,
      SlotFacts slots) {
    /** Of a replica all of whose bytes are of its slots. */
    public ReplicaFacts(
        boolean open,
        boolean leads,
        long term,
        Members members,
        boolean changing,
        long bytes,
        SlotFacts slots) {
      this(open, leads, term, members, changing, bytes, bytes, slots);
    }
  }

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
    /**
     * @param heir who should lead if this one is to leave; empty if it does not matter
     */
    JobAction.ChangeMembers change(Members next, String heir) {
      return new JobAction.ChangeMembers(nodeId, group, replica.members(), next, heir);
    }
  }

  public ClusterFacts {
    nodes = Map.copyOf(nodes);
    silent = Set.copyOf(silent);
  }

  /** What was heard at the first look. */
  public ClusterFacts(Map<String, NodeFacts> nodes) {
    this(nodes, Set.of());
  }

  /**
   * Who leads a group, if that is known: not one that believes so while another replica is in a
   * later term.
   */
  public Optional<Leader> leader(UUID group) {
    long newest = 0;
    for (NodeFacts node : nodes.values()) {
      ReplicaFacts replica = node.replicas().get(group);
      newest = replica == null ? newest : Math.max(newest, replica.term());
    }
    for (Map.Entry<String, NodeFacts> node : nodes.entrySet()) {
      ReplicaFacts replica = node.getValue().replicas().get(group);
      if (replica != null && replica.leads() && replica.term() == newest) {
        return Optional.of(new Leader(node.getKey(), group, replica));
      }
    }
    return Optional.empty();
  }

  /** What a node says of its replica of a group, if it said so and has one. */
  public Optional<ReplicaFacts> replica(String nodeId, UUID group) {
    return Optional.ofNullable(nodes.get(nodeId)).map(node -> node.replicas().get(group));
  }

  /** True if a node has said that it has a replica of a group that runs. */
  public boolean runs(String nodeId, UUID group) {
    return replica(nodeId, group).filter(ReplicaFacts::open).isPresent();
  }

  /**
   * Bytes that a shard's store takes on the disk: of the largest of its replicas, since some are
   * compacted later than others. So much is sent to a new replica.
   */
  public long diskBytes(UUID group) {
    return largest(group, ReplicaFacts::bytes);
  }

  /** Bytes of a shard's rows, about: of the replica that has most. */
  public long ownedBytes(UUID group) {
    return largest(group, ReplicaFacts::ownedBytes);
  }

  private long largest(UUID group, ToLongFunction<ReplicaFacts> bytes) {
    return nodes.values().stream()
        .map(node -> node.replicas().get(group))
        .filter(Objects::nonNull)
        .mapToLong(bytes)
        .max()
        .orElse(0);
  }

  /** Commands per second that a shard is asked for, wherever. */
  public double operations(UUID group) {
    double sum = 0;
    for (NodeFacts node : nodes.values()) {
      ReplicaLoad load = node.load().replicas().getOrDefault(group, ReplicaLoad.NONE);
      sum += load.readsPerSecond() + load.writesPerSecond();
    }
    return sum;
  }

  /** True if a node has said that it has a cut of each of these groups for another one. */
  public boolean hasCuts(String nodeId, UUID target, Collection<UUID> sources) {
    return hears(nodeId)
        && nodes.get(nodeId).cuts().getOrDefault(target, Set.of()).containsAll(sources);
  }

  /** True if a node has said that it is just making a replica of a group of its cuts. */
  public boolean isSeeding(String nodeId, UUID target) {
    return hears(nodeId) && nodes.get(nodeId).seeding().contains(target);
  }

  /** True if the node did answer. */
  public boolean hears(String nodeId) {
    return nodes.containsKey(nodeId);
  }
}
