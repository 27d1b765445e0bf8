package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import java.util.EnumMap;
import java.util.Map;

/** Many a {@link SplitSimulation}. */
final class SplitRuns {
  private static final int SEEDS = 40;

  /** A fault that takes more seeds than that is as good as not found. */
  private static final int MOST_SEEDS = 1_000;

  private final Map<JobKind, Map<JobState, Integer>> ends = new EnumMap<>(JobKind.class);

  private SplitRuns() {}

  /**
   * Runs them as in production; clients get through, too.
   *
   * @param first of the seeds
   * @param merges whether shards that were split are merged again
   */
  static SplitRuns of(int first, boolean merges) {
    SplitRuns runs = new SplitRuns();
    int writes = 0;
    int counts = 0;
    for (int seed = first; seed < first + SEEDS; seed++) {
      SplitSimulation simulation = new SplitSimulation(seed, SplitBrain.REAL, merges);
      simulation.run();
      for (JobInfo job : simulation.jobs()) {
        runs.ends
            .computeIfAbsent(job.kind(), kind -> new EnumMap<>(JobState.class))
            .merge(job.state(), 1, Integer::sum);
      }
      writes += simulation.clients().writes();
      counts += simulation.clients().counts();
    }
    assertThat(writes).isGreaterThan(SEEDS * 100);
    assertThat(counts).isGreaterThan(SEEDS * 10);
    return runs;
  }

  /** How many jobs ended so, at least. */
  void assertEnds(JobKind kind, JobState state, int more) {
    assertThat(ends.get(kind).get(state)).as("%s", ends).isGreaterThan(more);
  }

  /**
   * The simulation is worth something only if it finds what would be wrong.
   *
   * @param first a seed that has found it, when the test was written
   */
  static void assertFound(String name, int first, SplitBrain broken, boolean merges) {
    Throwable found = null;
    for (int seed = first; seed < first + MOST_SEEDS && found == null; seed++) {
      found = catchThrowable(new SplitSimulation(seed, broken, merges)::run);
    }
    assertThat(found).as(name).isInstanceOf(AssertionError.class);
  }
}
