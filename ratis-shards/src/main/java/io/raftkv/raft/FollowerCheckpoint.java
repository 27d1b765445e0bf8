package io.raftkv.raft;

import io.raftkv.raft.CheckpointCodec.Refusal;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto.SnapshotChunkProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.LogProtoUtils;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.util.ProtoUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a leader does for one follower that needs a checkpoint: attempts to bring it there, one at a
 * time, until it is installed, and the hold that keeps it meanwhile. An attempt that fails leaves
 * what has arrived with the follower, for the next one. Thread-safe.
 */
final class FollowerCheckpoint implements CheckpointSending.Leader {
  private static final Logger LOG = LoggerFactory.getLogger(FollowerCheckpoint.class);

  /** A follower that lacks no more entries than this has caught up. */
  private static final int NEAR_END = 16;

  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int MAX_DOUBLINGS = 5;

  /** A full disk does not get room in the next second. */
  private static final long FULL_DISK_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final LogAppender appender;
  private final CheckpointSender sender;
  private final CheckpointHold hold = new CheckpointHold(System::nanoTime);

  /** Of the attempt that is under way. */
  private final Map<String, String> digests = new HashMap<>();

  /** From here on everything is guarded by this: an attempt is under way. */
  private boolean sending;

  /** The next attempt is not before this. */
  private long pauseUntilNanos = System.nanoTime();

  /** Attempts in a row that have brought nothing. */
  private int failures;

  /** What the follower has installed, and Ratis' leader does not know yet; null if nothing. */
  private SnapshotInfo installed;

  /** What the follower has installed, and the log behind it not yet; null if nothing. */
  private SnapshotInfo followed;

  FollowerCheckpoint(LogAppender appender, CheckpointSender sender) {
    this.appender = appender;
    this.sender = sender;
  }

  /**
   * The follower needs this checkpoint, which is the latest; to be called again and again while it
   * does, by one thread, which does not wait.
   *
   * @return true if the follower has installed one since
   */
  boolean bring(SnapshotInfo checkpoint) {
    SnapshotInfo there;
    synchronized (this) {
      there = installed;
      installed = null;
    }
    if (there != null) {
      // From here on its match index is what it has, and not what it had before it was wiped.
      appender.getFollower().setSnapshotIndex(there.getIndex());
      appender.getFollower().setAttemptedToInstallSnapshot();
      synchronized (this) {
        followed = there;
      }
      return true;
    }
    synchronized (this) {
      long now = System.nanoTime();
      if (!sending && now - pauseUntilNanos >= 0 && sender.isConnected(follower())) {
        pauseUntilNanos = now + (FIRST_PAUSE_NANOS << Math.min(failures, MAX_DOUBLINGS));
        failures++;
        followed = null;
        sending = sender.start(() -> attempt(checkpoint));
      }
    }
    return false;
  }

  /** The follower has all that the log does not: what was installed before tells nothing later. */
  synchronized void notNeeded() {
    installed = null;
  }

  private void attempt(SnapshotInfo checkpoint) {
    long begun = System.nanoTime();
    try {
      CheckpointSending attempt = new CheckpointSending(this, sender, checkpoint, digests);
      attempt.run();
      LOG.info(
          "checkpoint sent shard={} index={} peer={} bytes={} ms={}",
          shard(),
          checkpoint.getIndex(),
          follower(),
          attempt.sentBytes(),
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
      synchronized (this) {
        installed = checkpoint;
        failures = 0;
      }
    } catch (IOException | RuntimeException failed) {
      failed(checkpoint, failed);
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
    } finally {
      synchronized (this) {
        sending = false;
      }
    }
    appender.triggerHeartbeat(); // its thread looks what has become of it
  }

  private void failed(SnapshotInfo checkpoint, Exception why) {
    boolean first;
    synchronized (this) {
      first = failures <= 1;
      if (why instanceof CheckpointSending.RefusedException refused
          && refused.why() == Refusal.NO_SPACE) {
        pauseUntilNanos = System.nanoTime() + FULL_DISK_PAUSE_NANOS;
      }
    }
    String line = "checkpoint not sent shard={} index={} peer={}, to be tried again: {}";
    if (first && appender.isRunning()) {
      LOG.info(line, shard(), checkpoint.getIndex(), follower(), why.toString());
    } else {
      LOG.debug(line, shard(), checkpoint.getIndex(), follower(), why.toString());
    }
  }

  private String shard() {
    return ((ReplicatedStateMachine) appender.getServer().getStateMachine()).name();
  }

  // ---- the hold ----

  /** Whether the latest checkpoint, and the log behind it, are to stay for this follower. */
  boolean holds() {
    if (!appender.isRunning()) {
      return false;
    }
    SnapshotInfo behind;
    synchronized (this) {
      behind = followed;
    }
    if (behind != null) {
      long match = appender.getFollower().getMatchIndex();
      if (match + NEAR_END >= appender.getRaftLog().getNextIndex()) {
        synchronized (this) {
          followed = null;
        }
        hold.end();
      } else {
        hold.reached(behind.getIndex(), bytes(behind) + match - behind.getIndex());
      }
    }
    return hold.lasts();
  }

  private static long bytes(SnapshotInfo checkpoint) {
    return checkpoint.getFiles().stream().mapToLong(file -> file.getFileSize()).sum();
  }

  /** The room that the checkpoint holds is needed more. */
  void release() {
    hold.release();
  }

  // ---- for an attempt ----

  @Override
  public UUID group() {
    return server().getGroup().getGroupId().getUuid();
  }

  private RaftServer.Division server() {
    return appender.getServer();
  }

  @Override
  public String follower() {
    return appender.getFollowerId().toString();
  }

  /** Not the replica's, which may be a later one already. */
  @Override
  public long term() throws IOException {
    try {
      return appender
          .getLeaderState()
          .newAppendEntriesRequestProto(appender.getFollower(), List.of(), null, 0)
          .getLeaderTerm();
    } catch (IllegalStateException over) {
      throw new IOException("the term is over", over);
    }
  }

  /** A newer one is worth more if this one may go at any time. */
  @Override
  public boolean wants(SnapshotInfo checkpoint) {
    SnapshotInfo latest = server().getStateMachine().getLatestSnapshot();
    return appender.isRunning()
        && (hold.lasts() || (latest != null && latest.getIndex() == checkpoint.getIndex()));
  }

  @Override
  public byte[] installMessage(TermIndex checkpoint, long term) throws IOException {
    RaftConfiguration members = server().getRaftConf();
    if (!appender.isRunning() || term() != term) {
      throw new IOException("the term is over"); // and the members may be those of a later one
    }
    LogEntryProto entry = LogProtoUtils.toLogEntryProto(members, null, members.getLogEntryIndex());
    return InstallSnapshotRequestProto.newBuilder()
        .setServerRequest(
            RaftRpcRequestProto.newBuilder()
                .setRequestorId(server().getId().toByteString())
                .setReplyId(appender.getFollowerId().toByteString())
                .setRaftGroupId(
                    ProtoUtils.toRaftGroupIdProtoBuilder(server().getGroup().getGroupId())))
        .setLeaderTerm(term)
        .setLastRaftConfigurationLogEntryProto(entry)
        .setSnapshotChunk(
            SnapshotChunkProto.newBuilder()
                .setRequestId(CheckpointArrivals.REQUEST_ID)
                .setTermIndex(checkpoint.toProto())
                .setDone(true))
        .build()
        .toByteArray();
  }

  @Override
  public void arrived(SnapshotInfo checkpoint, long bytes) {
    if (hold.reached(checkpoint.getIndex(), bytes) && bytes > 0) {
      synchronized (this) {
        failures = 0;
      }
    }
  }
}
