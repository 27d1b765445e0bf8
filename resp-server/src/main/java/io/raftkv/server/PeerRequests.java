package io.raftkv.server;

import io.raftkv.shard.PeerTransport;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Answers what other nodes ask over their links. */
final class PeerRequests {
  private final Node node;

  PeerRequests(Node node) {
    this.node = node;
  }

  /** The answer to a request; its bytes are what the part that is asked makes of them. */
  CompletionStage<byte[]> answer(PeerTransport.Kind kind, byte[] request) {
    return switch (kind) {
      case PROPOSE -> node.shards().propose(request);
      case APPEND -> node.raft().append(request);
      case TERMS -> CompletableFuture.completedFuture(node.barrier().answer(request));
      case LOG_END -> CompletableFuture.completedFuture(node.succession().answer(request));
      case READ -> node.traffic().answerRead(request);
      case CONTROL -> answerControl(ByteBuffer.wrap(request));
    };
  }

  private CompletionStage<byte[]> answerControl(ByteBuffer request) {
    byte kind = request.get();
    switch (kind) {
      case ControlRequests.HEARTBEAT -> {
        return CompletableFuture.completedFuture(
            ControlRequests.encode(
                new ControlRequests.Heartbeat(
                    System.currentTimeMillis(), node.config().listen().announceHost())));
      }
      case ControlRequests.REPLICA_STATUS -> {
        UUID group = new UUID(request.getLong(), request.getLong());
        return CompletableFuture.supplyAsync(
            () -> {
              NodeStatus.ReplicaStatus status = node.view().localReplica(group);
              return status == null ? new byte[0] : ControlRequests.encode(status);
            },
            node.readPool());
      }
      default ->
          throw new IllegalArgumentException("control request " + kind + " of another version");
    }
  }
}
