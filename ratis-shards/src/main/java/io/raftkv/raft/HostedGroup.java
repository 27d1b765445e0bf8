package io.raftkv.raft;

import io.raftkv.storage.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorageDirectory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One group of which this node has a replica, or its files: what runs, where its files are, and
 * whether it has failed. A replica that has stopped may be followed by another one.
 *
 * <p>Thread-safe, but for what says otherwise.
 */
final class HostedGroup {
  private static final Logger LOG = LoggerFactory.getLogger(HostedGroup.class);

  /** What a store suffers from after so many times is not a disk that was full. */
  private static final int MAX_OPENED_ANEW = 5;

  private final UUID id;
  private final Supplier<String> name;
  private final Path directory;
  private final Path store;
  private final FailStop failStop;
  private final AtomicBoolean failed = new AtomicBoolean();

  /** It has failed, but only lacked space on the disk. */
  private volatile boolean outOfSpace;

  /** The last one: it may have stopped. */
  private volatile Replica replica;

  /** Null before the first start, and when it is closed. */
  private volatile ReplicatedStateMachine machine;

  /** Since when, in nanoseconds, the store cannot write while there is space; null if it can. */
  private Long unwritableSince;

  /** How often the store was opened anew since it could not write. */
  private int timesOpenedAnew;

  /**
   * @param name for logs and errors
   * @param directory of the Raft log and the snapshots
   * @param store directory of the live store
   */
  HostedGroup(UUID id, Supplier<String> name, Path directory, Path store, FailStop failStop) {
    this.id = id;
    this.name = name;
    this.directory = directory;
    this.store = store;
    this.failStop = failStop;
  }

  UUID id() {
    return id;
  }

  String name() {
    return name.get();
  }

  Path directory() {
    return directory;
  }

  Path store() {
    return store;
  }

  Path logDirectory() {
    return directory.resolve(RaftStorageDirectory.CURRENT_DIR_NAME);
  }

  // ---- what runs ----

  void starting(Replica started, ReplicatedStateMachine itsMachine) {
    machine = itsMachine;
    replica = started;
  }

  /** The last replica, which may have stopped; null if none was ever started. */
  Replica replica() {
    return replica;
  }

  ReplicatedStateMachine machine() {
    return machine;
  }

  private RaftServer.Division division() {
    ReplicatedStateMachine running = machine;
    return running == null ? null : running.division();
  }

  /** Whether the replica has started and does not stop. */
  boolean isOpen() {
    Replica current = replica;
    return current != null && current.isAlive();
  }

  /**
   * Ratis answers at once for an entry that it has been sent before, though the first copy may
   * still be on its way to the disk.
   */
  boolean isOnDisk(AppendEntriesReplyProto answer) {
    if (answer.getResult() != AppendResult.SUCCESS || answer.getIsHearbeat()) {
      return true;
    }
    RaftServer.Division running = division();
    return running != null && answer.getMatchIndex() <= running.getRaftLog().getFlushIndex();
  }

  /**
   * Closes what Ratis may have forgotten: a group that it could not start, with its files locked
   * and its store open.
   *
   * @return what Ratis called the replica; null if it never got that far
   */
  RaftGroupMemberId close() {
    ReplicatedStateMachine closing = machine;
    machine = null;
    if (closing == null) {
      return null;
    }
    RaftServer.Division running = closing.division();
    if (running != null) {
      running.close();
    }
    closing.close();
    return running == null ? null : running.getMemberId();
  }

  // ---- what became of it ----

  /** True if the replica has stopped itself, and nobody has started it again. */
  boolean hasFailed() {
    return failed.get();
  }

  boolean lacksSpace() {
    return outOfSpace;
  }

  /** It is about to be started again. Under the node's lock. */
  void forgive() {
    outOfSpace = false;
    unwritableSince = null;
    failed.set(false);
  }

  void cannotStart(Exception fault) {
    fail("cannot start: " + reason(fault), fault);
  }

  /** Names the file that is to blame, as far as it can be told. */
  private String reason(Exception fault) {
    Throwable root = fault;
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      root = cause;
      if (cause instanceof StorageException) {
        return cause.getMessage();
      }
    }
    try {
      String damage = RaftLogFiles.damage(logDirectory());
      damage = damage == null ? RaftMetaFiles.damage(logDirectory()) : damage;
      return damage == null ? root.toString() : damage;
    } catch (IOException unreadable) {
      return logDirectory() + " cannot be read: " + unreadable;
    }
  }

  /** Tells once, until it is started again, why the replica stops. */
  void fail(String what, Throwable cause) {
    if (!failed.compareAndSet(false, true)) {
      return;
    }
    if (isOutOfSpace(cause)) {
      stoppedForSpace(what, cause);
    } else if (isOutOfMemory(cause)) {
      // Nothing is wrong with its files, and most likely other replicas failed in the same way.
      failStop.replicaFailed(
          name(), what + ": out of memory; start the node again, with a larger heap (-Xmx)", cause);
    } else {
      String rebuild =
          "%s. To have this replica rebuilt from the others, stop the node, remove %s and %s, and start it;"
              .concat(" first read 'Rebuilding a replica' in docs/operations.md")
              .formatted(what, directory, store);
      failStop.replicaFailed(name(), rebuild, cause);
    }
  }

  private void stoppedForSpace(String what, Throwable cause) {
    outOfSpace = true;
    failStop.replicaFailed(
        name(), what + ": the disk is full; it is started again when there is space", cause);
  }

  private static boolean isOutOfMemory(Throwable fault) {
    Throwable cause = fault;
    while (cause != null && !(cause instanceof OutOfMemoryError)) {
      cause = cause.getCause();
    }
    return cause != null;
  }

  static boolean isOutOfSpace(Throwable fault) {
    for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
      if (String.valueOf(cause.getMessage()).contains("No space left on device")) {
        return true;
      }
    }
    return false;
  }

  /** See {@link RaftNode#stopStuckStores}. Under the node's lock. */
  void stopIfStuck(Duration patience) {
    ReplicatedStateMachine running = machine;
    if (running == null || running.storeSeemsWritable()) { // a flush would hold the node's lock
      unwritableSince = null;
      return;
    }
    long now = System.nanoTime();
    if (unwritableSince == null) {
      unwritableSince = now;
    } else if (now - unwritableSince >= patience.toNanos()
        && timesOpenedAnew < MAX_OPENED_ANEW
        && failed.compareAndSet(false, true)) {
      timesOpenedAnew++;
      outOfSpace = true;
      failStop.replicaFailed(
          name(), "its store does not write again, though there is space; it is opened anew", null);
    }
  }

  /** Patience with a store begins when there is space. Under the node's lock. */
  void waitForSpace() {
    unwritableSince = null;
  }

  // ---- its files ----

  /** What a crash or a full disk leaves behind, and Ratis would take for damage. */
  void mendFiles() throws IOException {
    RaftLogFiles.cutTornEntry(logDirectory());
    RaftMetaFiles.forgetLostMembers(logDirectory());
  }

  /** See {@link RaftNode#stopWithoutVote}. */
  void stopIfVoteIsLost() throws IOException {
    if (division() != null
        && RaftMetaFiles.isVoteLost(logDirectory())
        && failed.compareAndSet(false, true)) {
      stoppedForSpace("cannot write its vote", null);
      tryToKeepVote();
    }
  }

  /** There may be space for so little, now that the file before it is gone. */
  void tryToKeepVote() {
    try {
      keepVote();
    } catch (IOException stillFull) {
      LOG.error(
          "the vote of shard={} is in memory only: until there is space, do not end this process",
          name(),
          stillFull);
    }
  }

  /** Restores what Ratis could not write; does nothing to a replica whose vote is on disk. */
  void keepVote() throws IOException {
    RaftServer.Division running = division();
    if (running != null && RaftMetaFiles.isVoteLost(logDirectory())) {
      running.close();
      RaftMetaFiles.restoreVote(
          logDirectory(), running.getRaftStorage().getMetadataFile().getMetadata());
      LOG.info("vote restored shard={}", name());
    }
  }
}
