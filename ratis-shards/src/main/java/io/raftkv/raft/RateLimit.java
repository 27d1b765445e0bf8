package io.raftkv.raft;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Bytes per second that all who share this may take together. Time that nobody has used is not
 * saved up. Thread-safe.
 */
final class RateLimit {
  private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final long bytesPerSecond;
  private final LongSupplier nanoClock;

  /** When what was taken so far is paid for. */
  private long freeNanos;

  /**
   * @param bytesPerSecond 0 for no limit
   */
  RateLimit(long bytesPerSecond, LongSupplier nanoClock) {
    this.bytesPerSecond = bytesPerSecond;
    this.nanoClock = nanoClock;
    this.freeNanos = nanoClock.getAsLong();
  }

  /** Takes so many bytes; returns for how many nanoseconds they are not to be used yet. */
  synchronized long take(int bytes) {
    if (bytesPerSecond == 0) {
      return 0;
    }
    long now = nanoClock.getAsLong();
    long wait = Math.max(0, freeNanos - now);
    freeNanos = now + wait + bytes * SECOND_NANOS / bytesPerSecond;
    return wait;
  }
}
