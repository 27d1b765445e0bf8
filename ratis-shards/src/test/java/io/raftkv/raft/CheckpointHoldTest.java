package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CheckpointHoldTest {
  private static final long CHECKPOINT = 100;

  private long now = 42;
  private final CheckpointHold hold = new CheckpointHold(() -> now);

  private void pass(long nanos) {
    now += nanos;
  }

  @Test
  void holdBeginsWithACheckpointAndEndsWithItsPurpose() {
    assertThat(hold.lasts()).isFalse();
    hold.reached(CHECKPOINT, 0);
    assertThat(hold.lasts()).isTrue();
    hold.end();
    assertThat(hold.lasts()).isFalse();
    hold.reached(CHECKPOINT, 0);
    assertThat(hold.lasts()).as("somebody needs it again").isTrue();
  }

  /** Such as one that answers, but whose disk is full, or that takes entries and forgets them. */
  @Test
  void followerThatGetsNowhereIsNotWaitedForHoweverOftenItAnswers() {
    hold.reached(CHECKPOINT, 5);
    for (int answer = 0; answer < 60; answer++) {
      assertThat(hold.lasts()).isTrue();
      pass(CheckpointHold.PATIENCE_NANOS / 60 + 1);
      hold.reached(CHECKPOINT, 5);
    }
    assertThat(hold.lasts()).isFalse();
    hold.reached(CHECKPOINT, 6);
    assertThat(hold.lasts()).as("it moves again").isTrue();
  }

  /** Else one that is wiped again and again would keep the log for ever. */
  @Test
  void followerThatBeginsAgainIsNotFurtherThanItWas() {
    hold.reached(CHECKPOINT, 1_000);
    for (long mark = 0; mark <= 1_000; mark += 10) {
      pass(CheckpointHold.PATIENCE_NANOS / 90);
      hold.reached(CHECKPOINT, mark);
    }
    assertThat(hold.lasts()).isFalse();
  }

  @Test
  void timeEndsItAtLastThoughThereIsProgress() {
    long step = CheckpointHold.PATIENCE_NANOS / 2;
    long mark = 0;
    for (long passed = 0; passed < CheckpointHold.MAX_NANOS; passed += step) {
      hold.reached(CHECKPOINT, ++mark);
      assertThat(hold.lasts()).isTrue();
      pass(step);
    }
    hold.reached(CHECKPOINT, ++mark);
    assertThat(hold.lasts()).isFalse();
    hold.reached(CHECKPOINT + 1, 0);
    assertThat(hold.lasts()).as("another checkpoint").isTrue();
  }

  @Test
  void releasedCheckpointIsNotHeldAgain() {
    hold.reached(CHECKPOINT, 0);
    hold.release();
    hold.reached(CHECKPOINT, 10);
    assertThat(hold.lasts()).isFalse();
    hold.reached(CHECKPOINT + 1, 0);
    assertThat(hold.lasts()).isTrue();
  }
}
