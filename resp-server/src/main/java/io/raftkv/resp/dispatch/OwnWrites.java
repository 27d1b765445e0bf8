package io.raftkv.resp.dispatch;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The writes of one connection, for those that wait for them: each waits for the writes before it
 * and not for those that were sent after it. Event-loop confined.
 */
final class OwnWrites {
  private static final class Waiter {
    private final CompletableFuture<Boolean> allDone = new CompletableFuture<>();
    private final long upTo;
    private int unanswered;
    private boolean failed;

    private Waiter(long upTo, int unanswered, boolean failed) {
      this.upTo = upTo;
      this.unanswered = unanswered;
      this.failed = failed;
    }

    private boolean isOver() {
      return unanswered == 0;
    }
  }

  private final List<Waiter> waiters = new ArrayList<>();
  private long last;
  private int unanswered;

  /** Of the writes that are answered and that nobody has asked about yet. */
  private boolean failed;

  /** A write is sent; returns its number. */
  long begin() {
    unanswered++;
    return ++last;
  }

  /** A write is answered; {@code hasFailed} if it may not have been done. */
  void end(long number, boolean hasFailed) {
    unanswered--;
    boolean asked = false;
    for (Waiter waiter : waiters) {
      if (number <= waiter.upTo) {
        waiter.unanswered--;
        waiter.failed |= hasFailed;
        asked = true;
      }
    }
    failed |= hasFailed && !asked;
    List<Waiter> over = waiters.stream().filter(Waiter::isOver).toList();
    waiters.removeAll(over);
    over.forEach(waiter -> waiter.allDone.complete(!waiter.failed));
  }

  /**
   * When all writes so far are answered: true if all since the last call were done. One who gives
   * up before that has to say so by {@link #forget}.
   */
  CompletionStage<Boolean> answered() {
    boolean failedBefore = failed;
    failed = false;
    if (unanswered == 0) {
      return CompletableFuture.completedFuture(!failedBefore);
    }
    Waiter waiter = new Waiter(last, unanswered, failedBefore);
    waiters.add(waiter);
    return waiter.allDone;
  }

  /** Nobody waits for this stage any more, so whoever asks next is told of its failures, too. */
  void forget(CompletionStage<Boolean> stage) {
    waiters.removeIf(
        waiter -> {
          boolean left = waiter.allDone == stage;
          failed |= left && waiter.failed;
          return left;
        });
  }

  /** How many wait. */
  int waiters() {
    return waiters.size();
  }
}
