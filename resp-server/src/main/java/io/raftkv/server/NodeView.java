package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.HistoryEvent;
import io.raftkv.meta.MetaHistory;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.RoutingChange;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.Members;
import io.raftkv.metrics.CommandStats;
import io.raftkv.raft.LeaderView;
import io.raftkv.raft.Replica;
import io.raftkv.resp.command.Connection;
import io.raftkv.shard.PeerTransport;
import io.raftkv.shard.Proposer;
import io.raftkv.shard.ShardClient;
import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.SlotOwnership;
import io.raftkv.storage.StoreChecksum;
import io.raftkv.storage.TtlSample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers what commands ask about this node and the cluster. */
final class NodeView implements NodeStatus {
  private static final Logger LOG = LoggerFactory.getLogger(NodeView.class);

  private static final long STATUS_TIMEOUT_MILLIS = 1_000;

  /** Who is asked asks all nodes, and may have to try out many moves. */
  private static final long BALANCE_TIMEOUT_MILLIS = 10_000;

  private final Node node;
  private final long startedAtMillis = System.currentTimeMillis();

  NodeView(Node node) {
    this.node = node;
  }

  @Override
  public String nodeId() {
    return node.config().node().id();
  }

  @Override
  public ServerConfig config() {
    return node.config();
  }

  @Override
  public ClusterState cluster() {
    return node.metadata().state();
  }

  @Override
  public CompletionStage<Long> metadataAgeMillis() {
    return node.health().metadataAgeMillis();
  }

  @Override
  public String leaderOf(UUID group) {
    return node.shards().leader(group);
  }

  @Override
  public UUID metadataGroup() {
    return MetadataGroup.GROUP;
  }

  @Override
  public ReplicaStatus localReplica(UUID group) {
    Replica replica = node.replica(group);
    LeaderView view = replica == null ? null : replica.view();
    if (view == null) {
      return null;
    }
    String leader = replica.leader();
    List<DatabaseSize> databases = replica.withStore(this::sizes);
    Long disk = replica.withStore(ShardStore::diskUsageBytes);
    return new ReplicaStatus(
        nodeId(),
        leader == null ? "" : leader,
        view.ready(),
        view.term(),
        replica.commitIndex(),
        replica.appliedIndex(),
        replica.leaderSilenceMillis(),
        disk == null ? 0 : disk,
        node.loads().of(group),
        databases == null ? List.of() : databases);
  }

  /**
   * What this node says of itself to whoever drives jobs. Asks the stores: may block.
   *
   * @param unseeded see {@link ClusterFacts.NodeFacts}
   */
  ClusterFacts.NodeFacts facts(Map<UUID, String> unseeded) {
    return facts(unseeded, group -> true, true);
  }

  /**
   * The same while clients wait for a job: of its groups only, and no bytes are counted, for which
   * directories are listed.
   */
  ClusterFacts.NodeFacts facts(Map<UUID, String> unseeded, Set<UUID> groups) {
    return facts(unseeded, groups::contains, false);
  }

  private ClusterFacts.NodeFacts facts(
      Map<UUID, String> unseeded, Predicate<UUID> wanted, boolean counted) {
    long version = cluster().version(); // first: the replicas are not older than it
    String noRoom = node.noRoom(); // before the replicas: the one that takes the last is one
    Set<UUID> seeding = node.raft().seeding(); // before the replicas: it is one or the other
    Map<UUID, ClusterFacts.ReplicaFacts> replicas = new HashMap<>();
    for (UUID group : node.raft().groups()) {
      if (wanted.test(group)) {
        replicas.put(group, facts(group, node.replica(group), counted));
      }
    }
    return new ClusterFacts.NodeFacts(
        version,
        node.memberSince(),
        node.directory().hasArrived(),
        noRoom,
        replicas,
        node.raft().cuts(),
        seeding,
        unseeded,
        load(replicas.keySet()));
  }

  private ClusterFacts.NodeLoad load(Set<UUID> groups) {
    Map<UUID, ClusterFacts.ReplicaLoad> loads = new HashMap<>();
    for (UUID group : groups) {
      ClusterFacts.ReplicaLoad load = node.loads().of(group);
      if (!load.equals(ClusterFacts.ReplicaLoad.NONE)) {
        loads.put(group, load);
      }
    }
    return new ClusterFacts.NodeLoad(node.freeBytes(), loads);
  }

  private static ClusterFacts.SlotFacts slots(Replica replica) {
    SlotOwnership slots = replica.withStore(ShardStore::ownership);
    return slots == null
        ? ClusterFacts.SlotFacts.UNKNOWN
        : new ClusterFacts.SlotFacts(
            slots.epoch(),
            Optional.ofNullable(slots.fence()).map(SlotOwnership.Fence::target),
            replica.fenceMillis(),
            SlotRange.parseAll(slots.owned().toString()));
  }

  private ClusterFacts.ReplicaFacts facts(UUID group, Replica replica, boolean counted) {
    // Before the view: a change that ends between the two must not show the members before it.
    boolean changing =
        (replica != null && replica.isChangingMembers())
            || (group.equals(MetadataGroup.GROUP) && node.controller().isChangingMetadataMembers());
    LeaderView view = replica == null ? null : replica.view();
    if (view == null) {
      Members none = new Members(new TreeSet<>(), new TreeSet<>());
      return new ClusterFacts.ReplicaFacts(
          false, false, 0, none, false, 0, ClusterFacts.SlotFacts.UNKNOWN);
    }
    SortedSet<String> listeners = new TreeSet<>(replica.members());
    listeners.removeAll(replica.voters());
    Long bytes = counted ? replica.withStore(ShardStore::diskUsageBytes) : null;
    Long ownedBytes =
        counted ? replica.withStore(store -> store.ownedBytes(System.nanoTime())) : null;
    return new ClusterFacts.ReplicaFacts(
        node.raft().runs(group),
        view.ready(),
        view.term(),
        new Members(new TreeSet<>(view.voters()), listeners),
        changing || !view.oldVoters().isEmpty(),
        (bytes == null ? 0 : bytes) + (counted ? replica.arrivingBytes() : 0),
        ownedBytes == null ? 0 : ownedBytes,
        slots(replica));
  }

  private List<DatabaseSize> sizes(ShardStore store) {
    long now = node.peers().stampMillis();
    long seed = ThreadLocalRandom.current().nextLong();
    return store.query(
        view -> {
          List<DatabaseSize> sizes = new ArrayList<>();
          for (int database = 0; database < Keyspace.DATABASES; database++) {
            int home = view.homes().of(database);
            long expiring = view.expiringKeys(home);
            long ttl = expiring == 0 ? 0 : TtlSample.averageMillis(view, database, now, seed);
            sizes.add(new DatabaseSize(view.keys(home), expiring, ttl));
          }
          return sizes;
        });
  }

  @Override
  public CompletionStage<Map<String, ReplicaStatus>> replicas(UUID group) {
    List<String> nodes =
        group.equals(MetadataGroup.GROUP)
            ? cluster().metadataVoters()
            : cluster()
                .shardOfGroup(group)
                .map(shard -> shard.replicas().stream().map(replica -> replica.nodeId()).toList())
                .orElse(List.of());
    Map<String, ReplicaStatus> found = new TreeMap<>();
    List<CompletableFuture<?>> asked = new ArrayList<>();
    for (String id : nodes) {
      CompletableFuture<ReplicaStatus> status =
          id.equals(nodeId())
              ? CompletableFuture.supplyAsync(() -> localReplica(group), node.readPool())
              : node.links()
                  .call(id, PeerTransport.Kind.CONTROL, ControlRequests.replicaStatus(group))
                  .thenApply(bytes -> bytes.length == 0 ? null : ControlRequests.decode(bytes));
      asked.add(
          status
              .orTimeout(STATUS_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
              .handle(
                  (one, unreachable) -> {
                    if (one != null) {
                      synchronized (found) {
                        found.put(id, one);
                      }
                    }
                    return null;
                  }));
    }
    return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
        .thenApply(
            all -> {
              synchronized (found) {
                return new TreeMap<>(found);
              }
            });
  }

  @Override
  public CompletionStage<BalanceReport> balance(int maxMoves) {
    String leader = leaderOf(MetadataGroup.GROUP);
    if (leader == null) {
      return CompletableFuture.failedFuture(new IOException("the metadata group has no leader"));
    }
    return FactsInquiry.call(node, leader, ControlRequests.balance(maxMoves))
        .orTimeout(BALANCE_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .thenApply(BalanceReportCodec::decode);
  }

  @Override
  public CompletionStage<List<Integer>> splitPoints(ShardInfo shard, int parts, SplitBy by) {
    return new SplitPoints(node).find(shard, parts, by);
  }

  @Override
  public CompletionStage<ReplicaChecksum> checksum(UUID group) {
    return CompletableFuture.supplyAsync(
        () -> {
          Replica replica = node.replica(group);
          StoreChecksum sum;
          try {
            sum = replica == null ? null : replica.withStore(ShardStore::checksum);
          } catch (CorruptStoreException damage) {
            LOG.error("damaged files found by a checksum shard={}", node.groupName(group), damage);
            throw damage;
          }
          if (sum == null) {
            throw new IllegalStateException("no replica of " + node.groupName(group) + " here");
          }
          return new ReplicaChecksum(sum.index(), sum.sha256());
        },
        node.readPool());
  }

  @Override
  public long keysInSlot(int slot, int database) {
    ShardInfo shard = cluster().shardOfSlot(slot);
    Replica replica = shard == null ? null : node.replica(shard.groupId());
    Long keys =
        replica == null
            ? null
            : replica.withStore(
                store -> store.query(view -> view.keysInSlot(slot, view.homes().of(database))));
    return keys == null ? -1 : keys;
  }

  @Override
  public Optional<String> clientHost(NodeInfo other) {
    return other.id().equals(nodeId())
        ? config().listen().announceHost()
        : node.peers().announcedHost(other.id()).or(() -> Optional.of(other.host()));
  }

  @Override
  public boolean isConnected(String nodeId) {
    return nodeId.equals(nodeId()) || node.links().isConnected(nodeId);
  }

  @Override
  public List<HistoryEvent> events(int limit) {
    List<HistoryEvent> events =
        MetadataGroup.history(node.replica(MetadataGroup.GROUP), history -> history.newest(limit));
    return events == null ? List.of() : events;
  }

  @Override
  public List<RoutingChange> routingChanges(int limit) {
    List<RoutingChange> changes =
        MetadataGroup.history(
            node.replica(MetadataGroup.GROUP), (MetaHistory h) -> h.routingChanges(limit));
    return changes == null ? List.of() : changes;
  }

  @Override
  public Collection<? extends Connection> connections() {
    return node.sessions().all();
  }

  @Override
  public boolean kill(long connectionId) {
    return node.sessions().kill(connectionId);
  }

  @Override
  public int clients() {
    return node.sessions().count();
  }

  @Override
  public CommandStats commandStats() {
    return node.metrics().commandStats();
  }

  @Override
  public Map<String, Long> counters() {
    Map<String, Long> counters = new TreeMap<>();
    counters.put("total_connections_received", node.sessions().accepted());
    counters.put("rejected_connections", node.sessions().rejected());
    node.load().addTo(counters);
    counters.put("read_barrier_rounds", node.barrier().rounds());
    counters.put("read_barrier_reads", node.barrier().reads());
    counters.put("forwards", node.links().forwards());
    long batches = 0;
    long proposals = 0;
    long resends = 0;
    for (ShardClient<?> client : node.shards().clients()) {
      batches += client.batches();
      proposals += client.proposals();
      resends += client.resends();
    }
    counters.put("write_batches", batches);
    counters.put("write_commands", proposals);
    counters.put("write_batches_resent", resends);
    long entries = 0;
    long bytes = 0;
    for (Proposer proposer : node.shards().proposers()) {
      entries += proposer.entries();
      bytes += proposer.entryBytes();
    }
    counters.put("log_entries", entries);
    counters.put("log_bytes", bytes);
    return counters;
  }

  @Override
  public long startedAtMillis() {
    return startedAtMillis;
  }
}
