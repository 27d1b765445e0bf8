package io.raftkv.raft;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.function.Supplier;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.grpc.server.GrpcServicesImpl;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionReplyProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;

/** Ratis' gRPC; what candidates ask for has a {@link ClusterMark}. */
final class MarkedRpc implements GrpcServices {
  private final GrpcServicesImpl grpc;
  private final Supplier<String> cluster;

  MarkedRpc(GrpcServicesImpl grpc, Supplier<String> cluster) {
    this.grpc = grpc;
    this.cluster = cluster;
  }

  /** As Ratis made it. */
  GrpcServicesImpl grpc() {
    return grpc;
  }

  @Override
  public RequestVoteReplyProto requestVote(RequestVoteRequestProto request) throws IOException {
    return grpc.requestVote(ClusterMark.put(request, cluster.get()));
  }

  @Override
  public AppendEntriesReplyProto appendEntries(AppendEntriesRequestProto request)
      throws IOException {
    return grpc.appendEntries(request);
  }

  @Override
  public InstallSnapshotReplyProto installSnapshot(InstallSnapshotRequestProto request)
      throws IOException {
    return grpc.installSnapshot(request);
  }

  @Override
  public StartLeaderElectionReplyProto startLeaderElection(StartLeaderElectionRequestProto request)
      throws IOException {
    return grpc.startLeaderElection(request);
  }

  @Override
  public RaftServerAsynchronousProtocol async() {
    return grpc.async();
  }

  @Override
  public void start() throws IOException {
    grpc.start();
  }

  @Override
  public void close() throws IOException {
    grpc.close();
  }

  @Override
  public InetSocketAddress getInetSocketAddress() {
    return grpc.getInetSocketAddress();
  }

  @Override
  public InetSocketAddress getClientServerAddress() {
    return grpc.getClientServerAddress();
  }

  @Override
  public InetSocketAddress getAdminServerAddress() {
    return grpc.getAdminServerAddress();
  }

  @Override
  public void handleException(RaftPeerId node, Exception failure, boolean reconnect) {
    grpc.handleException(node, failure, reconnect);
  }

  @Override
  public void notifyNotLeader(RaftGroupId group) {
    grpc.notifyNotLeader(group);
  }

  @Override
  public RpcType getRpcType() {
    return grpc.getRpcType();
  }

  @Override
  public void addRaftPeers(Collection<RaftPeer> peers) {
    grpc.addRaftPeers(peers);
  }
}
