package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.OutOfSpaceException;
import io.raftkv.storage.StorageException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SpaceWaitTest {
  private final List<String> steps = new ArrayList<>();
  private int triesUntilDone = 1;
  private int pausesUntilSpace;
  private int pausesUntilUnwanted = Integer.MAX_VALUE;
  private int pauses;
  private RuntimeException fault = new OutOfSpaceException("full", null);

  private final SpaceWait wait =
      new SpaceWait(
          () -> pauses >= pausesUntilSpace,
          () -> pauses < pausesUntilUnwanted,
          () -> {
            pauses++;
            steps.add("pause");
          });

  private boolean run() {
    return wait.run(
        "s",
        () -> {
          steps.add("try");
          if (--triesUntilDone > 0) {
            throw fault;
          }
        });
  }

  @AfterEach
  void clearInterrupt() {
    Thread.interrupted();
  }

  @Test
  void withSpaceThereIsNoWait() {
    assertThat(run()).isTrue();
    assertThat(steps).containsExactly("try");
  }

  @Test
  void triesAgainWhenTheStoreCanWriteAgain() {
    triesUntilDone = 3;
    pausesUntilSpace = 3;
    assertThat(run()).isTrue();
    assertThat(steps).containsExactly("try", "pause", "pause", "pause", "try", "pause", "try");
  }

  @Test
  void endsWithoutTryingAgainWhenItIsNotWantedAnyMore() {
    triesUntilDone = 2;
    pausesUntilSpace = Integer.MAX_VALUE;
    pausesUntilUnwanted = 2;
    assertThat(run()).isFalse();
    assertThat(steps).containsExactly("try", "pause", "pause");
  }

  @Test
  void otherFaultsArePassedOnAtOnce() {
    triesUntilDone = 2;
    for (RuntimeException other :
        List.of(new StorageException("I/O error"), new CorruptStoreException("damaged"))) {
      steps.clear();
      triesUntilDone = 2;
      fault = other;
      assertThatThrownBy(this::run).isSameAs(other);
      assertThat(steps).containsExactly("try");
    }
  }

  @Test
  void interruptEndsTheWait() {
    SpaceWait interrupted =
        new SpaceWait(
            () -> false,
            () -> true,
            () -> {
              throw new InterruptedException();
            });
    assertThatThrownBy(
            () ->
                interrupted.run(
                    "s",
                    () -> {
                      throw fault;
                    }))
        .isInstanceOf(StorageException.class);
    assertThat(Thread.currentThread().isInterrupted()).isTrue();
  }
}
