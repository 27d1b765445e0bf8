package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.job.JobAction;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RefusalsTest {
  private static final JobInfo SPLIT = job(JobKind.SPLIT, 1);
  private static final JobAction LEAD = new JobAction.Lead("n1", new UUID(1, 1));
  private static final JobAction SEED =
      new JobAction.Seed("n1", List.of(new UUID(1, 1)), List.of(new UUID(2, 2)));
  private static final long HOPELESS = TimeUnit.MILLISECONDS.toNanos(Refusals.HOPELESS_MILLIS);
  private static final long NOW = -7;

  private final Refusals refusals = new Refusals();

  private static JobInfo job(JobKind kind, int step) {
    JobInfo.Plan plan =
        new JobInfo.Plan(
            kind, List.of("s1"), new TreeMap<>(), List.of("note", "cut", "open", "release"), 3);
    return new JobInfo("j1", plan, JobState.RUNNING, step, 0, 0, "", 1, 1);
  }

  private void refuse(JobInfo job, JobAction action, String why, long nanos) {
    refusals.note("j1", Refusals.Asked.of(job, action), why, nanos);
  }

  /** For how long what is refused now is not asked for again. */
  private long pauseMillis(JobInfo job, JobAction action) {
    refuse(job, action, "full", NOW);
    long millis = 0;
    while (refusals.pauses(job, action, NOW + TimeUnit.MILLISECONDS.toNanos(millis))) {
      millis++;
    }
    return millis;
  }

  @Test
  void pausesGetLongerWhileItIsRefusedAndNotForEver() {
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      pauses.add(pauseMillis(SPLIT, LEAD));
    }
    assertThat(pauses.subList(0, 4)).containsOnly(100L);
    assertThat(pauses.subList(4, 8)).containsExactly(200L, 400L, 800L, 1600L);
    assertThat(pauses.subList(8, 100)).containsOnly(2_000L);
    assertThat(refusals.of(SPLIT)).contains("full");
    refuse(SPLIT, LEAD, "", NOW);
    assertThat(refusals.of(SPLIT)).isEmpty();
    assertThat(refusals.pauses(SPLIT, LEAD, NOW)).isFalse();
    assertThat(pauseMillis(SPLIT, LEAD)).isEqualTo(100);
  }

  @Test
  void onlyWhatWasRefusedWaits() {
    refuse(SPLIT, LEAD, "full", NOW);
    assertThat(refusals.pauses(SPLIT, LEAD, NOW)).isTrue();
    assertThat(refusals.pauses(SPLIT, SEED, NOW)).isFalse();
    assertThat(refusals.hopeless(SPLIT, SEED, NOW + HOPELESS)).isEmpty();
    refuse(SPLIT, SEED, "busy", NOW + HOPELESS);
    assertThat(refusals.hopeless(SPLIT, SEED, NOW + HOPELESS)).isEmpty();
    assertThat(refusals.hopeless(SPLIT, LEAD, NOW + HOPELESS)).isEmpty();
    assertThat(refusals.pauses(SPLIT, LEAD, NOW + HOPELESS)).isFalse();
  }

  @Test
  void aJobThatHasMovedOnBeginsAnew() {
    refuse(SPLIT, LEAD, "full", NOW);
    JobInfo next = job(JobKind.SPLIT, 2);
    assertThat(refusals.of(next)).isEmpty();
    assertThat(refusals.pauses(next, LEAD, NOW)).isFalse();
    refuse(next, LEAD, "busy", NOW + HOPELESS - 1);
    assertThat(refusals.hopeless(next, LEAD, NOW + HOPELESS)).isEmpty();
    refusals.forget("j1");
    assertThat(refusals.of(next)).isEmpty();
    refuse(next, LEAD, "busy", NOW);
    refusals.retain(List.of());
    assertThat(refusals.of(next)).isEmpty();
  }

  @Test
  void whatIsRefusedForLongIsHopelessIfItCanBeUndone() {
    refuse(SPLIT, LEAD, "full", NOW);
    refuse(SPLIT, LEAD, "fuller", NOW + HOPELESS - 1);
    assertThat(refusals.hopeless(SPLIT, LEAD, NOW + HOPELESS - 1)).isEmpty();
    assertThat(refusals.hopeless(SPLIT, LEAD, NOW + HOPELESS)).contains("fuller");
    for (JobInfo other : List.of(job(JobKind.SPLIT, 3), job(JobKind.MIGRATE, 1))) {
      refuse(other, LEAD, "full", NOW);
      assertThat(refusals.hopeless(other, LEAD, NOW + HOPELESS)).as("%s", other).isEmpty();
    }
  }

  @Test
  void whatNoClientWaitsForIsAskedForOnceASecond() {
    JobInfo move = job(JobKind.MIGRATE, 1);
    for (int i = 0; i < 5; i++) {
      assertThat(pauseMillis(move, LEAD)).isEqualTo(1_000);
    }
  }
}
