package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexReplyProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;
import org.apache.ratis.util.ProtoUtils;
import org.junit.jupiter.api.Test;

class LeaderAppendsTest {
  private static final UUID OPEN = new UUID(0, 1);
  private static final UUID STARTING = new UUID(0, 2);

  private final Queue<Runnable> work = new ArrayDeque<>();
  private final List<Long> handedOver = new ArrayList<>();
  private Executor executor = work::add;
  private long flushed = Long.MAX_VALUE;
  private RuntimeException fault;

  /** Answers at once that it has the entry whose index is the request's call id. */
  private final RaftServerAsynchronousProtocol server =
      new RaftServerAsynchronousProtocol() {
        @Override
        public CompletableFuture<AppendEntriesReplyProto> appendEntriesAsync(
            AppendEntriesRequestProto request) {
          if (fault != null) {
            throw fault;
          }
          long index = request.getServerRequest().getCallId();
          handedOver.add(index);
          return CompletableFuture.completedFuture(
              AppendEntriesReplyProto.newBuilder()
                  .setResult(AppendResult.SUCCESS)
                  .setMatchIndex(index)
                  .build());
        }

        @Override
        public CompletableFuture<ReadIndexReplyProto> readIndexAsync(
            ReadIndexRequestProto request) {
          throw new UnsupportedOperationException();
        }
      };

  private final LeaderGateTest.Cluster cluster = new LeaderGateTest.Cluster();
  private final LeaderAppends appends =
      new LeaderAppends(
          server,
          OPEN::equals,
          cluster,
          answer -> answer.getMatchIndex() <= flushed,
          task -> executor.execute(task));

  private CompletableFuture<byte[]> append(UUID group, long index) {
    return appends.append(
        AppendEntriesRequestProto.newBuilder()
            .setServerRequest(
                RaftRpcRequestProto.newBuilder()
                    .setCallId(index)
                    .setRaftGroupId(
                        ProtoUtils.toRaftGroupIdProtoBuilder(RaftGroupId.valueOf(group))))
            .build()
            .toByteArray());
  }

  private void work() {
    for (Runnable task = work.poll(); task != null; task = work.poll()) {
      task.run();
    }
  }

  @Test
  void messagesOfAGroupAreHandedOverInOrderByOneTask() throws Exception {
    List<CompletableFuture<byte[]>> answers = new ArrayList<>();
    for (long index = 1; index <= 5; index++) {
      answers.add(append(OPEN, index));
    }
    assertThat(work).hasSize(1);
    work();
    assertThat(handedOver).containsExactly(1L, 2L, 3L, 4L, 5L);
    for (int i = 0; i < 5; i++) {
      assertThat(AppendEntriesReplyProto.parseFrom(answers.get(i).get()).getMatchIndex())
          .isEqualTo(i + 1);
    }
    CompletableFuture<byte[]> later = append(OPEN, 6);
    work();
    assertThat(later).isCompleted();
  }

  @Test
  void replicaThatIsNotOpenGetsNothing() throws Exception {
    assertThat(append(STARTING, 1).get()).isEmpty();
    assertThat(work).isEmpty();
  }

  @Test
  void leaderOfAnotherClusterIsNotFollowed() throws Exception {
    cluster.id = "c-1";
    assertThat(append(OPEN, 1).get()).isEmpty();
    assertThat(work).isEmpty();
  }

  /** Ratis acknowledges a repeated entry whose first copy is still being written. */
  @Test
  void whatIsNotOnTheDiskIsNotAcknowledged() throws Exception {
    flushed = 1;
    CompletableFuture<byte[]> first = append(OPEN, 1);
    CompletableFuture<byte[]> second = append(OPEN, 2);
    work();
    assertThat(first.get()).isNotEmpty();
    assertThat(second.get()).isEmpty();
  }

  @Test
  void faultIsTheAnswerOfItsMessageAlone() {
    fault = new IllegalStateException("made by the test");
    CompletableFuture<byte[]> failed = append(OPEN, 1);
    work();
    fault = null;
    CompletableFuture<byte[]> next = append(OPEN, 2);
    work();
    assertThat(failed).isCompletedExceptionally();
    assertThat(next).isCompleted();
    assertThat(appends.append(new byte[] {1})).isCompletedExceptionally();
  }

  @Test
  void messagesThatComeWhileTheNodeStopsFail() {
    executor =
        task -> {
          throw new RejectedExecutionException();
        };
    assertThat(append(OPEN, 1)).isCompletedExceptionally();
    executor = work::add;
    CompletableFuture<byte[]> next = append(OPEN, 2);
    work();
    assertThat(next).isCompleted();
  }
}
