package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.util.ProtoUtils;
import org.junit.jupiter.api.Test;

class LeaderGateTest {
  private static final UUID OPEN = new UUID(0, 1);
  private static final UUID STARTING = new UUID(0, 2);

  /** Of no cluster at first. */
  static final class Cluster implements RaftNode.Cluster {
    String id = "";

    @Override
    public String id() {
      return id;
    }

    @Override
    public boolean isGone(String nodeId) {
      return nodeId.equals("gone");
    }

    @Override
    public boolean hasLeft(UUID group) {
      return false;
    }
  }

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

  private final Cluster cluster = new Cluster();
  private final LeaderGate gate =
      new LeaderGate(OPEN::equals, OPEN::equals, cluster, answer -> answer.getMatchIndex() <= 5);

  private final ServerCall.Listener<AppendEntriesRequestProto> requests =
      gate.interceptCall(
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

  private static RequestVoteRequestProto voteRequest(UUID group, String candidate) {
    return RequestVoteRequestProto.newBuilder()
        .setServerRequest(
            RaftRpcRequestProto.newBuilder()
                .setRequestorId(ByteString.copyFromUtf8(candidate))
                .setRaftGroupId(ProtoUtils.toRaftGroupIdProtoBuilder(RaftGroupId.valueOf(group))))
        .build();
  }

  /** Whether it is asked of the replica; if not the call has ended. */
  private boolean isAsked(RequestVoteRequestProto request) {
    List<Object> asked = new ArrayList<>();
    List<Status.Code> ends = new ArrayList<>();
    ServerCall<RequestVoteRequestProto, RequestVoteReplyProto> vote =
        new ServerCall<>() {
          @Override
          public void request(int count) {}

          @Override
          public void sendHeaders(Metadata headers) {}

          @Override
          public void sendMessage(RequestVoteReplyProto message) {}

          @Override
          public void close(Status status, Metadata trailers) {
            ends.add(status.getCode());
          }

          @Override
          public boolean isCancelled() {
            return false;
          }

          @Override
          public MethodDescriptor<RequestVoteRequestProto, RequestVoteReplyProto>
              getMethodDescriptor() {
            return RaftServerProtocolServiceGrpc.getRequestVoteMethod();
          }
        };
    gate.interceptCall(
            vote,
            new Metadata(),
            (passed, headers) ->
                new ServerCall.Listener<RequestVoteRequestProto>() {
                  @Override
                  public void onMessage(RequestVoteRequestProto message) {
                    asked.add(message);
                  }
                })
        .onMessage(request);
    assertThat(ends).hasSize(1 - asked.size());
    return !asked.isEmpty();
  }

  /** Ratis runs it with the log of the past before it can be begun once more. */
  @Test
  void replicaThatIsBeingBegunAnewIsNotAskedForItsVote() {
    assertThat(isAsked(voteRequest(OPEN, "n1"))).isTrue();
    assertThat(isAsked(voteRequest(STARTING, "n1"))).isFalse();
  }

  @Test
  void nodeThatIsGoneGetsNoVoteAndIsNotFollowed() {
    assertThat(isAsked(voteRequest(OPEN, "gone"))).isFalse();
    AppendEntriesRequestProto entries = request(OPEN, 1);
    requests.onMessage(
        entries.toBuilder()
            .setServerRequest(
                entries.getServerRequest().toBuilder()
                    .setRequestorId(ByteString.copyFromUtf8("gone")))
            .build());
    assertThat(received).isEmpty();
    assertThat(sent).containsExactly(Status.Code.UNAVAILABLE);
  }

  /** As one that began with an empty directory at the address of a member. */
  @Test
  void nodeOfAnotherClusterGetsNoVoteAndIsNotFollowed() {
    RequestVoteRequestProto vote = voteRequest(OPEN, "n1");
    assertThat(isAsked(ClusterMark.put(vote, "c-2"))).as("it is of none itself").isTrue();
    cluster.id = "c-1";
    assertThat(isAsked(ClusterMark.put(vote, "c-2"))).isFalse();
    assertThat(isAsked(vote)).as("of none").isFalse();
    assertThat(isAsked(ClusterMark.put(vote, "c-1"))).isTrue();
    requests.onMessage(ClusterMark.put(request(OPEN, 1), "c-1"));
    assertThat(received).containsExactly(1L);
    requests.onMessage(ClusterMark.put(request(OPEN, 2), "c-2"));
    assertThat(received).containsExactly(1L);
    assertThat(sent).containsExactly(Status.Code.UNAVAILABLE);
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
