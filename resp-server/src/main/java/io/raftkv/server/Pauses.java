package io.raftkv.server;

import java.util.HashMap;
import java.util.Map;

/**
 * How long things that failed are left alone: twice as long each time that one fails again, up to a
 * bound. For one thread.
 */
final class Pauses<K> {
  private record Failed(long untilNanos, long pauseNanos) {}

  private final Map<K, Failed> failed = new HashMap<>();

  /**
   * Something has failed.
   *
   * @param firstNanos how long it is left alone at the first failure, and at least
   * @param mostNanos how long at most
   * @param nowNanos the clock of {@link System#nanoTime}
   */
  void failed(K what, long firstNanos, long mostNanos, long nowNanos) {
    Failed before = failed.get(what);
    long twice = before == null ? 0 : 2 * before.pauseNanos;
    long pause = Math.min(Math.max(firstNanos, twice), mostNanos);
    failed.put(what, new Failed(nowNanos + pause, pause));
  }

  /** It begins anew. */
  void succeeded(K what) {
    failed.remove(what);
  }

  /** Whether something is to be left alone. */
  boolean isPaused(K what, long nowNanos) {
    Failed last = failed.get(what);
    return last != null && last.untilNanos - nowNanos > 0;
  }
}
