package io.raftkv.raft;

import io.raftkv.shard.PeerTransport;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.grpc.server.GrpcServicesImpl;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.raftlog.RaftLogIOException;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.util.Timestamp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a leader's entries to one follower: over the link between the nodes while the follower
 * keeps up, by Ratis' gRPC stream whenever anything is out of the ordinary.
 *
 * <p>Over the link an entry leaves on the thread that has appended it, and in one packet with
 * whatever else goes to that node; by gRPC it wakes a thread of its own, then that of the stream,
 * and the answer as many again. So the link carries new entries, and the commit index where readers
 * wait for it: a follower hears otherwise that an entry is committed with the next entry or
 * heartbeat, which on an idle shard is half an election timeout away. Heartbeats of an idle group,
 * entries of an older part of the log, large entries (which would hold up what else uses the link)
 * and all that follows a failure are left to Ratis. A checkpoint goes over the link, in small
 * pieces ({@link FollowerCheckpoint}).
 *
 * <p>Only one of the two has entries under way at a time, else they would overtake each other. The
 * link takes over when all that gRPC has sent is acknowledged; near the end of the log gRPC
 * therefore sends no more while an answer is due. At the first failure or refusal, and before
 * entries that are not for it, the link gives up. When nothing is under way over it any more gRPC
 * goes on with what is not acknowledged. Of that a follower keeps what it has already.
 *
 * <p>A change of the voters goes by gRPC, and to each member when it is its turn ({@link
 * ChangeOrder}); so do the entries behind it.
 *
 * <p>Thread-safe.
 */
final class LinkAppender extends GrpcLogAppender {
  private static final Logger LOG = LoggerFactory.getLogger(LinkAppender.class);

  /** Messages of entries under way over the link. */
  private static final int MAX_IN_FLIGHT = 16;

  /** Most bytes of entries in a message over the link. */
  private static final int MAX_BYTES = 1 << 20;

  /** For so long after a reader has waited there a follower hears of every commit at once. */
  private static final long READERS_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A follower that lacks more entries than this is not at the end of the log. */
  private static final int NEAR_END = 16;

  /** So often it is looked whether it is this follower's turn to hear of a change of the voters. */
  private static final long TURN_POLL_MILLIS = 2;

  /** Ratis tells by it which answers count for its own linearizable reads, which nobody uses. */
  private static final long NO_CALL_ID = 0;

  /** A message over the link and its answer to come. */
  private static final class Sent {
    private final Timestamp at = Timestamp.currentTime();
    private final CompletableFuture<byte[]> answer;

    private Sent(CompletableFuture<byte[]> answer) {
      this.answer = answer;
    }
  }

  private final PeerTransport links;
  private final FollowerCheckpoint checkpoint;
  private final Supplier<String> cluster;
  private final String node;
  private final ToLongFunction<RaftPeerId> matchIndexes;

  /**
   * For how long an answer over the link is waited for. It is looked for when gRPC's thread has
   * nothing else to do: about a heartbeat's time later, or when gRPC can go on.
   */
  private final long timeoutMillis;

  /** For how long others may keep this follower waiting for a change of the voters. */
  private final long turnNanos;

  /** The log does not reach back to what the follower has: entries wait for a checkpoint. */
  private volatile boolean needsCheckpoint;

  /** From here on everything is guarded by this: entries go over the link. */
  private boolean linked;

  /** The index of the next entry that goes over the link. */
  private long next;

  /** Messages over the link that are not answered, the oldest first. */
  private final Deque<Sent> underWay = new ArrayDeque<>();

  /** gRPC's thread is reading entries, or has not sent them yet. */
  private boolean grpcReads;

  /** The commit index that went with the last message over the link. */
  private long commitSent = -1;

  /** Until then a commit is told at once. */
  private long readersUntilNanos = System.nanoTime();

  /** The last entry that went by gRPC since the link was last given up; -1 if none. */
  private long lastByGrpc = -1;

  /** The first entry that went by gRPC when nothing was under way there, and when. */
  private long firstByGrpc = -1;

  private Timestamp sentByGrpc = Timestamp.currentTime();

  /** The change of the voters of which somebody has to hear yet; null if there is none. */
  private RaftConfiguration change;

  /** The index of the last one. */
  private long lastChange = -1;

  private long changeNanos;

  /**
   * @param cluster see {@link RaftNode.Cluster#id}
   * @param matchIndexes up to where each follower of this leader is known to have the log; -1 for
   *     others
   */
  LinkAppender(
      RaftServer.Division server,
      LeaderState state,
      FollowerInfo follower,
      PeerTransport links,
      CheckpointSender checkpoints,
      Supplier<String> cluster,
      ToLongFunction<RaftPeerId> matchIndexes) {
    super(server, state, follower);
    this.links = links;
    this.checkpoint = new FollowerCheckpoint(this, checkpoints);
    this.cluster = cluster;
    this.matchIndexes = matchIndexes;
    this.turnNanos = TimeUnit.MILLISECONDS.toNanos(server.properties().minRpcTimeoutMs()) / 2;
    this.node = follower.getId().toString();
    this.timeoutMillis =
        RaftServerConfigKeys.Rpc.requestTimeout(server.getRaftServer().getProperties())
            .toLong(TimeUnit.MILLISECONDS);
  }

  /** Ratis calls this for every entry and at every commit; also when a follower has answered. */
  @Override
  public void notifyLogAppender() {
    if (!sendOverLink() && (shouldSendAppendEntries() || waitsForTurn())) {
      super.notifyLogAppender();
    }
  }

  /**
   * The entry that comes next is not to be sent before others have it. Their answers are not told
   * here, so gRPC's thread has to look, see {@link #getWaitTimeMs}; nor does it by itself before
   * the next heartbeat is due if it began to sleep before there was that entry.
   */
  private boolean waitsForTurn() {
    long next = getFollower().getNextIndex();
    return next < getRaftLog().getNextIndex() && next >= heldFrom();
  }

  /** Readers on the follower wait for what is committed: it is to hear it now. */
  void tellCommit() {
    synchronized (this) {
      readersUntilNanos = System.nanoTime() + READERS_NANOS;
    }
    if (!sendOverLink()) {
      triggerHeartbeat();
    }
  }

  // ---- over the link ----

  /** Sends what the follower lacks; returns false if gRPC has to do it. */
  private boolean sendOverLink() {
    List<Sent> messages = new ArrayList<>();
    try {
      return fillLink(messages);
    } finally {
      // Not under the monitor: an answer that has come already is told to the appenders of other
      // followers, which may be about to tell this one of theirs.
      for (Sent message : messages) {
        message.answer.whenComplete((answer, failure) -> answered(message, parse(answer, failure)));
      }
    }
  }

  private synchronized boolean fillLink(List<Sent> messages) {
    try {
      if (!canUseLink()) {
        return false;
      }
      while (linked && underWay.size() < MAX_IN_FLIGHT && next < getRaftLog().getNextIndex()) {
        List<LogEntryProto> entries = nextEntries();
        if (entries.isEmpty()) {
          giveUpLink();
        } else {
          messages.add(send(entries));
        }
      }
      if (linked
          && underWay.size() < MAX_IN_FLIGHT
          && lacksCommit()
          && System.nanoTime() - readersUntilNanos < 0) {
        if (getPrevious(next) == null) {
          giveUpLink(); // a commit index means nothing without an entry that it reaches to
        } else {
          messages.add(send(List.of()));
        }
      }
      return linked;
    } catch (RaftLogIOException unreadable) {
      LOG.debug("{} cannot read its log", this, unreadable);
      giveUpLink();
      return false;
    }
  }

  /**
   * What the follower is told before it has the entry on disk it does not take for committed: so
   * that it was told counts only until it has answered.
   */
  private boolean lacksCommit() {
    // A message reaches as far as the entries that were sent.
    long commit = Math.min(getRaftLog().getLastCommittedIndex(), next - 1);
    return getFollower().getCommitIndex() < commit && (commitSent < commit || underWay.isEmpty());
  }

  private boolean canUseLink() {
    FollowerInfo follower = getFollower();
    if (linked && (follower.getNextIndex() != next || !isRunning())) {
      giveUpLink(); // Ratis has learnt that the follower is elsewhere
    }
    if (!linked
        && !needsCheckpoint
        && underWay.isEmpty()
        && !grpcReads
        && lastByGrpc >= 0
        && lastByGrpc <= follower.getMatchIndex()
        && follower.getMatchIndex() + 1 == follower.getNextIndex()
        && !super.hasPendingDataRequests()
        && links.isConnected(node)
        && isRunning()) {
      linked = true;
      next = follower.getNextIndex();
      commitSent = -1;
    }
    return linked;
  }

  /** Until gRPC has brought an entry there again. */
  private void giveUpLink() {
    linked = false;
    lastByGrpc = -1;
  }

  /** Empty if what comes next is not for the link. */
  private List<LogEntryProto> nextEntries() throws RaftLogIOException {
    RaftLog log = getRaftLog();
    long end = log.getNextIndex();
    List<LogEntryProto> entries = new ArrayList<>();
    if (end - next > NEAR_END
        || (next > RaftLog.LEAST_VALID_LOG_INDEX && getPrevious(next) == null)) {
      return entries;
    }
    long bytes = 0;
    long held = heldFrom();
    for (long index = next; index < Math.min(end, held); index++) {
      LogEntryProto entry = log.get(index);
      bytes += entry == null ? MAX_BYTES : entry.getSerializedSize();
      if (entry == null || bytes > MAX_BYTES || entry.hasConfigurationEntry()) {
        break;
      }
      entries.add(entry);
    }
    return entries;
  }

  private Sent send(List<LogEntryProto> entries) {
    FollowerInfo follower = getFollower();
    AppendEntriesRequestProto request =
        withVerifiedCommit(
            getLeaderState()
                .newAppendEntriesRequestProto(follower, entries, getPrevious(next), NO_CALL_ID));
    byte[] message = ClusterMark.put(request, cluster.get()).toByteArray();
    next += entries.size();
    commitSent = request.getLeaderCommit();
    follower.updateNextIndex(next);
    follower.updateLastRpcSendTime(false); // it does not stand for a heartbeat by gRPC
    Sent sent = new Sent(links.call(node, PeerTransport.Kind.APPEND, message));
    underWay.add(sent);
    return sent;
  }

  /** Gives up what has been waited for long enough; a timer for each message would cost more. */
  private void giveUpOverdue() {
    List<Sent> overdue;
    synchronized (this) {
      overdue = underWay.stream().filter(sent -> sent.at.elapsedTimeMs() > timeoutMillis).toList();
    }
    for (Sent sent : overdue) {
      sent.answer.completeExceptionally(new TimeoutException("no answer from " + node));
    }
  }

  /** Null if there is no answer. */
  private AppendEntriesReplyProto parse(byte[] answer, Throwable failure) {
    try {
      return failure != null || answer.length == 0
          ? null
          : AppendEntriesReplyProto.parseFrom(answer);
    } catch (InvalidProtocolBufferException malformed) {
      LOG.warn("answer not understood peer={}", node, malformed);
      return null;
    }
  }

  /** On an event loop of the links, or in {@link #sendOverLink} if the answer is there at once. */
  private void answered(Sent sent, AppendEntriesReplyProto reply) {
    FollowerInfo follower = getFollower();
    boolean success = reply != null && reply.getResult() == AppendResult.SUCCESS;
    synchronized (this) {
      underWay.remove(sent);
      if (!success) {
        giveUpLink();
        follower.setNextIndex(follower.getMatchIndex() + 1);
      }
    }
    if (success) {
      follower.updateLastRpcResponseTime();
      follower.updateLastRespondedAppendEntriesSendTime(sent.at);
      getLeaderState().onFollowerCommitIndex(follower, reply.getFollowerCommit());
      if (!reply.getIsHearbeat() && follower.updateMatchIndex(reply.getMatchIndex())) {
        getLeaderState().onFollowerSuccessAppendEntries(follower);
      }
      notifyLogAppender();
    } else {
      LOG.debug("{} gives up the link", this);
      triggerHeartbeat(); // a refusal, or a newer term, then comes to where it is understood
    }
  }

  // ---- by gRPC ----

  /** While the link carries the entries, and when it soon will, gRPC has none. */
  @Override
  public boolean hasAppendEntries() {
    return !grpcHasToWait() && super.hasAppendEntries();
  }

  private synchronized boolean grpcHasToWait() {
    return linked
        || !underWay.isEmpty()
        || needsCheckpoint
        || getFollower().getNextIndex() >= heldFrom()
        || (super.hasPendingDataRequests()
            && links.isConnected(node)
            && getRaftLog().getNextIndex() - getFollower().getNextIndex() <= NEAR_END);
  }

  @Override
  public boolean hasPendingDataRequests() {
    return super.hasPendingDataRequests() || isLinkBusy();
  }

  private synchronized boolean isLinkBusy() {
    return !underWay.isEmpty();
  }

  /** gRPC's thread asks when it has done what there was to do: once in a heartbeat's time. */
  @Override
  public long getWaitTimeMs() {
    giveUpOverdue();
    synchronized (this) {
      grpcReads = false;
      goBackToWhatIsLost();
    }
    if (getLeaderState().isFollowerBootstrapping(getFollower())) {
      // Ratis looks whether a new member is still there when it has answered, or when nothing else
      // happens: while a group is written, one that does not answer would be waited for for ever.
      getLeaderState().onFollowerSuccessAppendEntries(getFollower());
    }
    if (getFollower().getNextIndex() >= heldFrom()) {
      return TURN_POLL_MILLIS;
    }
    return grpcHasToWait() ? getHeartbeatWaitTimeMs() : super.getWaitTimeMs();
  }

  /** On gRPC's thread. It may read old files of the log: nobody who appends may wait for that. */
  @Override
  public AppendEntriesRequestProto newAppendEntriesRequest(long callId, boolean heartbeat)
      throws RaftLogIOException {
    boolean wait;
    synchronized (this) {
      wait = grpcHasToWait();
      if (wait && !heartbeat && getHeartbeatWaitTimeMs() > 0) {
        return null;
      }
      grpcReads = true;
    }
    AppendEntriesRequestProto request = super.newAppendEntriesRequest(callId, heartbeat || wait);
    if (request == null) {
      return null;
    }
    request = inTurn(request);
    if (request.getEntriesCount() > 0) {
      synchronized (this) {
        if (!super.hasPendingDataRequests()) {
          firstByGrpc = request.getEntries(0).getIndex();
        }
        lastByGrpc = request.getEntries(request.getEntriesCount() - 1).getIndex();
        sentByGrpc = Timestamp.currentTime();
      }
    }
    return ClusterMark.put(withVerifiedCommit(request), cluster.get());
  }

  @Override
  public GrpcServicesImpl getServerRpc() {
    return ((MarkedRpc) getServer().getRaftServer().getServerRpc()).grpc();
  }

  /**
   * When its stream breaks Ratis forgets what was under way, and goes on behind it. A follower that
   * lacks it says so; but one that had it before the stream broke finds nothing amiss, and its
   * acknowledgement would come with the next entry only: never, where entries wait for this one to
   * be committed. So once the follower answers again it is sent again.
   */
  private void goBackToWhatIsLost() {
    FollowerInfo follower = getFollower();
    if (lastByGrpc > follower.getMatchIndex()
        && !super.hasPendingDataRequests()
        && follower.getLastRpcResponseTime().compareTo(sentByGrpc) > 0) {
      long lost = Math.max(firstByGrpc, follower.getMatchIndex() + 1);
      if (lost < follower.getNextIndex()) {
        follower.setNextIndex(lost);
      }
    }
  }

  // ---- checkpoints ----

  /**
   * gRPC's thread asks before it sends entries, and sends the checkpoint that it is told of: never
   * one, for they go over the link.
   */
  @Override
  public SnapshotInfo shouldInstallSnapshot() {
    SnapshotInfo needed = super.shouldInstallSnapshot();
    if (needed == null) {
      checkpoint.notNeeded();
    }
    needsCheckpoint = needed != null && !checkpoint.bring(needed);
    return null;
  }

  /** See {@link FollowerCheckpoint#holds}. */
  boolean holdsCheckpoint() {
    return checkpoint.holds();
  }

  /** See {@link FollowerCheckpoint#release}. */
  void releaseCheckpoint() {
    checkpoint.release();
  }

  // ---- changes of the voters ----

  /** The index from which on entries wait, since others have to hear of a change before. */
  private synchronized long heldFrom() {
    RaftConfiguration now = getServer().getRaftConf();
    if (!now.getPreviousPeers().isEmpty() && now.getLogEntryIndex() > lastChange) {
      change = now;
      lastChange = now.getLogEntryIndex();
      changeNanos = System.nanoTime();
    }
    if (change == null) {
      return ChangeOrder.NONE;
    }
    // Also when it is decided, and the configuration is the new one: some may not have heard yet.
    long held =
        System.nanoTime() - changeNanos >= turnNanos
            ? ChangeOrder.NONE // who has not heard by now is down, or may be
            : ChangeOrder.heldFrom(
                getFollowerId(),
                change,
                getServer().getId(),
                member -> matchIndexes.applyAsLong(member) >= lastChange);
    if (held == ChangeOrder.NONE) {
      change = null;
    }
    return held;
  }

  private AppendEntriesRequestProto inTurn(AppendEntriesRequestProto request) {
    long held = heldFrom();
    int count = request.getEntriesCount();
    while (count > 0 && request.getEntries(count - 1).getIndex() >= held) {
      count--;
    }
    boolean joins =
        request.getEntriesList().subList(0, count).stream()
            .anyMatch(entry -> joinsBy(entry.getConfigurationEntry()));
    if (count == request.getEntriesCount() && !(joins && request.getInitializing())) {
      return request;
    }
    return request.toBuilder()
        .clearEntries()
        .addAllEntries(request.getEntriesList().subList(0, count))
        .setInitializing(request.getInitializing() && !joins) // with that entry it is a voter
        .build();
  }

  /** Whether the follower becomes a voter by this change. */
  private boolean joinsBy(RaftConfigurationProto entry) {
    return entry.getOldPeersCount() > 0
        && has(entry.getPeersList())
        && !has(entry.getOldPeersList());
  }

  private boolean has(List<RaftPeerProto> peers) {
    return peers.stream().anyMatch(peer -> peer.getId().equals(getFollowerId().toByteString()));
  }

  /**
   * Believes a follower that says it has less than it had: its directory was removed to have it
   * rebuilt. Ratis' own does so only when it has an entry to send, so that on an idle shard the
   * follower would stay empty.
   */
  @Override
  protected long getNextIndexForInconsistency(long requestFirstIndex, long replyNextIndex) {
    return requestFirstIndex == RaftLog.INVALID_LOG_INDEX
        ? Math.max(replyNextIndex, RaftLog.LEAST_VALID_LOG_INDEX)
        : super.getNextIndexForInconsistency(requestFirstIndex, replyNextIndex);
  }

  /**
   * Takes from a request to the beginning of a log the commit of what it does not bring. Without an
   * entry before it Ratis' follower believes its own first entry to be the leader's: even if it is
   * of a leader of an earlier term that nobody followed. It then applies it, and can never take the
   * leader's instead.
   */
  static AppendEntriesRequestProto withVerifiedCommit(AppendEntriesRequestProto request) {
    long last = request.getEntriesCount() - 1L;
    return request.hasPreviousLog() || request.getLeaderCommit() <= last
        ? request
        : request.toBuilder().setLeaderCommit(last).build();
  }
}
