package io.raftkv.storage.rocks;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts who is inside native code, so that closing waits for them: RocksDB crashes the process
 * when a closed database is used. Thread-safe; costs two atomic additions per use.
 */
final class UseGate {
  private static final int CLOSED = Integer.MIN_VALUE;

  /** Users inside, plus {@link #CLOSED} once nobody may enter. */
  private final AtomicInteger state = new AtomicInteger();

  private final CountDownLatch drained = new CountDownLatch(1);

  /** Returns false, without entering, once closed; else {@link #leave} must follow. */
  boolean enter() {
    if (state.incrementAndGet() > 0) {
      return true;
    }
    leave();
    return false;
  }

  void leave() {
    if (state.decrementAndGet() == CLOSED) {
      drained.countDown();
    }
  }

  /** Lets nobody in any more. Returns false if that was so already. */
  boolean close() {
    int before;
    do {
      before = state.get();
      if (before < 0) {
        return false;
      }
    } while (!state.compareAndSet(before, before + CLOSED));
    if (before == 0) {
      drained.countDown();
    }
    return true;
  }

  boolean isClosed() {
    return state.get() < 0;
  }

  /** After {@link #close}: waits until all have left; false if some had not in that time. */
  boolean awaitDrained(long timeoutMillis) throws InterruptedException {
    return drained.await(timeoutMillis, TimeUnit.MILLISECONDS);
  }
}
