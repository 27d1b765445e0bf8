package io.raftkv.storage;

/**
 * Random numbers that are equal on every replica and every Java release, which the library's own
 * bounded generators do not promise. SplitMix64 (Steele, Lea, Flood 2014). Not thread-safe.
 */
public final class SeededRandom {
  private long state;

  public SeededRandom(long seed) {
    this.state = seed;
  }

  /** All 2^64 values alike. */
  public long nextLong() {
    state += 0x9e3779b97f4a7c15L;
    long z = state;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** From 0 to {@code bound - 1}; {@code bound} is positive. */
  public long nextLong(long bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound " + bound);
    }
    // Rejects the values above the largest multiple of the bound: every result is equally likely.
    long limit = Long.MAX_VALUE - Long.MAX_VALUE % bound;
    long value;
    do {
      value = nextLong() >>> 1;
    } while (value >= limit);
    return value % bound;
  }

  /** From 0 to {@code bound - 1}; {@code bound} is positive. */
  public int nextInt(int bound) {
    return (int) nextLong(bound);
  }
}
