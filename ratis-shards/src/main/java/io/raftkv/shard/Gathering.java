package io.raftkv.shard;

import java.util.concurrent.TimeUnit;

/**
 * How long the next entry of a shard waits for the clients that the last one answered.
 *
 * <p>A client that waits for its reply sends its next command a moment after it. An entry made at
 * once would carry only what came while the last one was under way, about half of all clients; the
 * other half would wait for the entry behind it, and so on: twice the entries, each half full, for
 * the same commands. So an entry waits until most of what was under way or queued has come again,
 * for as long as an entry takes at most. A lone client whose commands are alike never waits: its
 * next command is all there is to wait for.
 *
 * <p>Not thread-safe.
 */
final class Gathering {
  /** Of what was under way or queued: the last few are not worth the wait of all others. */
  private static final double GOAL = 0.75;

  private static final long MAX_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** Weight of the latest entry in the average of how long entries take. */
  private static final double LATEST = 0.125;

  private final int roomBytes;
  private double entryNanos;
  private double goalBytes;
  private long untilNanos = Long.MIN_VALUE;

  /**
   * @param roomBytes what makes a full entry, which has nothing to wait for
   */
  Gathering(int roomBytes) {
    this.roomBytes = roomBytes;
  }

  /**
   * An entry is done, and its clients have their replies.
   *
   * @param entryBytes size of what it carried
   * @param queuedBytes size of what came meanwhile
   * @param tookNanos from its append to now
   */
  void done(long entryBytes, long queuedBytes, long tookNanos, long nowNanos) {
    entryNanos += LATEST * (Math.min(tookNanos, MAX_WAIT_NANOS) - entryNanos);
    goalBytes = Math.min(roomBytes, GOAL * (entryBytes + queuedBytes));
    untilNanos = nowNanos + (long) entryNanos;
  }

  /** How long to wait with this much in the queue; 0 or less if the entry can be made now. */
  long remainingNanos(long queuedBytes, long nowNanos) {
    return queuedBytes >= goalBytes ? 0 : untilNanos - nowNanos;
  }
}
