package io.raftkv.resp.command.local;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.HistoryEvent;
import io.raftkv.meta.InitialPlacement;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.RoutingChange;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.metrics.CommandStats;
import io.raftkv.metrics.Metrics;
import io.raftkv.resp.command.Connection;
import io.raftkv.server.ClusterChanges;
import io.raftkv.server.ConfigException;
import io.raftkv.server.ConfigLoader;
import io.raftkv.server.NodeStatus;
import io.raftkv.server.ServerConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;

/**
 * The node n1 of a cluster of nodes n1, n2, …, at 10.0.0.1, 10.0.0.2, …: a real cluster state, with
 * leaders, replicas and connections as a test sets them.
 */
final class FakeNode implements NodeStatus, ClusterChanges {
  static final String CLUSTER_ID = "test-cluster";
  static final long FOUNDED_MILLIS = 1_700_000_000_000L;
  static final UUID METADATA = new UUID(0, 1);

  final Map<UUID, String> leaders = new HashMap<>();
  final Map<UUID, Map<String, ReplicaStatus>> replicas = new HashMap<>();
  final Map<UUID, ReplicaChecksum> checksums = new HashMap<>();
  final Map<UUID, RuntimeException> checksumFailures = new HashMap<>();
  final Map<Integer, Long> keysInSlots = new HashMap<>();

  /** By shard and what its halves are to have in common; where there is none it is unknown. */
  final Map<String, CompletableFuture<List<Integer>>> splitPoints = new HashMap<>();

  final Set<String> connected = new TreeSet<>();

  /** What clients are told as the host of a node, if not where it registered. */
  final Map<String, Optional<String>> clientHosts = new HashMap<>();

  final List<FakeConnection> connections = new ArrayList<>();
  final List<Long> killed = new ArrayList<>();
  final Map<String, Long> counters = new TreeMap<>();
  final Metrics metrics = new Metrics();
  final List<HistoryEvent> events = new ArrayList<>();
  final List<RoutingChange> routingChanges = new ArrayList<>();

  /** What the leader of the metadata group says of balance; null if it does not answer. */
  BalanceReport balance;

  /** How many moves were asked for. */
  int maxMoves;

  /** Whether the metadata group takes changes. */
  boolean isMetadataReachable = true;

  /** Since a majority last confirmed the metadata; -1 if it never did. */
  long metadataAgeMillis;

  /** What happens while somebody waits for the end of a job. */
  Runnable untilTheEnd = () -> {};

  private final ServerConfig config;
  private ClusterState state = ClusterState.EMPTY;

  /** Databases of so many keys without expiry, from the first one on. */
  static List<DatabaseSize> sizes(long... keys) {
    return Arrays.stream(keys).mapToObj(count -> new DatabaseSize(count, 0, 0)).toList();
  }

  /** A node before its cluster is formed. */
  FakeNode(String... flags) {
    try {
      config = ConfigLoader.load(List.of(flags), Map.of());
    } catch (ConfigException mistake) {
      throw new IllegalArgumentException(mistake);
    }
  }

  /** A cluster in which everything is well: the preferred leaders lead. */
  static FakeNode ofCluster(int nodes, int shards, int replicationFactor) {
    String members =
        String.join(
            ",", IntStream.rangeClosed(1, nodes).mapToObj(i -> address(i, "n" + i)).toList());
    FakeNode node = new FakeNode("--cluster", members, "--bind", "*", "--protected-mode", "no");
    node.found(nodes, shards, replicationFactor);
    return node;
  }

  /** A single node, which needs this password; null for none. */
  static FakeNode alone(String password) {
    FakeNode node =
        password == null
            ? new FakeNode("--port", "7001")
            : new FakeNode("--port", "7001", "--requirepass", password);
    node.found(1, 1, 1);
    return node;
  }

  private static String address(int number, String id) {
    return id + "=10.0.0." + number + ":17001:7001";
  }

  private void found(int nodes, int shards, int replicationFactor) {
    List<NodeSpec> specs =
        IntStream.rangeClosed(1, nodes)
            .mapToObj(i -> new NodeSpec("n" + i, "10.0.0." + i, 7001, 17001, 9001, "0.1.0", 0))
            .toList();
    List<String> ids = specs.stream().map(NodeSpec::id).toList();
    apply(
        new MetaCommand.Bootstrap(
            CLUSTER_ID,
            specs,
            InitialPlacement.plan(CLUSTER_ID, ids, shards, replicationFactor),
            ids.subList(0, Math.min(3, nodes))));
    ids.stream().filter(id -> !id.equals("n1")).forEach(connected::add);
    ids.forEach(id -> become(id, NodeState.ONLINE));
    leaders.put(METADATA, "n1");
    state.shards().values().forEach(shard -> leaders.put(shard.groupId(), shard.preferredLeader()));
  }

  /** Changes the cluster as the metadata group would. */
  void apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, FOUNDED_MILLIS);
    if (!change.isChange()) {
      throw new IllegalArgumentException(change.reply().toString());
    }
    state = change.state();
    change.events().forEach(event -> events.add(0, event));
    change.routing().ifPresent(step -> routingChanges.add(0, step));
  }

  void become(String nodeId, NodeState next) {
    apply(new MetaCommand.SetNodeState(nodeId, Optional.empty(), next, "test"));
  }

  UUID group(String shard) {
    return state.shards().get(shard).groupId();
  }

  /** Sets what a replica says of itself. */
  void replica(String shard, ReplicaStatus replica) {
    replicas.computeIfAbsent(group(shard), id -> new TreeMap<>()).put(replica.nodeId(), replica);
  }

  FakeConnection connect(boolean authenticated) {
    FakeConnection connection = new FakeConnection(connections.size() + 1, authenticated);
    connections.add(connection);
    return connection;
  }

  @Override
  public String nodeId() {
    return "n1";
  }

  @Override
  public ServerConfig config() {
    return config;
  }

  @Override
  public ClusterState cluster() {
    return state;
  }

  @Override
  public CompletionStage<Long> metadataAgeMillis() {
    return CompletableFuture.completedFuture(metadataAgeMillis);
  }

  @Override
  public String leaderOf(UUID group) {
    return leaders.get(group);
  }

  @Override
  public UUID metadataGroup() {
    return METADATA;
  }

  @Override
  public ReplicaStatus localReplica(UUID group) {
    return replicas.getOrDefault(group, Map.of()).get("n1");
  }

  @Override
  public CompletionStage<Map<String, ReplicaStatus>> replicas(UUID group) {
    return CompletableFuture.completedFuture(replicas.getOrDefault(group, Map.of()));
  }

  @Override
  public CompletionStage<BalanceReport> balance(int moves) {
    maxMoves = moves;
    return balance == null
        ? CompletableFuture.failedFuture(new IllegalStateException("silent"))
        : CompletableFuture.completedFuture(balance);
  }

  @Override
  public CompletionStage<ReplicaChecksum> checksum(UUID group) {
    RuntimeException failure = checksumFailures.get(group);
    return failure == null
        ? CompletableFuture.completedFuture(checksums.get(group))
        : CompletableFuture.failedFuture(failure);
  }

  @Override
  public CompletionStage<List<Integer>> splitPoints(ShardInfo shard, int parts, SplitBy by) {
    return splitPoints.getOrDefault(
        shard.id() + " " + by + " " + parts, CompletableFuture.completedFuture(List.of()));
  }

  @Override
  public long keysInSlot(int slot, int database) {
    return keysInSlots.getOrDefault(slot, -1L) + database;
  }

  @Override
  public Optional<String> clientHost(NodeInfo node) {
    return clientHosts.getOrDefault(node.id(), Optional.of(node.host()));
  }

  @Override
  public boolean isConnected(String nodeId) {
    return connected.contains(nodeId);
  }

  @Override
  public List<HistoryEvent> events(int limit) {
    return events.subList(0, Math.min(limit, events.size()));
  }

  @Override
  public List<RoutingChange> routingChanges(int limit) {
    return routingChanges.subList(0, Math.min(limit, routingChanges.size()));
  }

  @Override
  public Collection<? extends Connection> connections() {
    return connections;
  }

  @Override
  public boolean kill(long connectionId) {
    killed.add(connectionId);
    return connections.removeIf(connection -> connection.id() == connectionId);
  }

  @Override
  public int clients() {
    return (int) connections.stream().filter(connection -> connection.flags.equals("N")).count();
  }

  @Override
  public CommandStats commandStats() {
    return metrics.commandStats();
  }

  @Override
  public Map<String, Long> counters() {
    return counters;
  }

  @Override
  public long startedAtMillis() {
    return FOUNDED_MILLIS;
  }

  // ---- ClusterChanges ----

  @Override
  public CompletionStage<MetaReply> propose(MetaCommand command) {
    if (!isMetadataReachable) {
      return CompletableFuture.failedFuture(new IllegalStateException("TIMED_OUT: no leader"));
    }
    MetaChange change = MetaApplier.apply(state, command, FOUNDED_MILLIS);
    state = change.state();
    return CompletableFuture.completedFuture(change.reply());
  }

  @Override
  public CompletionStage<JobInfo> ended(String jobId, Duration patience) {
    untilTheEnd.run();
    return CompletableFuture.completedFuture(state.job(jobId).orElse(null));
  }
}
