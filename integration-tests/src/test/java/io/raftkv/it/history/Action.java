package io.raftkv.it.history;

/** What a client asked of one key. The meaning of each is written once, in {@link Models}. */
public enum Action {
  GET,
  SET,
  /** {@code SET key value GET}: sets and returns what was there before. */
  GETSET,
  SETNX,
  /** Sets to the argument if the value equals what was expected; returns "1" or "0". */
  CAS,
  DEL,
  INCR;

  public boolean isRead() {
    return this == GET;
  }
}
