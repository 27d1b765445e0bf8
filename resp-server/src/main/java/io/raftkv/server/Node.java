package io.raftkv.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.metrics.Metrics;
import io.raftkv.raft.FailStop;
import io.raftkv.raft.Member;
import io.raftkv.raft.RaftNode;
import io.raftkv.raft.RaftOptions;
import io.raftkv.raft.Replica;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.CommandEngine;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.dispatch.NodeProposal;
import io.raftkv.resp.dispatch.ProposalDelivery;
import io.raftkv.resp.dispatch.Routing;
import io.raftkv.resp.dispatch.Session;
import io.raftkv.resp.dispatch.ShardTraffic;
import io.raftkv.resp.link.LinkCommands;
import io.raftkv.resp.link.NodeLinks;
import io.raftkv.server.http.HttpServer;
import io.raftkv.shard.Applier;
import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.LeaderSuccession;
import io.raftkv.shard.PeerTransport;
import io.raftkv.shard.ReadBarrier;
import io.raftkv.shard.ShardApplier;
import io.raftkv.shard.ShardClient;
import io.raftkv.shard.ShardHost;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One running node: every part made and connected, started in order and stopped in the reverse
 * order.
 */
final class Node implements RunningServer {
  private static final Logger LOG = LoggerFactory.getLogger(Node.class);

  private static final long TICK_MILLIS = 5;
  private static final long DISK_CHECK_MILLIS = 250;
  private static final int READ_POOL_QUEUE = 65_536;
  private static final int MAX_BATCHES_IN_FLIGHT = 8;
  private static final int MAX_ENTRIES_IN_FLIGHT = 1;
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long BARRIER_RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long KEPT_ENTRIES = 1_000;
  private static final int ENTRY_OVERHEAD_BYTES = 1 << 16;
  private static final int STOP_SECONDS = 5;

  private final ServerConfig config;
  private final DataDirectory directory;
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private final Metrics metrics = new Metrics();
  private final Transport transport;
  private final StoreEnvironment stores;
  private final MetadataGroup metadata;
  private final SessionRegistry sessions;
  private final NodeLinks links;
  private final PeerMonitor peers;
  private final DiskGuard disk;
  private final ShardHost<NodeProposal> shards;
  private final ReadBarrier barrier;
  private final LeaderSuccession succession;
  private final RaftNode raft;
  private final ShardTraffic traffic;
  private final LinkCommands linkCommands;
  private final NodeView view;
  private final ClusterController controller;
  private final NodeHealth health = new NodeHealth(this);
  private final ThreadPoolExecutor appendPool;
  private final ThreadPoolExecutor readPool;
  private final ScheduledExecutorService timer;
  private final AtomicLong connectionIds = new AtomicLong();
  private final List<Channel> listeners = new ArrayList<>();
  private volatile Routing routing = new RoutingSnapshot(ClusterState.EMPTY);
  private final int raftPort;
  private volatile int respPort;
  private HttpServer http;
  private boolean closed;

  Node(ServerConfig config, DataDirectory directory) throws IOException {
    this.config = config;
    this.directory = directory;
    this.respPort = config.listen().port();
    boolean made = false;
    try {
      this.raftPort = config.listen().raftPort() == 0 ? freePort() : config.listen().raftPort();
      this.transport = Transport.open(config.clients().ioThreads());
      this.stores =
          new StoreEnvironment(
              new StoreOptions(
                  config.store().blockCache().bytes(),
                  config.store().rowCache().bytes(),
                  config.store().writeBuffer().bytes(),
                  StoreOptions.defaults().maxOpenFiles(),
                  StoreOptions.defaults().backgroundJobs()));
      this.metadata = new MetadataGroup(transport.loops().next());
      this.appendPool = pool("raftkv-append", 2, new LinkedBlockingQueue<>());
      int processors = Runtime.getRuntime().availableProcessors();
      this.readPool =
          pool("raftkv-read", Math.max(2, processors), new ArrayBlockingQueue<>(READ_POOL_QUEUE));
      this.timer = Executors.newScheduledThreadPool(2, daemons("raftkv-timer"));
      this.sessions = new SessionRegistry(config.clients().maxClients());
      String secret = clusterSecret(config);
      RespLimits linkLimits = linkLimits();
      this.links =
          new NodeLinks(
              config.node().id(),
              new Bootstrap()
                  .group(transport.loops())
                  .channel(transport.channel())
                  .option(ChannelOption.TCP_NODELAY, true)
                  .option(ChannelOption.SO_KEEPALIVE, true)
                  .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 1_000),
              linkLimits,
              this::respAddress,
              secret);
      this.peers =
          new PeerMonitor(
              config.node().id(),
              links,
              config.raft().clockSkewLimit().toMillis(),
              System::currentTimeMillis,
              System::nanoTime);
      this.disk =
          new DiskGuard(
              directory.path(),
              () -> Files.getFileStore(directory.path()).getUsableSpace(),
              config.store().minFreeDisk().bytes(),
              this::storesAreWritable);
      int maxEntry = maxEntryBytes();
      CommandTable[] table = new CommandTable[1];
      this.shards =
          new ShardHost<>(
              config.node().id(),
              new Surroundings(),
              links,
              appendPool,
              () ->
                  new EntryCodec.Header(
                      routing.version(),
                      peers.stampMillis(),
                      ThreadLocalRandom.current().nextLong()),
              new ShardClient.Limits(
                  MAX_BATCHES_IN_FLIGHT,
                  (int) config.requests().batchBytes().bytes(),
                  config.requests().batchCommands(),
                  config.requests().memory().bytes(),
                  config.requests().timeout().toNanos(),
                  RETRY_NANOS),
              metrics::batch,
              MAX_ENTRIES_IN_FLIGHT,
              maxEntry,
              new ProposalDelivery(),
              bytes -> new CommandEngine(table[0]).decode(bytes));
      this.barrier = new ReadBarrier(config.node().id(), this::replica, links, BARRIER_RETRY_NANOS);
      this.succession =
          new LeaderSuccession(
              config.node().id(), () -> raft().replicas(), this::replica, links, this::later);
      this.linkCommands = new LinkCommands(this::answer, secret);
      this.view = new NodeView(this);
      table[0] = Commands.table(view, linkCommands, this::stopByCommand, readPool);
      CommandEngine engine = new CommandEngine(table[0]);
      this.raft =
          new RaftNode(
              raftOptions(maxEntry),
              stores,
              MetadataGroup.GROUP,
              metadataMembers(),
              group -> applier(group, engine),
              this::groupName,
              failStop());
      this.traffic =
          new ShardTraffic(
              table[0],
              () -> routing,
              this::replica,
              shards,
              barrier,
              links,
              new NodeChoice(),
              readPool,
              transport.loops().next(),
              peers::stampMillis,
              config.requests().timeout().toNanos(),
              metrics,
              config.requests().consistency(),
              config.security().password().isPresent(),
              config.requests().maxValue().bytes(),
              linkLimits,
              config.clients().slowReaderTimeout());
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

  RaftNode raft() {
    return raft;
  }

  ShardHost<NodeProposal> shards() {
    return shards;
  }

  ReadBarrier barrier() {
    return barrier;
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

  NodeView view() {
    return view;
  }

  ScheduledExecutorService timer() {
    return timer;
  }

  ThreadPoolExecutor readPool() {
    return readPool;
  }

  /** False while writes are refused for want of it. */
  boolean hasDiskSpace() {
    return disk.readOnlyReason() == null;
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

  void start() throws IOException {
    metadata.cache().addListener((before, after) -> routing = new RoutingSnapshot(after));
    registerMeters();
    requireRaftPort();
    raft.start(); // which opens the metadata and brings its state to the listener
    timer.scheduleWithFixedDelay(
        new PeriodicTask("tick", this::tick), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    timer.scheduleWithFixedDelay(
        new PeriodicTask("disk check", disk::check), 0, DISK_CHECK_MILLIS, TimeUnit.MILLISECONDS);
    listen();
    controller.start();
    links.onGone(succession::nodeGone);
  }

  /** Ratis ends the process if it cannot have its port; better to say which one it is. */
  private void requireRaftPort() throws IOException {
    String host = config.listen().bind().get(0).host();
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(host, raftPort));
    } catch (IOException refused) {
      throw new IOException(
          "cannot listen on " + host + " raft-port " + raftPort + ": " + refused.getMessage(),
          refused);
    }
  }

  private void listen() throws IOException {
    RespLimits limits = clientLimits();
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(transport.loops())
            .channel(transport.serverChannel())
            .option(ChannelOption.SO_BACKLOG, 511)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, !config.clients().tcpKeepalive().isZero())
            .childOption(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(
                    (int) config.clients().outputBufferPause().bytes() / 2,
                    (int) config.clients().outputBufferPause().bytes()))
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accept(channel, limits);
                  }
                });
    int port = respPort;
    for (BindAddress address : config.listen().bind()) {
      try {
        Channel listener =
            bootstrap.bind(new InetSocketAddress(address.host(), port)).sync().channel();
        listeners.add(listener);
        port = ((InetSocketAddress) listener.localAddress()).getPort();
        respPort = port;
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", interrupted);
      } catch (Exception refused) {
        if (!address.optional()) {
          throw new IOException(
              "cannot listen on " + address + " port " + port + ": " + refused.getMessage(),
              refused);
        }
      }
    }
    if (config.listen().httpPort().isPresent()) {
      http =
          new HttpServer(
              transport.loops(),
              transport.serverChannel(),
              config.listen().bind().get(0).host(),
              config.listen().httpPort().getAsInt(),
              metrics.registry(),
              health);
    }
  }

  private void accept(Channel channel, RespLimits limits) {
    if (!sessions.mayOpen()) {
      sessions.refuse(channel);
      return;
    }
    RespDecoder decoder = new RespDecoder(limits);
    Session session =
        new Session(
            new Session.Host() {
              @Override
              public io.raftkv.resp.dispatch.SessionServices services() {
                return traffic.services();
              }

              @Override
              public void opened(Session opened) {
                sessions.add(opened);
              }

              @Override
              public void closed(Session gone) {
                sessions.remove(gone);
                linkCommands.closed(gone.id());
              }
            },
            connectionIds.incrementAndGet(),
            decoder);
    if (!config.clients().idleTimeout().isZero()) {
      channel
          .pipeline()
          .addLast(
              new io.netty.handler.timeout.ReadTimeoutHandler(
                  config.clients().idleTimeout().toMillis(), TimeUnit.MILLISECONDS));
    }
    channel.pipeline().addLast(decoder, session);
  }

  private void tick() {
    shards.tick();
    barrier.tick();
  }

  private void later(long millis, Runnable action) {
    try {
      timer.schedule(new PeriodicTask("succession", action::run), millis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException stopping) {
      LOG.debug("no candidature: this node stops", stopping);
    }
  }

  private void registerMeters() {
    metrics.connections(sessions::count);
    metrics.readBarrierRounds(barrier::rounds);
    metrics.forwards(links::forwards);
  }

  // ---- requests of other nodes ----

  private CompletionStage<byte[]> answer(PeerTransport.Kind kind, byte[] request) {
    return switch (kind) {
      case PROPOSE -> shards.propose(request);
      case TERMS -> CompletableFuture.completedFuture(barrier.answer(request));
      case LOG_END -> CompletableFuture.completedFuture(succession.answer(request));
      case READ -> traffic.answerRead(request);
      case CONTROL -> answerControl(ByteBuffer.wrap(request));
    };
  }

  private CompletionStage<byte[]> answerControl(ByteBuffer request) {
    byte kind = request.get();
    switch (kind) {
      case ControlRequests.HEARTBEAT -> {
        return CompletableFuture.completedFuture(
            ByteBuffer.allocate(Long.BYTES).putLong(System.currentTimeMillis()).array());
      }
      case ControlRequests.REPLICA_STATUS -> {
        UUID group = new UUID(request.getLong(), request.getLong());
        return CompletableFuture.supplyAsync(
            () -> {
              NodeStatus.ReplicaStatus status = view.localReplica(group);
              return status == null ? new byte[0] : ControlRequests.encode(status);
            },
            readPool);
      }
      default ->
          throw new IllegalArgumentException("control request " + kind + " of another version");
    }
  }

  /** Where another node takes commands: as it registered, else as the configuration says. */
  private InetSocketAddress respAddress(String nodeId) {
    return metadata
        .state()
        .node(nodeId)
        .map(node -> new InetSocketAddress(node.host(), node.respPort()))
        .or(
            () ->
                config
                    .cluster()
                    .member(nodeId)
                    .map(ClusterMember::respAddress)
                    .map(address -> new InetSocketAddress(address.host(), address.port())))
        .orElse(null);
  }

  private final class Surroundings implements ShardHost.Surroundings {
    @Override
    public Replica replica(UUID group) {
      return Node.this.replica(group);
    }

    @Override
    public List<String> members(UUID group) {
      if (group.equals(MetadataGroup.GROUP)) {
        return config.cluster().members().stream().map(ClusterMember::id).toList();
      }
      return metadata.state().shardOfGroup(group).map(ShardInfo::voters).orElse(List.of());
    }

    @Override
    public String name(UUID group) {
      return groupName(group);
    }

    @Override
    public String readOnlyReason() {
      return disk.readOnlyReason();
    }
  }

  private final class NodeChoice implements ShardTraffic.Nodes {
    @Override
    public String nodeFor(UUID shard) {
      String leader = shards.leader(shard);
      return leader != null && links.isConnected(leader) ? leader : null;
    }

    @Override
    public String name(UUID shard) {
      return groupName(shard);
    }
  }

  // ---- what the parts are made of ----

  private ShardApplier applier(UUID group, CommandEngine engine) {
    Applier meaning = group.equals(MetadataGroup.GROUP) ? metadata : engine;
    return shards.applier(group, id -> meaning);
  }

  /** Voters of the metadata group: five of five or more nodes, else three, else all. */
  private List<Member> metadataMembers() {
    List<ClusterMember> members =
        config.cluster().members().stream()
            .sorted(java.util.Comparator.comparing(ClusterMember::id))
            .toList();
    if (members.isEmpty()) {
      return List.of(new Member(config.node().id(), "127.0.0.1:" + raftPort, true));
    }
    int voters = members.size() >= 5 ? 5 : Math.min(members.size(), 3);
    List<Member> all = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      ClusterMember member = members.get(i);
      all.add(new Member(member.id(), member.raftAddress().toString(), i < voters));
    }
    return all;
  }

  private RaftOptions raftOptions(int maxEntry) {
    ServerConfig.Raft raftConfig = config.raft();
    return new RaftOptions(
        config.node().id(),
        config.listen().bind().get(0).host(),
        raftPort,
        directory.resolve("raft"),
        raftConfig.electionTimeoutMin(),
        raftConfig.electionTimeoutMax(),
        maxEntry,
        raftConfig.logSegment().bytes(),
        raftConfig.snapshotEntries(),
        raftConfig.snapshotLog().bytes(),
        Math.min(KEPT_ENTRIES, Math.max(1, raftConfig.snapshotEntries() / 10)));
  }

  /**
   * The largest command fits into an entry, and so does a full batch: an entry that were larger
   * would topple the leader. The limit of commands counts the bytes of their words; in the log each
   * word has a length of one byte, and one more for every 128 bytes at the most.
   */
  private int maxEntryBytes() {
    long command = config.requests().maxCommand().bytes();
    long lengths = RespLimits.DEFAULT.maxArrayLength() + command / 128;
    long batch = config.requests().batchBytes().bytes();
    return Math.toIntExact(Math.max(command + lengths, batch) + ENTRY_OVERHEAD_BYTES);
  }

  private RespLimits clientLimits() {
    return new RespLimits(
        (int) config.requests().maxValue().bytes(),
        RespLimits.DEFAULT.maxArrayLength(),
        RespLimits.DEFAULT.maxInlineBytes(),
        config.requests().maxCommand().bytes());
  }

  /** A link carries whole batches and their replies as one bulk. */
  private RespLimits linkLimits() {
    return new RespLimits(
        Integer.MAX_VALUE / 2,
        RespLimits.DEFAULT.maxArrayLength(),
        RespLimits.DEFAULT.maxInlineBytes(),
        Integer.MAX_VALUE);
  }

  private static String clusterSecret(ServerConfig config) {
    return config
        .security()
        .clusterSecret()
        .or(() -> config.security().password())
        .map(Secret::value)
        .orElse("");
  }

  private boolean storesAreWritable() {
    if (raft == null) {
      return true;
    }
    boolean writable = true;
    for (Replica replica : raft.replicas()) {
      Boolean one = replica.withStore(ShardStore::tryResume);
      writable &= one == null || one;
    }
    return writable;
  }

  private FailStop failStop() {
    return (group, what, cause) -> LOG.error("replica stopped shard={}: {}", group, what, cause);
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
    List<Step> steps = new ArrayList<>();
    add(steps, "listeners", listeners, () -> listeners.forEach(channel -> channel.close()));
    add(steps, "controller", controller, () -> controller.close());
    add(steps, "sessions", sessions, () -> sessions.drain(STOP_SECONDS));
    add(steps, "http server", http, () -> http.close());
    add(steps, "timers", timer, () -> timer.shutdownNow());
    add(steps, "links", links, () -> links.close());
    add(steps, "replicas", raft, () -> raft.close());
    add(steps, "pools", readPool, this::stopPools);
    add(steps, "event loops", transport, this::stopLoops);
    add(steps, "stores", stores, () -> stores.close());
    add(steps, "metrics", metrics, metrics::close);
    add(steps, "directory", directory, directory::close);
    for (Step step : steps) {
      try {
        step.action.run();
      } catch (Exception failed) {
        LOG.error("stopping the {} failed; going on", step.name, failed);
      }
    }
    terminated.complete(null);
  }

  private record Step(String name, PeriodicTask.Action action) {}

  /** A part that was not made before the start failed need not be stopped. */
  private static void add(List<Step> steps, String name, Object part, PeriodicTask.Action action) {
    if (part != null) {
      steps.add(new Step(name, action));
    }
  }

  private void stopLoops() {
    transport
        .loops()
        .shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(STOP_SECONDS, TimeUnit.SECONDS);
  }

  private void stopPools() throws InterruptedException {
    appendPool.shutdown();
    readPool.shutdown();
    boolean done =
        appendPool.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)
            && readPool.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
    if (!done) {
      LOG.warn("threads are still busy after {} s", STOP_SECONDS);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }

  private static ThreadPoolExecutor pool(
      String name, int threads, java.util.concurrent.BlockingQueue<Runnable> queue) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(threads, threads, 1, TimeUnit.MINUTES, queue, daemons(name));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  private static ThreadFactory daemons(String name) {
    AtomicLong number = new AtomicLong();
    return work -> {
      Thread thread = new Thread(work, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}
