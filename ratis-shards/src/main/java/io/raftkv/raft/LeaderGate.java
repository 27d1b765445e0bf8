package io.raftkv.raft;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;

/**
 * Between Ratis' gRPC and the replicas of this node, for what leaders and candidates send.
 *
 * <p>Nothing comes through to replicas that are still starting, or stop; the leader tries again.
 * Ratis refuses entries at that time, but as an error in the log, though a group starts on its
 * nodes at different moments. No snapshot comes through at all, for they go over the links ({@link
 * CheckpointReceiver}): with one of a leader whose term is over Ratis would take over its members.
 *
 * <p>Nor does anything of a node of another cluster, or of one that is gone for good: replicas
 * here, or there, may not know yet that it is no member ({@link ClusterMark}). And a replica whose
 * log speaks of the past only is not asked for its vote: Ratis runs it with that log before it can
 * be begun once more.
 *
 * <p>And no answer goes out that acknowledges what is not on the disk.
 */
final class LeaderGate implements ServerInterceptor {
  private static final String ENTRIES =
      RaftServerProtocolServiceGrpc.getAppendEntriesMethod().getFullMethodName();

  private static final String VOTE =
      RaftServerProtocolServiceGrpc.getRequestVoteMethod().getFullMethodName();

  private static final String SNAPSHOT =
      RaftServerProtocolServiceGrpc.getInstallSnapshotMethod().getFullMethodName();

  private final Predicate<UUID> isOpen;
  private final Predicate<UUID> mayVote;
  private final RaftNode.Cluster cluster;
  private final Predicate<AppendEntriesReplyProto> isOnDisk;

  /**
   * @param isOpen whether the replica of a group has started and does not stop
   * @param mayVote whether the replica of a group may be asked for its vote
   * @param cluster this node's
   * @param isOnDisk whether what an answer acknowledges is on the disk
   */
  LeaderGate(
      Predicate<UUID> isOpen,
      Predicate<UUID> mayVote,
      RaftNode.Cluster cluster,
      Predicate<AppendEntriesReplyProto> isOnDisk) {
    this.isOpen = isOpen;
    this.mayVote = mayVote;
    this.cluster = cluster;
    this.isOnDisk = isOnDisk;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String method = call.getMethodDescriptor().getFullMethodName();
    if (method.equals(SNAPSHOT)) {
      call.close(
          Status.UNIMPLEMENTED.withDescription("checkpoints go over the links"), new Metadata());
      return new ServerCall.Listener<>() {};
    }
    if (!method.equals(ENTRIES) && !method.equals(VOTE)) {
      return next.startCall(call, headers);
    }
    Answers<Q, R> answers = new Answers<>(call);
    return new Requests<>(answers, next.startCall(answers, headers));
  }

  private final class Requests<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Answers<Q, ?> answers;

    private Requests(Answers<Q, ?> answers, ServerCall.Listener<Q> listener) {
      super(listener);
      this.answers = answers;
    }

    @Override
    public void onMessage(Q message) {
      String why = objection(message);
      if (!why.isEmpty()) {
        answers.refuse(why);
      }
      if (!answers.refused()) {
        super.onMessage(message);
      }
    }

    @Override
    public void onHalfClose() {
      if (!answers.refused()) {
        super.onHalfClose();
      }
    }
  }

  /** What goes back to the leader; nothing more once the call is refused. */
  private final class Answers<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private boolean refused;

    private Answers(ServerCall<Q, R> call) {
      super(call);
    }

    private synchronized boolean refused() {
      return refused;
    }

    private synchronized void refuse(String why) {
      if (!refused) {
        refused = true;
        super.close(Status.UNAVAILABLE.withDescription(why), new Metadata());
      }
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!refused) {
        super.sendHeaders(headers);
      }
    }

    @Override
    public synchronized void sendMessage(R message) {
      if (message instanceof AppendEntriesReplyProto reply && !isOnDisk.test(reply)) {
        refuse("entries are on their way to the disk");
      }
      if (!refused) {
        super.sendMessage(message);
      }
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (!refused) {
        super.close(status, trailers);
      }
    }
  }

  /** What stands against a request; empty if nothing does. */
  private String objection(Object message) {
    boolean asksForVote = message instanceof RequestVoteRequestProto;
    RaftRpcRequestProto request =
        asksForVote
            ? ((RequestVoteRequestProto) message).getServerRequest()
            : ((AppendEntriesRequestProto) message).getServerRequest();
    String why = ClusterMark.objection(cluster, request);
    if (!why.isEmpty()) {
      return why;
    }
    ByteBuffer id = request.getRaftGroupId().getId().asReadOnlyByteBuffer();
    UUID group = new UUID(id.getLong(), id.getLong());
    if (asksForVote) {
      return mayVote.test(group) ? "" : "the replica is being begun anew";
    }
    return isOpen.test(group) ? "" : "the replica is not open";
  }
}
