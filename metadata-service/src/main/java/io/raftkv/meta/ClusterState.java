package io.raftkv.meta;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.LongStream;

/**
 * All that the cluster has agreed on, at one version.
 *
 * <p>Immutable, and the same on every node at the same version. Changed only by {@link
 * MetaApplier}. Invariants, checked whenever a state is made: the routing table is exactly what the
 * shards own; replicas and metadata voters are on known nodes that are not removed; no two shards
 * share a Raft group.
 *
 * <p>Who leads a shard is not in here: leaders change without anybody's agreement.
 */
public final class ClusterState {
  /** The state before {@link MetaCommand.Bootstrap}. */
  public static final ClusterState EMPTY = new StateDraft().build();

  private final String clusterId;
  private final ClusterStatus status;
  private final long version;
  private final long createdAtMillis;
  private final long updatedAtMillis;
  private final NavigableMap<String, NodeInfo> nodes;
  private final NavigableMap<String, ShardInfo> shards;
  private final NavigableMap<String, JobInfo> jobs;
  private final List<String> metadataVoters;
  private final int wantedMetadataVoters;
  private final RoutingTable routing;
  private final StateCounters counters;
  private final Balancing balancing;

  /** Owners by {@link RoutingTable#ordinalOf}; derived, for lookups per request. */
  private final ShardInfo[] owners;

  private final Map<UUID, ShardInfo> shardsByGroup;

  ClusterState(StateDraft draft) {
    clusterId = draft.clusterId;
    status = draft.status;
    version = draft.version;
    createdAtMillis = draft.createdAtMillis;
    updatedAtMillis = draft.updatedAtMillis;
    nodes = Collections.unmodifiableNavigableMap(draft.nodes);
    shards = Collections.unmodifiableNavigableMap(draft.shards);
    jobs = Collections.unmodifiableNavigableMap(draft.jobs);
    metadataVoters = List.copyOf(draft.metadataVoters);
    wantedMetadataVoters = draft.wantedMetadataVoters;
    routing = draft.routing;
    counters = draft.counters;
    balancing = draft.balancing;
    owners = routing.shardIds().stream().map(shards::get).toArray(ShardInfo[]::new);
    shardsByGroup = new HashMap<>();
    check();
  }

  /** Unique name of the cluster; empty before it is bootstrapped. */
  public String clusterId() {
    return clusterId;
  }

  public ClusterStatus status() {
    return status;
  }

  /** True once the cluster has its id, nodes and shards. */
  public boolean isBootstrapped() {
    return status != ClusterStatus.FORMING;
  }

  /** The epoch: 0 at first, one more with every change. */
  public long version() {
    return version;
  }

  /** When the cluster was bootstrapped; 0 before. */
  public long createdAtMillis() {
    return createdAtMillis;
  }

  /** When this version was made; 0 before the first change. */
  public long updatedAtMillis() {
    return updatedAtMillis;
  }

  /** All nodes by id, in natural order: n2 before n10. Removed ones are kept. */
  public NavigableMap<String, NodeInfo> nodes() {
    return nodes;
  }

  /** All shards by id, in natural order. */
  public NavigableMap<String, ShardInfo> shards() {
    return shards;
  }

  /** Jobs by id, in natural order. */
  public NavigableMap<String, JobInfo> jobs() {
    return jobs;
  }

  /**
   * Nodes that vote in the metadata group; all other nodes listen. A node stands here before it
   * gets its vote, and until that was taken from it: so whoever is not here has none.
   */
  public List<String> metadataVoters() {
    return metadataVoters;
  }

  /** How many nodes shall vote in the metadata group, if there are as many; odd. */
  public int wantedMetadataVoters() {
    return wantedMetadataVoters;
  }

  public RoutingTable routing() {
    return routing;
  }

  /** What is done without anybody asking for it. */
  public Balancing balancing() {
    return balancing;
  }

  public Optional<NodeInfo> node(String id) {
    return Optional.ofNullable(nodes.get(id));
  }

  public Optional<ShardInfo> shard(String id) {
    return Optional.ofNullable(shards.get(id));
  }

  public Optional<JobInfo> job(String id) {
    return Optional.ofNullable(jobs.get(id));
  }

  /** The job that is about a node and has not ended. */
  public Optional<JobInfo> jobOfNode(String nodeId) {
    return jobs.values().stream()
        .filter(job -> !job.state().isFinal() && job.nodeId().filter(nodeId::equals).isPresent())
        .findFirst();
  }

  /** The job that works on a shard and has not ended. */
  public Optional<JobInfo> jobOfShard(String shardId) {
    return jobs.values().stream()
        .filter(job -> !job.state().isFinal() && job.shardIds().contains(shardId))
        .findFirst();
  }

  /** Id of the job that began last; empty if none ever did. */
  public String newestJob() {
    return jobs.isEmpty() ? "" : jobs.lastKey(); // jobs are forgotten from the oldest on
  }

  /** The first ids that new shards may have. */
  public List<String> nextShardIds(int count) {
    return LongStream.rangeClosed(1, count)
        .mapToObj(i -> Ids.shardId(counters.lastShard() + i))
        .toList();
  }

  /** The shard that owns a slot, or null if none does. Two array reads: for the request path. */
  public ShardInfo shardOfSlot(int slot) {
    int ordinal = routing.ordinalOf(slot);
    return ordinal < 0 ? null : owners[ordinal];
  }

  /** The shard that a Raft group serves. */
  public Optional<ShardInfo> shardOfGroup(UUID groupId) {
    return Optional.ofNullable(shardsByGroup.get(groupId));
  }

  /** Nodes that hold a copy of a shard, in the order of its replicas. */
  public List<NodeInfo> nodesOf(ShardInfo shard) {
    return shard.replicas().stream()
        .map(replica -> nodes.get(replica.nodeId()))
        .filter(Objects::nonNull)
        .toList();
  }

  /** Shards with a copy on a node, in natural order. */
  public List<ShardInfo> shardsOn(String nodeId) {
    return shards.values().stream().filter(s -> s.replicaOn(nodeId).isPresent()).toList();
  }

  /** Shards that a node should lead when all is well, in natural order. */
  public List<ShardInfo> shardsPreferring(String nodeId) {
    return shards.values().stream().filter(s -> s.preferredLeader().equals(nodeId)).toList();
  }

  /**
   * True if a process that is one of the cluster under an id is so no more: the node was removed,
   * and may have joined again since.
   *
   * @param memberSince as the process knows it, see {@link NodeInfo}
   */
  public boolean hasRemoved(String nodeId, long memberSince) {
    NodeInfo node = nodes.get(nodeId);
    return node != null
        && (node.memberSince() > memberSince
            || (node.memberSince() == memberSince && node.state() == NodeState.REMOVED));
  }

  /** True if a node was part of the cluster and is so no more. */
  public boolean hasRemoved(String nodeId) {
    return node(nodeId).filter(known -> known.state() == NodeState.REMOVED).isPresent();
  }

  /**
   * True if a node was removed whose id is never given again, since the cluster began with it:
   * whoever comes under that id, with whatever data, is no part of the cluster. Once true it stays
   * so, and an old state cannot err.
   */
  public boolean isGone(String nodeId) {
    return node(nodeId)
        .filter(known -> known.state() == NodeState.REMOVED && known.memberSince() == 0)
        .isPresent();
  }

  /** Nodes that are part of the cluster: all but removed ones, in natural order. */
  public List<NodeInfo> members() {
    return nodes.values().stream().filter(n -> n.state() != NodeState.REMOVED).toList();
  }

  /** True if one shard owns every slot, so that keys of any slots may be used together. */
  public boolean isSingleShard() {
    return routing.isComplete()
        && routing.entries().stream().map(RoutingTable.Entry::shardId).distinct().count() == 1;
  }

  /** The name of a node for Redis clients: 40 hexadecimal digits, the same for ever. */
  public String redisNodeId(String nodeId) {
    return DerivedIds.redisNodeId(clusterId, nodeId);
  }

  /** The node that Redis clients know by these 40 hexadecimal digits. */
  public Optional<NodeInfo> nodeByRedisId(String redisNodeId) {
    return nodes.values().stream()
        .filter(node -> redisNodeId(node.id()).equals(redisNodeId))
        .findFirst();
  }

  StateCounters counters() {
    return counters;
  }

  private void check() {
    int owned = 0;
    for (Map.Entry<String, ShardInfo> entry : shards.entrySet()) {
      ShardInfo shard = entry.getValue();
      String id = shard.id();
      require(entry.getKey().equals(id), "shard under a wrong name: ", id);
      require(Ids.shardNumber(id) <= counters.lastShard(), "uncounted shard ", id);
      require(shardsByGroup.put(shard.groupId(), shard) == null, "Raft group used twice by ", id);
      for (Replica replica : shard.replicas()) {
        require(isMember(replica.nodeId()), "replica on no member of shard ", id);
      }
      for (SlotRange range : shard.slots()) {
        owned += range.size();
        for (int slot = range.first(); slot <= range.last(); slot++) {
          require(shard.equals(shardOfSlot(slot)), "routing differs from shard ", id);
        }
      }
    }
    require(owned == routing.assignedSlots(), "slots routed to nobody in ", clusterId);
    nodes.forEach((id, node) -> require(id.equals(node.id()), "node under a wrong name: ", id));
    jobs.forEach(
        (id, job) -> {
          require(id.equals(job.id()), "job under a wrong name: ", id);
          require(Ids.jobNumber(id) <= counters.lastJob(), "uncounted job ", id);
        });
    metadataVoters.forEach(id -> require(isMember(id), "metadata voter is no member: ", id));
  }

  private boolean isMember(String nodeId) {
    NodeInfo node = nodes.get(nodeId);
    return node != null && node.state() != NodeState.REMOVED;
  }

  private static void require(boolean holds, String broken, String subject) {
    if (!holds) {
      throw new IllegalStateException(broken + subject);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ClusterState that
        && version == that.version
        && createdAtMillis == that.createdAtMillis
        && updatedAtMillis == that.updatedAtMillis
        && clusterId.equals(that.clusterId)
        && status == that.status
        && nodes.equals(that.nodes)
        && shards.equals(that.shards)
        && jobs.equals(that.jobs)
        && metadataVoters.equals(that.metadataVoters)
        && wantedMetadataVoters == that.wantedMetadataVoters
        && routing.equals(that.routing)
        && counters.equals(that.counters)
        && balancing == that.balancing;
  }

  @Override
  public int hashCode() {
    return Objects.hash(clusterId, version, updatedAtMillis);
  }

  @Override
  public String toString() {
    return "ClusterState["
        + (clusterId.isEmpty() ? "no cluster" : clusterId)
        + " version="
        + version
        + " status="
        + status
        + " nodes="
        + nodes.size()
        + " shards="
        + shards.size()
        + " routing="
        + routing.version()
        + "]";
  }
}
