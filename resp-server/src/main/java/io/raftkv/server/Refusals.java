package io.raftkv.server;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Why nodes did not do what jobs asked of them, until they do or the job has moved on: how soon
 * they are asked again, and when that has no sense any more. For one thread.
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

  private record Refusal(Place place, String why, int times, long sinceNanos) {}

  /**
   * What became of the last request of a job.
   *
   * @param place where the job was then
   * @param why it was not done; empty if it was
   */
  void note(String jobId, Place place, String why, long nowNanos) {
    Refusal before = last.get(jobId);
    if (why.isEmpty()) {
      last.remove(jobId);
    } else if (before == null || !before.place().equals(place)) {
      last.put(jobId, new Refusal(place, why, 1, nowNanos));
    } else {
      last.put(jobId, new Refusal(place, why, before.times() + 1, before.sinceNanos()));
    }
  }

  /** Why the last request of a job was not done, if it still is where it was then. */
  Optional<String> of(JobInfo job) {
    return here(job).map(Refusal::why);
  }

  private Optional<Refusal> here(JobInfo job) {
    return Optional.ofNullable(last.get(job.id()))
        .filter(refusal -> refusal.place().equals(Place.of(job)));
  }

  /** For how long nothing is asked again if the next request is refused, too. */
  long pauseMillis(JobInfo job) {
    if (!job.holdsRouting()) {
      return PAUSE_MILLIS;
    }
    int doublings = here(job).map(Refusal::times).orElse(0) - SHORT_PAUSES + 1;
    long doubled = FIRST_ORDER_PAUSE_MILLIS << Math.min(Math.max(0, doublings), Byte.SIZE);
    return Math.min(doubled, MOST_ORDER_PAUSE_MILLIS);
  }

  /**
   * Why a job is to be given up: it keeps others from their slots, it can be undone, and for long
   * nothing that it asked for has been done.
   */
  Optional<String> hopeless(JobInfo job, long nowNanos) {
    return here(job)
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
