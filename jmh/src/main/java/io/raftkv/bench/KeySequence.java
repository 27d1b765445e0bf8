package io.raftkv.bench;

/**
 * Draws key numbers below a bound without allocating: all alike, or by Zipf's law with exponent
 * 0.99, where a few keys take most of the load. For one thread.
 */
final class KeySequence {
  /** Exponent of the skewed distribution, the one YCSB made customary. */
  private static final double EXPONENT = 0.99;

  /** Sums of harmonic numbers beyond this many terms are continued by their integral. */
  private static final long EXACT_TERMS = 1_000_000;

  private final long keys;
  private final boolean zipf;
  private final double zeta;
  private final double alpha;
  private final double eta;
  private long state;

  KeySequence(long keys, boolean zipf, long seed) {
    if (keys < 1) {
      throw new IllegalArgumentException("need at least one key, not " + keys);
    }
    this.keys = keys;
    this.zipf = zipf && keys > 2;
    this.state = seed * 0x9E3779B97F4A7C15L + 1;
    this.zeta = this.zipf ? harmonic(keys) : 1;
    this.alpha = 1 / (1 - EXPONENT);
    this.eta = this.zipf ? (1 - Math.pow(2.0 / keys, 1 - EXPONENT)) / (1 - harmonic(2) / zeta) : 0;
  }

  private static double harmonic(long terms) {
    double sum = 0;
    long exact = Math.min(terms, EXACT_TERMS);
    for (long i = 1; i <= exact; i++) {
      sum += Math.pow((double) i, -EXPONENT);
    }
    double rest = 1 - EXPONENT;
    return sum + (Math.pow((double) terms, rest) - Math.pow((double) exact, rest)) / rest;
  }

  /** The next key number, from 0 (the most frequent one if skewed) to the bound. */
  long next() {
    if (!zipf) {
      return (nextLong() >>> 1) % keys;
    }
    double u = nextDouble();
    double scaled = u * zeta;
    if (scaled < 1) {
      return 0;
    }
    if (scaled < 1 + Math.pow(0.5, EXPONENT)) {
      return 1;
    }
    return Math.min(keys - 1, (long) (keys * Math.pow(eta * u - eta + 1, alpha)));
  }

  /** Uniform in [0, 1). */
  double nextDouble() {
    return (nextLong() >>> 11) * 0x1.0p-53;
  }

  /** Any 64 bits, by SplitMix64. */
  long nextLong() {
    state += 0x9E3779B97F4A7C15L;
    long z = state;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
