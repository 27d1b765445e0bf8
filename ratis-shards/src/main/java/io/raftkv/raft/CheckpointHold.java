package io.raftkv.raft;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Whether a leader has to keep its latest checkpoint, and the log behind it, for a follower: while
 * it is sent, and until the follower has the log that follows. A hold ends when the follower gets
 * nowhere for a while, whatever it answers, and after a long time at last: only another checkpoint
 * begins it anew. Thread-safe.
 */
final class CheckpointHold {
  /** Without progress the hold ends. */
  static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** With progress, too. */
  static final long MAX_NANOS = TimeUnit.HOURS.toNanos(6);

  private final LongSupplier nanoClock;
  private long checkpoint = -1;
  private boolean over = true;

  /** How far the follower has come at best, and when. */
  private long best;

  private long progressNanos;
  private long begunNanos;

  CheckpointHold(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /**
   * The follower is there.
   *
   * @param index of the checkpoint that is sent
   * @param mark grows with what the follower has of it, and then of the log
   * @return true if it has never come so far with this checkpoint
   */
  synchronized boolean reached(long index, long mark) {
    long now = nanoClock.getAsLong();
    if (index != checkpoint) {
      checkpoint = index;
      over = false;
      begunNanos = now;
    } else if (mark <= best) {
      return false; // a follower that was wiped meanwhile begins again, too, and may do so for ever
    }
    best = mark;
    progressNanos = now;
    return true;
  }

  synchronized boolean lasts() {
    long now = nanoClock.getAsLong();
    return !over && now - progressNanos < PATIENCE_NANOS && now - begunNanos < MAX_NANOS;
  }

  /** The follower has all it needs. */
  synchronized void end() {
    over = true;
    checkpoint = -1;
  }

  /** The checkpoint cannot be kept, though it is needed: nor will it be when there is progress. */
  synchronized void release() {
    over = true;
  }
}
