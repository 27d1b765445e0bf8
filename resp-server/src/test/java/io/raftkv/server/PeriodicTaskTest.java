package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeriodicTaskTest {
  private final List<String> told = new ArrayList<>();
  private Throwable next;
  private long nanos;
  private int runs;
  private final PeriodicTask task =
      new PeriodicTask(
          "a task",
          () -> {
            runs++;
            if (next instanceof Error error) {
              throw error;
            } else if (next instanceof Exception exception) {
              throw exception;
            }
          },
          () -> nanos,
          new PeriodicTask.Log() {
            @Override
            public void failed(String what, Throwable failure) {
              told.add(what + ": " + failure.getMessage());
            }

            @Override
            public void worksAgain(String what) {
              told.add(what + " works");
            }
          });

  @Test
  void aFailureThatLastsIsToldOnceAMinute() {
    for (int i = 0; i < 1000; i++) {
      next = new IOException("turn " + i);
      nanos += Duration.ofMillis(100).toNanos();
      task.run();
    }
    assertThat(runs).isEqualTo(1000);
    assertThat(told).containsExactly("a task: turn 0", "a task: turn 600");
  }

  @Test
  void anotherFailureIsToldAtOnceAndSoIsTheEnd() {
    next = new IOException("disk");
    task.run();
    next = new IllegalStateException("bug");
    task.run();
    next = null;
    task.run();
    task.run();
    assertThat(told).containsExactly("a task: disk", "a task: bug", "a task works");
  }

  @Test
  void oneThatComesAndGoesIsNotToldEachTime() {
    for (int i = 0; i < 100; i++) {
      next = i % 2 == 0 ? new IOException("disk") : null;
      task.run();
    }
    assertThat(told).containsExactly("a task: disk", "a task works");
  }

  @Test
  void errorsDoNotEndIt() {
    next = new StackOverflowError("deep");
    task.run();
    next = null;
    task.run();
    assertThat(told).containsExactly("a task: deep", "a task works");
  }

  @Test
  void anInterruptIsKeptAndNotToldAsAFailure() {
    next = new InterruptedException("stop");
    task.run();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(told).isEmpty();
  }

  /** A node that stops interrupts a vote that is just being written. */
  @Test
  void anInterruptIsNoFailureWhereverItStandsInTheChain() {
    for (Exception root :
        List.of(
            new InterruptedException("stop"),
            new InterruptedIOException("stop"),
            new ClosedByInterruptException())) {
      next = new IllegalStateException("no election", new IOException("no vote", root));
      Thread.currentThread().interrupt();
      task.run();
      assertThat(Thread.interrupted()).as("kept").isTrue();
      assertThat(told).isEmpty();
    }
    next = new IllegalStateException("bug");
    Thread.currentThread().interrupt();
    task.run();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(told).containsExactly("a task: bug");
  }

  @Test
  void anInterruptOfAnotherThreadIsAFailure() {
    next = new IllegalStateException("no election", new ClosedByInterruptException());
    task.run();
    assertThat(told).containsExactly("a task: no election");
  }
}
