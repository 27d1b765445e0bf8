package io.raftkv.raft;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.rpc.SupportedRpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.raftlog.RaftLogIOException;

/**
 * Ratis' gRPC transport, which also lets the leader tell a follower the commit index at once, and
 * fill one that has lost its log.
 *
 * <p>A follower learns that an entry is committed with the next entry or heartbeat, which on an
 * idle shard is half an election timeout away; a linearizable read on it would wait for that long.
 */
public final class CommitNudgingGrpc implements RpcType {
  /** Called by Ratis, by name. */
  public CommitNudgingGrpc() {}

  @Override
  public String name() {
    return SupportedRpcType.GRPC.name();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    return new Factory(parameters);
  }

  /**
   * Believes a follower that says it has less than it had: its directory was removed to have it
   * rebuilt. Ratis' own does so only when it has an entry to send, so that on an idle shard the
   * follower would stay empty.
   */
  private static final class Appender extends GrpcLogAppender {
    private Appender(RaftServer.Division server, LeaderState state, FollowerInfo follower) {
      super(server, state, follower);
    }

    /** Ratis wakes a sender at every commit, too: three times an entry where once will do. */
    @Override
    public void notifyLogAppender() {
      if (shouldSendAppendEntries()) {
        super.notifyLogAppender();
      }
    }

    @Override
    public AppendEntriesRequestProto newAppendEntriesRequest(long callId, boolean heartbeat)
        throws RaftLogIOException {
      AppendEntriesRequestProto request = super.newAppendEntriesRequest(callId, heartbeat);
      return request == null ? null : withVerifiedCommit(request);
    }

    @Override
    protected long getNextIndexForInconsistency(long requestFirstIndex, long replyNextIndex) {
      return requestFirstIndex == RaftLog.INVALID_LOG_INDEX
          ? Math.max(replyNextIndex, RaftLog.LEAST_VALID_LOG_INDEX)
          : super.getNextIndexForInconsistency(requestFirstIndex, replyNextIndex);
    }
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

  /** Remembers the appenders of the groups that this node leads. */
  static final class Factory extends GrpcFactory {
    private final Map<RaftGroupMemberId, Map<RaftPeerId, LogAppender>> appenders =
        new ConcurrentHashMap<>();

    Factory(Parameters parameters) {
      super(parameters);
    }

    @Override
    public LogAppender newLogAppender(
        RaftServer.Division server, LeaderState state, FollowerInfo follower) {
      LogAppender appender = new Appender(server, state, follower);
      appenders
          .computeIfAbsent(server.getMemberId(), member -> new ConcurrentHashMap<>())
          .put(follower.getId(), appender);
      return appender;
    }

    /** What each follower that the leader sends to is known to have, by name. */
    Map<String, Long> matchIndexes(RaftGroupMemberId leader) {
      Map<String, Long> matches = new TreeMap<>();
      appenders
          .getOrDefault(leader, Map.of())
          .forEach(
              (id, appender) -> {
                if (appender.isRunning()) {
                  matches.put(id.toString(), appender.getFollower().getMatchIndex());
                }
              });
      return matches;
    }

    /** The node has no replica of the group any more. */
    void forget(RaftGroupMemberId leader) {
      appenders.remove(leader);
    }

    /** Sends the follower a heartbeat, and with it the commit index, now. */
    void nudge(RaftGroupMemberId leader, RaftPeerId follower) {
      LogAppender appender = appenders.getOrDefault(leader, Map.of()).get(follower);
      if (appender != null && appender.isRunning()) {
        appender.triggerHeartbeat();
      }
    }
  }
}
