package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.metrics.Metrics;
import io.raftkv.raft.FailStop;
import io.raftkv.raft.Member;
import io.raftkv.raft.RaftNode;
import io.raftkv.raft.Replica;
import io.raftkv.resp.command.CommandEngine;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.dispatch.NodeProposal;
import io.raftkv.resp.dispatch.ProposalDelivery;
import io.raftkv.resp.dispatch.RoutingFeed;
import io.raftkv.resp.dispatch.Session;
import io.raftkv.resp.dispatch.SessionServices;
import io.raftkv.resp.dispatch.ShardTraffic;
import io.raftkv.resp.link.LinkCommands;
import io.raftkv.resp.link.NodeLinks;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.http.HttpServer;
import io.raftkv.shard.Admission;
import io.raftkv.shard.Applier;
import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.LeaderSuccession;
import io.raftkv.shard.ReadBarrier;
import io.raftkv.shard.ShardApplier;
import io.raftkv.shard.ShardHost;
import io.raftkv.storage.OwnWrites;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreEnvironment;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

/**
 * One running node: every part made and connected, started in order and stopped in the reverse
 * order.
 */
final class Node implements RunningServer {
  private static final Logger LOG = LoggerFactory.getLogger(Node.class);

  /** Of a line for people without the stack, see log4j2.xml. */
  private static final Marker TROUBLE = MarkerFactory.getMarker("TROUBLE");

  private static final long TICK_MILLIS = 10;
  private static final long DISK_CHECK_MILLIS = 250;
  private static final long RECLAIM_MILLIS = 5_000;
  private static final int MAX_ENTRIES_IN_FLIGHT = 1;

  private static final long SUCCESSION_MILLIS = 100;
  private static final long BARRIER_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int STOP_SECONDS = 5;

  private final ServerConfig config;
  private final DataDirectory directory;
  private final List<String> hosts;
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private final Metrics metrics = new Metrics();
  private final ClientLoad load = new ClientLoad(metrics);
  private final Transport transport;
  private final StoreEnvironment stores;
  private final MetadataGroup metadata;
  private final List<Member> founders;

  /** Of a node that has to ask the other founders whether there is a cluster already. */
  private final Optional<FounderStart> founderStart;

  /**
   * Of the cluster that this node is to begin alone; else empty. From the start, so that nobody
   * takes it for one that was here before, and has lost its disk.
   */
  private final String newClusterId;

  private final MemberAddresses addresses;
  private final SessionRegistry sessions;
  private final NodeLinks links;
  private final PeerMonitor peers;
  private final DiskGuard disk;
  private final LogBuffers logBuffers;
  private final ShardHost<NodeProposal> shards;
  private final ReadBarrier barrier;
  private final LeaderSuccession succession;
  private final RaftNode raft;
  private final ShardTraffic traffic;
  private final LinkCommands linkCommands;
  private final LeftReplicas left;
  private final NodeView view;
  private final NodeChanges changes;
  private final PeerRequests requests;
  private final ClusterController controller;
  private final ReplicaLoads loads = new ReplicaLoads(this);
  private final NodeHealth health = new NodeHealth(this);
  private final HandOvers handOvers = new HandOvers(this);
  private final Watchdog watchdog = new Watchdog();
  private final NodeThreads threads = new NodeThreads(watchdog);
  private final ClientListeners listeners;
  private final RoutingFeed routing = new RoutingFeed(new RoutingSnapshot(ClusterState.EMPTY));
  private final int raftPort;
  private final AtomicBoolean removed = new AtomicBoolean();

  /** As this node was told when it was admitted by this process. */
  private volatile long admittedSince;

  private volatile int respPort;
  private HttpServer http;
  private boolean closed;

  Node(ServerConfig config, DataDirectory directory) throws IOException {
    this.config = config;
    this.directory = directory;
    this.respPort = config.listen().port();
    boolean made = false;
    try {
      this.hosts = ListenHosts.of(config.listen().bind());
      this.raftPort = config.listen().raftPort() == 0 ? freePort() : config.listen().raftPort();
      this.transport = Transport.open(config.clients().ioThreads());
      NodeOptions options = new NodeOptions(config, hosts, raftPort);
      this.founders = options.metadataMembers();
      this.left = new LeftReplicas(config.node().id());
      boolean beginsEmpty =
          directory.joinedBy().isEmpty()
              && !RaftNode.hasFiles(directory.resolve(DataDirectory.REPLICAS), MetadataGroup.GROUP);
      boolean isNew = founders.size() == 1 && directory.clusterId().isEmpty();
      boolean asksFounders = beginsEmpty && !isNew;
      this.founderStart = asksFounders ? Optional.of(new FounderStart(this)) : Optional.empty();
      this.newClusterId = beginsEmpty && isNew ? UUID.randomUUID().toString() : "";
      this.stores = new StoreEnvironment(options.stores());
      this.metadata = new MetadataGroup(transport.loops().next());
      this.addresses = new MemberAddresses(config.cluster(), metadata::state);
      this.sessions = new SessionRegistry(config.clients().maxClients());
      String secret = options.clusterSecret();
      this.links =
          new NodeLinks(
              config.node().id(),
              NodeOptions.outgoing(transport),
              options.links(),
              this::linkAddress,
              secret,
              this::clusterId);
      this.peers =
          new PeerMonitor(
              config.node().id(),
              links,
              new Membership(),
              config.raft().clockSkewLimit().toMillis(),
              System::currentTimeMillis,
              System::nanoTime);
      this.disk =
          new DiskGuard(
              directory.path(),
              () -> Files.getFileStore(directory.path()).getUsableSpace(),
              config.store().minFreeDisk().bytes(),
              this::storesOwnBytes,
              this::storesAreWritable);
      this.logBuffers = new LogBuffers(config.requests().maxEntryBytes());
      long entryLimit = options.entryLimitBytes();
      CommandTable[] table = new CommandTable[1];
      this.shards =
          new ShardHost<>(
              config.node().id(),
              new Surroundings(),
              links,
              threads.appendPool(),
              transport::endOfTurn,
              () ->
                  new EntryCodec.Header(
                      routing.now().version(),
                      peers.stampMillis(),
                      ThreadLocalRandom.current().nextLong(),
                      entryLimit),
              options.proposals(),
              metrics::batch,
              MAX_ENTRIES_IN_FLIGHT,
              config.requests().maxEntryBytes(),
              new ProposalDelivery(),
              bytes -> new CommandEngine(table[0]).decode(bytes));
      this.barrier =
          new ReadBarrier(
              config.node().id(), this::replica, links, BARRIER_RETRY_NANOS, transport::endOfTurn);
      this.succession =
          new LeaderSuccession(
              config.node().id(),
              () -> raft().replicas(),
              this::replica,
              links,
              this::stand,
              options.leaderSilence().toMillis());
      this.requests = new PeerRequests(this);
      this.linkCommands =
          new LinkCommands(
              requests::answer,
              secret,
              this::clusterId,
              (asker, kind, request) ->
                  metadata.state().isGone(asker) && !PeerRequests.isForAll(kind, request));
      this.view = new NodeView(this);
      this.changes = new NodeChanges(this);
      table[0] = Commands.table(view, changes, linkCommands, this::stopByCommand, readPool());
      CommandEngine engine = new CommandEngine(table[0]);
      this.raft =
          new RaftNode(
              options.raft(directory.resolve(DataDirectory.REPLICAS)),
              stores,
              MetadataGroup.GROUP,
              directory.joinedBy().isPresent() || asksFounders
                  ? List.of()
                  : options.metadataMembers(),
              group -> applier(group, engine),
              this::groupName,
              failStop(),
              links,
              threads.appendPool(),
              disk::spareBytes,
              new OwnCluster());
      raft.onCut(requests::cutMade);
      this.traffic =
          new ShardTraffic(
              table[0],
              routing,
              this::replica,
              shards,
              barrier,
              links,
              new NodeChoice(),
              readPool(),
              transport.loops().next(),
              peers::stampMillis,
              config.requests().timeout().toNanos(),
              config.requests().memory().bytes(),
              metrics,
              config.requests().consistency(),
              config.security().password().isPresent(),
              new CommandSpec.Limits(
                  config.requests().maxValue().bytes(), config.clients().databases()),
              options.links(),
              config.clients().slowReaderTimeout());
      this.listeners =
          new ClientListeners(
              config, options.clients(), metrics.clientTraffic(), sessions, new SessionHost());
      this.controller = new ClusterController(this);
      made = true;
    } finally {
      if (!made) {
        close(); // of the parts that there are
      }
    }
  }

  // ---- parts, for the classes that share this package's work ----

  ServerConfig config() {
    return config;
  }

  MetadataGroup metadata() {
    return metadata;
  }

  /** With whom the metadata group of a new cluster begins. */
  List<Member> founders() {
    return founders;
  }

  /** The id that a new cluster of this node gets, if that is decided already; else empty. */
  String newClusterId() {
    return newClusterId;
  }

  /** Of a node that started with nothing of the metadata, and did not join. */
  Optional<FounderStart> founderStart() {
    return founderStart;
  }

  MemberAddresses addresses() {
    return addresses;
  }

  RaftNode raft() {
    return raft;
  }

  ShardHost<NodeProposal> shards() {
    return shards;
  }

  ReadBarrier barrier() {
    return barrier;
  }

  LeaderSuccession succession() {
    return succession;
  }

  NodeLinks links() {
    return links;
  }

  PeerMonitor peers() {
    return peers;
  }

  SessionRegistry sessions() {
    return sessions;
  }

  ShardTraffic traffic() {
    return traffic;
  }

  Metrics metrics() {
    return metrics;
  }

  ClientLoad load() {
    return load;
  }

  DataDirectory directory() {
    return directory;
  }

  /** Where clients connect; once it listens, never 0. */
  int respPort() {
    return respPort;
  }

  /** Where other nodes replicate to; never 0. */
  int raftPort() {
    return raftPort;
  }

  /** Where health and metrics are; 0 if they are nowhere. */
  int httpPort() {
    return http == null ? 0 : http.port();
  }

  NodeHealth health() {
    return health;
  }

  HandOvers handOvers() {
    return handOvers;
  }

  Watchdog watchdog() {
    return watchdog;
  }

  NodeView view() {
    return view;
  }

  PeerRequests requests() {
    return requests;
  }

  ScheduledExecutorService timer() {
    return threads.timer();
  }

  ThreadPoolExecutor readPool() {
    return threads.readPool();
  }

  /** Runs what may block for a moment on Ratis. */
  Executor appendPool() {
    return threads.appendPool();
  }

  /** Runs what may take long, one after the other. */
  Executor slowly() {
    return threads.slow();
  }

  /** Does what jobs order while clients wait for it, and what may wait for a disk. */
  Executor orders() {
    return threads.orders();
  }

  ClusterController controller() {
    return controller;
  }

  ReplicaLoads loads() {
    return loads;
  }

  /** What may still be stored here before this node refuses to store more. */
  long freeBytes() {
    return disk.spareBytes();
  }

  boolean hasDiskSpace() {
    return disk.hasSpace();
  }

  /** Why this node takes no new replicas; empty if it does. */
  String noRoom() {
    return hasDiskSpace() ? noRoomInMemory(1) : "its disk is nearly full";
  }

  /** Why this process can have no such number of replicas more; empty if it can. */
  String noRoomInMemory(int replicas) {
    return logBuffers.noRoom(raft.groups().size(), replicas);
  }

  /** This node's replica of a group, or null. */
  Replica replica(UUID group) {
    return raft == null ? null : raft.replica(group);
  }

  String groupName(UUID group) {
    if (group.equals(MetadataGroup.GROUP)) {
      return MetadataGroup.NAME;
    }
    return metadata.state().shardOfGroup(group).map(ShardInfo::id).orElse(group.toString());
  }

  // ---- start ----

  void start() throws IOException, StartupException {
    ClusterMeters shown = new ClusterMeters(metrics.registry(), System::currentTimeMillis);
    metadata
        .cache()
        .addListener(
            (before, after) -> {
              left.changed(before, after);
              if (after.routing().version() != routing.now().version()) {
                routing.update(new RoutingSnapshot(after));
              }
              changes.changed(after);
              shown.show(after);
            });
    registerMeters();
    requireRaftPort();
    transport.watch(watchdog);
    watchdog.start();
    join();
    raft.start(); // which opens the metadata and brings its state to the listener
    threads.every(TICK_MILLIS, TICK_MILLIS, "tick", this::tick);
    threads.every(SUCCESSION_MILLIS, SUCCESSION_MILLIS, "succession", succession::tick);
    threads.every(ClientLoad.SAMPLE_MILLIS, 0, "load", load::sample);
    threads.everyAtDisk(DISK_CHECK_MILLIS, "disk check", disk::check);
    threads.everySlowly(RECLAIM_MILLIS, "giving back space", spaceReclaim()::run);
    listen();
    controller.start();
    links.onGone(succession::nodeGone);
  }

  /**
   * Does nothing if this node began with its cluster, or has arrived in it. One that was cut off
   * before asks again, and begins anew: what it has may be a part of a log from when its id was
   * another node's, by which it would be a voter, even the only one.
   */
  private void join() throws IOException, StartupException {
    Optional<HostPort> seed = directory.joinedBy();
    if (seed.isPresent() && !(directory.hasArrived() && raft.hasFiles(MetadataGroup.GROUP))) {
      JoinExchange.Answer admission = new ClusterJoin(this, seed.get(), hosts).admission();
      if (admission.outcome() == JoinExchange.Outcome.REFUSED) {
        directory.forgetJoining();
        throw new StartupException(admission.text());
      }
      directory.rememberClusterId(admission.text());
      directory.forgetArrival();
      addresses.tell(admission.members());
      admittedSince = admission.memberSince();
      raft.beginAnew(MetadataGroup.GROUP, admission.term(), admission.leftAt());
    }
  }

  /** See {@link io.raftkv.meta.NodeInfo}; as it was told if it has not arrived yet. */
  long memberSince() {
    return directory.hasArrived() ? directory.memberSince() : admittedSince;
  }

  /**
   * Ends this node, which is no part of its cluster any more; its data stays. Does nothing when it
   * is called again.
   *
   * @param by who says so
   */
  void removedFromCluster(String by) {
    removedFromCluster(
        by,
        "node %s was removed from cluster %s"
            .formatted(config.node().id(), directory.clusterId().orElse("")));
  }

  /** As above, in the words of who says so. */
  void removedFromCluster(String by, String told) {
    if (!removed.compareAndSet(false, true)) {
      return;
    }
    String why = "node %s says that %s".formatted(by, told);
    threads
        .slow()
        .execute(
            () -> {
              try {
                directory.rememberRemoval(why);
              } catch (StartupException unwritable) {
                LOG.error("cannot note that this node was removed", unwritable);
              }
              terminated.completeExceptionally(new RemovedException(why));
            });
  }

  /** Ratis ends the process if it cannot have its port; better to say which one it is. */
  private void requireRaftPort() throws IOException {
    for (String host : hosts) {
      try (ServerSocket probe = new ServerSocket()) {
        probe.setReuseAddress(true);
        probe.bind(new InetSocketAddress(host, raftPort));
      } catch (IOException refused) {
        throw ListenTrouble.of(NodeSettings.RAFT_PORT, host, raftPort, refused);
      }
    }
  }

  private void listen() throws IOException {
    listeners.open(transport, hosts, port -> respPort = port);
    if (config.listen().httpPort().isPresent()) {
      http =
          new HttpServer(
              transport.loops(),
              transport.serverChannel(),
              hosts,
              config.listen().httpPort().getAsInt(),
              (host, port, cause) -> ListenTrouble.of(NodeSettings.HTTP_PORT, host, port, cause),
              metrics.registry(),
              health);
    }
  }

  private void tick() {
    shards.tick();
    barrier.tick();
  }

  private SpaceReclaim spaceReclaim() {
    return new SpaceReclaim(
        disk::admission,
        disk::roomBytes,
        SpaceReclaim.over(raft::replicas, disk::roomBytes, this::addEntry));
  }

  /** Any write will do; the metadata is too small to matter. */
  private void addEntry(Replica replica) {
    if (!replica.group().equals(MetadataGroup.GROUP)) {
      traffic.sweep(
          replica.group(),
          1,
          threads.appendPool(),
          reply -> LOG.debug("entry added shard={}: {}", replica.name(), reply));
    }
  }

  /** Lets this node stand for election after some time. */
  private void stand(long millis, Runnable candidature) {
    threads.later(millis, "succession", candidature);
  }

  private void registerMeters() {
    metrics.connections(sessions::count);
    metrics.readBarrierRounds(barrier::rounds);
    metrics.forwards(links::forwards);
    metrics.snapshotBytesSent(() -> raft().checkpointBytesSent());
  }

  // ---- what the parts ask of the node ----

  /** Where another node takes commands; looks its name up. */
  private InetSocketAddress linkAddress(String nodeId) {
    return addresses
        .of(nodeId)
        .map(member -> new InetSocketAddress(member.host(), member.respPort()))
        .orElse(null);
  }

  /** Also if that is not noted yet; empty if this node knows of none. */
  private String clusterId() {
    ClusterState state = metadata.state();
    return directory
        .clusterId()
        .orElseGet(() -> state.isBootstrapped() ? state.clusterId() : newClusterId);
  }

  private final class OwnCluster implements RaftNode.Cluster {
    @Override
    public String id() {
      return clusterId();
    }

    @Override
    public boolean isGone(String nodeId) {
      return metadata.state().isGone(nodeId);
    }

    @Override
    public boolean hasLeft(UUID group) {
      return left.has(group);
    }
  }

  private final class Membership implements PeerMonitor.Membership {
    @Override
    public ControlRequests.Greeting greeting() {
      return new ControlRequests.Greeting(clusterId(), config.node().id(), memberSince());
    }

    @Override
    public void removed(String by) {
      removedFromCluster(by);
    }
  }

  private final class Surroundings implements ShardHost.Surroundings {
    @Override
    public Replica replica(UUID group) {
      return Node.this.replica(group);
    }

    @Override
    public List<String> members(UUID group) {
      if (group.equals(MetadataGroup.GROUP)) {
        ClusterState state = metadata.state();
        return state.isBootstrapped()
            ? state.metadataVoters()
            : config.cluster().members().stream().map(ClusterMember::id).toList();
      }
      return metadata.state().shardOfGroup(group).map(ShardInfo::voters).orElse(List.of());
    }

    @Override
    public String name(UUID group) {
      return groupName(group);
    }

    @Override
    public Admission admission() {
      return disk.admission();
    }

    @Override
    public String refusal() {
      return RespErrors.DISK_FULL;
    }
  }

  private final class NodeChoice implements ShardTraffic.Nodes {
    @Override
    public String nodeFor(UUID shard) {
      String leader = shards.leader(shard);
      return leader != null && links.isConnected(leader) ? leader : null;
    }

    @Override
    public void noAnswerFrom(String node, UUID shard) {
      shards.noAnswerFrom(node, shard);
    }

    @Override
    public String name(UUID shard) {
      return groupName(shard);
    }
  }

  /** The node as its connections see it. */
  private final class SessionHost implements Session.Host {
    @Override
    public SessionServices services() {
      return traffic.services();
    }

    @Override
    public boolean opened(Session session) {
      return sessions.add(session);
    }

    @Override
    public void linked(Session link) {
      sessions.linked(link);
    }

    @Override
    public void closed(Session session) {
      sessions.remove(session);
      linkCommands.closed(session.id());
    }
  }

  private ShardApplier applier(UUID group, CommandEngine engine) {
    Applier meaning = group.equals(MetadataGroup.GROUP) ? metadata : engine;
    return shards.applier(group, id -> meaning);
  }

  private boolean storesAreWritable() {
    if (raft == null) {
      return true;
    }
    boolean writable = true;
    for (Replica replica : raft.replicas()) {
      writable &= replica.storeIsWritable();
    }
    return writable;
  }

  /** All stores share the threads that compact: one compaction at a time is all there is. */
  private long storesOwnBytes() {
    long buffered = 0;
    long compaction = 0;
    for (Replica replica : raft == null ? List.<Replica>of() : raft.replicas()) {
      OwnWrites own = replica.withStore(ShardStore::ownWrites);
      if (own != null) {
        buffered += own.bufferedBytes();
        compaction = Math.max(compaction, own.compactionBytes());
      }
    }
    return buffered + compaction;
  }

  private FailStop failStop() {
    return (group, what, cause) -> {
      if (StartupException.isTrouble(cause)) { // which the line tells, and what to do about it
        LOG.error(TROUBLE, "replica stopped shard={}: {}", group, what, cause);
        LOG.debug("replica stopped shard={}", group, cause);
      } else {
        LOG.error("replica stopped shard={}: {}", group, what, cause);
      }
    };
  }

  private void stopByCommand() {
    new Thread(this::close, "raftkv-stop").start();
  }

  // ---- RunningServer ----

  @Override
  public String describe() {
    return "node "
        + config.node().id()
        + " on port "
        + respPort
        + ", raft port "
        + raftPort
        + config.listen().httpPort().stream()
            .mapToObj(port -> ", http port " + (http == null ? port : http.port()))
            .findFirst()
            .orElse("")
        + ", data in "
        + directory.path()
        + ", transport "
        + transport.name();
  }

  @Override
  public CompletionStage<Void> terminated() {
    return terminated;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    new StopSequence()
        .then("listeners", listeners, () -> listeners.close())
        .then("controller", controller, () -> controller.close())
        .then("sessions", sessions, () -> sessions.drain(STOP_SECONDS))
        .then("http server", http, () -> http.close())
        .then("watchdog", watchdog, watchdog::close)
        .then("timers", threads, threads::stopTimer)
        .then("links", links, () -> links.close())
        .then("replicas", raft, () -> raft.close())
        .then("pools", threads, () -> threads.stopPools(STOP_SECONDS))
        .then("event loops", transport, this::stopLoops)
        .then("stores", stores, () -> stores.close())
        .then("metrics", metrics, metrics::close)
        .then("directory", directory, directory::close);
    terminated.complete(null);
  }

  private void stopLoops() {
    transport
        .loops()
        .shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }
}
