package io.raftkv.bench;

import io.raftkv.bench.RequestMix.Request;

/** What one connection sends, one request after the other. For one thread. */
final class RequestSequence {
  private final RequestMix mix;
  private final KeySequence draws;
  private final Turn turn;
  private int next;

  /**
   * The requests of a connection.
   *
   * @param connection the connection's number in this run
   */
  RequestSequence(RequestMix mix, KeySequence draws, long connection) {
    this.mix = mix;
    this.draws = draws;
    this.turn = new Turn(connection, draws);
  }

  /** The next request, to be copied out with {@link #turn}. */
  Request next() {
    if (mix.firstShare() > 0) {
      turn.next();
      return mix.requests().get(draws.nextDouble() < mix.firstShare() ? 0 : 1);
    }
    if (next == 0) {
      turn.next();
    }
    Request request = mix.requests().get(next);
    next = next + 1 == mix.requests().size() ? 0 : next + 1;
    return request;
  }

  /** The numbers of the last request. */
  Turn turn() {
    return turn;
  }
}
