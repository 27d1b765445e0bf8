package io.raftkv.raft;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedInputStream;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.ProtoUtils;

/**
 * Takes what leaders send over the links: the receiving end of {@link LinkAppender}. Each group's
 * messages are handed to Ratis in the order in which they came, one at a time, on an executor,
 * since Ratis may write to the disk before it returns. Thread-safe.
 */
final class LeaderAppends {
  /** The leader is to send it again, by gRPC. */
  private static final byte[] NO_ANSWER = {};

  private final RaftServerAsynchronousProtocol server;
  private final Predicate<UUID> isOpen;
  private final RaftNode.Cluster cluster;
  private final Predicate<AppendEntriesReplyProto> isOnDisk;
  private final Executor executor;
  private final Map<UUID, Inbox> inboxes = new ConcurrentHashMap<>();

  /**
   * @param isOpen whether the replica of a group has started and does not stop
   * @param cluster this node's: no other is followed
   * @param isOnDisk whether what an answer acknowledges is on the disk
   * @param executor may block
   */
  LeaderAppends(
      RaftServerAsynchronousProtocol server,
      Predicate<UUID> isOpen,
      RaftNode.Cluster cluster,
      Predicate<AppendEntriesReplyProto> isOnDisk,
      Executor executor) {
    this.server = server;
    this.isOpen = isOpen;
    this.cluster = cluster;
    this.isOnDisk = isOnDisk;
    this.executor = executor;
  }

  /** Takes a message; the future is the answer to it. Never blocks. */
  CompletableFuture<byte[]> append(byte[] message) {
    AppendEntriesRequestProto request;
    try {
      // Entries stay parts of the message: nobody else has it, and nobody changes it.
      CodedInputStream in = UnsafeByteOperations.unsafeWrap(message).newCodedInput();
      in.enableAliasing(true);
      request = AppendEntriesRequestProto.parseFrom(in);
    } catch (IOException malformed) {
      return CompletableFuture.failedFuture(malformed);
    }
    UUID group = ProtoUtils.toRaftGroupId(request.getServerRequest().getRaftGroupId()).getUuid();
    if (!isOpen.test(group)
        || !ClusterMark.objection(cluster, request.getServerRequest()).isEmpty()) {
      return CompletableFuture.completedFuture(NO_ANSWER);
    }
    return inboxes.computeIfAbsent(group, id -> new Inbox()).take(request);
  }

  /** The node has no replica of the group any more. */
  void forget(UUID group) {
    inboxes.remove(group);
  }

  private record Message(AppendEntriesRequestProto request, CompletableFuture<byte[]> reply) {}

  /** The messages of one group that wait to be handed over; the leader bounds their number. */
  private final class Inbox implements Runnable {
    private final Queue<Message> messages = new ArrayDeque<>();
    private boolean running;

    private CompletableFuture<byte[]> take(AppendEntriesRequestProto request) {
      Message message = new Message(request, new CompletableFuture<>());
      boolean run;
      synchronized (messages) {
        messages.add(message);
        run = !running;
        running = true;
      }
      if (run) {
        try {
          executor.execute(this);
        } catch (RejectedExecutionException stopping) {
          for (Message left = poll(); left != null; left = poll()) {
            left.reply.completeExceptionally(stopping);
          }
        }
      }
      return message.reply;
    }

    @Override
    public void run() {
      for (Message message = poll(); message != null; message = poll()) {
        handOver(message);
      }
    }

    private Message poll() {
      synchronized (messages) {
        Message message = messages.poll();
        running = message != null;
        return message;
      }
    }

    private void handOver(Message message) {
      CompletableFuture<AppendEntriesReplyProto> reply;
      try {
        reply = server.appendEntriesAsync(message.request);
      } catch (IOException | RuntimeException | Error fault) {
        reply = CompletableFuture.failedFuture(fault); // else no later message would be taken
      }
      reply
          .thenApply(answer -> isOnDisk.test(answer) ? answer.toByteArray() : NO_ANSWER)
          .whenComplete(
              (answer, failure) -> {
                if (failure == null) {
                  message.reply.complete(answer);
                } else {
                  message.reply.completeExceptionally(failure);
                }
              });
    }
  }
}
