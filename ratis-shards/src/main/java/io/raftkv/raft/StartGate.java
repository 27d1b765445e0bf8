package io.raftkv.raft;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;

/**
 * Keeps what leaders send away from replicas that are still starting, or stop; they try again.
 *
 * <p>Ratis takes a snapshot at that time: it makes the replica a follower, fails since its log is
 * not open yet, and then the start fails too, for it finds a follower there already. Entries it
 * refuses, but as an error in the log, though a group starts on its nodes at different moments.
 */
final class StartGate implements ServerInterceptor {
  private static final Set<String> FROM_LEADERS =
      Set.of(
          RaftServerProtocolServiceGrpc.getAppendEntriesMethod().getFullMethodName(),
          RaftServerProtocolServiceGrpc.getInstallSnapshotMethod().getFullMethodName());

  private final Predicate<UUID> isOpen;

  /**
   * @param isOpen whether the replica of a group has started and does not stop
   */
  StartGate(Predicate<UUID> isOpen) {
    this.isOpen = isOpen;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    ServerCall.Listener<Q> listener = next.startCall(call, headers);
    return FROM_LEADERS.contains(call.getMethodDescriptor().getFullMethodName())
        ? new Gate<>(call, listener)
        : listener;
  }

  private final class Gate<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;
    private boolean refused;

    private Gate(ServerCall<Q, ?> call, ServerCall.Listener<Q> listener) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      if (!refused && !isOpen.test(groupOf(message))) {
        refused = true;
        call.close(Status.UNAVAILABLE.withDescription("the replica is not open"), new Metadata());
      }
      if (!refused) {
        super.onMessage(message);
      }
    }

    @Override
    public void onHalfClose() {
      if (!refused) {
        super.onHalfClose(); // else it would answer a call that is closed
      }
    }
  }

  private static UUID groupOf(Object message) {
    RaftRpcRequestProto request =
        message instanceof InstallSnapshotRequestProto snapshot
            ? snapshot.getServerRequest()
            : ((AppendEntriesRequestProto) message).getServerRequest();
    ByteBuffer id = request.getRaftGroupId().getId().asReadOnlyByteBuffer();
    return new UUID(id.getLong(), id.getLong());
  }
}
