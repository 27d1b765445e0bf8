package io.raftkv.metrics;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * How fast a counter grows: its mean speed over the last samples, as in Redis' figures that begin
 * with {@code instantaneous}. Somebody has to call {@link #sample} again and again; the speed is
 * right whatever time lies between two samples. Thread-safe.
 */
public final class RateMeter {
  /** With ten samples per second the speed is that of the last 1.6 seconds. */
  static final int SAMPLES = 17;

  private final LongSupplier counter;
  private final LongSupplier nanoClock;
  private final long[] counts = new long[SAMPLES];
  private final long[] nanos = new long[SAMPLES];
  private long taken;

  public RateMeter(LongSupplier counter, LongSupplier nanoClock) {
    this.counter = counter;
    this.nanoClock = nanoClock;
  }

  /** Looks at the counter. */
  public synchronized void sample() {
    int at = (int) (taken % SAMPLES);
    counts[at] = counter.getAsLong();
    nanos[at] = nanoClock.getAsLong();
    taken++;
  }

  /** Growth per second, rounded; 0 before the second sample. */
  public synchronized long perSecond() {
    if (taken < 2) {
      return 0;
    }
    int newest = (int) ((taken - 1) % SAMPLES);
    int oldest = taken < SAMPLES ? 0 : (int) (taken % SAMPLES);
    long elapsed = Math.max(1, nanos[newest] - nanos[oldest]);
    double growth = counts[newest] - counts[oldest];
    return Math.round(growth * TimeUnit.SECONDS.toNanos(1) / elapsed);
  }
}
