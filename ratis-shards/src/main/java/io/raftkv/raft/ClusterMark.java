package io.raftkv.raft;

import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnknownFieldSet;

/**
 * The id of the sender's cluster, which goes with all that leaders and candidates send. The group
 * that every node starts with has the same id in all clusters, and where one of its members was
 * there may be a node of another cluster now: one that began with an empty directory.
 */
final class ClusterMark {
  /** Of a field that Ratis does not have, and passes on. */
  private static final int FIELD = 1_000;

  private ClusterMark() {}

  static AppendEntriesRequestProto put(AppendEntriesRequestProto request, String cluster) {
    return cluster.isEmpty()
        ? request
        : request.toBuilder().setServerRequest(put(request.getServerRequest(), cluster)).build();
  }

  static RequestVoteRequestProto put(RequestVoteRequestProto request, String cluster) {
    return cluster.isEmpty()
        ? request
        : request.toBuilder().setServerRequest(put(request.getServerRequest(), cluster)).build();
  }

  private static RaftRpcRequestProto put(RaftRpcRequestProto request, String cluster) {
    UnknownFieldSet.Field field =
        UnknownFieldSet.Field.newBuilder()
            .addLengthDelimited(ByteString.copyFromUtf8(cluster))
            .build();
    return request.toBuilder()
        .setUnknownFields(UnknownFieldSet.newBuilder().addField(FIELD, field).build())
        .build();
  }

  /** Empty if the sender knows of none. */
  static String of(RaftRpcRequestProto request) {
    return request.getUnknownFields().getField(FIELD).getLengthDelimitedList().stream()
        .findFirst()
        .map(ByteString::toStringUtf8)
        .orElse("");
  }

  /**
   * Why who sends a request is none of those that a node follows or votes for; empty if it may be.
   * A node that is of no cluster yet learns from the others of which one it is.
   */
  static String objection(RaftNode.Cluster own, RaftRpcRequestProto request) {
    String id = own.id();
    if (!id.isEmpty() && !id.equals(of(request))) {
      return "the node is not of cluster " + id;
    }
    return own.isGone(request.getRequestorId().toStringUtf8()) ? "the node was removed" : "";
  }
}
