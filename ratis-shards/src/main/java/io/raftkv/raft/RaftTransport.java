package io.raftkv.raft;

import io.raftkv.shard.PeerTransport;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.grpc.server.GrpcServicesImpl;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.rpc.SupportedRpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;

/**
 * How Raft's messages travel: new entries and checkpoints over the links between the nodes,
 * everything else by Ratis' gRPC; entries and requests for votes with a {@link ClusterMark}.
 *
 * @see LinkAppender
 */
public final class RaftTransport implements RpcType {
  private static final String LINKS = "raftkv.links";
  private static final String CHECKPOINTS = "raftkv.checkpoints";
  private static final String CLUSTER = "raftkv.cluster";

  /** Called by Ratis, by name. */
  public RaftTransport() {}

  /**
   * Parameters of a server whose entries and checkpoints are to go over these links.
   *
   * @param cluster see {@link RaftNode.Cluster#id}
   */
  static Parameters parameters(
      PeerTransport links, CheckpointSender checkpoints, Supplier<String> cluster) {
    Parameters parameters = new Parameters();
    parameters.put(LINKS, links, PeerTransport.class);
    parameters.put(CHECKPOINTS, checkpoints, CheckpointSender.class);
    parameters.put(CLUSTER, cluster, Supplier.class);
    return parameters;
  }

  @Override
  public String name() {
    return SupportedRpcType.GRPC.name();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    return new Factory(parameters);
  }

  /** Remembers the appenders of the groups that this node leads. */
  static final class Factory extends GrpcFactory {
    private final PeerTransport links;
    private final CheckpointSender checkpoints;
    private final Supplier<String> cluster;
    private final Map<RaftGroupMemberId, Map<RaftPeerId, LinkAppender>> appenders =
        new ConcurrentHashMap<>();

    Factory(Parameters parameters) {
      super(parameters);
      this.links = parameters.get(LINKS, PeerTransport.class);
      this.checkpoints = parameters.get(CHECKPOINTS, CheckpointSender.class);
      Supplier<?> id = parameters.get(CLUSTER, Supplier.class);
      this.cluster = () -> (String) id.get();
    }

    @Override
    public GrpcServices newRaftServerRpc(RaftServer server) {
      return new MarkedRpc((GrpcServicesImpl) super.newRaftServerRpc(server), cluster);
    }

    @Override
    public LogAppender newLogAppender(
        RaftServer.Division server, LeaderState state, FollowerInfo follower) {
      Map<RaftPeerId, LinkAppender> ofGroup =
          appenders.computeIfAbsent(server.getMemberId(), member -> new ConcurrentHashMap<>());
      LinkAppender appender =
          new LinkAppender(
              server,
              state,
              follower,
              links,
              checkpoints,
              cluster,
              id -> matchIndex(ofGroup.get(id)));
      // Those who were members in an earlier term, and are not any more, would stay for ever.
      ofGroup.values().removeIf(old -> old.getLeaderState() != state);
      ofGroup.put(follower.getId(), appender);
      return appender;
    }

    private static long matchIndex(LinkAppender appender) {
      return appender == null ? -1 : appender.getFollower().getMatchIndex();
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

    /** The followers that have answered this leader, and within so many milliseconds. */
    Set<String> followersHeardWithin(RaftGroupMemberId leader, long millis) {
      Set<String> heard = new TreeSet<>();
      appenders
          .getOrDefault(leader, Map.of())
          .forEach(
              (id, appender) -> {
                FollowerInfo follower = appender.getFollower();
                if (appender.isRunning()
                    && follower.getMatchIndex() >= 0 // before, the time is one that Ratis made up
                    && follower.getLastRpcResponseTime().elapsedTimeMs() <= millis) {
                  heard.add(id.toString());
                }
              });
      return heard;
    }

    /** Whether a follower still needs the leader's latest checkpoint, or the log behind it. */
    boolean holdsCheckpoint(RaftGroupMemberId leader) {
      return appenders.getOrDefault(leader, Map.of()).values().stream()
          .anyMatch(LinkAppender::holdsCheckpoint);
    }

    /** The room that the checkpoint takes is needed more. */
    void releaseCheckpoint(RaftGroupMemberId leader) {
      appenders.getOrDefault(leader, Map.of()).values().forEach(LinkAppender::releaseCheckpoint);
    }

    /** The node has no replica of the group any more. */
    void forget(RaftGroupMemberId leader) {
      appenders.remove(leader);
    }

    /** Tells the follower the commit index now. */
    void nudge(RaftGroupMemberId leader, RaftPeerId follower) {
      LinkAppender appender = appenders.getOrDefault(leader, Map.of()).get(follower);
      if (appender != null && appender.isRunning()) {
        appender.tellCommit();
      }
    }

    /** Tells all followers. */
    void tellCommit(RaftGroupMemberId leader) {
      appenders
          .getOrDefault(leader, Map.of())
          .keySet()
          .forEach(follower -> nudge(leader, follower));
    }
  }
}
