package io.raftkv.raft;

import io.raftkv.shard.PeerTransport;
import io.raftkv.shard.ShardApplier;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StorageException;
import io.raftkv.storage.StoreEnvironment;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.server.storage.RaftStorageDirectory;
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

  /** What a store suffers from after so many times is not a disk that was full. */
  private static final int MAX_OPENED_ANEW = 5;

  private final RaftOptions options;
  private final StoreEnvironment environment;
  private final Function<UUID, ShardApplier> appliers;
  private final Function<UUID, String> names;
  private final FailStop failStop;
  private final RaftGroup first;
  private final RaftTransport.Factory transport;
  private final RaftServer server;
  private final LeaderAppends leaderAppends;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong callIds = new AtomicLong();
  private final Map<UUID, Replica> replicas = new ConcurrentHashMap<>();
  private final Map<UUID, ReplicatedStateMachine> machines = new ConcurrentHashMap<>();
  private final Set<UUID> failed = ConcurrentHashMap.newKeySet();

  /** Those of the failed that only lacked space on the disk. */
  private final Set<UUID> outOfSpace = ConcurrentHashMap.newKeySet();

  /** Since when, in nanoseconds, a store cannot write while there is space; guarded by this. */
  private final Map<UUID, Long> unwritableSince = new HashMap<>();

  /** How often a store was opened anew since it could not write; guarded by this. */
  private final Map<UUID, Integer> timesOpenedAnew = new HashMap<>();

  /**
   * Builds the server; {@link #start} lets it speak.
   *
   * @param first a group that every start brings along, with its initial members: the metadata
   *     group
   * @param appliers what the entries of a group mean
   * @param names the name of a group for logs and errors
   * @param links carry entries to other nodes, which give them to their {@link #append}
   * @param appendPool where entries of leaders are handed to Ratis; may block
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
      Executor appendPool)
      throws IOException {
    this.options = options;
    this.environment = environment;
    this.appliers = appliers;
    this.names = names;
    this.failStop = failStop;
    this.first = group(first, firstMembers);
    Files.createDirectories(groupsDirectory());
    Files.createDirectories(storesDirectory());
    RaftProperties properties = RaftSettings.of(options);
    // A server starts all groups that it finds, and fails if one fails: so it is to find none.
    RaftServerConfigKeys.setStorageDir(
        properties, List.of(options.directory().resolve("none").toFile()));
    Parameters parameters = RaftTransport.parameters(links);
    GrpcConfigKeys.Server.setServicesCustomizer(
        parameters,
        (builder, types) ->
            listeningOnAll(builder, options)
                // One hand-over per message less: handlers pass entries on to the log's thread,
                // whose queue has room for all that one leader has under way unless values are
                // large.
                .directExecutor()
                .intercept(new LeaderGate(this::isOpen, this::isOnDisk)));
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
    this.leaderAppends = new LeaderAppends(server, this::isOpen, this::isOnDisk, appendPool);
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
    server.start();
    startFound(first.getGroupId().getUuid());
    for (Path directory : DurableFiles.list(groupsDirectory())) {
      UUID group = groupOf(directory);
      if (group != null && !group.equals(first.getGroupId().getUuid())) {
        startFound(group);
      }
    }
  }

  /**
   * Starts the replicas again that have stopped since their log could not be written for want of
   * space; to be called when there is space. What they missed they get from the others.
   */
  public synchronized void startAfterFullDisk() throws IOException {
    for (UUID group : List.copyOf(outOfSpace)) {
      remove(group);
      outOfSpace.remove(group);
      unwritableSince.remove(group);
      failed.remove(group);
      startFound(group);
      if (!failed.contains(group)) {
        LOG.info("disk has space again, replica started shard={}", names.apply(group));
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
    for (UUID group : List.copyOf(machines.keySet())) {
      if (RaftMetaFiles.isVoteLost(logDirectory(group))
          && machines.get(group).division() != null
          && failed.add(group)) {
        stoppedForSpace(group, "cannot write its vote", null);
        tryToKeepVote(group);
      }
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
    long now = System.nanoTime();
    for (Map.Entry<UUID, ReplicatedStateMachine> one : machines.entrySet()) {
      UUID group = one.getKey();
      if (Boolean.FALSE.equals(one.getValue().withStore(ShardStore::isWritable))) {
        Long since = unwritableSince.putIfAbsent(group, now);
        if (since != null
            && now - since >= patience.toNanos()
            && timesOpenedAnew.getOrDefault(group, 0) < MAX_OPENED_ANEW
            && failed.add(group)) {
          timesOpenedAnew.merge(group, 1, Integer::sum);
          outOfSpace.add(group);
          failStop.replicaFailed(
              names.apply(group),
              "its store does not write again, though there is space; it is opened anew",
              null);
        }
      } else {
        unwritableSince.remove(group);
      }
    }
  }

  /** To be called while there is no space: patience with a store begins when there is. */
  public synchronized void waitForSpace() {
    unwritableSince.clear();
  }

  /** There may be space for so little, now that the file before it is gone. */
  private void tryToKeepVote(UUID group) {
    try {
      keepVote(group);
    } catch (IOException stillFull) {
      LOG.error(
          "the vote of shard={} is in memory only: until there is space, do not end this process",
          names.apply(group),
          stillFull);
    }
  }

  /** Restores what Ratis could not write; does nothing to a replica whose vote is on disk. */
  private void keepVote(UUID group) throws IOException {
    ReplicatedStateMachine machine = machines.get(group);
    if (machine != null
        && machine.division() != null
        && RaftMetaFiles.isVoteLost(logDirectory(group))) {
      machine.division().close();
      RaftMetaFiles.restoreVote(
          logDirectory(group), machine.division().getRaftStorage().getMetadataFile().getMetadata());
      LOG.info("vote restored shard={}", names.apply(group));
    }
  }

  private static UUID groupOf(Path directory) {
    try {
      return UUID.fromString(directory.getFileName().toString());
    } catch (IllegalArgumentException other) {
      LOG.warn("not the directory of a group: {}", directory);
      return null;
    }
  }

  private void startFound(UUID group) {
    try {
      mendFiles(group);
      add(group.equals(first.getGroupId().getUuid()) ? first : group(group, List.of()));
    } catch (IOException | RuntimeException fault) {
      fail(group, "cannot start: " + reason(group, fault), fault);
    }
  }

  /** Names the file that is to blame, as far as it can be told. */
  private String reason(UUID group, Exception fault) {
    Throwable root = fault;
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      root = cause;
      if (cause instanceof StorageException) {
        return cause.getMessage();
      }
    }
    try {
      String damage = RaftLogFiles.damage(logDirectory(group));
      return damage == null ? root.toString() : damage;
    } catch (IOException unreadable) {
      return logDirectory(group) + " cannot be read: " + unreadable;
    }
  }

  private void fail(UUID group, String what, Throwable cause) {
    if (!failed.add(group)) {
      return;
    }
    if (isOutOfSpace(cause)) {
      stoppedForSpace(group, what, cause);
    } else if (isOutOfMemory(cause)) {
      // Nothing is wrong with its files, and most likely other replicas failed in the same way.
      failStop.replicaFailed(
          names.apply(group),
          what + ": out of memory; start the node again, with a larger heap (-Xmx)",
          cause);
    } else {
      String rebuild =
          "%s. To have this replica rebuilt from the others, stop the node, remove %s and %s, and start it;"
              .concat(" first read 'Rebuilding a replica' in docs/operations.md")
              .formatted(
                  what,
                  groupsDirectory().resolve(group.toString()),
                  storesDirectory().resolve(group.toString()));
      failStop.replicaFailed(names.apply(group), rebuild, cause);
    }
  }

  private void stoppedForSpace(UUID group, String what, Throwable cause) {
    outOfSpace.add(group);
    failStop.replicaFailed(
        names.apply(group),
        what + ": the disk is full; it is started again when there is space",
        cause);
  }

  private static boolean isOutOfMemory(Throwable fault) {
    Throwable cause = fault;
    while (cause != null && !(cause instanceof OutOfMemoryError)) {
      cause = cause.getCause();
    }
    return cause != null;
  }

  private static boolean isOutOfSpace(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (String.valueOf(cause.getMessage()).contains("No space left on device")) {
        return true;
      }
    }
    return false;
  }

  /** The replica of a group on this node, or null. */
  public Replica replica(UUID group) {
    return replicas.get(group);
  }

  public Collection<Replica> replicas() {
    return replicas.values();
  }

  ReplicatedStateMachine machine(UUID group) {
    return machines.get(group);
  }

  /**
   * True if a replica has stopped itself since this node started; it stays stopped, but for {@link
   * #startAfterFullDisk}.
   */
  public boolean hasFailed(UUID group) {
    return failed.contains(group);
  }

  /**
   * Starts a replica of a new group, of one that is here without knowing its members, or of one
   * that has stopped. Does nothing if it runs.
   */
  public synchronized void startReplica(UUID group, List<Member> members) throws IOException {
    Replica present = replicas.get(group);
    if (present != null && present.isAlive() && !present.members().isEmpty()) {
      return;
    }
    // Without members after a crash before the first entry of the log: the directory has none.
    remove(group);
    mendFiles(group);
    add(group(group, members));
    failed.remove(group);
    LOG.info("replica started shard={} members={}", names.apply(group), members);
  }

  /** What a crash or a full disk leaves behind, and Ratis would take for damage. */
  private void mendFiles(UUID group) throws IOException {
    RaftLogFiles.cutTornEntry(logDirectory(group));
    RaftMetaFiles.forgetLostMembers(logDirectory(group));
  }

  private void add(RaftGroup group) throws IOException {
    try {
      await(
          server.groupManagementAsync(
              GroupManagementRequest.newAdd(
                  clientId, server.getId(), callIds.incrementAndGet(), group, false)));
      replicas.get(group.getGroupId().getUuid()).started();
    } catch (IOException fault) {
      discard(group.getGroupId().getUuid());
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

  private boolean isOpen(UUID group) {
    Replica replica = replicas.get(group);
    return replica != null && replica.isAlive();
  }

  /**
   * Ratis answers at once for an entry that it has been sent before, though the first copy may
   * still be on its way to the disk.
   */
  private boolean isOnDisk(AppendEntriesReplyProto answer) {
    if (answer.getResult() != AppendResult.SUCCESS || answer.getIsHearbeat()) {
      return true;
    }
    UUID group = ProtoUtils.toRaftGroupId(answer.getServerReply().getRaftGroupId()).getUuid();
    ReplicatedStateMachine machine = machines.get(group);
    return machine != null
        && machine.division() != null
        && answer.getMatchIndex() <= machine.division().getRaftLog().getFlushIndex();
  }

  /** Takes a replica out of the server, and leaves its files. */
  private void remove(UUID group) throws IOException {
    keepVote(group); // while there is somebody who knows it
    RaftGroupId id = RaftGroupId.valueOf(group);
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

  /** Ratis forgets a group that it could not start, with its files locked and its store open. */
  private void discard(UUID group) throws IOException {
    ReplicatedStateMachine machine = machines.remove(group);
    if (machine != null) {
      if (machine.division() != null) {
        machine.division().close();
        transport.forget(machine.division().getMemberId());
      }
      machine.close();
    }
    leaderAppends.forget(group);
  }

  /** Asks the leader of a group, which must be this node, to hand over to another voter. */
  public CompletableFuture<Boolean> transferLeadership(UUID group, String to, long timeoutMillis) {
    TransferLeadershipRequest request =
        new TransferLeadershipRequest(
            clientId,
            server.getId(),
            RaftGroupId.valueOf(group),
            callIds.incrementAndGet(),
            RaftPeerId.valueOf(to),
            timeoutMillis);
    try {
      return server
          .transferLeadershipAsync(request)
          .handle((reply, failure) -> reply != null && reply.isSuccess());
    } catch (IOException refused) {
      LOG.debug("transfer of shard={} to peer={} refused", names.apply(group), to, refused);
      return CompletableFuture.completedFuture(false);
    }
  }

  /** Stops all replicas; applied state is flushed and snapshots are taken. */
  @Override
  public void close() throws IOException {
    server.close();
    // Ratis does not wait for a replica that is closing already because it failed.
    machines.values().forEach(ReplicatedStateMachine::close);
    machines.keySet().forEach(this::tryToKeepVote);
  }

  private Path storesDirectory() {
    return options.directory().resolve("stores");
  }

  private Path groupsDirectory() {
    return options.directory().resolve("groups");
  }

  private Path logDirectory(UUID group) {
    return groupsDirectory()
        .resolve(group.toString())
        .resolve(RaftStorageDirectory.CURRENT_DIR_NAME);
  }

  private StateMachine newStateMachine(RaftGroupId groupId) {
    UUID group = groupId.getUuid();
    Replica replica = new Replica(group, () -> names.apply(group), transport);
    ReplicatedStateMachine machine =
        new ReplicatedStateMachine(
            storesDirectory().resolve(group.toString()),
            environment,
            options.snapshotLogBytes(),
            appliers.apply(group),
            (name, what, cause) -> fail(group, what, cause),
            replica);
    replica.attach(machine);
    machines.put(group, machine);
    replicas.put(group, replica);
    return machine;
  }

  private static RaftGroup group(UUID id, List<Member> members) {
    List<RaftPeer> peers =
        members.stream()
            .map(
                member ->
                    RaftPeer.newBuilder()
                        .setId(member.nodeId())
                        .setAddress(member.address())
                        .setStartupRole(
                            member.voter() ? RaftPeerRole.FOLLOWER : RaftPeerRole.LISTENER)
                        .build())
            .toList();
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
