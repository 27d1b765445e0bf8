package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class OwnWritesTest {
  private final OwnWrites writes = new OwnWrites();

  @Test
  void answersMayComeInAnyOrder() {
    long first = writes.begin();
    long second = writes.begin();
    CompletionStage<Boolean> both = writes.answered();
    long third = writes.begin();
    writes.end(third, true); // of another shard
    writes.end(second, false);
    assertThat(both.toCompletableFuture()).isNotDone();
    writes.end(first, false);
    assertThat(both.toCompletableFuture()).isCompletedWithValue(true);
    assertThat(writes.answered().toCompletableFuture())
        .as("the third one")
        .isCompletedWithValue(false);
    assertThat(writes.answered().toCompletableFuture()).isCompletedWithValue(true);
  }

  @Test
  void whoGivesUpIsForgottenAndItsFailuresAreNot() {
    long first = writes.begin();
    long second = writes.begin();
    CompletionStage<Boolean> late = writes.answered();
    writes.end(first, true);
    writes.forget(late);
    assertThat(writes.waiters()).isZero();
    CompletionStage<Boolean> next = writes.answered();
    writes.end(second, false);
    assertThat(next.toCompletableFuture()).isCompletedWithValue(false);
    assertThat(late.toCompletableFuture()).isNotDone();
    assertThat(writes.waiters()).isZero();
  }
}
