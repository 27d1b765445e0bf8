package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotSetTest {
  private static BitSet bits(SlotSet slots) {
    BitSet bits = new BitSet(Slot.COUNT);
    for (int slot = 0; slot < Slot.COUNT; slot++) {
      bits.set(slot, slots.contains(slot));
    }
    return bits;
  }

  /** Ranges that touch, overlap and reach the ends as often as not. */
  private static SlotSet random(Random random) {
    SlotSet slots = SlotSet.EMPTY;
    int ranges = random.nextInt(6);
    for (int i = 0; i < ranges; i++) {
      int first = random.nextInt(8) * (Slot.COUNT / 8);
      int last = Math.min(Slot.COUNT - 1, first + random.nextInt(3) * (Slot.COUNT / 8));
      slots = slots.union(SlotSet.of(first, Math.max(first, last - random.nextInt(2))));
    }
    return slots;
  }

  private static byte[] encode(SlotSet slots) {
    ByteBuffer out = ByteBuffer.allocate(slots.encodedBytes());
    slots.encode(out);
    assertThat(out.hasRemaining()).as("the size is exact").isFalse();
    return out.array();
  }

  @Test
  void isWhatASetOfBitsIs() {
    Random random = new Random(11);
    for (int round = 0; round < 100; round++) {
      SlotSet one = random(random);
      SlotSet two = random(random);
      BitSet union = bits(one);
      union.or(bits(two));
      BitSet minus = bits(one);
      minus.andNot(bits(two));
      BitSet complement = bits(one);
      complement.flip(0, Slot.COUNT);
      assertThat(bits(one.union(two))).isEqualTo(union);
      assertThat(bits(one.minus(two))).isEqualTo(minus);
      assertThat(bits(one.complement())).isEqualTo(complement);
      assertThat(one.overlaps(two)).isEqualTo(bits(one).intersects(bits(two)));
      assertThat(one.containsAll(two)).isEqualTo(one.union(two).equals(one));
      assertThat(one.isEmpty()).isEqualTo(bits(one).isEmpty());
      assertThat(one.size()).isEqualTo(bits(one).cardinality());
      assertThat(one.equals(two)).isEqualTo(bits(one).equals(bits(two)));
      assertThat(one.complement().complement()).isEqualTo(one).hasSameHashCodeAs(one);
    }
  }

  @Test
  void comesBackFromTextAndFromBytes() {
    Random random = new Random(12);
    for (int round = 0; round < 100; round++) {
      SlotSet slots = random(random);
      assertThat(SlotSet.parse(slots.toString())).isEqualTo(slots);
      assertThat(SlotSet.decode(ByteBuffer.wrap(encode(slots)))).isEqualTo(slots);
    }
  }

  @Test
  void theTextAndTheBytesArePinned() {
    SlotSet slots = SlotSet.parse("200-300 0-99 100 16383");
    assertThat(slots).hasToString("0-100 200-300 16383");
    assertThat(slots.ranges())
        .isEqualTo(
            List.of(
                new SlotSet.Range(0, 100),
                new SlotSet.Range(200, 300),
                new SlotSet.Range(16_383, 16_383)));
    assertThat(HexFormat.of().formatHex(encode(slots)))
        .isEqualTo("0003" + "00000064" + "00c8012c" + "3fff3fff");
    assertThat(SlotSet.EMPTY).hasToString("");
    assertThat(SlotSet.parse("")).isEqualTo(SlotSet.EMPTY);
    assertThat(SlotSet.ALL).hasToString("0-16383").isEqualTo(SlotSet.EMPTY.complement());
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "1 ", "1  2", "-1", "1-", "2-1", "16384", "0-16384", "a", "1-2-3"})
  void otherTextsAreRefused(String text) {
    assertThatThrownBy(() -> SlotSet.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0001" + "00020001", // ends before it begins
        "0001" + "00004000", // a slot too many
        "0002" + "0000000100020003", // ranges that touch
        "0002" + "0005000600010002", // not in order
        "0002" + "0000000500050006" // a slot twice
      })
  void otherBytesAreDamage(String hex) {
    ByteBuffer in = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
    assertThatThrownBy(() -> SlotSet.decode(in)).isInstanceOf(CorruptStoreException.class);
  }
}
