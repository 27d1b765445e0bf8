package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** The looks are the test's: no thread, no clock. */
class WatchdogTest {
  private final AtomicBoolean deadlock = new AtomicBoolean();
  private final Watchdog watchdog = new Watchdog(deadlock::get);

  /** A thread that works when the test says so. */
  private static final class Worker implements Executor {
    final Queue<Runnable> tasks = new ArrayDeque<>();

    @Override
    public void execute(Runnable task) {
      tasks.add(task);
    }

    void work() {
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
    }
  }

  private final Worker worker = new Worker();

  private void look(int times) {
    for (int i = 0; i < times; i++) {
      watchdog.look();
    }
  }

  @Test
  void threadsThatAnswerAreLive() {
    watchdog.watch("direct", Runnable::run);
    watchdog.watch("worker", worker);
    for (int i = 0; i < 10 * Watchdog.PATIENCE; i++) {
      look(1);
      worker.work();
    }
    assertThat(watchdog.isLive()).isTrue();
  }

  @Test
  void oneThatDoesNotAnswerForLongIsStuckUntilItDoes() {
    watchdog.watch("direct", Runnable::run);
    watchdog.watch("worker", worker);
    look(Watchdog.PATIENCE);
    assertThat(watchdog.isLive()).as("one look asks, the others wait").isTrue();
    look(1);
    assertThat(watchdog.isLive()).isFalse();
    look(100);
    assertThat(worker.tasks).as("asked once").hasSize(1);

    worker.work();
    look(1);
    assertThat(watchdog.isLive()).isTrue();
  }

  @Test
  void aSlowThreadIsNotAStuckOne() {
    watchdog.watch("worker", worker);
    for (int i = 0; i < 10; i++) {
      look(Watchdog.PATIENCE);
      worker.work();
    }
    assertThat(watchdog.isLive()).isTrue();
  }

  @Test
  void whoWaitsForADiskIsExcusedForAsLongAsItTakes() {
    Watchdog.Watched watched = watchdog.watch("worker", worker);
    watched.atDisk(
        () -> {
          look(100 * Watchdog.PATIENCE);
          assertThat(watchdog.isLive()).isTrue();
        });
    look(Watchdog.PATIENCE - 1);
    assertThat(watchdog.isLive()).as("what waits behind it has as long as ever").isTrue();
    look(1);
    assertThat(watchdog.isLive()).isFalse();
  }

  @Test
  void whoWaitsInACircleIsNotExcused() {
    Watchdog.Watched watched = watchdog.watch("worker", worker);
    watched.atDisk(
        () -> {
          deadlock.set(true);
          look(Watchdog.PATIENCE);
          assertThat(watchdog.isLive()).isTrue();
          look(1);
          assertThat(watchdog.isLive()).isFalse();
        });
  }

  @Test
  void workAtADiskFailsInItsOwnWayAndIsOverThen() {
    Watchdog.Watched watched = watchdog.watch("worker", worker);
    assertThatThrownBy(
            () ->
                watched.atDisk(
                    () -> {
                      throw new IOException("no space");
                    }))
        .isInstanceOf(IOException.class);
    look(Watchdog.PATIENCE + 1);
    assertThat(watchdog.isLive()).isFalse();
  }

  @Test
  void aThreadThatStopsWithItsNodeIsNotStuck() {
    watchdog.watch(
        "stopped",
        task -> {
          throw new RejectedExecutionException("shut down");
        });
    look(10 * Watchdog.PATIENCE);
    assertThat(watchdog.isLive()).isTrue();
  }
}
