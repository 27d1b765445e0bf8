package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TurnTaskTest {
  private final AtomicInteger runs = new AtomicInteger();
  private final Queue<Runnable> loop = new ArrayDeque<>();
  private final TurnTask task = new TurnTask(loop::add, runs::incrementAndGet);

  private static void onAnotherThread(Runnable work) throws InterruptedException {
    Thread other = new Thread(work);
    other.start();
    other.join();
  }

  @Test
  void runsOnceForAllRequestsOfATurn() {
    task.request();
    task.request();
    assertThat(runs).hasValue(0);
    assertThat(loop).hasSize(1);
    loop.poll().run();
    assertThat(runs).hasValue(1);
    task.request();
    loop.poll().run();
    assertThat(runs).hasValue(2);
  }

  @Test
  void whatIsRequestedDuringARunGetsAnother() {
    TurnTask[] again = new TurnTask[1];
    again[0] =
        new TurnTask(
            loop::add,
            () -> {
              if (runs.incrementAndGet() == 1) {
                again[0].request();
              }
            });
    again[0].request();
    loop.poll().run();
    loop.poll().run();
    assertThat(runs).hasValue(2);
    assertThat(loop).isEmpty();
  }

  /** The other thread's loop may be long in its turn. */
  @Test
  void anotherThreadDoesNotRelyOnThisOnesTurn() throws InterruptedException {
    task.request();
    onAnotherThread(task::request);
    assertThat(loop).hasSize(2);
    task.request();
    assertThat(loop).as("nor the other way round").hasSize(3);
  }

  @Test
  void runsAtOnceWhenTheLoopHasStopped() {
    TurnTask stopped =
        new TurnTask(
            work -> {
              throw new RejectedExecutionException();
            },
            runs::incrementAndGet);
    stopped.request();
    stopped.request();
    assertThat(runs).hasValue(2);
  }
}
