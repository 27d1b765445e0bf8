package io.raftkv.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RateMeterTest {
  private final AtomicLong count = new AtomicLong(5_000);
  private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_000_000);
  private final RateMeter rate = new RateMeter(count::get, nanos::get);

  private void pass(long millis, long more) {
    nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    count.addAndGet(more);
    rate.sample();
  }

  @Test
  void withoutTwoSamplesThereIsNoSpeed() {
    assertThat(rate.perSecond()).isZero();
    rate.sample();
    assertThat(rate.perSecond()).isZero();
  }

  @Test
  void theSpeedIsThatOfTheTimeThatPassed() {
    rate.sample();
    pass(100, 50);
    assertThat(rate.perSecond()).isEqualTo(500);
    pass(400, 0);
    assertThat(rate.perSecond()).as("the sampler was late").isEqualTo(100);
  }

  @Test
  void whatIsLongPastIsForgotten() {
    rate.sample();
    pass(100, 1_000_000);
    for (int i = 0; i < RateMeter.SAMPLES - 1; i++) {
      pass(100, 7);
    }
    assertThat(rate.perSecond()).isEqualTo(70);
    for (int i = 0; i < RateMeter.SAMPLES; i++) {
      pass(100, 0);
    }
    assertThat(rate.perSecond()).isZero();
  }
}
