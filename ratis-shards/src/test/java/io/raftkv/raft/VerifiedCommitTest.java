package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.protocol.TermIndex;
import org.junit.jupiter.api.Test;

/** What a leader lets a follower commit whose log it has not compared with its own. */
class VerifiedCommitTest {
  private static AppendEntriesRequestProto request(
      TermIndex previous, long commit, long... indexes) {
    AppendEntriesRequestProto.Builder request =
        AppendEntriesRequestProto.newBuilder().setLeaderTerm(2).setLeaderCommit(commit);
    if (previous != null) {
      request.setPreviousLog(previous.toProto());
    }
    LongStream.of(indexes)
        .forEach(
            index -> request.addEntries(LogEntryProto.newBuilder().setTerm(2).setIndex(index)));
    return request.build();
  }

  private static long commit(AppendEntriesRequestProto request) {
    return CommitNudgingGrpc.withVerifiedCommit(request).getLeaderCommit();
  }

  @Test
  void aHeartbeatToAnUnknownLogCommitsNothing() {
    assertThat(commit(request(null, 0))).isEqualTo(-1);
    assertThat(commit(request(null, 7))).isEqualTo(-1);
    assertThat(commit(request(null, -1))).isEqualTo(-1);
  }

  @Test
  void theFirstEntriesCommitThemselvesAtMost() {
    assertThat(commit(request(null, 7, 0))).isZero();
    assertThat(commit(request(null, 7, 0, 1, 2))).isEqualTo(2);
    assertThat(commit(request(null, 1, 0, 1, 2))).isEqualTo(1);
  }

  @Test
  void behindAKnownEntryTheCommitStaysAsItIs() {
    AppendEntriesRequestProto request = request(TermIndex.valueOf(2, 4), 7, 5);
    assertThat(CommitNudgingGrpc.withVerifiedCommit(request)).isSameAs(request);
  }
}
