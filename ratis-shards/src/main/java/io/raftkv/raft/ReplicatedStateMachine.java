package io.raftkv.raft;

import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.ShardApplier;
import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.SlotOwnership;
import io.raftkv.storage.StorageException;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StorePosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.StampedLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.util.LifeCycle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shard's store as Ratis drives it: entries in, checkpoints out.
 *
 * <p>The Raft log is the store's write-ahead log. The store keeps the index it has applied, flushes
 * before a snapshot index is told to Ratis, which purges the log by it, and skips what a replay
 * brings again. Once an entry could not be applied, no later one is, until the store is opened
 * anew.
 */
final class ReplicatedStateMachine extends BaseStateMachine {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicatedStateMachine.class);
  private static final long SPACE_RETRY_MILLIS = 100;
  private static final long SNAPSHOT_TIMEOUT_MILLIS = TimeUnit.MINUTES.toMillis(1);
  private static final long SNAPSHOT_RETRY_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** For so long a follower that needs a checkpoint has time to receive one. */
  private static final long COPY_NANOS = TimeUnit.MINUTES.toNanos(10);

  /** Takes cuts of the store: see {@link StoreCuts#take}. */
  @FunctionalInterface
  interface Cutter {
    void take(UUID group, UUID source, ShardStore store) throws IOException;
  }

  private final Path live;
  private final StoreEnvironment environment;
  private final long snapshotLogBytes;
  private final ShardApplier applier;
  private final Cutter cuts;
  private final FailStop failStop;
  private final Replica replica;
  private final CheckpointStorage checkpoints = new CheckpointStorage();
  private volatile CheckpointArrivals arrivals;
  private final ClientId clientId = ClientId.randomId();
  private final AtomicLong snapshotCalls = new AtomicLong();

  /** Held for reading by whoever uses the store, for writing by whoever replaces it. */
  private final StampedLock storeLock = new StampedLock();

  private volatile RaftServer.Division division;
  private volatile ShardStore store;

  /** Nobody may begin to use the store: it is about to be replaced or closed, or has failed. */
  private volatile boolean away = true;

  private volatile long configurationTerm;

  /** The last entry that says who the members are, since this was started. */
  private volatile LogEntryProto members;

  private volatile long readyTerm;

  /** It was told that there is no leader. */
  private final AtomicBoolean leaderless = new AtomicBoolean();

  /** Last entry that Ratis has handed over, of the apply thread. */
  private long handedOver = -1;

  /** Epoch of the store's slots after the last entry, of the apply thread. */
  private long slotsEpoch;

  /** Since when slots have been about to go, as far as this knows; null if none are. */
  private volatile Long fencedNanos;

  /** Bytes of the entries applied since the last snapshot, of the apply thread. */
  private long bytesSinceSnapshot;

  /** The snapshot of this index has nothing that was deleted before it; of the space thread. */
  private long spaceGivenBack = -1;

  private long spaceGivenBackNanos = System.nanoTime() - COPY_NANOS;

  private final AtomicBoolean snapshotRequested = new AtomicBoolean();
  private boolean snapshotFailed;
  private long snapshotFailedNanos;

  ReplicatedStateMachine(
      Path live,
      StoreEnvironment environment,
      long snapshotLogBytes,
      ShardApplier applier,
      Cutter cuts,
      FailStop failStop,
      Replica replica) {
    this.live = live;
    this.environment = environment;
    this.snapshotLogBytes = snapshotLogBytes;
    this.applier = applier;
    this.cuts = cuts;
    this.failStop = failStop;
    this.replica = replica;
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId groupId, RaftStorage storage)
      throws IOException {
    getLifeCycle()
        .startAndTransition(
            () -> {
              super.initialize(server, groupId, storage);
              division = server.getDivision(groupId);
              checkpoints.init(storage);
              CheckpointStorage.cleanUp(live);
              openStore();
              arrivals =
                  new CheckpointArrivals(
                      checkpoints.arrivingDirectory(), checkpoints::latestDirectory);
              arrivals.dropUpTo(checkpoints.latestIndex());
            },
            IOException.class);
    replica.opened(store.appliedIndex());
  }

  private void openStore() throws IOException {
    long checkpoint = checkpoints.latestIndex();
    if (!Files.exists(live) && checkpoint >= 0) {
      checkpoints.restoreTo(live);
    }
    store = ShardStore.open(live, environment);
    if (store.appliedIndex() < checkpoint) {
      // A crash between the arrival of a snapshot and its installation.
      store.close();
      checkpoints.restoreTo(live);
      store = ShardStore.open(live, environment);
    }
    handedOver = checkpoint;
    slotsEpoch = store.ownership().epoch();
    fencedNanos = fencedSince(store.ownership());
    bytesSinceSnapshot = 0;
    setLastAppliedTermIndex(TermIndex.valueOf(store.appliedTerm(), store.appliedIndex()));
    applier.applier().opened(store);
    away = false;
  }

  /** The shard's name, for logs. */
  String name() {
    return replica.name();
  }

  /** What this replica receives of a checkpoint, once it has started. */
  CheckpointArrivals arrivals() {
    return arrivals;
  }

  /** The division that this is the state machine of, null before Ratis starts it. */
  RaftServer.Division division() {
    return division;
  }

  /** Runs with the store open, or returns null at once while it is being replaced or closed. */
  <T> T withStore(Function<ShardStore, T> use) {
    if (away) {
      return null; // else readers could keep the one who waits for them to end waiting for ever
    }
    long stamp = storeLock.tryReadLock();
    if (stamp == 0) {
      return null;
    }
    try {
      ShardStore current = store;
      return current == null ? null : use.apply(current);
    } finally {
      storeLock.unlockRead(stamp);
    }
  }

  /** Bytes of the log, the store and the snapshots; 0 before Ratis has started it. */
  long diskUsageBytes() throws IOException {
    RaftServer.Division known = division;
    return known == null
        ? 0
        : DiskUsage.of(live, known.getRaftStorage().getStorageDir().getRoot().toPath());
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return checkpoints;
  }

  // ---- apply ----

  @Override
  public TransactionContext preAppendTransaction(TransactionContext transaction) {
    replica.appending(transaction.getClientRequest().getCallId());
    return transaction;
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    LogEntryProto entry = transaction.getLogEntry();
    TermIndex at = TermIndex.valueOf(entry);
    if (!advance(at, () -> applyEntry(at, entry), this::applied)) {
      return CompletableFuture.failedFuture(new IOException("not applied here: " + at));
    }
    bytesSinceSnapshot += entry.getStateMachineLogEntry().getLogData().size();
    if (bytesSinceSnapshot >= snapshotLogBytes && !replica.holdsCheckpoint()) {
      requestSnapshot();
    }
    return CompletableFuture.completedFuture(Message.EMPTY);
  }

  /** The entry is in the store, and nothing is that follows it. */
  private void applied() {
    withStore(
        open -> {
          SlotOwnership slots = open.ownership();
          if (slots.epoch() != slotsEpoch) {
            slotsEpoch = slots.epoch();
            fencedNanos = fencedSince(slots);
            if (slots.fence() != null) {
              replica.tellCommit(); // first: clients wait until the followers are cut, too
              cut(slots.fence().target(), open);
            }
          }
          return null;
        });
    applier.publish();
  }

  private static Long fencedSince(SlotOwnership slots) {
    return slots.fence() == null ? null : System.nanoTime();
  }

  long fenceMillis() {
    Long since = fencedNanos;
    return since == null ? 0 : TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
  }

  /** A replica that cannot cut its store is none of those with which the new group begins. */
  private void cut(UUID group, ShardStore open) {
    try {
      cuts.take(group, getGroupId().getUuid(), open);
      LOG.info(
          "store cut shard={} index={} for group={}", replica.name(), open.appliedIndex(), group);
    } catch (IOException | StorageException failed) {
      LOG.warn("store not cut shard={} for group={}", replica.name(), group, failed);
    }
  }

  /** Ratis itself counts entries only. It then calls {@link #takeSnapshot} on this thread. */
  private CompletableFuture<?> requestSnapshot() {
    if (!snapshotRequested.compareAndSet(false, true)) {
      return CompletableFuture.completedFuture(null);
    }
    SnapshotManagementRequest request =
        SnapshotManagementRequest.newCreate(
            clientId,
            division.getId(),
            getGroupId(),
            snapshotCalls.incrementAndGet(),
            SNAPSHOT_TIMEOUT_MILLIS,
            1);
    return division
        .getRaftServer()
        .snapshotManagementAsync(request)
        .whenComplete((reply, failure) -> snapshotRequested.set(false));
  }

  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    TermIndex at = TermIndex.valueOf(term, index);
    advance(at, () -> tryToApply(at, () -> store.skipTo(term, index)), () -> {});
  }

  /**
   * Applies the next entry, unless a replay brings one that the store has. Returns false if the
   * entry is not in the store afterwards: Ratis then discards what it has handed over since the
   * store was closed, and continues from a snapshot's index.
   *
   * @param applied what to do when it was applied now, and not before
   */
  private boolean advance(TermIndex at, BooleanSupplier apply, Runnable applied) {
    handedOver = at.getIndex();
    long stamp = storeLock.readLock();
    try {
      if (away || store == null) {
        return false;
      }
      if (at.getIndex() <= store.appliedIndex()) {
        return true;
      }
      if (!apply.getAsBoolean()) {
        away = true;
        return false;
      }
    } finally {
      storeLock.unlockRead(stamp);
    }
    updateLastAppliedTermIndex(at);
    replica.applied(at.getIndex());
    applied.run();
    return true;
  }

  private boolean applyEntry(TermIndex at, LogEntryProto entry) {
    return tryToApply(
        at,
        () -> {
          ByteBuffer data = entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer();
          EntryCodec.Header header = EntryCodec.decodeHeader(data);
          try (StoreBatch batch = store.begin(header.timeMillis())) {
            batch.limit(header.limitBytes());
            applier.apply(at.getIndex(), header, data, batch);
            batch.commit(at.getTerm(), at.getIndex());
          }
        });
  }

  private boolean tryToApply(TermIndex at, Runnable apply) {
    ShardStore current = store;
    SpaceWait fullDisk =
        new SpaceWait(
            current::tryResume, // which throws if it is no lack of space
            () -> !away && isRunning(),
            () -> TimeUnit.MILLISECONDS.sleep(SPACE_RETRY_MILLIS));
    try {
      return fullDisk.run(replica.name(), apply);
    } catch (RuntimeException | Error fault) {
      away = true;
      String what = "cannot apply entry " + at;
      if (fault instanceof CorruptStoreException damage) {
        keepDamage(current, damage);
        what += ": " + damage.getMessage();
      }
      failStop.replicaFailed(replica.name(), what, fault);
      if (isRunning()) {
        throw fault; // Ratis then closes its part
      }
      return false; // it is closing already, and would wait for ever for a thread that has failed
    }
  }

  /**
   * Tries whether the store can write; also true while there is none. A store that cannot since its
   * files are damaged is no matter of the disk: it stops this replica. Blocks on the disk.
   */
  boolean storeIsWritable() {
    try {
      Boolean writable = withStore(open -> notingDamage(open, open::tryResume));
      return writable == null || writable;
    } catch (CorruptStoreException damage) {
      stopDamaged(damage);
      return true;
    }
  }

  /** Whether the store could write when last it tried; also true while there is none. Fast. */
  boolean storeSeemsWritable() {
    Boolean writable = withStore(ShardStore::isWritable);
    return writable == null || writable;
  }

  private void stopDamaged(CorruptStoreException damage) {
    away = true;
    failStop.replicaFailed(replica.name(), damage.getMessage(), damage);
    closeSoon();
  }

  /** While the store is used: its directory is not replaced meanwhile. */
  private <T> T notingDamage(ShardStore open, Supplier<T> work) {
    try {
      return work.get();
    } catch (CorruptStoreException damage) {
      keepDamage(open, damage);
      throw damage;
    }
  }

  private void keepDamage(ShardStore open, CorruptStoreException damage) {
    try {
      open.keepDamage(damage);
    } catch (StorageException failed) {
      LOG.warn("the next start will not know of the damage shard={}", replica.name(), failed);
    }
  }

  private boolean isRunning() {
    RaftServer.Division known = division;
    return known != null && known.getInfo().isAlive();
  }

  // ---- leadership ----

  @Override
  public void notifyConfigurationChanged(
      long term, long index, RaftConfigurationProto configuration) {
    configurationTerm = term;
    members =
        LogEntryProto.newBuilder()
            .setTerm(term)
            .setIndex(index)
            .setConfigurationEntry(configuration)
            .build();
  }

  /** Ratis calls this right after it has told of the configuration entry that starts the term. */
  @Override
  public void notifyLeaderReady() {
    readyTerm = configurationTerm;
    LOG.info("leader ready shard={} term={}", replica.name(), readyTerm);
  }

  /**
   * The last term in which this replica was a leader ready to answer. Ratis' own flag may still be
   * up when the term has already risen, so a bound for reads asks for equality with the term.
   */
  long readyTerm() {
    return readyTerm;
  }

  /**
   * Ratis calls this at every election that begins long after the last leader was heard. The likely
   * reason is that voters are down; the other one is not to be seen from outside: a candidate that
   * has committed entries does not take the vote of a voter whose log is empty, for that voter may
   * have acknowledged what now only a third one has.
   */
  @Override
  public void notifyExtendedNoLeader(RoleInfoProto role) {
    if (leaderless.compareAndSet(false, true)) {
      LOG.warn(
          "no leader for long shard={} voters={}: a majority of them must be up with their logs;"
              + " one whose data was removed counts again when a leader has refilled it",
          replica.name(),
          replica.voters());
    }
  }

  @Override
  public void notifyLeaderChanged(RaftGroupMemberId self, RaftPeerId leader) {
    if (leader != null && leaderless.compareAndSet(true, false)) {
      LOG.info("there is a leader again shard={} leader={}", replica.name(), leader);
    }
  }

  /** Ratis goes on without a log, as if nothing were: so the replica is closed, elsewhere. */
  @Override
  public void notifyLogFailed(Throwable cause, LogEntryProto entry) {
    failStop.replicaFailed(replica.name(), "cannot write its Raft log", cause);
    closeSoon();
  }

  private void closeSoon() {
    Thread closer = new Thread(division::close, "raftkv-close-" + replica.name());
    closer.setDaemon(true);
    closer.start();
  }

  // ---- snapshots ----

  /** On the apply thread. What fails here, for example on a full disk, is tried again later. */
  @Override
  public long takeSnapshot() throws IOException {
    long stamp = storeLock.readLock();
    try {
      if (away || store == null || snapshotFailedLately() || replica.holdsCheckpoint()) {
        return -1; // a newer checkpoint would cost a follower the log that it needs next
      }
      StorePosition at = store.position();
      if (at.index() < 0 || at.index() > handedOver) {
        return -1; // nothing yet, or a replay has not come to where the store is
      }
      // Ratis writes them on this thread too. They are in the log, until it is purged.
      RaftMetaFiles.restoreMembers(storageDirectory(), members);
      store.flush();
      checkpoints.take(store, TermIndex.valueOf(at.term(), at.index()));
      snapshotFailed = false;
      bytesSinceSnapshot = 0;
      arrivals.dropUpTo(at.index());
      LOG.info("snapshot taken shard={} term={} index={}", replica.name(), at.term(), at.index());
      return at.index();
    } catch (IOException | StorageException failed) {
      snapshotFailed = true;
      snapshotFailedNanos = System.nanoTime();
      throw new IOException("no snapshot of shard " + replica.name(), failed);
    } finally {
      storeLock.unlockRead(stamp);
    }
  }

  /**
   * Gives back the room of what was deleted: in the store's files, in the snapshots that share
   * them, and in the log. May block for long; one call at a time.
   *
   * @return false if the last snapshot, or a reply that is being sent, still holds on to some of
   *     it, and only a later entry allows a new snapshot
   */
  boolean giveBackSpace(LongSupplier roomBytes) throws IOException {
    long now = System.nanoTime();
    if ((mayBeOnItsWay() || replica.holdsCheckpoint()) && now - spaceGivenBackNanos < COPY_NANOS) {
      return true; // a checkpoint that is deleted while it is sent has to be sent anew: for ever
    }
    spaceGivenBackNanos = now;
    replica.releaseCheckpoint();
    // A view keeps what was deleted after it was opened; one that is opened later does not.
    boolean pinned = Boolean.TRUE.equals(withStore(open -> open.retainedViews() > 0));
    Long compacted;
    try {
      compacted = withStore(open -> notingDamage(open, () -> compact(open, roomBytes)));
    } catch (CorruptStoreException damage) {
      stopDamaged(damage);
      throw new IOException("no space given back of shard " + replica.name(), damage);
    }
    if (compacted == null || compacted == spaceGivenBack) {
      return true; // it is away, and comes back new; or nothing has changed
    }
    long before = checkpoints.latestIndex();
    if (compacted == before) {
      return false;
    }
    try {
      requestSnapshot().get(SNAPSHOT_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
      long latest = checkpoints.latestIndex();
      checkpoints.keepLatestOnly();
      division.getRaftLog().purge(latest).get(SNAPSHOT_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
      boolean done = latest == compacted && !pinned;
      spaceGivenBack = done ? latest : spaceGivenBack;
      return done;
    } catch (ExecutionException | TimeoutException failed) {
      throw new IOException("no snapshot of shard " + replica.name(), failed);
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", stopping);
    }
  }

  private Long compact(ShardStore open, LongSupplier roomBytes) {
    return open.appliedIndex() == spaceGivenBack ? spaceGivenBack : open.giveBackSpace(roomBytes);
  }

  /** Whether a follower needs a checkpoint, since the log does not reach back to what it has. */
  private boolean mayBeOnItsWay() {
    long start = division.getRaftLog().getStartIndex();
    return replica.followerMatchIndexes().values().stream().anyMatch(match -> match + 1 < start);
  }

  private Path storageDirectory() {
    return division.getRaftStorage().getStorageDir().getCurrentDir().toPath();
  }

  /** Ratis asks again with every entry. */
  private boolean snapshotFailedLately() {
    return snapshotFailed && System.nanoTime() - snapshotFailedNanos < SNAPSHOT_RETRY_NANOS;
  }

  /**
   * A snapshot has arrived, and Ratis is about to put it in its place. That may fail, and then
   * nobody tells: so the store stays open, and what is handed over is applied, until {@link
   * #reinitialize}, or the next one of these calls, when the leader tries again.
   */
  @Override
  public void pause() {
    if (!getLifeCycleState().isPausingOrPaused()) {
      getLifeCycle().transition(LifeCycle.State.PAUSING);
    }
    if (getLifeCycleState() == LifeCycle.State.PAUSING) {
      getLifeCycle().transition(LifeCycle.State.PAUSED);
    }
  }

  @Override
  public void reinitialize() throws IOException {
    try {
      closeStore();
      checkpoints.refresh();
      long stamp = storeLock.writeLock();
      try {
        if (replica.appliedIndex() < checkpoints.latestIndex()) {
          checkpoints.restoreTo(live);
        }
        openStore();
      } finally {
        storeLock.unlockWrite(stamp);
      }
    } catch (IOException | RuntimeException | Error fault) {
      failStop.replicaFailed(replica.name(), "cannot install a snapshot", fault);
      throw fault;
    }
    LOG.info("snapshot installed shard={} index={}", replica.name(), store.appliedIndex());
    getLifeCycle().transition(LifeCycle.State.STARTING);
    getLifeCycle().transition(LifeCycle.State.RUNNING);
    replica.opened(store.appliedIndex());
  }

  @Override
  public void close() {
    CheckpointArrivals arriving = arrivals;
    if (arriving != null) {
      arriving.close();
    }
    closeStore();
    getLifeCycle().checkStateAndClose(() -> {});
  }

  private void closeStore() {
    away = true;
    ShardStore closing = store;
    if (closing != null) {
      closing.closeSoon(); // else the lock could be waited for as long as compactions take
    }
    long stamp = storeLock.writeLock();
    try {
      if (store != null) {
        store.close();
        store = null;
      }
    } finally {
      storeLock.unlockWrite(stamp);
    }
  }
}
