package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.InitialPlacement;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaReply;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.meta.control.FailureDetector;
import io.raftkv.meta.control.LeaderSpreader;
import io.raftkv.meta.control.ShardReconciler;
import io.raftkv.metrics.ShardGauges;
import io.raftkv.raft.LeaderView;
import io.raftkv.raft.Member;
import io.raftkv.raft.Replica;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.PeriodicTask.Action;
import io.raftkv.storage.ExpirySweep;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.ShardStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes this node match the cluster's metadata, and the metadata match the nodes: forms the
 * cluster, registers this node, starts its replicas, moves leaderships to where they are wanted,
 * watches the other nodes, and has due keys swept. One thread, away from the path of requests; jobs
 * are driven by another one, for a replica that starts may keep this one for a while, and clients
 * of other shards wait for the next step of a job.
 */
final class ClusterController implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterController.class);

  private static final long STEP_MILLIS = 100;
  private static final long HEARTBEAT_MILLIS = 500;

  /** A node that was not heard of for three heartbeats is no one to hand a shard to. */
  private static final long HEARD_NANOS = TimeUnit.MILLISECONDS.toNanos(3 * HEARTBEAT_MILLIS);

  private static final long HEALTH_MILLIS = 250;
  private static final long STOP_MILLIS = 3_000;

  /** RocksDB tries every five seconds to get over a full disk. */
  private static final Duration STORE_RECOVERY = Duration.ofSeconds(15);

  private static final long SPREAD_LAG_ENTRIES = 1_000;
  private static final long REFUSED_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int SWEEP_LIMIT = 500;
  private static final long WAKE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Node node;
  private final String self;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread made = new Thread(work, "raftkv-control");
            made.setDaemon(true);
            return made;
          });
  private final ScheduledExecutorService jobThread =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread made = new Thread(work, "raftkv-jobs");
            made.setDaemon(true);
            return made;
          });
  private final AtomicBoolean jobsAreDue = new AtomicBoolean();

  /** Set when what is known here is not of the past only. */
  private volatile boolean mayDriveJobs;

  private final Watchdog.Watched watched;
  private final Set<UUID> sweeping = ConcurrentHashMap.newKeySet();
  private final Map<UUID, Long> wokenNanos = new HashMap<>();
  private final Set<String> shown = new HashSet<>();
  private final LeaderSpreader spreader =
      new LeaderSpreader(
          new LeaderSpreader.Settings(
              Duration.ofMillis(500),
              Duration.ofMillis(HandOvers.PATIENCE_MILLIS),
              Duration.ofSeconds(10),
              SPREAD_LAG_ENTRIES));
  private final MetadataCatchUp catchUp;
  private final ReplicaCleaner cleaner;
  private final JobDriver jobs;
  private final BalanceDriver balance;
  private final PeriodicTask jobStep = new PeriodicTask("job step", this::driveJobs);
  private final MetadataMembers members;
  private FailureDetector failures;
  private CompletableFuture<?> proposal = CompletableFuture.completedFuture(null);
  private volatile long notBeforeNanos = System.nanoTime();
  private volatile String lastTold;
  private final Map<UUID, String> failedStarts = new HashMap<>();
  private boolean announced;
  private boolean fromThePast = true;
  private List<ClusterMember> keptAddresses = List.of();

  ClusterController(Node node) {
    this.node = node;
    this.self = node.config().node().id();
    this.catchUp = new MetadataCatchUp(node);
    this.cleaner = new ReplicaCleaner(node);
    this.jobs = new JobDriver(node, this::driveJobsSoon);
    this.balance = new BalanceDriver(node);
    this.members = new MetadataMembers(node, this::driveJobsSoon);
    this.watched = node.watchdog().watch("the control thread", thread);
    node.watchdog().watch("the thread that drives jobs", jobThread);
  }

  void start() {
    PeriodicTask step = new PeriodicTask("control step", this::step);
    thread.scheduleWithFixedDelay(step, 0, STEP_MILLIS, TimeUnit.MILLISECONDS);
    jobThread.scheduleWithFixedDelay(jobStep, 0, STEP_MILLIS, TimeUnit.MILLISECONDS);
    node.metadata()
        .cache()
        .addListener(
            (before, after) -> {
              if (before.shards() != after.shards()) {
                soon(thread, step); // a new shard's clients may be waiting
                driveJobsSoon();
              }
            });
    schedule("heartbeat", this::beat, HEARTBEAT_MILLIS);
    schedule("health poll", node.health()::poll, HEALTH_MILLIS);
    scheduleAtDisk("look after a full disk", this::lookAfterFullDisk, HEALTH_MILLIS);
    scheduleAtDisk("expiry cycle", this::sweep, node.config().raft().expiryCycle().toMillis());
  }

  private void schedule(String what, Action action, long everyMillis) {
    thread.scheduleWithFixedDelay(
        new PeriodicTask(what, action), 0, everyMillis, TimeUnit.MILLISECONDS);
  }

  private void scheduleAtDisk(String what, Action action, long everyMillis) {
    schedule(what, () -> watched.<Exception>atDisk(action::run), everyMillis);
  }

  @Override
  public void close() throws InterruptedException {
    thread.shutdownNow();
    jobThread.shutdownNow();
    if (!thread.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS)
        || !jobThread.awaitTermination(STOP_MILLIS, TimeUnit.MILLISECONDS)) {
      LOG.warn("the control threads are still busy");
    }
  }

  private void step() throws Exception {
    ClusterState state = node.metadata().state();
    watched.atDisk(() -> node.raft().settle(MetadataGroup.GROUP));
    watched.atDisk(() -> catchUp.look(state));
    if (!state.isBootstrapped()) {
      if (node.founderStart().isPresent()) {
        FounderStart founder = node.founderStart().get();
        watched.<Exception>atDisk(founder::step);
      }
      formCluster();
      knock();
      return;
    }
    watched.atDisk(() -> node.directory().rememberClusterId(state.clusterId()));
    if (state.hasRemoved(self, node.memberSince())) {
      node.removedFromCluster(self);
      return;
    }
    watched.atDisk(() -> noteArrival(state));
    if (!node.directory().hasArrived() || knowsThePastOnly()) {
      return;
    }
    register(state);
    watched.atDisk(() -> keepAddresses(state));
    watched.atDisk(() -> startReplicas(state));
    watched.atDisk(() -> cleaner.look(state));
    watched.atDisk(() -> cleaner.dropCuts(state));
    wakeIdleLeaders(state);
    watched.atDisk(() -> showShards(state));
    judgeNodes(state);
    watched.atDisk(() -> spreadLeaders(state)); // Ratis holds its monitor while it writes a vote
    announce();
    mayDriveJobs = true;
  }

  /**
   * Notes that this node has the entry that admitted it. What it knows before is the past, in which
   * another node may have had its id, and replicas.
   */
  private void noteArrival(ClusterState state) throws StartupException {
    NodeInfo known = state.nodes().get(self);
    if (!node.directory().hasArrived()
        && known != null
        && known.memberSince() == node.memberSince()) {
      node.directory().rememberArrival(known.memberSince());
    }
  }

  /**
   * This process has begun with a metadata replica that was begun anew, and so did not start where
   * the process before it was: what it knows at first is the past, in which this node had other
   * replicas.
   */
  private boolean knowsThePastOnly() {
    Replica metadata = node.replica(MetadataGroup.GROUP);
    fromThePast = fromThePast && (metadata == null || metadata.isBehindItsBeginning());
    return fromThePast;
  }

  /**
   * Has what was applied on the disk when the nodes are others, or elsewhere. A process that is
   * killed begins with what is there, and whom it does not know it cannot ask: nobody could tell it
   * that it was removed meanwhile.
   */
  private void keepAddresses(ClusterState state) {
    List<ClusterMember> known = state.members().stream().map(MemberAddresses::member).toList();
    Replica metadata = node.replica(MetadataGroup.GROUP);
    if (!known.equals(keptAddresses)
        && metadata != null
        && node.hasDiskSpace()
        && metadata.withStore(store -> store.isWritable() ? store.flush() : null) != null) {
      keptAddresses = known;
    }
  }

  private ClusterState metadataState() {
    return node.metadata().state();
  }

  private boolean leadsMetadata() {
    Replica replica = node.replica(MetadataGroup.GROUP);
    LeaderView view = replica == null ? null : replica.view();
    return view != null && view.ready();
  }

  /** The metadata leader proposes the first state; whoever comes second changes nothing. */
  private void formCluster() {
    // One that has lost its metadata must not take what others have lost, too, for a beginning.
    boolean belongs = hasJoined() || node.directory().clusterId().isPresent();
    if (!leadsMetadata() || !mayPropose() || belongs) {
      return;
    }
    ServerConfig config = node.config();
    List<NodeSpec> nodes = new ArrayList<>();
    for (ClusterMember member : config.cluster().members()) {
      nodes.add(
          new NodeSpec(member.id(), member.host(), member.respPort(), member.raftPort(), 0, "", 0));
    }
    if (nodes.isEmpty()) {
      nodes.add(ownSpec(0));
    }
    List<String> ids = nodes.stream().map(NodeSpec::id).toList();
    String clusterId =
        node.newClusterId().isEmpty() ? UUID.randomUUID().toString() : node.newClusterId();
    List<ShardSpec> shards =
        InitialPlacement.plan(
            clusterId, ids, config.cluster().shards(), config.cluster().replicationFactor());
    List<String> voters =
        node.replica(MetadataGroup.GROUP).view().voters().stream().sorted().toList();
    LOG.info("forming cluster id={} nodes={} shards={}", clusterId, ids, shards.size());
    propose(new MetaCommand.Bootstrap(clusterId, nodes, shards, voters));
  }

  /**
   * A node that lost its data knows nothing, and the leader of an idle group may never notice
   * (Ratis repairs an empty log with the next entry, RATIS-2523): any entry helps, so it asks for
   * one.
   */
  private void knock() {
    Replica replica = node.replica(MetadataGroup.GROUP);
    if (!hasJoined() // who knows its address from the metadata only, and knocked when it joined
        && replica != null
        && replica.commitIndex() < 0
        && replica.leader() != null
        && !replica.leader().equals(self)
        && mayPropose()
        && mayWake(MetadataGroup.GROUP)) {
      propose(new MetaCommand.RegisterNode(ownSpec(node.view().startedAtMillis())));
    }
  }

  private boolean hasJoined() {
    return node.directory().joinedBy().isPresent();
  }

  /** The same for the shards: an entry that changes nothing brings the rest of the log with it. */
  private void wakeIdleLeaders(ClusterState state) {
    for (ShardInfo shard : state.shardsOn(self)) {
      UUID group = shard.groupId();
      Replica replica = node.replica(group);
      if (replica != null
          && replica.isAlive()
          && replica.commitIndex() < 0
          && node.shards().leader(group) != null
          && mayWake(group)) {
        node.traffic().sweep(group, 1, thread, reply -> LOG.debug("woke {}: {}", group, reply));
      }
    }
  }

  private boolean mayWake(UUID group) {
    long now = System.nanoTime();
    Long last = wokenNanos.putIfAbsent(group, now);
    if (last != null && now - last > WAKE_NANOS) {
      wokenNanos.put(group, now);
      return true;
    }
    return false; // a replica that has just started is given time to be served
  }

  private boolean mayPropose() {
    return proposal.isDone() && System.nanoTime() - notBeforeNanos >= 0;
  }

  private void propose(MetaCommand command) {
    proposal =
        node.metadata()
            .propose(node.shards().client(MetadataGroup.GROUP), command)
            .handle(
                (reply, failure) -> {
                  if (failure != null) {
                    // A leader that is missing for long is warned of by its replicas.
                    String what = "metadata change not done, trying again: " + failure.getMessage();
                    if (isNews(what)) {
                      LOG.info("{}", what);
                    }
                  } else if (reply.outcome() == MetaReply.Outcome.REFUSED) {
                    // It is in the log nevertheless: not ten of them per second.
                    notBeforeNanos = System.nanoTime() + REFUSED_PAUSE_NANOS;
                    if (isNews(reply.text())) {
                      LOG.warn("metadata change refused: {}", reply.text());
                    }
                  } else {
                    LOG.debug("metadata change {}: {}", command, reply);
                    lastTold = null;
                  }
                  return null;
                });
  }

  /** The same is not told again at every attempt. */
  private boolean isNews(String what) {
    boolean news = !what.equals(lastTold);
    lastTold = what;
    return news;
  }

  /** What this node says of itself. */
  NodeSpec ownSpec(long incarnation) {
    ClusterMember own = node.addresses().own(self, node.raftPort(), node.respPort());
    return new NodeSpec(
        self,
        own.host(),
        own.respPort(),
        own.raftPort(),
        node.httpPort(),
        Version.current(),
        incarnation);
  }

  private void register(ClusterState state) {
    NodeInfo known = state.nodes().get(self);
    if (known == null && hasJoined()) {
      return; // the metadata here is from before it joined, and does not know its address
    }
    long incarnation = node.view().startedAtMillis();
    if (mayPropose() && (known == null || known.incarnation() < incarnation)) {
      propose(new MetaCommand.RegisterNode(ownSpec(incarnation)));
    }
  }

  /**
   * One that has nothing on the disk is begun only by a state that is new enough. By an old one it
   * may be of a shard that has moved away, or is no more: a majority of such empty replicas would
   * elect a leader, and serve whoever still sends commands there.
   */
  private void startReplicas(ClusterState state) {
    Set<UUID> running = new HashSet<>();
    for (Replica replica : node.raft().replicas()) {
      if (replica.isAlive() && !replica.members().isEmpty()) {
        running.add(replica.group());
      }
    }
    for (ShardReconciler.Action action : ShardReconciler.diff(state, self, running)) {
      if (action instanceof ShardReconciler.StartReplica start) {
        if (node.raft().hasFailed(start.shard().groupId())) {
          continue; // it stopped for a reason, which is in the log; a person has to act
        }
        if (!catchUp.isReached() && !node.raft().hasFiles(start.shard().groupId())) {
          continue;
        }
        startReplica(start.shard());
      }
    }
  }

  /** Whether a state that is read now has all that was decided before this process began. */
  boolean hasCaughtUp() {
    return catchUp.isReached();
  }

  /** A node has done something for a job; from any thread. */
  void heardNews() {
    jobs.heardNews();
  }

  /**
   * Tells who drives jobs that something is done here which one may wait for: it looks often, but
   * only now and then. If that is lost nothing is.
   */
  void tellNews() {
    String driver = node.shards().leader(MetadataGroup.GROUP);
    if (driver != null) {
      FactsInquiry.call(node, driver, ControlRequests.news())
          .exceptionally(
              lost -> {
                LOG.debug("news not told to node={}", driver, lost);
                return null;
              });
    }
  }

  /** From any thread; one call waits for its turn at most. */
  private void driveJobsSoon() {
    if (jobsAreDue.compareAndSet(false, true)) {
      soon(
          jobThread,
          () -> {
            jobsAreDue.set(false); // first: what comes from now on is not seen by this step
            jobStep.run();
          });
    }
  }

  private static void soon(Executor on, Runnable task) {
    try {
      on.execute(task);
    } catch (RejectedExecutionException stopping) {
      LOG.debug("not done: the node stops", stopping);
    }
  }

  /** On the thread that drives jobs. */
  private void driveJobs() {
    if (!mayDriveJobs) {
      return;
    }
    ClusterState state = metadataState();
    if (leadsMetadata()) {
      members.step(state, this::isHeard);
      jobs.step(state);
      balance.step(state);
    } else {
      jobs.stop();
      balance.stop();
    }
  }

  /** See {@link BalanceDriver#report}; fails if this node does not lead the metadata group. */
  CompletionStage<BalanceReport> balance(int maxMoves) {
    return leadsMetadata()
        ? balance.report(maxMoves)
        : CompletableFuture.failedFuture(
            new IllegalStateException("this node does not lead the metadata group"));
  }

  /** One that does not start must not keep others from it, nor this node from the rest. */
  private void startReplica(ShardInfo shard) {
    String noRoom = node.raft().hasFiles(shard.groupId()) ? "" : node.noRoomInMemory(1);
    if (!noRoom.isEmpty()) {
      if (!noRoom.equals(failedStarts.put(shard.groupId(), noRoom))) {
        LOG.error("replica not started, trying again shard={}: {}", shard.id(), noRoom);
      }
      return;
    }
    try {
      node.raft().startReplica(shard.groupId(), members(shard));
      failedStarts.remove(shard.groupId());
      if (shard.state() == ShardState.CREATING) {
        tellNews();
      }
    } catch (IOException | RuntimeException failed) {
      if (!failed.toString().equals(failedStarts.put(shard.groupId(), failed.toString()))) {
        LOG.error("replica not started, trying again shard={}", shard.id(), failed);
      }
    }
  }

  private void lookAfterFullDisk() throws IOException {
    node.raft().stopWithoutVote();
    if (node.hasDiskSpace()) {
      node.raft().stopStuckStores(STORE_RECOVERY);
      node.raft().startAfterFullDisk();
    } else {
      node.raft().waitForSpace();
    }
  }

  private List<Member> members(ShardInfo shard) {
    return shard.replicas().stream()
        .map(replica -> node.addresses().member(replica.nodeId(), replica.isVoter()))
        .toList();
  }

  private void showShards(ClusterState state) {
    Set<String> here = new HashSet<>();
    here.add(MetadataGroup.NAME);
    showShard(MetadataGroup.NAME, MetadataGroup.GROUP);
    for (ShardInfo shard : state.shardsOn(self)) {
      here.add(shard.id());
      showShard(shard.id(), shard.groupId());
    }
    for (String gone : List.copyOf(shown)) {
      if (!here.contains(gone)) {
        node.metrics().removeShard(gone);
        shown.remove(gone);
      }
    }
  }

  /** Again at each step until its store has been there to say what it has to show. */
  private void showShard(String name, UUID group) {
    if (shown.contains(name) || node.replica(group) == null) {
      return;
    }
    ShardGauges gauges =
        new ShardGauges(
            () -> read(group, Replica::isLeader, false),
            () -> read(group, Replica::term, 0L),
            () -> read(group, Replica::commitIndex, 0L),
            () -> read(group, Replica::appliedIndex, 0L),
            () -> read(group, Replica::diskUsageBytes, 0L),
            () -> read(group, Replica::reads, 0L),
            () -> node.shards().commandsApplied(group),
            () -> read(group, replica -> replica.withStore(ShardStore::properties), Map.of()));
    if (node.metrics().addShard(name, gauges)) {
      shown.add(name);
    }
  }

  /** The fallback while there is no replica, or its store is away. */
  private <T> T read(UUID group, Function<Replica, T> reading, T otherwise) {
    Replica replica = node.replica(group);
    T value = replica == null ? null : reading.apply(replica);
    return value == null ? otherwise : value;
  }

  private void beat() {
    ClusterState state = node.metadata().state();
    List<String> ids =
        state.isBootstrapped()
            ? state.members().stream().map(NodeInfo::id).toList()
            : node.config().cluster().members().stream().map(ClusterMember::id).toList();
    node.peers().beat(ids);
    node.loads().sample(System.nanoTime());
  }

  /** The metadata leader alone judges; a new one begins without prejudice. */
  private void judgeNodes(ClusterState state) {
    if (!leadsMetadata()) {
      failures = null;
      return;
    }
    if (failures == null) {
      failures =
          new FailureDetector(
              new FailureDetector.Thresholds(
                  Duration.ofSeconds(3), Duration.ofSeconds(15), Duration.ofSeconds(1)),
              System.nanoTime());
    }
    if (mayPropose()) {
      failures.judge(state, heardMembers(state), System.nanoTime()).stream()
          .findFirst()
          .ifPresent(this::propose);
    }
  }

  /** One that joins can be relied on when it hears of what the cluster decides, not before. */
  private Map<String, Long> heardMembers(ClusterState state) {
    Map<String, Long> heard = new HashMap<>(node.peers().lastHeard());
    Replica metadata = node.replica(MetadataGroup.GROUP);
    if (metadata != null) {
      List<String> members = metadata.members();
      heard
          .keySet()
          .removeIf(
              id ->
                  !members.contains(id)
                      && state.node(id).filter(ClusterController::isJoining).isPresent());
    }
    return heard;
  }

  /** A node that has not heard of the metadata for long, or never has. */
  private static boolean isJoining(NodeInfo node) {
    return node.state() == NodeState.JOINING || node.state() == NodeState.OFFLINE;
  }

  private boolean isHeard(String nodeId) {
    Long heard = node.peers().lastHeard().get(nodeId);
    return heard != null && System.nanoTime() - heard <= HEARD_NANOS;
  }

  /** Each node gives away what it leads and another should. */
  private void spreadLeaders(ClusterState state) {
    Map<String, String> mine = new HashMap<>();
    for (ShardInfo shard : state.shardsOn(self)) {
      Replica replica = node.replica(shard.groupId());
      LeaderView view = replica == null ? null : replica.view();
      if (view != null && view.ready()) {
        mine.put(shard.id(), self);
      }
    }
    spreader
        .next(state, mine, (shard, to) -> lag(state, shard, to), System.nanoTime())
        .ifPresent(
            transfer -> {
              UUID group = transfer.groupId();
              node.handOvers()
                  .whyNot(group, transfer.to())
                  .thenAccept(why -> soon(thread, () -> handOver(transfer, why)));
            });
  }

  private void handOver(LeaderSpreader.Transfer transfer, String whyNot) {
    if (!whyNot.isEmpty()) {
      LOG.debug("{} not handed to {}: {}", transfer.shardId(), transfer.to(), whyNot);
      spreader.refused(transfer, System.nanoTime());
      return;
    }
    if (!spreader.isDue(transfer, metadataState(), System.nanoTime())) {
      LOG.debug("{} is not handed over any more", transfer.shardId());
      return;
    }
    LOG.info("handing over leadership shard={} to={}", transfer.shardId(), transfer.to());
    node.handOvers()
        .transfer(transfer.groupId(), transfer.to())
        .thenAccept(why -> LOG.debug("handed over shard={}: {}", transfer.shardId(), why));
  }

  /**
   * Empty for a follower that is silent or has not answered this leader yet: one that is cut off
   * may count as connected and online for seconds, and a hand-over to it keeps all writes waiting.
   */
  private OptionalLong lag(ClusterState state, String shardId, String to) {
    if (state.nodes().get(to).state() != NodeState.ONLINE || !isHeard(to)) {
      return OptionalLong.empty();
    }
    Replica replica = node.replica(state.shards().get(shardId).groupId());
    Long match = replica == null ? null : replica.followerMatchIndexes().get(to);
    return match == null || match < 0
        ? OptionalLong.empty()
        : OptionalLong.of(Math.max(0, replica.commitIndex() - match));
  }

  /** Whether this node is about to change who takes part in the metadata group, or does so. */
  boolean isChangingMetadataMembers() {
    return members.isBusy();
  }

  /** Whether another node would do as leader of a group that this node leads. */
  boolean mayLead(UUID group, String to) {
    ClusterState state = node.metadata().state();
    return state
        .shardOfGroup(group)
        .map(shard -> lag(state, shard.id(), to))
        .filter(lag -> lag.isPresent() && lag.getAsLong() <= SPREAD_LAG_ENTRIES)
        .isPresent();
  }

  private void announce() {
    if (!announced && node.health().ready().ready()) {
      announced = true;
      ClusterState state = node.metadata().state();
      LOG.info(
          "ready to accept connections: {}, {} shards, {} of them with a replica here",
          node.describe(),
          state.shards().size(),
          state.shardsOn(self).size());
    }
  }

  /** For the shards that this node leads: has keys and hash fields deleted that are due. */
  private void sweep() {
    long now = node.peers().stampMillis();
    RuntimeException failure = null;
    for (ShardInfo shard : node.metadata().state().shardsOn(self)) {
      try {
        sweepIfDue(shard.groupId(), now);
      } catch (RuntimeException failed) {
        failure = failed; // told when the others, which it must not hold up, had their turn
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void sweepIfDue(UUID group, long now) {
    Replica replica = node.replica(group);
    if (replica == null || !replica.isLeader() || sweeping.contains(group)) {
      return;
    }
    Boolean due =
        replica.withStore(
            store -> {
              try (ReadView view = store.readSnapshot()) {
                return ExpirySweep.anyDue(view, now);
              }
            });
    if (Boolean.TRUE.equals(due) && sweeping.add(group)) {
      sweep(group);
    }
  }

  /**
   * One entry deletes a bounded number, so that it delays others little; as long as there is more,
   * another one follows.
   */
  private void sweep(UUID group) {
    node.traffic()
        .sweep(
            group,
            SWEEP_LIMIT,
            thread,
            reply -> {
              if (reply instanceof Reply.Int handled && handled.value() >= SWEEP_LIMIT) {
                sweep(group);
              } else {
                sweeping.remove(group);
              }
            });
  }
}
