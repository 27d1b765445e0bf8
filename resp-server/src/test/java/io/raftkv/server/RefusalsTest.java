package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RefusalsTest {
  private static final JobInfo SPLIT = job(JobKind.SPLIT, 1);
  private static final long HOPELESS = TimeUnit.MILLISECONDS.toNanos(Refusals.HOPELESS_MILLIS);
  private static final long NOW = -7;

  private final Refusals refusals = new Refusals();

  private static JobInfo job(JobKind kind, int step) {
    JobInfo.Plan plan =
        new JobInfo.Plan(
            kind, List.of("s1"), new TreeMap<>(), List.of("note", "cut", "open", "release"), 3);
    return new JobInfo("j1", plan, JobState.RUNNING, step, 0, 0, "", 1, 1);
  }

  private void refuse(JobInfo job, String why, long nanos) {
    refusals.note("j1", Place.of(job), why, nanos);
  }

  @Test
  void pausesGetLongerWhileItIsRefusedAndNotForEver() {
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      pauses.add(refusals.pauseMillis(SPLIT));
      refuse(SPLIT, "full", NOW);
    }
    assertThat(pauses.subList(0, 4)).containsOnly(100L);
    assertThat(pauses.subList(4, 8)).containsExactly(200L, 400L, 800L, 1600L);
    assertThat(pauses.subList(8, 100)).containsOnly(2_000L);
    assertThat(refusals.of(SPLIT)).contains("full");
    refuse(SPLIT, "", NOW);
    assertThat(refusals.of(SPLIT)).isEmpty();
    assertThat(refusals.pauseMillis(SPLIT)).isEqualTo(100);
  }

  @Test
  void aJobThatHasMovedOnBeginsAnew() {
    refuse(SPLIT, "full", NOW);
    JobInfo next = job(JobKind.SPLIT, 2);
    assertThat(refusals.of(next)).isEmpty();
    assertThat(refusals.pauseMillis(next)).isEqualTo(100);
    refuse(next, "busy", NOW + HOPELESS - 1);
    assertThat(refusals.hopeless(next, NOW + HOPELESS)).isEmpty();
    refusals.forget("j1");
    assertThat(refusals.of(next)).isEmpty();
    refuse(next, "busy", NOW);
    refusals.retain(List.of());
    assertThat(refusals.of(next)).isEmpty();
  }

  @Test
  void whatIsRefusedForLongIsHopelessIfItCanBeUndone() {
    refuse(SPLIT, "full", NOW);
    refuse(SPLIT, "fuller", NOW + HOPELESS - 1);
    assertThat(refusals.hopeless(SPLIT, NOW + HOPELESS - 1)).isEmpty();
    assertThat(refusals.hopeless(SPLIT, NOW + HOPELESS)).contains("fuller");
    for (JobInfo other : List.of(job(JobKind.SPLIT, 3), job(JobKind.MIGRATE, 1))) {
      refuse(other, "full", NOW);
      assertThat(refusals.hopeless(other, NOW + HOPELESS)).as("%s", other).isEmpty();
    }
  }

  @Test
  void whatNoClientWaitsForIsAskedForOnceASecond() {
    JobInfo move = job(JobKind.MIGRATE, 1);
    for (int i = 0; i < 5; i++) {
      assertThat(refusals.pauseMillis(move)).isEqualTo(1_000);
      refuse(move, "away", NOW);
    }
  }
}
