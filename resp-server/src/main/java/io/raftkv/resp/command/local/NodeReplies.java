package io.raftkv.resp.command.local;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.ShardInfo;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.NodeStatus;
import java.util.List;
import java.util.Optional;

/**
 * What RAFTKV.NODE and RAFTKV.CLUSTER say of nodes. Immutable.
 *
 * <p>The state of a node is an entry in the metadata. While no majority confirms those, nobody
 * judges nodes either, so states are told as what they are then: of some time ago.
 */
final class NodeReplies {
  private final NodeStatus status;

  NodeReplies(NodeStatus status) {
    this.status = status;
  }

  /** All nodes, removed ones included. */
  Reply list(MetadataAge age) {
    return Reply.array(
        status.cluster().nodes().values().stream()
            .map(
                node ->
                    basics(node, age)
                        .put("leads", ledBy(node).size())
                        .put("replicas", status.cluster().shardsOn(node.id()).size())
                        .reply())
            .toList());
  }

  /** One line for each node that is part of the cluster. */
  List<String> lines(MetadataAge age) {
    return status.cluster().members().stream().map(node -> line(node, age)).toList();
  }

  private String line(NodeInfo node, MetadataAge age) {
    return String.format(
        "%s %s, %s, %s, leads %d of %d replicas",
        node.id(),
        age.stateOf(node),
        address(node),
        isConnected(node) ? "connected" : "not connected",
        ledBy(node).size(),
        status.cluster().shardsOn(node.id()).size());
  }

  Reply status(NodeInfo node, MetadataAge age) {
    List<ShardInfo> held = status.cluster().shardsOn(node.id());
    List<ShardInfo> led = ledBy(node);
    Optional<JobInfo> job = status.cluster().jobOfNode(node.id());
    return basics(node, age)
        .put("redis-id", status.cluster().redisNodeId(node.id()))
        .put("raft-port", node.raftPort())
        .put("http-port", node.httpPort())
        .put("incarnation", node.incarnation())
        .put("draining", node.draining())
        .put("member-since", node.memberSince())
        .put("job", job.map(JobInfo::id).orElse(null))
        .put("note", job.map(JobInfo::note).filter(note -> !note.isEmpty()).orElse(null))
        .put("metadata-voter", status.cluster().metadataVoters().contains(node.id()))
        .put("metadata-leader", node.id().equals(status.leaderOf(status.metadataGroup())))
        .putTime("registered", node.registeredAtMillis())
        .putTime("updated", node.updatedAtMillis())
        .put("leads", led.stream().map(ShardInfo::id).toList())
        .put("follows", held.stream().filter(s -> !led.contains(s)).map(ShardInfo::id).toList())
        .put(
            "preferred-leader-of",
            status.cluster().shardsPreferring(node.id()).stream().map(ShardInfo::id).toList())
        .reply();
  }

  private MapReply basics(NodeInfo node, MetadataAge age) {
    return new MapReply()
        .put("id", node.id())
        .put("state", age.stateOf(node))
        .put("address", address(node))
        .put("connected", isConnected(node))
        .put("version", node.softwareVersion());
  }

  private static String address(NodeInfo node) {
    return node.host() + ":" + node.respPort();
  }

  private boolean isConnected(NodeInfo node) {
    return node.id().equals(status.nodeId()) || status.isConnected(node.id());
  }

  private List<ShardInfo> ledBy(NodeInfo node) {
    return status.cluster().shardsOn(node.id()).stream()
        .filter(shard -> node.id().equals(status.leaderOf(shard.groupId())))
        .toList();
  }
}
