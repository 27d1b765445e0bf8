package io.raftkv.it.history;

/** What a client knows about an operation it sent. */
public enum Outcome {
  /** Answered: it took effect between call and reply, with this result. */
  OK,
  /** The server says that nothing happened ({@code TRYAGAIN}, {@code CLUSTERDOWN}). */
  REFUSED,
  /** No answer, or one that leaves it open: it may take effect at any later time, or never. */
  UNCERTAIN
}
