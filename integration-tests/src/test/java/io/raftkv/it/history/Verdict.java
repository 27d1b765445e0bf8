package io.raftkv.it.history;

/** What a check found out. Only {@link #LINEARIZABLE} passes a test. */
public enum Verdict {
  LINEARIZABLE,
  NOT_LINEARIZABLE,
  /** The bound on time or memory was hit first: no statement either way. */
  UNDECIDED
}
