package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RateLimitTest {
  private long now = 7;

  @Test
  void allWhoTakeShareTheRate() {
    RateLimit rate = new RateLimit(1_000_000, () -> now);
    assertThat(rate.take(250_000)).isZero();
    assertThat(rate.take(250_000)).isEqualTo(TimeUnit.MILLISECONDS.toNanos(250));
    assertThat(rate.take(500_000)).isEqualTo(TimeUnit.MILLISECONDS.toNanos(500));
    now += TimeUnit.MILLISECONDS.toNanos(900);
    assertThat(rate.take(1)).isEqualTo(TimeUnit.MILLISECONDS.toNanos(100));
  }

  @Test
  void timeThatNobodyUsedIsNotSavedUp() {
    RateLimit rate = new RateLimit(1_000_000, () -> now);
    now += TimeUnit.HOURS.toNanos(1);
    assertThat(rate.take(1_000_000)).isZero();
    assertThat(rate.take(1_000_000)).isEqualTo(TimeUnit.SECONDS.toNanos(1));
  }

  @Test
  void withoutLimitNobodyWaits() {
    RateLimit rate = new RateLimit(0, () -> now);
    for (int i = 0; i < 10; i++) {
      assertThat(rate.take(1 << 30)).isZero();
    }
  }
}
