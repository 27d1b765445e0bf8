package io.raftkv.raft;

import io.raftkv.shard.BatchOutcome;
import io.raftkv.shard.Completion;
import io.raftkv.shard.LeaderSuccession;
import io.raftkv.shard.ReadBarrier;
import io.raftkv.storage.ShardStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.ProtoUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This node's replica of one group. Thread-safe. */
public final class Replica implements ReadBarrier.Source, LeaderSuccession.Follower {
  private static final Logger LOG = LoggerFactory.getLogger(Replica.class);
  private static final AtomicLong CALL_IDS = new AtomicLong();

  private final RaftGroupId groupId;
  private final Supplier<String> name;
  private final RaftTransport.Factory transport;
  private final long leftAt;
  private final BooleanSupplier left;
  private final ClientId clientId = ClientId.randomId();
  private final Map<Long, Append> appends = new ConcurrentHashMap<>();
  private final PriorityQueue<Waiter> waiters = new PriorityQueue<>();
  private int cancelled; // of the waiters, and guarded by them
  private volatile ReplicatedStateMachine stateMachine;
  private volatile RaftServer.Division division;
  private volatile long appliedIndex = -1;
  private volatile CompletableFuture<?> memberChange = CompletableFuture.completedFuture(null);
  private final LongAdder reads = new LongAdder();

  /** An entry on its way into the log. */
  private static final class Append {
    private volatile boolean inLog;
  }

  /** The action is null when nobody waits any more. */
  private static final class Waiter implements Comparable<Waiter> {
    private final long index;
    private Runnable action;

    private Waiter(long index, Runnable action) {
      this.index = index;
      this.action = action;
    }

    @Override
    public int compareTo(Waiter other) {
      return Long.compare(index, other.index);
    }
  }

  /** Those of a leader with shorter timeouts may be late by as much. */
  private static final long HEARTBEAT_MILLIS = 500;

  /** So many that have given up are worth a walk over all. */
  private static final int MANY_CANCELLED = 1_000;

  /**
   * @param leftAt see {@link RaftNode#startJoining(UUID, long, long)}
   * @param left see {@link RaftNode.Cluster#hasLeft}
   */
  Replica(
      UUID group,
      Supplier<String> name,
      RaftTransport.Factory transport,
      long leftAt,
      BooleanSupplier left) {
    this.groupId = RaftGroupId.valueOf(group);
    this.name = name;
    this.transport = transport;
    this.leftAt = leftAt;
    this.left = left;
  }

  void attach(ReplicatedStateMachine machine) {
    stateMachine = machine;
  }

  /** From now on there is something behind this: Ratis' part fails in many ways before. */
  void started() {
    division = stateMachine.division();
  }

  @Override
  public UUID group() {
    return groupId.getUuid();
  }

  /** Commands are to be answered from this replica. */
  public void countReads(int commands) {
    reads.add(commands);
  }

  /** Commands that were to be answered from this replica so far. */
  public long reads() {
    return reads.sum();
  }

  /** The shard's name, for logs and errors. */
  @Override
  public String name() {
    return name.get();
  }

  /** False before the replica has started and after it has stopped or failed. */
  public boolean isAlive() {
    return alive() != null;
  }

  private RaftServer.Division alive() {
    RaftServer.Division started = division;
    return started != null && started.getInfo().isAlive() ? started : null;
  }

  /** Name of the leader as far as this replica knows, or null. */
  @Override
  public String leader() {
    RaftServer.Division running = alive();
    RaftPeerId leader = running == null ? null : running.getInfo().getLeaderId();
    return leader == null ? null : leader.toString();
  }

  @Override
  public LeaderView view() {
    RaftServer.Division running = alive();
    if (running == null) {
      return null;
    }
    DivisionInfo info = running.getInfo();
    long term = info.getCurrentTerm();
    boolean ready = info.isLeaderReady() && stateMachine.readyTerm() == term;
    long commit = running.getRaftLog().getLastCommittedIndex();
    RaftConfiguration configuration = running.getRaftConf();
    // The term rises before Ratis takes the leader's flag away, so equality is asked twice.
    ready = ready && info.getCurrentTerm() == term;
    return new LeaderView(
        term,
        ready,
        commit,
        names(configuration.getCurrentPeers()),
        names(configuration.getPreviousPeers()));
  }

  public long term() {
    RaftServer.Division running = alive();
    return running == null ? -1 : running.getInfo().getCurrentTerm();
  }

  public boolean isLeader() {
    RaftServer.Division running = alive();
    return running != null && running.getInfo().isLeader();
  }

  /** Last index known to be committed. */
  public long commitIndex() {
    RaftServer.Division running = alive();
    return running == null ? -1 : running.getRaftLog().getLastCommittedIndex();
  }

  @Override
  public long appliedIndex() {
    return appliedIndex;
  }

  /**
   * Milliseconds since this replica last heard from the leader: 0 if it leads, {@link
   * Long#MAX_VALUE} if it knows of none, however short a time that is.
   */
  @Override
  public long leaderSilenceMillis() {
    RaftServer.Division running = alive();
    if (running == null) {
      return Long.MAX_VALUE;
    }
    if (running.getInfo().isLeaderReady()) {
      return 0;
    }
    RoleInfoProto role = running.getInfo().getRoleInfoProto();
    // Ratis gives a follower without a leader an empty record, whose time is 0.
    return role.hasFollowerInfo() && role.getFollowerInfo().getLeaderInfo().hasId()
        ? role.getFollowerInfo().getLeaderInfo().getLastRpcElapsedTimeMs()
        : Long.MAX_VALUE;
  }

  @Override
  public List<String> voters() {
    RaftServer.Division running = alive();
    return running == null ? List.of() : names(running.getRaftConf().getAllPeers());
  }

  /**
   * Whether this replica is one of its group, as far as its own log and the record of the group go:
   * false before a leader has added it, and when it or its node knows that it was removed. Who is
   * not learns no more of its group, and is not to be asked about it. One that leads is a member
   * whatever this node has heard: others send their reads to it. Cheap.
   */
  public boolean isMember() {
    RaftServer.Division running = alive();
    return running != null
        && isIn(running.getRaftConf(), running.getId())
        && running.getRaftConf().getLogEntryIndex() >= leftAt
        && (!left.getAsBoolean() || running.getInfo().isLeader());
  }

  private static boolean isIn(RaftConfiguration members, RaftPeerId node) {
    return members.getPeer(node, RaftPeerRole.FOLLOWER, RaftPeerRole.LISTENER) != null;
  }

  /**
   * Whether this was begun anew, and has not applied yet that its node had left: what it knows is
   * older than what the replica before it had.
   */
  public boolean isBehindItsBeginning() {
    return appliedIndex < leftAt;
  }

  /**
   * Whether its log ends in a time before this was begun, in which the group had its node as a
   * member: Ratis, started with that, would take it for one.
   */
  boolean isMemberOfThePast() {
    RaftServer.Division running = alive();
    return running != null
        && isIn(running.getRaftConf(), running.getId())
        && running.getRaftConf().getLogEntryIndex() < leftAt;
  }

  /** See {@link RaftNode#startJoining(UUID, long, long)}. */
  long leftAt() {
    return leftAt;
  }

  /**
   * The index of the last entry of its log that says who the members are; also when it has ended.
   */
  long membersIndex() {
    RaftServer.Division last = division;
    return last == null ? -1 : last.getRaftConf().getLogEntryIndex();
  }

  /**
   * Up to which index the log speaks of the time before a node, which is no voter and has no data,
   * came: of the members that this knows, it is one by a later entry, or just by that.
   */
  public long pastOf(String nodeId) {
    RaftServer.Division running = alive();
    return running != null && isIn(running.getRaftConf(), RaftPeerId.valueOf(nodeId))
        ? Math.min(running.getRaftConf().getLogEntryIndex(), appliedIndex)
        : appliedIndex;
  }

  /**
   * Who takes part in the group.
   *
   * @param index of the log's entry that made it so
   * @param voters names of the nodes that vote
   * @param listeners names of those that only follow
   */
  public record MemberView(long index, List<String> voters, List<String> listeners) {}

  /**
   * For the leader: the members, as of an entry that is committed; null while they are being
   * changed, or if this does not run.
   */
  public MemberView settledMembers() {
    RaftServer.Division running = alive();
    if (running == null || isChangingMembers()) {
      return null;
    }
    RaftConfiguration now = running.getRaftConf();
    boolean settled =
        now.getPreviousPeers().isEmpty()
            && running.getRaftLog().getLastCommittedIndex() >= now.getLogEntryIndex();
    return settled
        ? new MemberView(
            now.getLogEntryIndex(),
            names(now.getCurrentPeers()),
            names(now.getCurrentPeers(RaftPeerRole.LISTENER)))
        : null;
  }

  /** Whether this is a listener of its group for good, and Ratis does not know yet. */
  boolean isListenerTakenForFollower() {
    RaftServer.Division running = alive();
    if (running == null || running.getInfo().isListener()) {
      return false;
    }
    RaftConfiguration now = running.getRaftConf();
    return now.getPeer(running.getId(), RaftPeerRole.LISTENER) != null
        && now.getPreviousPeers().isEmpty()
        && now.getLogEntryIndex() >= leftAt // else it was one before, and is to be a voter now
        && now.getLogEntryIndex() <= appliedIndex;
  }

  /**
   * Whether this was started as a listener, and its log says that it is none any more: a leader
   * that did not come to add it again may have sent it that. Ratis goes on without its vote.
   */
  boolean isFormerListener() {
    RaftServer.Division running = alive();
    return running != null
        && running.getInfo().isListener()
        && running.getRaftConf().getPeer(running.getId(), RaftPeerRole.LISTENER) == null;
  }

  /** Names of the voters and listeners, as this replica's log has them. */
  public List<String> members() {
    RaftServer.Division running = alive();
    if (running == null) {
      return List.of();
    }
    Set<String> members = new LinkedHashSet<>(voters()); // a listener may be about to be one
    members.addAll(names(running.getRaftConf().getAllPeers(RaftPeerRole.LISTENER)));
    return List.copyOf(members);
  }

  /** A change of members has been asked for; the future ends when it is over, however. */
  synchronized void membersAreToChange(CompletableFuture<?> over) {
    memberChange = memberChange.isDone() ? over : CompletableFuture.allOf(memberChange, over);
  }

  /**
   * For the leader: whether a change of members is not over. It begins when it is asked for: until
   * a new voter has all that it lacks, the log says nothing of it.
   */
  public boolean isChangingMembers() {
    RaftServer.Division running = alive();
    if (running == null) {
      return false;
    }
    RaftConfiguration now = running.getRaftConf();
    return !memberChange.isDone()
        || !now.getPreviousPeers().isEmpty()
        || running.getRaftLog().getLastCommittedIndex() < now.getLogEntryIndex();
  }

  /** For the leader: the last index that each follower is known to have, by name. */
  public Map<String, Long> followerMatchIndexes() {
    RaftServer.Division running = alive();
    return running == null || !running.getInfo().isLeader()
        ? Map.of()
        : transport.matchIndexes(running.getMemberId());
  }

  /**
   * Whether this leads, and a follower still needs its latest checkpoint, or the log behind it.
   * False as soon as this stops.
   */
  boolean holdsCheckpoint() {
    RaftServer.Division running = alive();
    return running != null && transport.holdsCheckpoint(running.getMemberId());
  }

  /** From now on the checkpoint is not held that is being sent: whoever gets it begins again. */
  void releaseCheckpoint() {
    RaftServer.Division running = alive();
    if (running != null) {
      transport.releaseCheckpoint(running.getMemberId());
    }
  }

  /**
   * For the leader: the followers that have answered it lately.
   *
   * @param heartbeats how many of those, of an idle leader, may have been lost since
   */
  public Set<String> followersHeardWithin(int heartbeats) {
    RaftServer.Division running = alive();
    if (running == null || !running.getInfo().isLeader()) {
      return Set.of();
    }
    long heartbeat = Math.max(HEARTBEAT_MILLIS, running.properties().minRpcTimeoutMs() / 2);
    return transport.followersHeardWithin(running.getMemberId(), heartbeats * heartbeat);
  }

  /**
   * Appends an entry if this replica leads. Takes Ratis' monitor and may block for a moment: not
   * for event loops.
   *
   * @param done takes {@link BatchOutcome#APPLIED} when this replica has applied it, {@link
   *     BatchOutcome#NOT_LEADER} or {@link BatchOutcome#REFUSED} if it is certainly not in the log,
   *     {@link BatchOutcome#UNKNOWN} if leadership was lost after the append
   */
  public void append(byte[] entry, Consumer<BatchOutcome> done) {
    RaftServer.Division running = alive();
    if (!(running instanceof RaftClientAsynchronousProtocol log)) {
      done.accept(BatchOutcome.NOT_LEADER);
      return;
    }
    long callId = CALL_IDS.incrementAndGet();
    RaftClientRequest request =
        RaftClientRequest.newBuilder()
            .setClientId(clientId)
            .setServerId(running.getId())
            .setGroupId(groupId)
            .setCallId(callId)
            .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(entry)))
            .setType(RaftClientRequest.writeRequestType())
            .build();
    Append append = new Append();
    appends.put(callId, append);
    CompletableFuture<RaftClientReply> replied;
    try {
      replied = log.submitClientRequestAsync(request);
    } catch (IOException | RuntimeException refused) {
      replied = CompletableFuture.failedFuture(refused);
    }
    replied.whenComplete(
        Completion.loggingFaults(
            "an append", (reply, failure) -> done.accept(outcome(callId, append, reply))));
  }

  private BatchOutcome outcome(long callId, Append append, RaftClientReply reply) {
    appends.remove(callId);
    if (reply != null && reply.isSuccess()) {
      return BatchOutcome.APPLIED;
    }
    if (append.inLog) {
      return BatchOutcome.UNKNOWN;
    }
    return isLeader() && !isHandingOver(reply) ? BatchOutcome.REFUSED : BatchOutcome.NOT_LEADER;
  }

  /** It takes nothing for as long as its successor, which may be down, lets it wait. */
  private static boolean isHandingOver(RaftClientReply reply) {
    return reply != null && reply.getException() instanceof LeaderSteppingDownException;
  }

  /**
   * Runs the action once everything up to {@code index} is applied; on the apply thread or here.
   *
   * @return ends the wait: nothing is held for it from then on, though the action may just run
   */
  public Runnable whenApplied(long index, Runnable action) {
    if (appliedIndex < index) {
      synchronized (waiters) {
        if (appliedIndex < index) {
          Waiter waiter = new Waiter(index, action);
          waiters.add(waiter);
          return () -> cancel(waiter);
        }
      }
    }
    action.run();
    return () -> {};
  }

  /** An apply that waits for space on the disk may keep all others waiting for hours. */
  private void cancel(Waiter waiter) {
    synchronized (waiters) {
      if (waiter.action != null) {
        waiter.action = null;
        cancelled++;
        if (cancelled > MANY_CANCELLED && cancelled > waiters.size() / 2) {
          waiters.removeIf(one -> one.action == null);
          cancelled = 0;
        }
      }
    }
  }

  /** How many waits {@link #whenApplied} holds. */
  int waiting() {
    synchronized (waiters) {
      return waiters.size();
    }
  }

  /**
   * Runs with the store open; null at once while there is none or it is being replaced by a
   * snapshot.
   */
  public <T> T withStore(Function<ShardStore, T> use) {
    ReplicatedStateMachine machine = stateMachine;
    return machine == null ? null : machine.withStore(use);
  }

  /**
   * Bytes of all files of this replica: log, store, and snapshots. A table that snapshots share
   * with the store counts once. Lists directories: not for event loops.
   *
   * @throws UncheckedIOException if they cannot be listed
   */
  public long diskUsageBytes() {
    ReplicatedStateMachine machine = stateMachine;
    try {
      return machine == null ? 0 : machine.diskUsageBytes();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /**
   * Tries whether the store can write to its disk; also true while there is no store. A replica
   * whose store has met damaged files, for example in a compaction, is stopped by this call: that
   * is no fault of the disk. Blocks.
   */
  public boolean storeIsWritable() {
    ReplicatedStateMachine machine = stateMachine;
    return machine == null || machine.storeIsWritable();
  }

  /**
   * Gives back, on the disk, the room of what was deleted. May take long; for one thread at a time.
   *
   * @param roomBytes how much may be written before anything is given back
   * @return false if an entry has to come before all of it can be
   */
  public boolean giveBackSpace(LongSupplier roomBytes) throws IOException {
    return !isAlive() || stateMachine.giveBackSpace(roomBytes);
  }

  @Override
  public LogPosition logEnd() {
    RaftServer.Division running = alive();
    if (running == null) {
      return null;
    }
    TermIndex last = running.getRaftLog().getLastEntryTermIndex();
    return last == null ? new LogPosition(0, -1) : new LogPosition(last.getTerm(), last.getIndex());
  }

  /**
   * Stands for election at once, without waiting for the silence of a leader that is known to be
   * gone. Nothing is risked if it is not: a vote takes a term of its own, and the leader of the old
   * one steps down.
   *
   * @param gone the leader; nothing is done if this replica follows somebody else, or has nothing
   *     of that leader's term in its log: then it may not be the one who should win
   * @return true if an election was begun
   */
  @Override
  public boolean standForElection(String gone) {
    RaftServer.Division running = alive();
    TermIndex last = running == null ? null : running.getRaftLog().getLastEntryTermIndex();
    if (last == null
        || last.getTerm() != running.getInfo().getCurrentTerm()
        || !running.getInfo().isFollower()
        || !gone.equals(leader())) {
      return false;
    }
    return elect(running, RaftPeerId.valueOf(gone), last);
  }

  /**
   * What a leader sends to the one to whom it hands over.
   *
   * @param leader who would send it, but cannot
   * @param end of the log
   */
  private boolean elect(RaftServer.Division running, RaftPeerId leader, TermIndex end) {
    try {
      return running
          .getRaftServer()
          .startLeaderElection(
              StartLeaderElectionRequestProto.newBuilder()
                  .setServerRequest(
                      RaftRpcRequestProto.newBuilder()
                          .setRequestorId(leader.toByteString())
                          .setReplyId(running.getId().toByteString())
                          .setRaftGroupId(ProtoUtils.toRaftGroupIdProtoBuilder(groupId)))
                  .setLeaderLastEntry(end.toProto())
                  .build())
          .getServerReply()
          .getSuccess();
    } catch (IOException refused) {
      LOG.debug("no election begun shard={}", name(), refused);
      return false;
    }
  }

  /**
   * Stands for election at once in a group that has just begun, and so never had a leader.
   *
   * @return true if an election was begun
   */
  public boolean standAsFirst() {
    RaftServer.Division running = alive();
    if (running == null || !running.getInfo().isFollower() || leader() != null) {
      return false;
    }
    TermIndex last = running.getRaftLog().getLastEntryTermIndex();
    SnapshotInfo snapshot = stateMachine.getLatestSnapshot();
    TermIndex end = last == null && snapshot != null ? snapshot.getTermIndex() : last;
    return end != null && elect(running, running.getId(), end);
  }

  /** Bytes of a checkpoint that has not arrived as a whole yet; 0 if none is on its way. */
  public long arrivingBytes() {
    ReplicatedStateMachine machine = stateMachine;
    CheckpointArrivals arrivals = machine == null ? null : machine.arrivals();
    try {
      return arrivals == null ? 0 : arrivals.bytes();
    } catch (IOException changing) {
      LOG.debug("what has arrived cannot be counted just now shard={}", name(), changing);
      return 0;
    }
  }

  /** For how long slots of the store have been about to go, in milliseconds; 0 if none are. */
  public long fenceMillis() {
    ReplicatedStateMachine machine = stateMachine;
    return machine == null ? 0 : machine.fenceMillis();
  }

  @Override
  public void nudge(String follower) {
    RaftServer.Division running = alive();
    if (running != null) {
      transport.nudge(running.getMemberId(), RaftPeerId.valueOf(follower));
    }
  }

  /** Has all followers hear now of what is committed, if this leads. Does not block. */
  void tellCommit() {
    RaftServer.Division running = alive();
    if (running != null && running.getInfo().isLeader()) {
      transport.tellCommit(running.getMemberId());
    }
  }

  void appending(long callId) {
    Append append = appends.get(callId);
    if (append != null) {
      append.inLog = true;
    }
  }

  /** The store is open and has everything up to this index. */
  void opened(long index) {
    applied(index);
  }

  void applied(long index) {
    List<Runnable> due = List.of();
    synchronized (waiters) {
      appliedIndex = index;
      if (!waiters.isEmpty() && waiters.peek().index <= index) {
        due = new ArrayList<>();
        while (!waiters.isEmpty() && waiters.peek().index <= index) {
          Waiter waiter = waiters.poll();
          if (waiter.action != null) {
            due.add(waiter.action);
            waiter.action = null;
          } else {
            cancelled--;
          }
        }
      }
    }
    for (Runnable action : due) {
      try {
        action.run();
      } catch (RuntimeException fault) {
        LOG.error("waiter for index={} of shard={} failed", index, name(), fault);
      }
    }
  }

  private static List<String> names(Collection<RaftPeer> peers) {
    return peers.stream().map(peer -> peer.getId().toString()).toList();
  }
}
