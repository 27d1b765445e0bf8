package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlotPartsTest {
  private final long seed = Long.getLong("raftkv.seed", new Random().nextLong());
  private final Random random = new Random(seed);

  private static long upTo(SlotSet slots, long[] weights, int last) {
    return IntStream.rangeClosed(0, last).filter(slots::contains).mapToLong(s -> weights[s]).sum();
  }

  private static List<Integer> starts(SlotSet slots, int parts, long[] weights) {
    return SlotParts.starts(slots, parts, last -> upTo(slots, weights, last));
  }

  private static long difference(SlotSet slots, long[] weights, int at) {
    long lower = upTo(slots, weights, at - 1);
    return Math.abs(upTo(slots, weights, Slot.COUNT - 1) - 2 * lower);
  }

  private SlotSet anySlots() {
    return SlotSet.of(5, 6 + random.nextInt(20)).union(SlotSet.of(40, 45));
  }

  private long[] anyWeights() {
    long[] weights = new long[Slot.COUNT];
    for (int i = random.nextInt(20); i >= 0; i--) {
      weights[random.nextInt(50)] = random.nextInt(5) == 0 ? 1_000_000 : random.nextInt(10);
    }
    return weights;
  }

  @Test
  void noOtherSlotMakesHalvesThatAreMoreAlike() {
    for (int round = 0; round < 300; round++) {
      SlotSet slots = anySlots();
      long[] weights = anyWeights();
      int[] all = IntStream.range(0, 50).filter(slots::contains).toArray();
      long total = upTo(slots, weights, Slot.COUNT - 1);
      var at = starts(slots, 2, weights);
      assertThat(at).as("seed=%d round=%d", seed, round).hasSize(total > 0 ? 1 : 0);
      if (total > 0) {
        long best =
            IntStream.range(1, all.length)
                .mapToLong(i -> difference(slots, weights, all[i]))
                .min()
                .orElseThrow();
        assertThat(slots.contains(at.get(0))).isTrue();
        assertThat(at.get(0)).isGreaterThan(5);
        assertThat(difference(slots, weights, at.get(0)))
            .as("seed=%d round=%d", seed, round)
            .isEqualTo(best);
      }
    }
  }

  /** A part is heavier or lighter than it should be by what one slot weighs at each end of it. */
  @Test
  void eachPartHasASlotAndAboutItsShare() {
    for (int round = 0; round < 300; round++) {
      SlotSet slots = anySlots();
      int parts = 2 + random.nextInt(7);
      long[] weights = new long[Slot.COUNT];
      for (int slot = 0; slot < 50; slot++) {
        weights[slot] = 10L + random.nextInt(11);
      }
      List<Integer> at = starts(slots, parts, weights);
      assertThat(at).as("seed=%d round=%d", seed, round).hasSize(parts - 1).isSorted();
      assertThat(at).doesNotHaveDuplicates().allMatch(slots::contains).allMatch(slot -> slot > 5);
      long share = upTo(slots, weights, Slot.COUNT - 1) / parts;
      long before = 0;
      for (int start : at) {
        long lower = upTo(slots, weights, start - 1);
        assertThat(lower - before)
            .as("seed=%d round=%d: %s", seed, round, at)
            .isBetween(share - 21, share + 21);
        before = lower;
      }
    }
  }

  @Test
  void oneSlotThatWeighsMostLeavesTheOthersTheirSlots() {
    SlotSet slots = SlotSet.of(10, 19);
    long[] weights = new long[Slot.COUNT];
    weights[19] = 1_000;
    assertThat(starts(slots, 4, weights)).containsExactly(17, 18, 19);
    weights[10] = 1_000_000;
    weights[19] = 0;
    assertThat(starts(slots, 4, weights)).containsExactly(11, 12, 13);
    assertThat(starts(slots, 10, weights)).hasSize(9);
    assertThatThrownBy(() -> starts(slots, 11, weights))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("10 slots in 11 parts");
    assertThat(starts(slots, 4, new long[Slot.COUNT])).isEmpty();
  }
}
