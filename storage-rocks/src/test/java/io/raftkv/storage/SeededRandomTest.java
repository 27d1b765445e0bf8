package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Replicas of different releases must draw the same numbers: the values here never change. */
class SeededRandomTest {
  @Test
  void numbersAreThoseOfSplitMix64() {
    SeededRandom random = new SeededRandom(1_234_567);
    assertThat(random.nextLong()).isEqualTo(6457827717110365317L);
    assertThat(random.nextLong()).isEqualTo(3203168211198807973L);
    assertThat(random.nextLong()).isEqualTo(Long.parseUnsignedLong("9817491932198370423"));
    assertThat(random.nextLong()).isEqualTo(4593380528125082431L);
    assertThat(random.nextLong()).isEqualTo(Long.parseUnsignedLong("16408922859458223821"));
    assertThat(new SeededRandom(0).nextLong()).isEqualTo(0xe220a8397b1dcdafL);
  }

  @Test
  void boundedNumbersArePinned() {
    SeededRandom small = new SeededRandom(42);
    int[] drawn = new int[12];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = small.nextInt(10);
    }
    assertThat(drawn).containsExactly(6, 5, 9, 2, 5, 1, 2, 4, 2, 7, 3, 3);
    SeededRandom large = new SeededRandom(42);
    assertThat(large.nextLong(1_000_000_007)).isEqualTo(499536680);
    assertThat(large.nextLong(1_000_000_007)).isEqualTo(739054900);
    assertThat(large.nextLong(1_000_000_007)).isEqualTo(243888937);
  }

  @Test
  void boundIsKept() {
    SeededRandom random = new SeededRandom(7);
    for (long bound : new long[] {1, 2, 3, 1L << 40, Long.MAX_VALUE}) {
      for (int i = 0; i < 100; i++) {
        assertThat(random.nextLong(bound)).isBetween(0L, bound - 1);
      }
    }
    assertThatThrownBy(() -> random.nextInt(0)).isInstanceOf(IllegalArgumentException.class);
  }
}
