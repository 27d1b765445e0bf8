package io.raftkv.shard;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Work that is done once for all who ask for it in one turn of an event loop: what the connections
 * that are ready in this turn bring goes together.
 *
 * <p>Thread-safe. Whoever asks from another thread gets a run of its own and waits for no other
 * loop's turn.
 */
final class TurnTask {
  private final Executor endOfTurn;
  private final Runnable work;
  private volatile Thread askedBy;

  /**
   * @param endOfTurn runs what it takes when the event loop of the calling thread has handled the
   *     events at hand, or at once where there is no loop
   */
  TurnTask(Executor endOfTurn, Runnable work) {
    this.endOfTurn = endOfTurn;
    this.work = work;
  }

  /** The work is done after this, once, before this thread's loop waits for events again. */
  void request() {
    Thread thread = Thread.currentThread();
    if (askedBy == thread) {
      return;
    }
    askedBy = thread;
    try {
      endOfTurn.execute(this::run);
    } catch (RejectedExecutionException stopping) {
      run();
    }
  }

  private void run() {
    askedBy = null; // first: what is asked for from here on may come too late for this run
    work.run();
  }
}
