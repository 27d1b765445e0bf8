package io.raftkv.it.history;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Decides whether a history is linearizable, key by key: a history is linearizable exactly if the
 * operations of every key are. Bounded: what cannot be decided within the bounds is reported as
 * {@link Verdict#UNDECIDED} and fails a test like a violation. Stateless and thread-safe.
 */
public final class LinearizabilityChecker {
  private static final long MAX_STEPS_PER_KEY = 200_000_000;
  private static final int MAX_LINES = 40;
  private static final Duration SHRINK_TIME = Duration.ofSeconds(10);

  private final long maxStepsPerKey;
  private final Duration timePerKey;

  public LinearizabilityChecker() {
    this(MAX_STEPS_PER_KEY, Duration.ofSeconds(60));
  }

  /**
   * @param maxStepsPerKey bound on model steps, and with it on memory, for one key
   * @param timePerKey bound on time for one key
   */
  public LinearizabilityChecker(long maxStepsPerKey, Duration timePerKey) {
    this.maxStepsPerKey = maxStepsPerKey;
    this.timePerKey = timePerKey;
  }

  /** What was found; the explanation is empty if the history is linearizable. */
  public record Result(Verdict verdict, String explanation) {}

  /** For {@code assertThat(history).satisfies(isLinearizable(Models.register()))}. */
  public static Consumer<History> isLinearizable(Model<?> model) {
    return isLinearizable(key -> model);
  }

  /** The same with a model chosen for each key. */
  public static Consumer<History> isLinearizable(Function<String, Model<?>> modelOf) {
    return history -> {
      Result result = new LinearizabilityChecker().check(history, modelOf);
      if (result.verdict() != Verdict.LINEARIZABLE) {
        throw new AssertionError(result.verdict() + ": " + result.explanation());
      }
    };
  }

  public Result check(History history, Model<?> model) {
    return check(history, key -> model);
  }

  /** Checks every key; a violation is reported before an undecided key. */
  public Result check(History history, Function<String, Model<?>> modelOf) {
    Result undecided = null;
    for (Map.Entry<String, List<Operation>> partition : history.byKey().entrySet()) {
      Result result =
          checkKey(modelOf.apply(partition.getKey()), partition.getKey(), partition.getValue());
      if (result.verdict() == Verdict.NOT_LINEARIZABLE) {
        return result;
      }
      if (result.verdict() == Verdict.UNDECIDED) {
        undecided = result;
      }
    }
    return undecided != null ? undecided : new Result(Verdict.LINEARIZABLE, "");
  }

  private <S> Result checkKey(Model<S> model, String key, List<Operation> operations) {
    LinearizationSearch<S> search = search(model, operations, timePerKey);
    return switch (search.run()) {
      case LINEARIZABLE -> new Result(Verdict.LINEARIZABLE, "");
      case NOT_LINEARIZABLE ->
          new Result(Verdict.NOT_LINEARIZABLE, explain(model, key, operations, search));
      case UNDECIDED -> {
        long open = operations.stream().filter(Operation::isUncertain).count();
        yield new Result(
            Verdict.UNDECIDED,
            String.format(
                "key %s: %d operations, %d of them uncertain, exceed the bound of %d steps or %s",
                key, operations.size(), open, maxStepsPerKey, timePerKey));
      }
    };
  }

  private <S> LinearizationSearch<S> search(
      Model<S> model, List<Operation> operations, Duration time) {
    return new LinearizationSearch<>(
        model, operations, maxStepsPerKey, System.nanoTime() + time.toNanos());
  }

  private <S> String explain(
      Model<S> model, String key, List<Operation> operations, LinearizationSearch<S> failed) {
    long cut = failed.stuckAt().completedNanos();
    List<Operation> prefix =
        operations.stream()
            .filter(op -> op.invokedNanos() <= cut && op.outcome() != Outcome.REFUSED)
            .toList();
    List<Operation> smallest = shrink(model, prefix);
    LinearizationSearch<S> again = search(model, smallest, timePerKey);
    again.run();

    StringBuilder text = new StringBuilder();
    text.append("key ").append(key).append(": no order of ");
    text.append(operations.size()).append(" operations agrees with time and model.");
    text.append(" Smallest part found that has none, ").append(smallest.size());
    text.append(" operations:\n");
    long origin = smallest.stream().mapToLong(Operation::invokedNanos).min().orElse(0);
    int skipped = Math.max(0, smallest.size() - MAX_LINES);
    if (skipped > 0) {
      text.append("  (").append(skipped).append(" earlier ones left out)\n");
    }
    smallest.stream()
        .sorted(Comparator.comparingLong(Operation::invokedNanos))
        .skip(skipped)
        .forEach(op -> text.append("  ").append(op.describe(origin)).append('\n'));
    text.append("No order gets past: ").append(again.stuckAt().describe(origin)).append('\n');
    text.append("Before it the key could be in: ").append(again.statesWhenStuck()).append('\n');
    return text.toString();
  }

  /** Leaves out, in ever smaller runs, what is not needed for the violation. */
  private <S> List<Operation> shrink(Model<S> model, List<Operation> failing) {
    long deadline = System.nanoTime() + SHRINK_TIME.toNanos();
    List<Operation> current = failing;
    boolean smaller = true;
    while (smaller) {
      smaller = false;
      for (int run = Math.max(1, current.size() / 2); run >= 1; run /= 2) {
        for (int from = 0; from < current.size(); ) {
          if (System.nanoTime() - deadline > 0) {
            return current;
          }
          List<Operation> candidate = without(model, current, from, run);
          if (candidate.size() < current.size()
              && search(model, candidate, SHRINK_TIME).run() == Verdict.NOT_LINEARIZABLE) {
            current = candidate;
            smaller = true;
          } else {
            from += run;
          }
        }
      }
    }
    return current;
  }

  /** The operations without the removable ones among those at [from, from + run). */
  private static <S> List<Operation> without(
      Model<S> model, List<Operation> operations, int from, int run) {
    List<Operation> kept = new ArrayList<>(operations);
    int at = from;
    for (Operation op : operations.subList(from, Math.min(operations.size(), from + run))) {
      kept.remove(at);
      if (!model.isRemovable(op, kept)) {
        kept.add(at++, op);
      }
    }
    return kept;
  }
}
