package io.raftkv.bench;

/**
 * The numbers that a connection's requests are made with. All requests of one turn through a
 * workload share them, so that one pops from the list that the other has pushed to. For one thread.
 */
final class Turn {
  private final long connection;
  private final KeySequence draws;
  private long count = -1;
  private long number;
  private long random;

  /**
   * Before the first turn.
   *
   * @param connection the connection's number in this run
   */
  Turn(long connection, KeySequence draws) {
    this.connection = connection;
    this.draws = draws;
  }

  /** The next turn, of a drawn number. */
  void next() {
    next(draws.next());
  }

  /** The next turn, of this number. */
  void next(long numberOfPair) {
    count++;
    number = numberOfPair;
    random = draws.nextLong() >>> 1;
  }

  long connection() {
    return connection;
  }

  /** How many turns this connection had before. */
  long count() {
    return count;
  }

  /** The number of a pair of key and element. */
  long number() {
    return number;
  }

  /** Uniform, not negative, and independent of the number. */
  long random() {
    return random;
  }
}
