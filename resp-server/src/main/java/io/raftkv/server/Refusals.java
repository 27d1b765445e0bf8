package io.raftkv.server;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.job.JobAction;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Why nodes did not do what jobs asked of them, until they do or the job has moved on: how soon
 * they are asked again, and when that has no sense any more. Only the kind of request that was
 * refused waits: what else a job can do meanwhile it does. For one thread.
 */
final class Refusals {
  /** What is refused at first may be done in a moment: a node has caught up by then, or leads. */
  private static final long FIRST_ORDER_PAUSE_MILLIS = 100;

  /** So many pauses are that short; each one after them is twice as long as the one before. */
  private static final int SHORT_PAUSES = 4;

  /** Clients may wait for it. */
  private static final long MOST_ORDER_PAUSE_MILLIS = 2_000;

  private static final long PAUSE_MILLIS = 1_000;

  /** Longer than clients are ever kept waiting before what they wait for is given up. */
  static final long HOPELESS_MILLIS = 10_000;

  private final Map<String, Refusal> last = new HashMap<>();

  /**
   * A request of a job.
   *
   * @param place where the job was then
   * @param kind of what it asked for
   * @param held whether it held the routing, so that clients may have been waiting for it
   */
  record Asked(Place place, Class<? extends JobAction> kind, boolean held) {
    static Asked of(JobInfo job, JobAction action) {
      return new Asked(Place.of(job), action.getClass(), job.holdsRouting());
    }
  }

  private record Refusal(Asked asked, String why, int times, long sinceNanos, long againNanos) {}

  /**
   * What became of the last request of a job.
   *
   * @param why it was not done; empty if it was
   */
  void note(String jobId, Asked asked, String why, long nowNanos) {
    Refusal before = last.get(jobId);
    if (why.isEmpty()) {
      last.remove(jobId);
      return;
    }
    boolean again = before != null && before.asked().equals(asked);
    int times = again ? before.times() + 1 : 1;
    long since = again ? before.sinceNanos() : nowNanos;
    long pauseNanos = TimeUnit.MILLISECONDS.toNanos(pauseMillis(asked, times));
    last.put(jobId, new Refusal(asked, why, times, since, nowNanos + pauseNanos));
  }

  private static long pauseMillis(Asked asked, int times) {
    if (!asked.held()) {
      return PAUSE_MILLIS;
    }
    int doublings = Math.min(Math.max(0, times - SHORT_PAUSES), Byte.SIZE);
    return Math.min(FIRST_ORDER_PAUSE_MILLIS << doublings, MOST_ORDER_PAUSE_MILLIS);
  }

  /** Why the last request of a job was not done, if it still is where it was then. */
  Optional<String> of(JobInfo job) {
    return Optional.ofNullable(last.get(job.id()))
        .filter(refusal -> refusal.asked().place().equals(Place.of(job)))
        .map(Refusal::why);
  }

  private Optional<Refusal> of(JobInfo job, JobAction action) {
    return Optional.ofNullable(last.get(job.id()))
        .filter(refusal -> refusal.asked().equals(Asked.of(job, action)));
  }

  /** Whether what was refused is to be asked for again only later. */
  boolean pauses(JobInfo job, JobAction action, long nowNanos) {
    return of(job, action).filter(refusal -> nowNanos - refusal.againNanos() < 0).isPresent();
  }

  /**
   * Why a job is to be given up: it keeps others from their slots, it can be undone, and for long
   * it has been asking in vain for what it asks for.
   */
  Optional<String> hopeless(JobInfo job, JobAction action, long nowNanos) {
    return of(job, action)
        .filter(refusal -> job.holdsRouting() && job.canBeCancelled())
        .filter(
            refusal ->
                nowNanos - refusal.sinceNanos() >= TimeUnit.MILLISECONDS.toNanos(HOPELESS_MILLIS))
        .map(Refusal::why);
  }

  /** A job waits for something else than an answer. */
  void forget(String jobId) {
    last.remove(jobId);
  }

  /** Forgets all other jobs. */
  void retain(Collection<String> jobIds) {
    last.keySet().retainAll(jobIds);
  }

  void clear() {
    last.clear();
  }
}
