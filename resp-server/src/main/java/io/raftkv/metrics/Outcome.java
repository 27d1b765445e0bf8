package io.raftkv.metrics;

import java.util.Locale;

/** How a command ended, as its client saw it; a tag of the metrics. */
public enum Outcome {
  /** A reply that is no error. */
  OK,
  /** The user's mistake. */
  ERROR,
  /** Nothing happened; safe to send again. */
  REFUSED,
  /** A write that may or may not have been applied. */
  UNCERTAIN;

  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
