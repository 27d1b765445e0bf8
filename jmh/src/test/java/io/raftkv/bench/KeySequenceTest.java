package io.raftkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeySequenceTest {
  private static final int DRAWS = 200_000;
  private static final int KEYS = 1_000;

  private static int[] draw(boolean zipf) {
    KeySequence sequence = new KeySequence(KEYS, zipf, 7);
    int[] counts = new int[KEYS];
    for (int i = 0; i < DRAWS; i++) {
      counts[(int) sequence.next()]++;
    }
    return counts;
  }

  @Test
  void uniformKeysComeUpAboutEquallyOften() {
    for (int count : draw(false)) {
      assertThat(count).isBetween(DRAWS / KEYS / 2, DRAWS / KEYS * 2);
    }
  }

  /** With exponent 0.99 and a thousand keys the first takes 13 %, the k-th its k-th part. */
  @Test
  void zipfKeysFollowTheLaw() {
    int[] counts = draw(true);
    assertThat(counts[0] / (double) DRAWS).isBetween(0.12, 0.14);
    assertThat(counts[0] / (double) counts[1]).isBetween(1.8, 2.2);
    assertThat(counts[0] / (double) counts[99]).isBetween(60.0, 150.0);
  }

  @Test
  void theSameSeedDrawsTheSameKeys() {
    KeySequence a = new KeySequence(KEYS, true, 3);
    KeySequence b = new KeySequence(KEYS, true, 3);
    for (int i = 0; i < 1_000; i++) {
      assertThat(a.next()).isEqualTo(b.next());
    }
  }
}
