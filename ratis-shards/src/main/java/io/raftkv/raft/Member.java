package io.raftkv.raft;

import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.RaftPeer;

/**
 * A node as Raft knows it.
 *
 * @param nodeId its name
 * @param address {@code host:port} of its Raft traffic
 * @param voter false for a listener, which follows the log and has no vote
 */
public record Member(String nodeId, String address, boolean voter) {
  /**
   * As Ratis knows it. No priority: Ratis would hand leadership to a higher, and to no lower one.
   */
  RaftPeer toPeer() {
    return RaftPeer.newBuilder()
        .setId(nodeId)
        .setAddress(address)
        .setStartupRole(voter ? RaftPeerRole.FOLLOWER : RaftPeerRole.LISTENER)
        .build();
  }
}
