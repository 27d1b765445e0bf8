package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.raft.LogPosition;
import io.raftkv.raft.Member;
import io.raftkv.server.FounderStart.Next;
import io.raftkv.server.JoinExchange.Answer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FounderStartTest {
  private static final List<Member> FOUNDERS =
      List.of(member("n1", true), member("n2", true), member("n3", true), member("n4", false));

  private static Member member(String id, boolean voter) {
    return new Member(id, "127.0.0.1:1", voter);
  }

  private static Answer formed(long term) {
    return Answer.admitted("c-1", term, 0, 0, List.of());
  }

  private static Next next(String self, boolean belongs, Map<String, Answer> answers) {
    return FounderStart.judge(self, FOUNDERS, belongs, answers).next();
  }

  @Test
  void clusterIsBegunByAMajorityOfItsVotersAndNoFewer() {
    assertThat(next("n3", false, Map.of())).isEqualTo(Next.WAIT);
    assertThat(next("n3", false, Map.of("n2", Answer.unformed()))).isEqualTo(Next.BEGIN);
    assertThat(next("n3", false, Map.of("n4", Answer.unformed()))).isEqualTo(Next.WAIT);
    assertThat(next("n4", false, Map.of("n1", Answer.unformed()))).isEqualTo(Next.WAIT);
    assertThat(next("n4", false, Map.of("n1", Answer.unformed(), "n2", Answer.unformed())))
        .isEqualTo(Next.BEGIN);
  }

  /** Else two that were removed, and have lost their data, would elect each other. */
  @Test
  void nobodyBeginsWhatOneKnowsToBeBegun() {
    for (Answer known : List.of(Answer.later("no leader"), Answer.refused("another secret"))) {
      assertThat(next("n1", false, Map.of("n2", Answer.unformed(), "n3", known)))
          .isEqualTo(Next.WAIT);
    }
    assertThat(next("n1", true, Map.of("n2", Answer.unformed(), "n3", Answer.unformed())))
        .as("it knows by itself")
        .isEqualTo(Next.WAIT);
  }

  @Test
  void whoIsStillAMemberFollowsTheNewestTerm() {
    FounderStart.Verdict verdict =
        FounderStart.judge(
            "n1", FOUNDERS, false, Map.of("n2", formed(5), "n3", formed(7), "n4", formed(6)));
    assertThat(verdict).isEqualTo(new FounderStart.Verdict(Next.RETURN, "n3", ""));
    assertThat(next("n1", true, Map.of("n2", Answer.later("no leader"), "n3", formed(1))))
        .isEqualTo(Next.RETURN);
  }

  /** Its process may have ended between the two. */
  @Test
  void whoMayHaveFormedTheClusterDoesNotSayThatThereIsNone() {
    assertThat(JoinDesk.knowsOfNone(false, new LogPosition(1, 0))).isFalse();
    assertThat(JoinDesk.knowsOfNone(false, null)).isFalse();
    assertThat(JoinDesk.knowsOfNone(false, new LogPosition(0, -1))).as("nothing in it").isTrue();
    assertThat(JoinDesk.knowsOfNone(true, new LogPosition(1, 0))).as("being formed").isFalse();
    assertThat(JoinDesk.knowsOfNone(true, new LogPosition(0, -1))).as("just begun").isTrue();
    assertThat(JoinDesk.knowsOfNone(true, null)).as("waiting").isTrue();
  }

  @Test
  void eachReasonIsToldOnceAndAfterLongWhatCanBeDone() {
    FounderStart.Waiting waiting = new FounderStart.Waiting(5);
    long late = 5 + FounderStart.Waiting.PATIENCE_NANOS;
    assertThat(waiting.isNew("nobody answers")).isTrue();
    assertThat(waiting.isNew("nobody answers")).isFalse();
    assertThat(waiting.isNew("no leader")).isTrue();
    assertThat(waiting.isTooLong(late - 1)).isFalse();
    assertThat(waiting.isTooLong(late)).isTrue();
    assertThat(waiting.isTooLong(late + 1)).isFalse();
  }

  @Test
  void whoWasRemovedIsToldWhateverOthersSay() {
    FounderStart.Verdict verdict =
        FounderStart.judge(
            "n1", FOUNDERS, false, Map.of("n2", formed(5), "n3", Answer.removed("gone")));
    assertThat(verdict).isEqualTo(new FounderStart.Verdict(Next.REMOVED, "n3", "gone"));
  }
}
