package io.raftkv.it.history;

import static io.raftkv.it.history.Action.CAS;
import static io.raftkv.it.history.Action.DEL;
import static io.raftkv.it.history.Action.GET;
import static io.raftkv.it.history.Action.GETSET;
import static io.raftkv.it.history.Action.INCR;
import static io.raftkv.it.history.Action.SET;
import static io.raftkv.it.history.Action.SETNX;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinearizabilityCheckerTest {
  private static final LinearizabilityChecker CHECKER = new LinearizabilityChecker();

  private static Operation set(int client, String value, long from, long to) {
    return Operation.ok(client, SET, "k", value, "OK", from, to);
  }

  private static Operation get(int client, String result, long from, long to) {
    return Operation.ok(client, GET, "k", null, result, from, to);
  }

  private static Operation incr(int client, long result, long from, long to) {
    return Operation.ok(client, INCR, "k", null, Long.toString(result), from, to);
  }

  private static Operation cas(String expected, String value, String result, long from, long to) {
    return new Operation(1, CAS, "k", value, expected, Outcome.OK, result, from, to);
  }

  private static Verdict register(Operation... operations) {
    return CHECKER.check(History.of(operations), Models.register()).verdict();
  }

  private static Verdict counter(Operation... operations) {
    return CHECKER.check(History.of(operations), Models.counter()).verdict();
  }

  @Test
  void anEmptyHistoryIsLinearizable() {
    assertThat(register()).isEqualTo(Verdict.LINEARIZABLE);
  }

  @Test
  void readsMayReturnTheOldOrTheNewValueWhileAWriteIsUnderWay() {
    assertThat(
            register(
                set(1, "a", 0, 10), set(1, "b", 20, 60), get(2, "a", 25, 30), get(2, "b", 35, 40)))
        .isEqualTo(Verdict.LINEARIZABLE);
  }

  @Test
  void aReadBackToTheOldValueAfterTheNewOneIsRejected() {
    assertThat(
            register(
                set(1, "a", 0, 10), set(1, "b", 20, 60), get(2, "b", 25, 30), get(3, "a", 35, 40)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void aStaleReadAfterAnAcknowledgedWriteIsRejected() {
    assertThat(register(set(1, "a", 0, 10), set(1, "b", 20, 30), get(2, "a", 40, 50)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void aLostWriteIsRejected() {
    assertThat(register(set(1, "a", 0, 10), get(2, null, 20, 30)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void aReadFromTheFutureIsRejected() {
    assertThat(register(get(2, "a", 0, 10), set(1, "a", 20, 30)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void aReadOfAValueNobodyWroteIsRejected() {
    assertThat(register(set(1, "a", 0, 10), get(2, "z", 20, 30)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void callsAndRepliesAtTheSameInstantOverlap() {
    assertThat(register(set(1, "a", 0, 10), set(2, "b", 10, 20), get(3, "a", 20, 30)))
        .isEqualTo(Verdict.LINEARIZABLE);
  }

  @Test
  void anUncertainWriteMayTakeEffectMuchLaterOrNever() {
    Operation lost = Operation.uncertain(1, SET, "k", "late", 0);
    assertThat(register(lost, set(2, "a", 10, 20), get(3, "a", 30, 40), get(3, "late", 50, 60)))
        .isEqualTo(Verdict.LINEARIZABLE);
    assertThat(register(lost, set(2, "a", 10, 20), get(3, "a", 30, 40), get(3, "a", 50, 60)))
        .isEqualTo(Verdict.LINEARIZABLE);
  }

  @Test
  void anUncertainWriteTakesEffectAtMostOnce() {
    Operation lost = Operation.uncertain(1, SET, "k", "late", 0);
    assertThat(register(lost, get(3, "late", 10, 20), set(2, "a", 30, 40), get(3, "late", 50, 60)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void anUncertainWriteIsNotSeenBeforeItsCall() {
    assertThat(register(get(3, "late", 0, 10), Operation.uncertain(1, SET, "k", "late", 20)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void aRefusedWriteThatIsSeenIsRejected() {
    Operation refused =
        new Operation(1, SET, "k", "a", null, Outcome.REFUSED, "TRYAGAIN busy", 0, 10);
    assertThat(register(refused, get(2, null, 20, 30))).isEqualTo(Verdict.LINEARIZABLE);
    assertThat(register(refused, get(2, "a", 20, 30))).isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void conditionalWritesAreHeldToTheirAnswers() {
    Operation won = Operation.ok(1, SETNX, "k", "a", "1", 0, 10);
    assertThat(register(won, Operation.ok(2, SETNX, "k", "b", "0", 5, 15), get(3, "a", 20, 30)))
        .isEqualTo(Verdict.LINEARIZABLE);
    assertThat(register(won, Operation.ok(2, SETNX, "k", "b", "1", 5, 15)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
    assertThat(register(won, cas("a", "b", "1", 20, 30), get(3, "b", 40, 50)))
        .isEqualTo(Verdict.LINEARIZABLE);
    assertThat(register(won, cas("x", "b", "1", 20, 30))).isEqualTo(Verdict.NOT_LINEARIZABLE);
    assertThat(register(won, Operation.ok(2, GETSET, "k", "b", null, 20, 30)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
    assertThat(register(won, Operation.ok(2, DEL, "k", null, "1", 20, 30), get(3, null, 40, 50)))
        .isEqualTo(Verdict.LINEARIZABLE);
    assertThat(register(won, Operation.ok(2, DEL, "k", null, "0", 20, 30)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void anIncrementAppliedTwiceIsRejected() {
    assertThat(counter(incr(1, 1, 0, 10), incr(2, 3, 20, 30))).isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void twoIncrementsWithTheSameAnswerAreRejected() {
    assertThat(counter(incr(1, 1, 0, 10), incr(2, 1, 5, 15))).isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void uncertainIncrementsMayExplainAJumpButOnlyOneEach() {
    Operation lost = Operation.uncertain(3, INCR, "k", null, 0);
    assertThat(counter(lost, incr(1, 1, 0, 10), incr(2, 3, 20, 30)))
        .isEqualTo(Verdict.LINEARIZABLE);
    assertThat(counter(lost, incr(1, 1, 0, 10), incr(2, 4, 20, 30)))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @Test
  void keysAreIndependent() {
    Operation other = Operation.ok(1, GET, "other", null, "a", 40, 50);
    assertThat(register(set(1, "a", 0, 10), get(1, "a", 20, 30), other))
        .isEqualTo(Verdict.NOT_LINEARIZABLE);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void longHistoriesOfACorrectRegisterAreAccepted(long seed) {
    List<Operation> history =
        new SimulatedRegister(seed, 8, 0.002)
            .run(Models.register(), 40_000, SET, GET, GET, GETSET, SETNX, DEL);
    assertThat(CHECKER.check(History.of(history), Models.register()))
        .isEqualTo(new LinearizabilityChecker.Result(Verdict.LINEARIZABLE, ""));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void longHistoriesOfACorrectCounterAreAccepted(long seed) {
    List<Operation> history =
        new SimulatedRegister(seed, 8, 0.002).run(Models.counter(), 40_000, INCR, INCR, GET);
    assertThat(CHECKER.check(History.of(history), Models.counter()))
        .isEqualTo(new LinearizabilityChecker.Result(Verdict.LINEARIZABLE, ""));
  }

  /** One read is made stale by exchanging its result for the value before last. */
  @Test
  void oneStaleReadInALongHistoryIsFoundAndExplainedInAFewLines() {
    List<Operation> history =
        new ArrayList<>(
            new SimulatedRegister(7, 8, 0.001).run(Models.register(), 20_000, SET, GET, GET));
    long last = history.stream().mapToLong(Operation::invokedNanos).max().orElseThrow();
    history.add(set(8, "x", last + 500, last + 510));
    history.add(set(8, "y", last + 520, last + 530));
    history.add(get(9, "x", last + 540, last + 550));
    LinearizabilityChecker.Result result = CHECKER.check(History.of(history), Models.register());
    assertThat(result.verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    assertThat(result.explanation()).contains("SET k x", "SET k y", "GET k -> x");
    assertThat(result.explanation().lines().count()).isLessThan(10);
  }

  @Test
  void aHitBoundIsSaidToBeUndecidedAndFails() {
    List<Operation> history =
        new SimulatedRegister(1, 8, 0).run(Models.register(), 1_000, SET, GET);
    LinearizabilityChecker tight = new LinearizabilityChecker(100, Duration.ofSeconds(60));
    assertThat(tight.check(History.of(history), Models.register()).verdict())
        .isEqualTo(Verdict.UNDECIDED);
  }

  @Test
  void theAssertionCarriesTheExplanation() {
    History history = History.of(set(1, "a", 0, 10), get(2, null, 20, 30));
    assertThatThrownBy(
            () -> LinearizabilityChecker.isLinearizable(Models.register()).accept(history))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("No order gets past")
        .hasMessageContaining("SET k a -> OK");
  }

  /** The search and a search by plain enumeration agree on thousands of small random histories. */
  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void theSearchAgreesWithEnumeration(long seed) {
    Random random = new Random(seed);
    int rejected = 0;
    for (int round = 0; round < 1_500; round++) {
      boolean counting = random.nextInt(3) == 0;
      Model<?> model = counting ? Models.counter() : Models.register();
      List<Operation> history = randomHistory(random, model, counting);
      boolean expected = Enumeration.isLinearizable(model, history);
      Verdict verdict = CHECKER.check(History.of(history), model).verdict();
      assertThat(verdict)
          .as("seed %d round %d: %s", seed, round, history)
          .isEqualTo(expected ? Verdict.LINEARIZABLE : Verdict.NOT_LINEARIZABLE);
      rejected += expected ? 0 : 1;
    }
    assertThat(rejected).isBetween(100, 1_400);
  }

  private static List<Operation> randomHistory(Random random, Model<?> model, boolean counting) {
    Action[] mix =
        counting
            ? new Action[] {INCR, INCR, GET}
            : new Action[] {SET, SET, GET, GET, GETSET, SETNX, DEL};
    List<Operation> correct = new SimulatedRegister(random.nextLong(), 3, 0.3).run(model, 9, mix);
    List<Operation> history = new ArrayList<>();
    for (Operation op : correct) {
      boolean flip = op.outcome() == Outcome.OK && random.nextInt(8) == 0;
      String other = correct.get(random.nextInt(correct.size())).result();
      boolean sensible = op.action() != SET && !(counting && op.action() == INCR && other == null);
      history.add(
          flip && sensible
              ? Operation.ok(
                  op.client(),
                  op.action(),
                  op.key(),
                  op.argument(),
                  other,
                  op.invokedNanos(),
                  op.completedNanos())
              : op);
    }
    return history;
  }

  /** Tries every order; exponential, for small histories only, and too simple to be wrong. */
  private static final class Enumeration {
    static <S> boolean isLinearizable(Model<S> model, List<Operation> history) {
      return extend(model, model.initial(), history, 0);
    }

    private static <S> boolean extend(
        Model<S> model, S state, List<Operation> operations, int placed) {
      boolean complete = true;
      for (int i = 0; i < operations.size(); i++) {
        if ((placed & (1 << i)) == 0 && !operations.get(i).isUncertain()) {
          complete = false;
        }
      }
      if (complete) {
        return true;
      }
      for (int i = 0; i < operations.size(); i++) {
        if ((placed & (1 << i)) == 0 && isFirst(operations, placed, i)) {
          S after = model.step(state, operations.get(i));
          if (after != null && extend(model, after, operations, placed | (1 << i))) {
            return true;
          }
        }
      }
      return false;
    }

    /** No operation still to be placed was answered before this one was called. */
    private static boolean isFirst(List<Operation> operations, int placed, int i) {
      for (int k = 0; k < operations.size(); k++) {
        if ((placed & (1 << k)) == 0
            && operations.get(k).completedNanos() < operations.get(i).invokedNanos()) {
          return false;
        }
      }
      return true;
    }
  }
}
