package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlotHalvesTest {
  private static long upTo(SlotSet slots, long[] weights, int last) {
    return IntStream.rangeClosed(0, last).filter(slots::contains).mapToLong(s -> weights[s]).sum();
  }

  private static long difference(SlotSet slots, long[] weights, int at) {
    long lower = upTo(slots, weights, at - 1);
    return Math.abs(upTo(slots, weights, Slot.COUNT - 1) - 2 * lower);
  }

  @Test
  void noOtherSlotMakesHalvesThatAreMoreAlike() {
    long seed = Long.getLong("raftkv.seed", new Random().nextLong());
    Random random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      SlotSet slots = SlotSet.of(5, 6 + random.nextInt(20)).union(SlotSet.of(40, 45));
      long[] weights = new long[Slot.COUNT];
      for (int i = random.nextInt(20); i >= 0; i--) {
        weights[random.nextInt(50)] = random.nextInt(5) == 0 ? 1_000_000 : random.nextInt(10);
      }
      int[] all = IntStream.range(0, 50).filter(slots::contains).toArray();
      long total = upTo(slots, weights, Slot.COUNT - 1);
      var at = SlotHalves.upper(slots, last -> upTo(slots, weights, last));
      assertThat(at.isPresent()).as("seed=%d round=%d", seed, round).isEqualTo(total > 0);
      if (total > 0) {
        long best =
            IntStream.range(1, all.length)
                .mapToLong(i -> difference(slots, weights, all[i]))
                .min()
                .orElseThrow();
        assertThat(slots.contains(at.getAsInt())).isTrue();
        assertThat(at.getAsInt()).isGreaterThan(5);
        assertThat(difference(slots, weights, at.getAsInt()))
            .as("seed=%d round=%d", seed, round)
            .isEqualTo(best);
      }
    }
  }
}
