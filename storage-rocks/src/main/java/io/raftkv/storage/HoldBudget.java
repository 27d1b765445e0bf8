package io.raftkv.storage;

import java.util.concurrent.atomic.AtomicLong;

/** What all reads of a process together may {@link Keyspace#hold} in memory. Thread-safe. */
final class HoldBudget {
  private final long limitBytes;
  private final AtomicLong heldBytes = new AtomicLong();

  HoldBudget(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /**
   * Counts what a read holds from now on.
   *
   * @param already what the same read holds
   * @throws HeldTooMuchException if that is too much; nothing was counted then
   */
  void take(long bytes, long already) {
    if (heldBytes.addAndGet(bytes) > limitBytes) {
      heldBytes.addAndGet(-bytes);
      throw new HeldTooMuchException(limitBytes, already + bytes > limitBytes);
    }
  }

  /** Counts it no longer. */
  void give(long bytes) {
    heldBytes.addAndGet(-bytes);
  }

  long heldBytes() {
    return heldBytes.get();
  }
}
