package io.raftkv.it.history;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Collects operations of many clients. The caller takes {@link #now} right before the request is
 * written and hands it back after the reply was read, so that the recorded interval contains the
 * true one. Thread-safe; an operation that has not been handed in yet is not part of the history.
 */
public final class Recorder {
  private final ConcurrentLinkedQueue<Operation> recorded = new ConcurrentLinkedQueue<>();
  private final AtomicLong completed = new AtomicLong();

  public long now() {
    return System.nanoTime();
  }

  public void add(Operation operation) {
    recorded.add(operation);
    if (operation.outcome() == Outcome.OK) {
      completed.incrementAndGet();
    }
  }

  /** Acknowledged operations so far. */
  public long completed() {
    return completed.get();
  }

  public History history() {
    return History.of(List.copyOf(recorded));
  }
}
