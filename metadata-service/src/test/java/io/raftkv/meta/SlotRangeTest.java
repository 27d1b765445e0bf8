package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SlotRangeTest {
  @Test
  void normalFormIsAscendingWithNeighboursJoined() {
    assertThat(
            SlotRange.normalize(
                List.of(
                    new SlotRange(10, 19),
                    new SlotRange(0, 4),
                    new SlotRange(20, 20),
                    new SlotRange(5, 5),
                    new SlotRange(7, 8))))
        .containsExactly(new SlotRange(0, 5), new SlotRange(7, 8), new SlotRange(10, 20));
  }

  @Test
  void overlapIsRefused() {
    assertThatThrownBy(() -> SlotRange.normalize(List.of(new SlotRange(5, 9), new SlotRange(0, 5))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0-5")
        .hasMessageContaining("5-9");
  }

  @Test
  void boundsAreThoseOfTheSlots() {
    assertThat(new SlotRange(0, 16_383).size()).isEqualTo(16_384);
    assertThat(new SlotRange(3, 4).contains(4)).isTrue();
    assertThat(new SlotRange(3, 4).contains(5)).isFalse();
    assertThat(new SlotRange(3, 4).contains(2)).isFalse();
    assertThatThrownBy(() -> new SlotRange(-1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new SlotRange(0, 16_384)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new SlotRange(2, 1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aDifferenceIsWhatIsInTheFirstOnly() {
    assertThat(subtract("0-9 20-29", "5 25-40")).isEqualTo("0-4 6-9 20-24");
    assertThat(subtract("0-9", "0-9")).isEmpty();
    assertThat(subtract("0-9", "0-3 8-9")).isEqualTo("4-7");
    assertThat(subtract("3-9", "0-3 9-100")).isEqualTo("4-8");
    assertThat(subtract("5-9 0-4", "")).isEqualTo("0-9");
    assertThat(subtract("", "7")).isEmpty();
    assertThat(subtract("0-2 4-6 8-10", "1-9")).isEqualTo("0 10");
  }

  private static String subtract(String from, String what) {
    return SlotRange.format(SlotRange.subtract(SlotRange.parseAll(from), SlotRange.parseAll(what)));
  }
}
