package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReadyTimesTest {
  private static final UUID METADATA = new UUID(0, 1);
  private static final UUID SHARD = new UUID(0, 2);

  /** The clock of {@link System#nanoTime} may be negative, and change its sign. */
  private static final long START = -TimeUnit.SECONDS.toNanos(4);

  private final ReadyTimes times = new ReadyTimes();

  private static long at(double seconds) {
    return START + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
  }

  private boolean settled(UUID group, double seconds) {
    return times.unsettled(group, at(seconds)).isEmpty();
  }

  @Test
  void aProcessThatHasJustStartedIsNotReliedOn() {
    times.note(METADATA, false, at(0));
    assertThat(settled(SHARD, 100)).as("nothing was ever ready").isFalse();
    times.note(METADATA, true, at(2));
    times.note(SHARD, true, at(2));
    assertThat(settled(SHARD, 4.9)).isFalse();
    assertThat(times.unsettled(SHARD, at(4.9))).contains("its process has just started");
    assertThat(settled(SHARD, 5)).isTrue();
  }

  /** A job moves a leadership to a replica that it has just made. */
  @Test
  void aNewReplicaOfAProcessThatServesIsReliedOnAtOnce() {
    times.note(METADATA, true, at(0));
    times.note(SHARD, false, at(9));
    times.note(SHARD, true, at(10));
    assertThat(settled(SHARD, 10)).isTrue();
  }

  @Test
  void aReplicaThatFallsBehindAgainAndAgainIsNotReliedOn() {
    times.note(METADATA, true, at(0));
    times.note(SHARD, true, at(0));
    for (double second = 10; second < 20; second += 2) {
      times.note(SHARD, false, at(second));
      times.note(SHARD, true, at(second + 1));
      assertThat(settled(SHARD, second + 1)).isFalse();
      assertThat(settled(METADATA, second + 1)).as("the other one is as before").isTrue();
    }
    assertThat(settled(SHARD, 20.9)).isFalse();
    assertThat(settled(SHARD, 21)).isTrue();
  }

  @Test
  void aReplicaThatComesBackIsNew() {
    times.note(METADATA, true, at(0));
    times.note(SHARD, true, at(0));
    times.note(SHARD, false, at(10));
    times.forget(SHARD);
    times.note(SHARD, false, at(10.5));
    times.note(SHARD, true, at(11));
    assertThat(settled(SHARD, 11)).isTrue();
  }
}
