package io.raftkv.storage.type;

/**
 * How many different elements the registers of a {@link HyperLogLog} have seen: Ertl's improved raw
 * estimator ("New cardinality estimation algorithms for HyperLogLog sketches", 2017, section 2),
 * which Redis uses, too. Its corrections for empty and for full registers are the limits of two
 * series, summed until a term no longer changes them.
 */
final class CardinalityEstimate {
  /** The bias of the raw estimate for endlessly many registers: 1 / (2 ln 2). */
  private static final double ALPHA = 0.7213475204444817;

  private CardinalityEstimate() {}

  /**
   * The estimate.
   *
   * @param registersOfRank how many registers have each rank
   */
  static long of(int[] registersOfRank) {
    double m = HyperLogLog.REGISTERS;
    int top = HyperLogLog.RANK_BITS;
    double denominator = m * full((m - registersOfRank[top + 1]) / m);
    for (int rank = top; rank >= 1; rank--) {
      denominator = (denominator + registersOfRank[rank]) * 0.5;
    }
    denominator += m * empty(registersOfRank[0] / m);
    return Math.round(ALPHA * m * m / denominator);
  }

  /** The paper's sigma: the correction for the share of registers that are still 0. */
  private static double empty(double share) {
    if (share == 1) {
      return Double.POSITIVE_INFINITY;
    }
    double sum = share;
    double power = share;
    double weight = 1;
    double before;
    do {
      before = sum;
      power *= power;
      sum += power * weight;
      weight += weight;
    } while (sum != before);
    return sum;
  }

  /** The paper's tau: the correction for the share of registers that are below the top rank. */
  private static double full(double share) {
    if (share == 0 || share == 1) {
      return 0;
    }
    double sum = 1 - share;
    double root = share;
    double weight = 1;
    double before;
    do {
      before = sum;
      root = Math.sqrt(root);
      weight *= 0.5;
      sum -= (1 - root) * (1 - root) * weight;
    } while (sum != before);
    return sum / 3;
  }
}
