package io.raftkv.resp.link;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LinkTroubleTest {
  private long now = 17;
  private final LinkTrouble trouble = new LinkTrouble(() -> now);

  @Test
  void theSameIsToldOnceUntilItIsOver() {
    assertThat(trouble.isNews("a")).isTrue();
    assertThat(trouble.isNews("a")).isFalse();
    assertThat(trouble.isNews("b")).isTrue();
    assertThat(trouble.isOver()).isTrue();
    assertThat(trouble.isOver()).isFalse();
    assertThat(trouble.isNews("b")).isTrue();
  }

  @Test
  void anAddressThatStaysUnknownIsTold() {
    assertThat(trouble.isUnknownForLong()).isFalse();
    now += LinkTrouble.UNKNOWN_NANOS - 1;
    assertThat(trouble.isUnknownForLong()).isFalse();
    now++;
    assertThat(trouble.isUnknownForLong()).isTrue();
  }

  @Test
  void anAddressThatWasKnownMeanwhileIsNot() {
    trouble.isUnknownForLong();
    now += LinkTrouble.UNKNOWN_NANOS;
    trouble.known();
    assertThat(trouble.isUnknownForLong()).isFalse();
  }
}
