package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ShardClientTest {
  private static final long TIMEOUT = 1_000;
  private static final long RETRY = 10;

  private final Wire wire = new Wire();
  private final List<String> outcomes = new ArrayList<>();
  private final List<String> made = new ArrayList<>();
  private long now = 1;
  private final Turns turns = new Turns();
  private final ShardClient<TestProposal> client =
      new ShardClient<>(
          "s1",
          wire,
          new Outcomes(),
          new ShardClient.Limits(2, 4 * Long.BYTES, 3, TIMEOUT, RETRY),
          (proposals, bytes) -> made.add(proposals + " in " + bytes),
          turns,
          () -> now);

  /** Writes outcomes down as text: {@code 1=r1} or {@code 1:NO_LEADER}. */
  private final class Outcomes implements ProposalOutcomes<TestProposal> {
    @Override
    public void succeeded(List<TestProposal> proposals, Object[] results) {
      for (int i = 0; i < proposals.size(); i++) {
        outcomes.add(proposals.get(i).id() + "=" + results[i]);
      }
    }

    @Override
    public void failed(List<TestProposal> proposals, ProposalFailure failure, String detail) {
      proposals.forEach(proposal -> outcomes.add(proposal.id() + ":" + failure));
    }
  }

  private record Sent(String to, ProposedBatch batch, ShardClient.Answer answer) {
    void applied(Object... results) {
      answer.answered(BatchOutcome.APPLIED, results, "");
    }

    void answered(BatchOutcome outcome) {
      answer.answered(outcome, null, "because");
    }

    List<Long> ids() {
      long[] ids = new long[batch.payload().length / Long.BYTES];
      ByteBuffer.wrap(batch.payload()).asLongBuffer().get(ids);
      return LongStream.of(ids).boxed().toList();
    }
  }

  private static final class Wire implements ShardClient.Sender {
    private String leader = "a";
    private RuntimeException fault;
    private final List<Sent> sent = new ArrayList<>();
    private final Map<Long, ApplyListener> listeners = new HashMap<>();

    @Override
    public String leader() {
      return leader;
    }

    @Override
    public void send(String to, ProposedBatch batch, ShardClient.Answer answer) {
      if (fault != null) {
        throw fault;
      }
      sent.add(new Sent(to, batch, answer));
    }

    @Override
    public void listen(long proposer, ApplyListener listener) {
      listeners.put(proposer, listener);
    }

    @Override
    public void forget(long proposer, ApplyListener listener) {
      listeners.remove(proposer, listener);
    }

    private Sent get(int i) {
      return sent.get(i);
    }

    private void appliedHere(ProposedBatch batch, BatchOutcome outcome, Object... results) {
      listeners.get(batch.proposer()).applied(batch.sequence(), outcome, results);
    }
  }

  private void submit(long... ids) {
    client.submit(LongStream.of(ids).mapToObj(TestProposal::new).toList());
  }

  private void passes(long nanos) {
    now += nanos;
    client.tick();
  }

  private List<Long> sequencesSent() {
    return wire.sent.stream().map(one -> one.batch.sequence()).toList();
  }

  @Test
  void loneProposalLeavesAtOnce() {
    submit(1);
    assertThat(wire.get(0).to).isEqualTo("a");
    assertThat(wire.get(0).ids()).containsExactly(1L);
    wire.get(0).applied("ok");
    assertThat(outcomes).containsExactly("1=ok");
  }

  @Test
  void proposalsGatherWhileBatchesAreInFlightWithinTheLimitsOfABatch() {
    submit(1);
    submit(2);
    submit(3, 4);
    submit(5, 6, 7);
    assertThat(wire.sent).hasSize(2);
    wire.get(0).applied("a");
    assertThat(wire.get(2).ids()).containsExactly(3L, 4L, 5L);
    wire.get(1).applied("b");
    assertThat(wire.get(3).ids()).containsExactly(6L, 7L);
    assertThat(sequencesSent()).containsExactly(1L, 2L, 3L, 4L);
    assertThat(client.batches()).isEqualTo(4);
    assertThat(client.proposals()).isEqualTo(7);
  }

  @Test
  void ownReplicaAnswersToo() {
    submit(1);
    wire.appliedHere(wire.get(0).batch, BatchOutcome.APPLIED, "here");
    wire.get(0).applied("there");
    assertThat(outcomes).containsExactly("1=here");
  }

  @Test
  void refusedBatchIsSentAgainAfterAPauseWithThoseBehindIt() {
    submit(1);
    submit(2);
    wire.get(0).answered(BatchOutcome.NOT_LEADER);
    assertThat(wire.sent).hasSize(2);
    wire.leader = "b";
    passes(RETRY);
    assertThat(sequencesSent()).containsExactly(1L, 2L, 1L, 2L);
    assertThat(wire.get(2).to).isEqualTo("b");
    assertThat(wire.get(2).batch).isEqualTo(wire.get(0).batch);
    assertThat(client.resends()).isEqualTo(2);
    wire.get(1).answered(BatchOutcome.OUT_OF_ORDER); // the answer to an attempt that is over
    passes(RETRY);
    assertThat(wire.sent).hasSize(4);
    wire.get(2).applied("x");
    wire.get(3).applied("y");
    assertThat(outcomes).containsExactly("1=x", "2=y");
  }

  @Test
  void batchesSentToAFormerLeaderGoToTheNewOne() {
    submit(1);
    wire.leader = null;
    passes(1);
    assertThat(wire.sent).hasSize(1);
    wire.leader = "b";
    passes(1);
    assertThat(wire.get(1).to).isEqualTo("b");
    wire.get(1).applied("ok");
    assertThat(outcomes).containsExactly("1=ok");
  }

  @Test
  void unansweredBatchIsUncertainAtItsDeadlineAndNothingOfItIsSentAgain() {
    submit(1);
    submit(2);
    submit(3);
    passes(TIMEOUT);
    assertThat(outcomes).containsExactly("1:UNCERTAIN", "2:UNCERTAIN", "3:NO_LEADER");
    submit(4);
    assertThat(wire.sent).hasSize(3);
    assertThat(wire.get(2).batch.proposer()).isNotEqualTo(wire.get(0).batch.proposer());
    assertThat(wire.get(2).batch.sequence()).isEqualTo(1);
    assertThat(wire.listeners).containsOnlyKeys(wire.get(2).batch.proposer());
    wire.get(0).applied("late");
    assertThat(outcomes).hasSize(3);
  }

  @Test
  void withoutALeaderNothingIsSentAndNothingHasHappened() {
    wire.leader = null;
    submit(1);
    submit(2);
    passes(TIMEOUT - 1);
    assertThat(outcomes).isEmpty();
    passes(1);
    assertThat(outcomes).containsExactly("1:NO_LEADER", "2:NO_LEADER");
    assertThat(wire.sent).isEmpty();
  }

  @Test
  void whatWasSurelyRefusedIsNotUncertain() {
    submit(1);
    wire.leader = null;
    wire.get(0).answered(BatchOutcome.NOT_LEADER);
    passes(TIMEOUT);
    assertThat(outcomes).containsExactly("1:NO_LEADER");
  }

  @Test
  void whatALeaderHadNoRoomForIsOverloaded() {
    submit(1);
    wire.leader = null;
    wire.get(0).answered(BatchOutcome.REFUSED);
    passes(TIMEOUT);
    assertThat(outcomes).containsExactly("1:OVERLOADED");
  }

  @Test
  void whatMayBeInALogStaysUncertainHoweverOftenItIsRefusedLater() {
    submit(1);
    wire.get(0).answered(BatchOutcome.UNKNOWN);
    passes(RETRY);
    wire.leader = null;
    wire.get(1).answered(BatchOutcome.NOT_LEADER);
    passes(TIMEOUT);
    assertThat(outcomes).containsExactly("1:UNCERTAIN");
  }

  /** The entry that was met may be that of the first attempt, with the second still to come. */
  @Test
  void outOfOrderDoesNotProveThatALaterAttemptIsNotInTheLog() {
    submit(1);
    submit(2);
    wire.get(0).answered(BatchOutcome.UNKNOWN);
    passes(RETRY);
    wire.get(2).applied("x");
    wire.appliedHere(wire.get(1).batch, BatchOutcome.OUT_OF_ORDER);
    wire.leader = null;
    passes(TIMEOUT);
    assertThat(outcomes).containsExactly("1=x", "2:UNCERTAIN");
  }

  @Test
  void appliedBatchWhoseResultsAreLostIsUncertain() {
    submit(1);
    wire.get(0).answered(BatchOutcome.REPEATED);
    assertThat(outcomes).containsExactly("1:UNCERTAIN");
    submit(2);
    assertThat(wire.get(1).batch.sequence()).isEqualTo(2);
  }

  @Test
  void readOnlyLeaderFailsTheBatchAndThoseBehindIt() {
    submit(1);
    submit(2);
    wire.get(0).answered(BatchOutcome.READ_ONLY);
    assertThat(outcomes).containsExactly("1:READ_ONLY", "2:READ_ONLY");
    submit(3);
    assertThat(wire.get(2).batch.proposer()).isNotEqualTo(wire.get(0).batch.proposer());
  }

  @Test
  void leaderWithLittleRoomStillGetsWhatDoesNotGrow() {
    submit(1, 7, 3);
    submit(14, 5);
    wire.get(0).answered(BatchOutcome.NO_GROWTH);
    assertThat(outcomes).containsExactly("7:READ_ONLY", "14:READ_ONLY");
    assertThat(wire.get(2).batch.proposer()).isNotEqualTo(wire.get(0).batch.proposer());
    assertThat(wire.get(2).batch.sequence()).isEqualTo(1);
    assertThat(wire.get(2).ids()).containsExactly(1L, 3L, 5L);
    wire.get(2).applied("a", "b", "c");
    assertThat(outcomes).endsWith("1=a", "3=b", "5=c");
    assertThat(client.heldBytes()).isZero();
  }

  /** The answer comes on another thread than that which makes the next batch. */
  @Test
  void whatComesBackWhileABatchIsMadeIsSentBeforeIt() {
    submit(7, 1);
    AtomicBoolean answered = new AtomicBoolean();
    Runnable refusal =
        () -> {
          if (answered.compareAndSet(false, true)) {
            wire.get(0).answered(BatchOutcome.NO_GROWTH);
          }
        };
    client.submit(List.of(new TestProposal(2, refusal), new TestProposal(3)));
    assertThat(outcomes).containsExactly("7:READ_ONLY");
    assertThat(wire.sent).hasSize(2);
    assertThat(wire.get(1).batch.sequence()).isEqualTo(1);
    assertThat(wire.get(1).ids()).containsExactly(1L, 2L, 3L);
    wire.get(1).applied("a", "b", "c");
    assertThat(outcomes).endsWith("1=a", "2=b", "3=c");
    assertThat(client.heldBytes()).isZero();
  }

  @Test
  void leadersWordThatItsRoomIsShortIsBelievedForASecond() {
    submit(7);
    wire.get(0).answered(BatchOutcome.NO_GROWTH);
    submit(14, 1);
    assertThat(outcomes).containsExactly("7:READ_ONLY", "14:READ_ONLY");
    assertThat(wire.get(1).ids()).containsExactly(1L);
    wire.get(1).applied("a");
    now += ShardClient.NO_GROWTH_NANOS;
    submit(21);
    assertThat(wire.get(2).ids()).containsExactly(21L);
  }

  @Test
  void wordOfAFormerLeaderDoesNotCount() {
    submit(7);
    wire.get(0).answered(BatchOutcome.NO_GROWTH);
    wire.leader = "b";
    submit(14);
    assertThat(wire.get(1).ids()).containsExactly(14L);
  }

  /** A leader that sees growth where we see none would refuse the same for ever. */
  @Test
  void batchThatIsSaidToGrowButDoesNotFails() {
    submit(1);
    wire.get(0).answered(BatchOutcome.NO_GROWTH);
    assertThat(outcomes).containsExactly("1:READ_ONLY");
    assertThat(wire.sent).hasSize(1);
  }

  @Test
  void leaderWithLittleRoomIsAskedAgainAboutABatchThatMayBeInALog() {
    submit(7);
    wire.get(0).answered(BatchOutcome.UNKNOWN);
    passes(RETRY);
    wire.get(1).answered(BatchOutcome.NO_GROWTH);
    assertThat(outcomes).isEmpty();
    passes(RETRY);
    wire.get(2).applied("ok");
    assertThat(outcomes).containsExactly("7=ok");
  }

  @Test
  void readOnlyLeaderIsAskedAgainAboutABatchThatMayBeInALog() {
    submit(1);
    wire.get(0).answered(BatchOutcome.UNKNOWN);
    passes(RETRY);
    wire.get(1).answered(BatchOutcome.READ_ONLY);
    assertThat(outcomes).isEmpty();
    passes(RETRY);
    wire.get(2).applied("ok");
    assertThat(outcomes).containsExactly("1=ok");
  }

  /** Stores keep the order within a name only. */
  @Test
  void batchesOfANewNameWaitForThoseOfTheOldOne() {
    submit(1);
    submit(2);
    wire.get(1).answered(BatchOutcome.READ_ONLY);
    submit(3);
    assertThat(wire.sent).hasSize(2);
    wire.get(0).answered(BatchOutcome.UNKNOWN);
    passes(RETRY);
    assertThat(sequencesSent()).containsExactly(1L, 2L, 1L);
    wire.get(2).applied("x");
    assertThat(wire.get(3).ids()).containsExactly(3L);
    assertThat(wire.listeners).hasSize(1);
  }

  @Test
  void clientThatWasSilentForLongTakesANewNameSinceStoresForgetTheOldOne() {
    submit(1);
    wire.get(0).applied("x");
    now += TimeUnit.MINUTES.toNanos(59);
    submit(2);
    wire.get(1).applied("y");
    assertThat(wire.get(1).batch.proposer()).isEqualTo(wire.get(0).batch.proposer());
    now += TimeUnit.MINUTES.toNanos(61);
    submit(3);
    assertThat(wire.get(2).batch.proposer()).isNotEqualTo(wire.get(0).batch.proposer());
    assertThat(wire.get(2).batch.sequence()).isEqualTo(1);
    assertThat(wire.listeners).containsOnlyKeys(wire.get(2).batch.proposer());
  }

  @Test
  void proposalsAreHeldFromTheirSubmissionToTheirOutcome() {
    submit(1, 2, 3, 4, 5, 6, 7, 8); // two batches of three are under way, two proposals wait
    assertThat(client.heldBytes()).isEqualTo(8 * 100);
    wire.get(0).applied("a", "b", "c");
    assertThat(client.heldBytes()).isEqualTo(5 * 100);
    wire.get(1).answered(BatchOutcome.READ_ONLY); // and with it the batch behind it
    assertThat(client.heldBytes()).isZero();
    submit(9, 10, 11, 12, 13, 14, 15);
    passes(TIMEOUT);
    assertThat(client.heldBytes()).isZero();
    assertThat(outcomes).hasSize(15);
  }

  @Test
  void faultOfTheSenderDoesNotStopTheClientForGood() {
    wire.fault = new IllegalStateException("encoder");
    assertThatThrownBy(() -> submit(1)).hasMessage("encoder");
    wire.fault = null;
    submit(2);
    assertThat(wire.sent).hasSize(1);
    passes(TIMEOUT);
    assertThat(outcomes).containsExactly("1:UNCERTAIN", "2:UNCERTAIN");
  }

  @Test
  void singleProposalAboveTheLimitOfABatchTravelsAlone() {
    Wire wide = new Wire();
    ShardClient<TestProposal> small =
        new ShardClient<>(
            "s1",
            wide,
            new Outcomes(),
            new ShardClient.Limits(3, Long.BYTES - 1, 10, TIMEOUT, RETRY),
            (proposals, bytes) -> {},
            turns,
            () -> now);
    small.submit(List.of(new TestProposal(1), new TestProposal(2)));
    assertThat(wide.sent).hasSize(2);
    assertThat(wide.get(0).ids()).containsExactly(1L);
  }

  @Test
  void whatIsSubmittedInOneTurnLeavesTogether() {
    turns.begin();
    submit(1);
    submit(2);
    assertThat(wire.sent).isEmpty();
    turns.end();
    assertThat(made).containsExactly("2 in 16");
    turns.begin();
    submit(3);
    turns.end();
    assertThat(made).containsExactly("2 in 16", "1 in 8");
  }

  @Test
  void eachBatchIsToldOnceHoweverOftenItIsSent() {
    submit(1);
    submit(2, 3);
    wire.get(0).answered(BatchOutcome.NOT_LEADER);
    passes(RETRY);
    assertThat(wire.sent).hasSizeGreaterThan(2);
    assertThat(made).containsExactly("1 in 8", "2 in 16");
  }
}
