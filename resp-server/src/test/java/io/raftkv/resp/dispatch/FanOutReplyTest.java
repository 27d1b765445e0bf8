package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.CommandSpec.FanOut;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FanOutReplyTest {
  private static final Reply REFUSED = Reply.error("CLUSTERDOWN no leader");
  private static final Reply UNCERTAIN = Reply.error(RespErrors.uncertain("no answer"));

  private final List<Reply> given = new ArrayList<>();

  /** Replies in reverse order of the parts: the last to come is the first. */
  private Reply join(FanOut kind, boolean isWrite, int[][] positions, Reply... parts) {
    FanOutReply joined = new FanOutReply(kind, isWrite, parts.length, positions, given::add);
    for (int i = parts.length - 1; i >= 0; i--) {
      assertThat(given).isEmpty();
      joined.part(i).reply(parts[i]);
    }
    assertThat(given).hasSize(1);
    return given.remove(0);
  }

  private Reply join(FanOut kind, Reply... parts) {
    return join(kind, false, new int[parts.length][], parts);
  }

  @ParameterizedTest
  @EnumSource(names = {"SUM_BY_KEY", "SUM_ALL_SHARDS"})
  void integersAreSummed(FanOut kind) {
    assertThat(join(kind, Reply.integer(2), Reply.ZERO, Reply.integer(40)))
        .isEqualTo(Reply.integer(42));
  }

  @Test
  void arraysAreJoinedInTheOrderOfTheKeys() {
    Reply a = Reply.simple("a");
    Reply b = Reply.simple("b");
    Reply c = Reply.simple("c");
    assertThat(
            join(
                FanOut.JOIN_BY_KEY,
                false,
                new int[][] {{1, 3}, {0}, {2}},
                Reply.array(a, Reply.NULL),
                Reply.array(b),
                Reply.array(c)))
        .isEqualTo(Reply.array(b, a, c, Reply.NULL));
  }

  @Test
  void arraysOfAllShardsAreConcatenatedInTheOrderOfTheShards() {
    assertThat(
            join(
                FanOut.CONCAT_ALL_SHARDS,
                Reply.array(Reply.ONE),
                Reply.EMPTY_ARRAY,
                Reply.array(Reply.ZERO, Reply.ONE)))
        .isEqualTo(Reply.array(Reply.ONE, Reply.ZERO, Reply.ONE));
  }

  @ParameterizedTest
  @EnumSource(names = {"ALL_OK_BY_KEY", "ALL_OK_ALL_SHARDS"})
  void okOfAllIsOk(FanOut kind) {
    assertThat(join(kind, Reply.OK, Reply.OK)).isEqualTo(Reply.OK);
  }

  @Test
  void theFirstAnswerIsTaken() {
    assertThat(join(FanOut.FIRST_NON_NULL, Reply.NULL, Reply.ONE, Reply.ZERO)).isSameAs(Reply.ONE);
    assertThat(join(FanOut.FIRST_NON_NULL, Reply.NULL, Reply.NULL)).isEqualTo(Reply.NULL);
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"NONE", "BY_CURSOR"})
  void aFailureIsTheReply(FanOut kind) {
    assertThat(join(kind, Reply.ONE, REFUSED, Reply.error("ERR later"))).isEqualTo(REFUSED);
    assertThat(join(kind, Reply.ONE, REFUSED, UNCERTAIN)).isEqualTo(UNCERTAIN);
  }

  @Test
  void aWriteThatIsDoneInPartIsNotAnsweredAsIfNothingHadHappened() {
    Reply joined = join(FanOut.SUM_BY_KEY, true, new int[2][], Reply.ONE, REFUSED);
    assertThat(joined)
        .isEqualTo(
            Reply.error(
                "UNCERTAIN write may or may not have been applied: on some shards only; elsewhere"
                    + " CLUSTERDOWN no leader"));
    assertThat(join(FanOut.SUM_BY_KEY, true, new int[2][], REFUSED, REFUSED)).isEqualTo(REFUSED);
  }

  @Test
  void aReplyOfAnUnexpectedKindIsAnInternalError() {
    assertThat(join(FanOut.SUM_BY_KEY, Reply.ONE, Reply.OK))
        .isEqualTo(Reply.error(RespErrors.INTERNAL));
  }
}
