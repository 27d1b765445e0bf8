package io.raftkv.raft;

import io.raftkv.shard.PeerTransport;
import io.raftkv.shard.ShardApplier;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreEnvironment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachine;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.util.ProtoUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's Raft server: starts and stops replicas of groups. Thread-safe.
 *
 * <p>Groups that were here before are found and started with the server, from what their
 * directories hold; one that cannot be started is reported, and the others go on. The live stores
 * are beside the Raft directories, since Ratis replaces a whole snapshot directory when it installs
 * one.
 */
public final class RaftNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RaftNode.class);

  private static final String GROUPS = "groups";

  /** How long the end waits for what is being deleted. */
  private static final long FILE_WORK_SECONDS = 10;

  /** What replicas have to know of this node's cluster. Thread-safe; nothing blocks. */
  public interface Cluster {
    /**
     * Its id; empty while this node is of none. Leaders and candidates that do not have the same
     * one are refused from then on.
     */
    String id();

    /**
     * Whether a node is no member of any group any more, and never will be: it is not followed, and
     * gets no vote, whatever the log here says.
     */
    boolean isGone(String nodeId);

    /**
     * Whether this node had a replica of a group by the group's record, and has it no more. The
     * replica may still run, and believe that it is a member: who is removed is not told. Asked for
     * every read and every batch.
     */
    boolean hasLeft(UUID group);
  }

  private final RaftOptions options;
  private final StoreEnvironment environment;
  private final Function<UUID, ShardApplier> appliers;
  private final Function<UUID, String> names;
  private final FailStop failStop;
  private final Cluster cluster;
  private volatile RaftGroup first;
  private final RaftTransport.Factory transport;
  private final RaftServer server;
  private final LeaderAppends leaderAppends;
  private final CheckpointSender checkpointSender;
  private final CheckpointReceiver checkpointReceiver;
  private final LeaderRequests leaderRequests;
  private final RemovedReplicas removed;
  private final StoreCuts cuts;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();
  private final Map<UUID, HostedGroup> groups = new ConcurrentHashMap<>();

  /** Runs what takes as long as files are large. */
  private final ExecutorService files = Executors.newCachedThreadPool(RaftNode::daemon);

  /** Replicas that are being made of cuts. */
  private final Map<UUID, CompletableFuture<Void>> seeds = new ConcurrentHashMap<>();

  private volatile Consumer<UUID> cutListener = group -> {};

  /** Files of removed replicas that are being deleted, or could not be. */
  private final Map<UUID, CompletableFuture<Void>> deletions = new ConcurrentHashMap<>();

  /**
   * Builds the server; {@link #start} lets it speak.
   *
   * @param first a group that every start brings along: the metadata group
   * @param firstMembers its initial members; none if this node is to join it, by {@link
   *     #startJoining}, or does not know yet whether to {@link #begin} it: then only what is found
   *     of it is started
   * @param appliers what the entries of a group mean
   * @param names the name of a group for logs and errors
   * @param links carry entries and checkpoints to other nodes, which give them to their {@link
   *     #append} and {@link #takeCheckpoint}
   * @param appendPool where entries of leaders are handed to Ratis; may block
   * @param room how many bytes checkpoints that arrive may still take of the disk
   */
  public RaftNode(
      RaftOptions options,
      StoreEnvironment environment,
      UUID first,
      List<Member> firstMembers,
      Function<UUID, ShardApplier> appliers,
      Function<UUID, String> names,
      FailStop failStop,
      PeerTransport links,
      Executor appendPool,
      LongSupplier room,
      Cluster cluster)
      throws IOException {
    this.options = options;
    this.environment = environment;
    this.appliers = appliers;
    this.names = names;
    this.failStop = failStop;
    this.cluster = cluster;
    this.first = group(first, firstMembers);
    Files.createDirectories(groupsDirectory());
    Files.createDirectories(storesDirectory());
    RaftProperties properties = RaftSettings.of(options);
    // A server starts all groups that it finds, and fails if one fails: so it is to find none.
    RaftServerConfigKeys.setStorageDir(
        properties, List.of(options.directory().resolve("none").toFile()));
    this.checkpointSender =
        new CheckpointSender(links, options.migrationRate(), CheckpointSender.ANSWER_MILLIS);
    this.checkpointReceiver = new CheckpointReceiver(groups::get, room, files);
    Parameters parameters = RaftTransport.parameters(links, checkpointSender, cluster::id);
    GrpcConfigKeys.Server.setServicesCustomizer(
        parameters,
        (builder, types) ->
            listeningOnAll(builder, options)
                // One hand-over per message less: handlers pass entries on to the log's thread,
                // whose queue has room for all that one leader has under way unless values are
                // large.
                .directExecutor()
                .intercept(new LeaderGate(this::isOpen, this::mayVote, cluster, this::isOnDisk)));
    this.removed =
        new RemovedReplicas(
            options.directory().resolve("removing"), groupsDirectory(), storesDirectory());
    this.cuts = new StoreCuts(options.directory().resolve("cuts"), environment);
    this.server =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(options.nodeId()))
            .setOption(RaftStorage.StartupOption.RECOVER)
            .setProperties(properties)
            .setParameters(parameters)
            .setStateMachineRegistry(this::newStateMachine)
            .build();
    RaftServerConfigKeys.setStorageDir(properties, List.of(groupsDirectory().toFile()));
    this.transport = (RaftTransport.Factory) server.getFactory();
    this.leaderRequests = new LeaderRequests(server);
    this.leaderAppends =
        new LeaderAppends(server, this::isOpen, cluster, this::isOnDisk, appendPool);
  }

  /** Ratis' settings have room for one address; gRPC itself takes any number. */
  private static NettyServerBuilder listeningOnAll(NettyServerBuilder server, RaftOptions options) {
    options.bindHosts().stream()
        .skip(1) // which the settings name
        .forEach(host -> server.addListenAddress(new InetSocketAddress(host, options.port())));
    return server;
  }

  /**
   * Opens the port and starts the first group and all that are found on disk. A group that cannot
   * be started is reported as failed; that is no failure of this call.
   */
  public synchronized void start() throws IOException {
    removed.left().stream().map(RaftNode::groupOf).filter(Objects::nonNull).forEach(this::finish);
    cuts.clean();
    RaftMetaFiles.cleanBegun(groupsDirectory());
    for (Path directory : DurableFiles.list(groupsDirectory())) {
      String name = directory.getFileName().toString();
      if (name.endsWith(RaftMetaFiles.ANEW_SUFFIX)) {
        String id = name.substring(0, name.length() - RaftMetaFiles.ANEW_SUFFIX.length());
        finishAnew(UUID.fromString(id));
      }
    }
    server.start();
    if (!first.getPeers().isEmpty() || hasFiles(first.getGroupId().getUuid())) {
      startFound(hosted(first.getGroupId().getUuid()));
    }
    for (Path directory : DurableFiles.list(groupsDirectory())) {
      UUID group = groupOf(directory);
      if (group != null
          && !group.equals(first.getGroupId().getUuid())
          && !removed.isMarked(group)) {
        startFound(hosted(group));
      }
    }
  }

  /**
   * Starts the replicas again that have stopped since their log could not be written for want of
   * space; to be called when there is space. What they missed they get from the others.
   */
  public synchronized void startAfterFullDisk() throws IOException {
    for (HostedGroup group : groups.values()) {
      if (group.lacksSpace() && isKept(group)) {
        remove(group);
        group.forgive();
        startFound(group);
        if (!group.hasFailed()) {
          LOG.info("disk has space again, replica started shard={}", group.name());
        }
      }
    }
  }

  /**
   * Stops the replicas that could not write their vote for want of space; to be called often. They
   * are started again as others that lacked space.
   *
   * @see RaftMetaFiles
   */
  public synchronized void stopWithoutVote() throws IOException {
    for (HostedGroup group : groups.values()) {
      group.stopIfVoteIsLost();
    }
  }

  /**
   * Stops the replicas whose store still cannot write, though there has been space for a while; to
   * be called often while there is. They are started again as others that lacked space: with the
   * store opened anew, and what was in memory only replayed from the log.
   *
   * <p>RocksDB recovers from a full disk by itself, but was seen to stay as it was for good.
   *
   * @param patience for how long a store may stay so
   */
  public synchronized void stopStuckStores(Duration patience) {
    groups.values().forEach(group -> group.stopIfStuck(patience));
  }

  /** To be called while there is no space: patience with a store begins when there is. */
  public synchronized void waitForSpace() {
    groups.values().forEach(HostedGroup::waitForSpace);
  }

  /**
   * Begins the first group, of which {@link #start} has found nothing. One that cannot be started
   * is reported as failed.
   *
   * @param members who begins it, this node among them
   */
  public synchronized void begin(List<Member> members) {
    first = group(first.getGroupId().getUuid(), members);
    startFound(hosted(first.getGroupId().getUuid()));
  }

  /** A removal that was begun before the start; if it fails the replica stays away, and counts. */
  private void finish(UUID group) {
    try {
      removed.delete(group);
      LOG.info("replica removed, as was begun before the start shard={}", names.apply(group));
    } catch (IOException failed) {
      LOG.error("removed replica cannot be deleted shard={}", names.apply(group), failed);
      deletions.put(group, CompletableFuture.failedFuture(failed));
    }
  }

  private static UUID groupOf(Path directory) {
    String name = directory.getFileName().toString();
    if (name.endsWith(RaftMetaFiles.BEGUN_SUFFIX) || name.endsWith(RaftMetaFiles.ANEW_SUFFIX)) {
      return null;
    }
    try {
      return UUID.fromString(name);
    } catch (IllegalArgumentException other) {
      LOG.warn("not the directory of a group: {}", directory);
      return null;
    }
  }

  private HostedGroup hosted(UUID group) {
    return groups.computeIfAbsent(
        group,
        id ->
            new HostedGroup(
                id,
                () -> names.apply(id),
                groupsDirectory().resolve(id.toString()),
                storesDirectory().resolve(id.toString()),
                failStop));
  }

  private void startFound(HostedGroup group) {
    try {
      if (Files.exists(RaftMetaFiles.anew(group.directory()))) {
        finishAnew(group.id());
      }
      group.mendFiles();
      boolean begins =
          group.id().equals(first.getGroupId().getUuid())
              && RaftMetaFiles.leftAt(group.directory()) == RaftMetaFiles.NEVER_LEFT;
      add(begins ? first : group(group.id(), List.of()));
      if (group.replica().isMemberOfThePast()) {
        startAnew(group, group.replica().term(), RaftMetaFiles.leftAt(group.directory()));
      }
    } catch (IOException | RuntimeException fault) {
      group.cannotStart(fault);
    }
  }

  /** The last replica of a group on this node, which may have stopped; null if there is none. */
  public Replica replica(UUID group) {
    HostedGroup hosted = groups.get(group);
    return hosted == null ? null : hosted.replica();
  }

  /**
   * The groups that this node has something of: a replica, running or stopped, or its files, also
   * those that are being deleted.
   */
  public Set<UUID> groups() {
    Set<UUID> all = new HashSet<>(deletions.keySet());
    all.addAll(groups.keySet());
    return Set.copyOf(all);
  }

  public Collection<Replica> replicas() {
    return groups.values().stream().map(HostedGroup::replica).filter(Objects::nonNull).toList();
  }

  ReplicatedStateMachine machine(UUID group) {
    HostedGroup hosted = groups.get(group);
    return hosted == null ? null : hosted.machine();
  }

  /**
   * True if a replica has stopped itself since this node started; it stays stopped, but for {@link
   * #startAfterFullDisk}.
   */
  public boolean hasFailed(UUID group) {
    HostedGroup hosted = groups.get(group);
    return hosted != null && hosted.hasFailed();
  }

  /**
   * Starts a replica of a new group, of one that is here without knowing its members, or of one
   * that has stopped. Does nothing if it runs.
   */
  public synchronized void startReplica(UUID group, List<Member> members) throws IOException {
    finishRemoval(group);
    HostedGroup hosted = hosted(group);
    if (hosted.isOpen() && !hosted.replica().members().isEmpty()) {
      return;
    }
    // Without members after a crash before the first entry of the log: the directory has none.
    remove(hosted);
    hosted.mendFiles();
    add(group(group, members));
    hosted.forgive();
    LOG.info("replica started shard={} members={}", hosted.name(), members);
  }

  /**
   * Starts a replica of a group that is to become a member of it by {@link #changeMembers} on the
   * leader's node: empty, unless it was begun before. Until then it has no vote, and asks for none.
   * Does nothing if one runs.
   *
   * @param term the leader's: none of an earlier term is followed. One that was cut off, and does
   *     not know that this node was removed and its old replica deleted, would else take the new
   *     one for the old one, and what both have for a majority
   */
  public synchronized void startJoining(UUID group, long term) throws IOException {
    finishRemoval(group);
    HostedGroup hosted = hosted(group);
    if (hosted.isOpen()) {
      return;
    }
    remove(hosted);
    RaftMetaFiles.begin(hosted.directory(), term);
    hosted.mendFiles();
    add(group(group, List.of()));
    hosted.forgive();
    LOG.info("replica started, to be added shard={}", hosted.name());
  }

  /**
   * Starts a replica that is to become a voter, in place of one that is there from before its node
   * left the group: that may be a listener's, and Ratis has no safe way from a listener to a voter;
   * or be taken, by what its log says, for a member that it is no more. Does nothing if the replica
   * is from after that.
   *
   * <p>What the replica before has acknowledged and voted for counts no more. A majority without it
   * has all that was committed before it left. Who leads from then on has the entry by which it
   * left, and so did not need its vote; and is followed only in the term given, or a later one.
   *
   * @param leftAt index of an entry that is committed, from which on the group is without this
   *     node. It is kept with the replica: until that has got so far, its log speaks of the past,
   *     and should the node start again with it, it begins once more
   * @throws IOException also if the replica before has stopped: it has to be started first. If a
   *     replica was begun anew, and only its start failed, the same can be asked for again
   */
  public synchronized void startJoining(UUID group, long term, long leftAt) throws IOException {
    finishRemoval(group);
    HostedGroup hosted = hosted(group);
    Replica now = hosted.replica();
    if (!hosted.isOpen() && hasFiles(group)) {
      if (hosted.hasFailed() || RaftMetaFiles.leftAt(hosted.directory()) < leftAt) {
        throw new IOException("the replica before does not run");
      }
      startFound(hosted); // it was begun anew, and then did not start
    } else if (!hosted.isOpen() || Math.max(now.leftAt(), now.membersIndex()) < leftAt) {
      startAnew(hosted, term, leftAt);
    } else if (now.isFormerListener()) {
      remove(hosted);
      startFound(hosted);
    }
    if (!hosted.isOpen()) {
      throw new IOException("the replica of " + hosted.name() + " did not start");
    }
  }

  private void startAnew(HostedGroup hosted, long term, long leftAt) throws IOException {
    Replica before = hosted.replica();
    remove(hosted);
    if (before != null && before.membersIndex() >= leftAt) {
      startFound(hosted); // it has just heard
      return;
    }
    makeAnew(hosted.id(), term, leftAt);
    add(group(hosted.id(), List.of()));
    hosted.forgive();
    LOG.info("replica begun anew, to be added shard={}", hosted.name());
  }

  /**
   * What was begun so before, and cut off, is finished first: until then the rest is in its way.
   */
  private void makeAnew(UUID group, long term, long leftAt) throws IOException {
    Path directory = groupsDirectory().resolve(group.toString());
    if (Files.exists(RaftMetaFiles.anew(directory))) {
      finishAnew(group);
    }
    RaftMetaFiles.beginAnew(directory, term, leftAt);
    finishAnew(group);
  }

  /** Puts what {@link RaftMetaFiles#beginAnew} has made in the place of what was there. */
  private void finishAnew(UUID group) throws IOException {
    removed.deleteFiles(group);
    Path directory = groupsDirectory().resolve(group.toString());
    DurableFiles.move(RaftMetaFiles.anew(directory), directory);
  }

  /**
   * Makes the files of an empty replica as {@link #startJoining(UUID, long, long)} does, for {@link
   * #start} to find, instead of those that are there. For a replica that nobody has counted on yet:
   * what it has acknowledged is lost.
   *
   * @param leftAt as there
   */
  public synchronized void beginAnew(UUID group, long term, long leftAt) throws IOException {
    if (groups.containsKey(group)) {
      throw new IllegalStateException("group " + group + " is started");
    }
    makeAnew(group, term, leftAt);
  }

  /**
   * The groups that can begin here with what others give away, see {@link #seed}, and those others.
   * Never blocks.
   */
  public Map<UUID, Set<UUID>> cuts() {
    return cuts.sources();
  }

  /**
   * Has somebody told of each new cut, by the group that it is for. On a thread that applies
   * entries, which must not block.
   */
  public void onCut(Consumer<UUID> listener) {
    cutListener = listener;
  }

  /**
   * Makes the files of replicas of new groups from what other groups gave away, for {@link
   * #startReplica}, on a thread of its own. They do nothing that changes data before their group is
   * told what to keep of that. Does nothing about groups of which there are files: so it ends what
   * an earlier call, or process, has begun. Takes long if there are several sources. Never blocks.
   *
   * @param targets the new groups; the cuts are for the first one
   * @param sources the groups that gave it away, the same ones in the same order on all nodes; one
   *     if there are several targets
   * @param wanted asked now and then, and at the end; false if nobody wants it any more
   * @return completed when it is done; while it is under way, who asks again gets the same. Fails
   *     with an IOException if this node has not {@link #cuts a cut} of each, or cannot do it, and
   *     leaves the cuts as they are
   */
  public CompletableFuture<Void> seed(
      List<UUID> targets, List<UUID> sources, BooleanSupplier wanted) {
    if (targets.size() > 1 && sources.size() != 1) {
      throw new IllegalArgumentException("replicas of " + targets + " from " + sources);
    }
    UUID group = targets.get(0);
    CompletableFuture<Void> mine = new CompletableFuture<>();
    CompletableFuture<Void> underWay = seeds.putIfAbsent(group, mine);
    if (underWay != null) {
      return underWay;
    }
    try {
      files.execute(() -> seed(targets, sources, wanted, mine));
    } catch (RejectedExecutionException closing) {
      seeds.remove(group);
      mine.completeExceptionally(new IOException("the node stops", closing));
    }
    return mine;
  }

  /**
   * The first ones of the groups that replicas are being made of by {@link #seed}. Never blocks.
   */
  public Set<UUID> seeding() {
    return Set.copyOf(seeds.keySet());
  }

  private void seed(
      List<UUID> targets,
      List<UUID> sources,
      BooleanSupplier wanted,
      CompletableFuture<Void> done) {
    UUID group = targets.get(0);
    Throwable failure = new IOException("cut off");
    try {
      for (UUID other : targets.subList(1, targets.size())) {
        seed(other, () -> cuts.copy(group, sources.get(0), other), wanted);
      }
      seed(group, () -> cuts.prepare(group, sources, wanted), wanted); // it takes the cut with it
      cuts.drop(group); // also what an earlier attempt has left
      failure = null;
    } catch (IOException | RuntimeException failed) {
      failure = failed;
    } finally {
      seeds.remove(group); // first: who hears that it has failed may ask again
      if (failure == null) {
        done.complete(null);
      } else {
        done.completeExceptionally(failure);
      }
    }
  }

  /** Makes the directory of a replica, which is durable then. */
  private interface Preparation {
    Path prepare() throws IOException;
  }

  private void seed(UUID group, Preparation directory, BooleanSupplier wanted) throws IOException {
    try {
      takeOver(group, hasFiles(group) ? null : directory.prepare(), wanted);
    } finally {
      cuts.discard(group);
    }
  }

  /** By then the group may have been removed here, begun in another way, or given up. */
  private synchronized void takeOver(UUID group, Path prepared, BooleanSupplier wanted)
      throws IOException {
    finishRemoval(group);
    if (!hasFiles(group)) {
      if (prepared == null || !wanted.getAsBoolean()) {
        throw new IOException("no replica is wanted any more of group " + group);
      }
      cuts.takeOver(prepared, groupsDirectory().resolve(group.toString()));
      restore(hosted(group));
    } else {
      hosted(group);
    }
  }

  /** Does what its start would do first, while whoever waits for the replica goes on. */
  private static void restore(HostedGroup seeded) {
    try {
      CheckpointStorage.restore(RaftMetaFiles.checkpoints(seeded.directory()), seeded.store());
    } catch (IOException later) {
      LOG.debug("the start has to make the store shard={}", seeded.name(), later);
    }
  }

  /** Nobody begins a group with this any more. */
  public void dropCut(UUID group) throws IOException {
    cuts.drop(group);
  }

  /**
   * Stops this node's replica of a group, and leaves its files: from now on it acknowledges
   * nothing. {@link #resume} starts it again, as {@link #startReplica} does. Does nothing if none
   * runs.
   */
  public synchronized void suspend(UUID group) throws IOException {
    HostedGroup hosted = groups.get(group);
    if (hosted != null && hosted.isOpen() && isKept(hosted)) {
      remove(hosted);
      LOG.info("replica suspended shard={}", hosted.name());
    }
  }

  /** Starts a replica that was suspended; does nothing if it runs, or has failed. */
  public synchronized void resume(UUID group) {
    HostedGroup hosted = groups.get(group);
    if (hosted != null && !hosted.isOpen() && !hosted.hasFailed() && isKept(hosted)) {
      startFound(hosted);
      if (hosted.isOpen()) {
        LOG.info("replica resumed shard={}", hosted.name());
      }
    }
  }

  /**
   * Starts a replica anew that has become a listener since it was started. Ratis would take it for
   * a follower until then: it would miss the leader, stand for election, and end itself since it
   * has no vote. One that did is started again. Does nothing to any other, nor to one that has
   * failed; to be called now and then.
   */
  public synchronized void settle(UUID group) throws IOException {
    HostedGroup hosted = groups.get(group);
    if (hosted == null || hosted.replica() == null || hosted.hasFailed()) {
      return;
    }
    boolean ended = !hosted.isOpen();
    if ((ended || hosted.replica().isListenerTakenForFollower()) && isKept(hosted)) {
      remove(hosted);
      startFound(hosted);
      LOG.info(
          "replica started anew, {} shard={}",
          ended ? "it had ended itself" : "as a listener",
          hosted.name());
    }
  }

  /** Whether there are files of a replica of a group, running or not. */
  public boolean hasFiles(UUID group) {
    return hasFiles(options.directory(), group);
  }

  /**
   * The same before there is a server.
   *
   * @param replicas see {@link RaftOptions#directory}
   */
  public static boolean hasFiles(Path replicas, UUID group) {
    Path directory = replicas.resolve(GROUPS).resolve(group.toString());
    return Files.exists(directory) || Files.exists(RaftMetaFiles.anew(directory));
  }

  /** Whether this node's replica of a group runs. */
  public boolean runs(UUID group) {
    return isOpen(group);
  }

  /**
   * Ends this node's replica of a group for good, and deletes its files. For one that is no member
   * any more; a member's vote is needed, and what it has acknowledged would be lost. Does nothing
   * if there is none. Waits for neither: a replica takes up to a second to stop, and its files as
   * long as they are large, while other replicas are started and stopped.
   *
   * @param stopped called when no replica runs any more, before files go and before another one of
   *     the group can be started here; on another thread. Not if there is nothing of it, nor if the
   *     replica could not be stopped
   * @return when nothing is left; fails with an IOException if it could not be stopped or not all
   *     could be deleted: the rest is at the next call, the next start of a replica of the group,
   *     or that of the node
   * @throws IOException if it could not be marked
   */
  public synchronized CompletableFuture<Void> removeReplica(UUID group, Runnable stopped)
      throws IOException {
    if (group.equals(first.getGroupId().getUuid())) {
      throw new IllegalArgumentException("every start brings this group along: " + group);
    }
    if (isBeingDeleted(group)) {
      return deletions.get(group);
    }
    HostedGroup hosted = groups.get(group);
    if (hosted == null && !removed.isHere(group)) {
      deletions.remove(group);
      return CompletableFuture.completedFuture(null);
    }
    String name = names.apply(group);
    removed.mark(group, name);
    CompletableFuture<Void> deleted = new CompletableFuture<>();
    deletions.put(group, deleted); // first: it is never unknown that there are files
    files.execute(() -> delete(group, name, stopped, deleted));
    return deleted;
  }

  /** Without the lock: until this has ended nobody else starts or stops a replica of the group. */
  private void delete(UUID group, String name, Runnable stopped, CompletableFuture<Void> deleted) {
    try {
      HostedGroup hosted = groups.get(group);
      if (hosted != null) {
        stop(hosted);
        groups.remove(group);
      }
      stopped.run();
      removed.delete(group);
      LOG.info("replica removed shard={}", name);
      deletions.remove(group);
      deleted.complete(null);
    } catch (IOException | RuntimeException failed) {
      LOG.error("a removed replica is not gone altogether shard={}", name, failed);
      deleted.completeExceptionally(failed);
    } finally {
      // After an error, too: else it would be under way for ever. Does nothing if it has ended.
      deleted.completeExceptionally(new IOException("cut off"));
    }
  }

  /** Whether a replica is not one that is going, or is gone, for good. Under the lock. */
  private boolean isKept(HostedGroup hosted) {
    // Whoever deletes it forgets it first, and then that it is being deleted.
    return !isBeingDeleted(hosted.id())
        && groups.get(hosted.id()) == hosted
        && !removed.isMarked(hosted.id());
  }

  /** Whether the files of a removed replica are just going. */
  public boolean isBeingDeleted(UUID group) {
    CompletableFuture<Void> deletion = deletions.get(group);
    return deletion != null && !deletion.isDone();
  }

  private void finishRemoval(UUID group) throws IOException {
    if (isBeingDeleted(group)) {
      throw new IOException("the replica before is being deleted");
    }
    if (removed.isMarked(group)) {
      String name = names.apply(group);
      HostedGroup unstopped = groups.get(group);
      if (unstopped != null) {
        stop(unstopped);
        groups.remove(group);
      }
      removed.delete(group);
      deletions.remove(group);
      LOG.info("replica removed shard={}", name);
    }
  }

  private void add(RaftGroup group) throws IOException {
    HostedGroup hosted = hosted(group.getGroupId().getUuid());
    try {
      await(
          server.groupManagementAsync(
              GroupManagementRequest.newAdd(
                  clientId, server.getId(), callIds.incrementAndGet(), group, false)));
      hosted.replica().started();
    } catch (IOException fault) {
      discard(hosted);
      throw fault;
    }
  }

  /**
   * Takes a {@link PeerTransport.Kind#APPEND} message of a leader; the future is the answer to it.
   * Never blocks.
   */
  public CompletableFuture<byte[]> append(byte[] message) {
    return leaderAppends.append(message);
  }

  /**
   * Takes a {@link PeerTransport.Kind#CHECKPOINT} message of a leader; the future is the answer to
   * it. Never blocks.
   */
  public CompletableFuture<byte[]> takeCheckpoint(byte[] message) {
    return checkpointReceiver.take(message);
  }

  /** Bytes of checkpoints' files that this node has sent so far. */
  public long checkpointBytesSent() {
    return checkpointSender.sentBytes();
  }

  private boolean isOpen(UUID group) {
    HostedGroup hosted = groups.get(group);
    return hosted != null && hosted.isOpen();
  }

  /** One that is begun anew does not, until it knows who the members are now. */
  private boolean mayVote(UUID group) {
    HostedGroup hosted = groups.get(group);
    Replica replica = hosted == null ? null : hosted.replica();
    return replica != null && replica.membersIndex() >= replica.leftAt();
  }

  private boolean isOnDisk(AppendEntriesReplyProto answer) {
    HostedGroup hosted =
        groups.get(ProtoUtils.toRaftGroupId(answer.getServerReply().getRaftGroupId()).getUuid());
    return hosted != null && hosted.isOnDisk(answer);
  }

  /** Takes a replica out of the server, and leaves its files. */
  private void remove(HostedGroup group) throws IOException {
    group.keepVote(); // while there is somebody who knows it
    stop(group);
  }

  private void stop(HostedGroup group) throws IOException {
    RaftGroupId id = RaftGroupId.valueOf(group.id());
    for (RaftGroupId present : server.getGroupIds()) {
      if (present.equals(id)) {
        await(
            server.groupManagementAsync(
                GroupManagementRequest.newRemove(
                    clientId, server.getId(), callIds.incrementAndGet(), id, false, false)));
      }
    }
    discard(group);
  }

  private void discard(HostedGroup group) {
    RaftGroupMemberId closed = group.close();
    if (closed != null) {
      transport.forget(closed);
    }
    leaderAppends.forget(group.id());
  }

  /**
   * To whom a leader that is to leave hands over.
   *
   * @param ready the voters that would lead at once, see {@link #changeMembers}; those among them
   *     that are silent are passed over
   * @param wanted the one that it should be, unless it is behind others; empty for any
   */
  public record Heirs(Set<String> ready, String wanted) {
    public Heirs {
      ready = Set.copyOf(ready);
    }
  }

  /**
   * Changes the members of a group that this node leads, if they are the expected ones. One voter
   * may come or go at a time; one that comes has a replica on its node ({@link #startJoining}). The
   * group goes on meanwhile. If this node is to leave, it hands over first, and the next leader is
   * to be asked. Never blocks.
   *
   * @param timeoutMillis when it takes longer the outcome is {@link MemberChange#UNDER_WAY}: asked
   *     again for the same, it tells of the same change. A new member may need minutes
   * @return completes normally
   */
  public CompletableFuture<MemberChange> changeMembers(
      UUID group, List<Member> expected, List<Member> next, Heirs heirs, long timeoutMillis) {
    if (next.stream().noneMatch(Member::voter)) {
      throw new IllegalArgumentException("a group without voters: " + next);
    }
    HostedGroup hosted = groups.get(group);
    ReplicatedStateMachine machine = hosted == null || !hosted.isOpen() ? null : hosted.machine();
    if (machine == null || machine.division() == null) {
      return CompletableFuture.completedFuture(MemberChange.NOT_LEADER);
    }
    return new MemberChanges(hosted.replica(), machine.division(), leaderRequests)
        .change(expected, next, heirs, timeoutMillis);
  }

  /** Asks the leader of a group, which must be this node, to hand over to another voter. */
  public CompletableFuture<Boolean> transferLeadership(UUID group, String to, long timeoutMillis) {
    return leaderRequests.handOver(group, to, timeoutMillis);
  }

  /** Stops all replicas; applied state is flushed and snapshots are taken. */
  @Override
  public void close() throws IOException {
    try {
      cuts.close();
      checkpointSender.close();
      server.close();
      // Ratis does not wait for a replica that is closing already because it failed.
      for (HostedGroup group : groups.values()) {
        ReplicatedStateMachine machine = group.machine(); // whoever removes it takes it away
        if (machine != null) {
          machine.close();
        }
        group.tryToKeepVote();
      }
    } finally {
      endFileWork();
    }
  }

  /** What is not deleted in time is at the next start, which must not meet it. */
  private void endFileWork() {
    files.shutdown();
    try {
      if (!files.awaitTermination(FILE_WORK_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("files of removed replicas are left, to be deleted at the next start");
        files.shutdownNow();
      }
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "raftkv-files");
    thread.setDaemon(true);
    return thread;
  }

  private Path storesDirectory() {
    return options.directory().resolve("stores");
  }

  private Path groupsDirectory() {
    return options.directory().resolve(GROUPS);
  }

  private StateMachine newStateMachine(RaftGroupId groupId) {
    HostedGroup group = hosted(groupId.getUuid());
    Replica replica =
        new Replica(
            group.id(), group::name, transport, leftAt(group), () -> cluster.hasLeft(group.id()));
    ReplicatedStateMachine machine =
        new ReplicatedStateMachine(
            group.store(),
            environment,
            options.snapshotLogBytes(),
            appliers.apply(group.id()),
            this::cut,
            (name, what, cause) -> group.fail(what, cause),
            replica);
    replica.attach(machine);
    group.starting(replica, machine);
    return machine;
  }

  private void cut(UUID group, UUID source, ShardStore store) throws IOException {
    cuts.take(group, source, store);
    cutListener.accept(group);
  }

  private static long leftAt(HostedGroup group) {
    try {
      return RaftMetaFiles.leftAt(group.directory());
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private static RaftGroup group(UUID id, List<Member> members) {
    List<RaftPeer> peers = members.stream().map(Member::toPeer).toList();
    return RaftGroup.valueOf(RaftGroupId.valueOf(id), peers);
  }

  /** Without a limit: how long a start takes depends on the size of the log. */
  private static void await(CompletableFuture<RaftClientReply> future) throws IOException {
    try {
      RaftClientReply reply = future.get();
      if (!reply.isSuccess()) {
        throw new IOException("Ratis refused: " + reply.getException(), reply.getException());
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", interrupted);
    } catch (ExecutionException failed) {
      throw new IOException("Ratis did not do it", failed);
    }
  }
}
