package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.raft.Member;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Where the nodes find each other: at the address that {@code --cluster} gives, and a node that it
 * does not name, where it registered. What clients are told is another matter, see {@link
 * NodeStatus#clientHost}.
 */
final class MemberAddresses {
  /** Of a node that is alone: only it will ever go there. */
  private static final String ALONE = "127.0.0.1";

  private final ServerConfig.Cluster cluster;
  private final Supplier<ClusterState> state;

  /** What this node was told when it was admitted; counts until the metadata is there. */
  private volatile List<ClusterMember> told = List.of();

  /**
   * @param state the newest one that this node knows
   */
  MemberAddresses(ServerConfig.Cluster cluster, Supplier<ClusterState> state) {
    this.cluster = cluster;
    this.state = state;
  }

  /** Host and ports of a node; empty if nobody has told of it yet. */
  Optional<ClusterMember> of(String nodeId) {
    return cluster
        .member(nodeId)
        .or(() -> state.get().node(nodeId).map(MemberAddresses::member))
        .or(() -> told.stream().filter(member -> member.id().equals(nodeId)).findFirst());
  }

  /** Those of the nodes of a cluster that this one joins. */
  void tell(List<ClusterMember> members) {
    told = List.copyOf(members);
  }

  /** A node as a member of a Raft group; it must be known. */
  Member member(String nodeId, boolean voter) {
    ClusterMember host = of(nodeId).orElseThrow();
    return new Member(host.id(), host.raftAddress().toString(), voter);
  }

  static ClusterMember member(NodeInfo node) {
    return new ClusterMember(node.id(), node.host(), node.raftPort(), node.respPort());
  }

  /**
   * What a node has to say of itself. One that has joined stays where it was registered.
   *
   * @param raftPort where it listens, in case that {@code --cluster} does not name it
   * @param respPort the same for clients and links
   */
  ClusterMember own(String nodeId, int raftPort, int respPort) {
    return cluster
        .member(nodeId)
        .orElseGet(
            () ->
                new ClusterMember(
                    nodeId,
                    state.get().node(nodeId).map(NodeInfo::host).orElse(ALONE),
                    raftPort,
                    respPort));
  }
}
