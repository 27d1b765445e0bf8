package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.JobState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JobSimulationTest {
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 1_001, 2_001, 3_001, 4_001})
  void everyJobEndsDoneOrAsBefore(int first) {
    int done = 0;
    int undone = 0;
    for (int seeds = first; seeds < first + 100; seeds++) {
      JobState end = new JobSimulation(seeds).run();
      done += end == JobState.DONE ? 1 : 0;
      undone += end == JobState.CANCELLED ? 1 : 0;
    }
    assertThat(done).as("done from seed %s", first).isGreaterThan(50);
    assertThat(undone).as("cancelled from seed %s", first).isGreaterThan(5);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 1_001})
  void clusterRepairsAndBalancesItselfAndThenRests(int first) {
    int jobs = 0;
    for (int seeds = first; seeds < first + 50; seeds++) {
      int began = new JobSimulation(seeds).balance();
      assertThat(began).as("seed %s", seeds).isLessThanOrEqualTo(60);
      jobs += began;
    }
    assertThat(jobs).as("from seed %s", first).isGreaterThan(50 * 4);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 1_001})
  void nodeBecomesEmptyOrIsResumedBesideAnotherJobAndALostNode(int first) {
    int done = 0;
    int undone = 0;
    for (int seeds = first; seeds < first + 100; seeds++) {
      JobState end = new JobSimulation(seeds).drain();
      done += end == JobState.DONE ? 1 : 0;
      undone += end == JobState.CANCELLED ? 1 : 0;
    }
    assertThat(done).as("done from seed %s", first).isGreaterThan(40);
    assertThat(undone).as("resumed from seed %s", first).isGreaterThan(5);
  }
}
