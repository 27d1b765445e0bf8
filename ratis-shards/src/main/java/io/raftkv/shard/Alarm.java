package io.raftkv.shard;

/** Runs something that is soon done, a while later. */
@FunctionalInterface
public interface Alarm {
  /** Returns at once. */
  void after(long nanos, Runnable action);
}
