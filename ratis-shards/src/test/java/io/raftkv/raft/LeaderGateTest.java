package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.util.ProtoUtils;
import org.junit.jupiter.api.Test;

class LeaderGateTest {
  private static final UUID OPEN = new UUID(0, 1);
  private static final UUID STARTING = new UUID(0, 2);

  private final List<Object> sent = new ArrayList<>();
  private final List<Long> received = new ArrayList<>();
  private ServerCall<AppendEntriesRequestProto, AppendEntriesReplyProto> answers;

  /** The call as gRPC sees it. */
  private final ServerCall<AppendEntriesRequestProto, AppendEntriesReplyProto> call =
      new ServerCall<>() {
        @Override
        public void request(int count) {}

        @Override
        public void sendHeaders(Metadata headers) {
          sent.add("headers");
        }

        @Override
        public void sendMessage(AppendEntriesReplyProto message) {
          sent.add(message.getMatchIndex());
        }

        @Override
        public void close(Status status, Metadata trailers) {
          sent.add(status.getCode());
        }

        @Override
        public boolean isCancelled() {
          return false;
        }

        @Override
        public MethodDescriptor<AppendEntriesRequestProto, AppendEntriesReplyProto>
            getMethodDescriptor() {
          return RaftServerProtocolServiceGrpc.getAppendEntriesMethod();
        }
      };

  private final ServerCall.Listener<AppendEntriesRequestProto> requests =
      new LeaderGate(OPEN::equals, answer -> answer.getMatchIndex() <= 5)
          .interceptCall(
              call,
              new Metadata(),
              (passed, headers) -> {
                answers = passed;
                return new ServerCall.Listener<>() {
                  @Override
                  public void onMessage(AppendEntriesRequestProto message) {
                    received.add(message.getServerRequest().getCallId());
                  }
                };
              });

  private static AppendEntriesRequestProto request(UUID group, long callId) {
    return AppendEntriesRequestProto.newBuilder()
        .setServerRequest(
            RaftRpcRequestProto.newBuilder()
                .setCallId(callId)
                .setRaftGroupId(ProtoUtils.toRaftGroupIdProtoBuilder(RaftGroupId.valueOf(group))))
        .build();
  }

  private static AppendEntriesReplyProto reply(long matchIndex) {
    return AppendEntriesReplyProto.newBuilder().setMatchIndex(matchIndex).build();
  }

  @Test
  void requestsForOpenReplicasAndAnswersPass() {
    requests.onMessage(request(OPEN, 1));
    answers.sendHeaders(new Metadata());
    answers.sendMessage(reply(5));
    answers.close(Status.OK, new Metadata());
    assertThat(received).containsExactly(1L);
    assertThat(sent).containsExactly("headers", 5L, Status.Code.OK);
  }

  @Test
  void requestForAReplicaThatStartsEndsTheCall() {
    requests.onMessage(request(STARTING, 1));
    requests.onMessage(request(OPEN, 2));
    answers.close(Status.OK, new Metadata());
    assertThat(received).isEmpty();
    assertThat(sent).containsExactly(Status.Code.UNAVAILABLE);
  }

  /** Ratis acknowledges a repeated entry whose first copy is still being written. */
  @Test
  void answerForWhatIsNotOnTheDiskEndsTheCallInstead() {
    requests.onMessage(request(OPEN, 1));
    answers.sendHeaders(new Metadata());
    answers.sendMessage(reply(6));
    answers.sendMessage(reply(5));
    answers.close(Status.OK, new Metadata());
    assertThat(sent).containsExactly("headers", Status.Code.UNAVAILABLE);
  }
}
