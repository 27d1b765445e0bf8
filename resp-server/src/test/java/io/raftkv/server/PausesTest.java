package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PausesTest {
  private final Pauses<String> pauses = new Pauses<>();

  private void failsAndRests(long from, long until) {
    pauses.failed("a", 10, 25, from);
    assertThat(pauses.isPaused("a", until - 1)).isTrue();
    assertThat(pauses.isPaused("a", until)).isFalse();
  }

  @Test
  void whatFailsAgainIsLeftAloneTwiceAsLongUpToABound() {
    assertThat(pauses.isPaused("a", 0)).isFalse();
    failsAndRests(0, 10);
    failsAndRests(100, 120);
    failsAndRests(200, 225);
    failsAndRests(300, 325);
    assertThat(pauses.isPaused("b", 301)).isFalse();
    pauses.succeeded("a");
    failsAndRests(400, 410);
  }
}
