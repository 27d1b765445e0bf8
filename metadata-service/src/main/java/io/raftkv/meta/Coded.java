package io.raftkv.meta;

/** An enum constant whose number in the log and on disk is pinned: never changed, never reused. */
interface Coded {
  /** From 0 to 255. */
  int code();
}
