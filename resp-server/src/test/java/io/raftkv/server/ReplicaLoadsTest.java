package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReplicaLoadsTest {
  private static final long HALF_SECOND = TimeUnit.MILLISECONDS.toNanos(500);

  @Test
  void averageComesToASteadyRateWhateverTheIntervals() {
    double average = 0;
    for (int i = 0; i < 1_000; i++) {
      average = ReplicaLoads.average(average, i % 2 == 0 ? 50 : 150, HALF_SECOND * (1 + i % 2 * 2));
    }
    assertThat(average).isCloseTo(100, within(1.0));
  }

  @Test
  void averageHalvesInItsHalfLife() {
    assertThat(ReplicaLoads.average(80, 0, ReplicaLoads.HALF_LIFE_NANOS))
        .isCloseTo(40, within(1e-9));
    double average = 0;
    for (int i = 0; i < 40; i++) {
      average = ReplicaLoads.average(average, 40, HALF_SECOND);
    }
    assertThat(average).as("twenty seconds of 80").isCloseTo(40, within(1e-9));
  }
}
