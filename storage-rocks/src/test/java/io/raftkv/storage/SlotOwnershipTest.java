package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotOwnershipTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final UUID TARGET = new UUID(0x0102030405060708L, 0x090a0b0c0d0e0f10L);
  private static final SlotSet UPPER = SlotSet.of(8192, 16_383);
  private static final SlotSet LOWER = UPPER.complement();

  @Test
  void theBytesArePinned() {
    assertThat(HEX.formatHex(SlotOwnership.ALL.keeping(7, LOWER).encode()))
        .isEqualTo("01" + "0000000000000001" + "0000000000000007" + "0001" + "20003fff" + "00");
    SlotOwnership fenced =
        SlotOwnership.ALL.keeping(7, LOWER).fenced(TARGET, SlotSet.parse("0-99 200"));
    assertThat(HEX.formatHex(fenced.encode()))
        .isEqualTo(
            "01"
                + "0000000000000002"
                + "0000000000000007"
                + ("0001" + "20003fff")
                + "01"
                + "0102030405060708090a0b0c0d0e0f10"
                + ("0002" + "00000063" + "00c800c8"));
    assertThat(SlotOwnership.decode(fenced.encode())).isEqualTo(fenced);
    assertThat(SlotOwnership.decode(SlotOwnership.ALL.encode())).isEqualTo(SlotOwnership.ALL);
  }

  @Test
  void aFenceTakesSlotsFromUseAndGivesThemBack() {
    assertThat(SlotOwnership.ALL.owned()).isEqualTo(SlotSet.ALL);
    SlotOwnership fenced = SlotOwnership.ALL.fenced(TARGET, UPPER);
    assertThat(fenced.owned()).isEqualTo(LOWER);
    assertThat(fenced.owns(8191)).isTrue();
    assertThat(fenced.owns(8192)).isFalse();
    assertThat(fenced.epoch()).isEqualTo(1);
    SlotOwnership open = fenced.unfenced(4);
    assertThat(open).isEqualTo(new SlotOwnership(2, 4, SlotSet.EMPTY, null));
    assertThat(open.unfenced(3).routingVersion()).as("never goes back").isEqualTo(4);
    assertThat(open.unfenced(4).epoch()).as("a change, all the same").isEqualTo(3);
  }

  @Test
  void whatIsNotKeptIsAwayAndTheFenceIsGone() {
    SlotOwnership kept = SlotOwnership.ALL.fenced(TARGET, UPPER).keeping(7, LOWER);
    assertThat(kept).isEqualTo(new SlotOwnership(2, 7, UPPER, null));
    assertThat(kept.owned()).isEqualTo(LOWER);
    assertThat(kept.keeping(5, LOWER).routingVersion()).as("never goes back").isEqualTo(7);
    assertThat(kept.keeping(9, SlotSet.of(0, 5)).owned()).isEqualTo(SlotSet.of(0, 5));
  }

  @Test
  void commandsNeedThatNothingIsAboutToGoAndRoutingThatIsNewEnough() {
    assertThat(SlotOwnership.ALL.serves(0)).isTrue();
    SlotOwnership fenced = SlotOwnership.ALL.fenced(TARGET, UPPER);
    assertThat(fenced.serves(Long.MAX_VALUE)).isFalse();
    assertThat(fenced.unfenced(3).serves(2)).isFalse();
    assertThat(fenced.unfenced(3).serves(3)).isTrue();
    SlotOwnership kept = fenced.keeping(7, LOWER);
    assertThat(kept.serves(6)).isFalse();
    assertThat(kept.serves(7)).isTrue();
  }

  @Test
  void whatItDoesNotHaveItCannotGiveAway() {
    SlotOwnership kept = SlotOwnership.ALL.keeping(1, LOWER);
    SlotOwnership fenced = kept.fenced(TARGET, SlotSet.of(0, 9));
    for (SlotSet slots : new SlotSet[] {SlotSet.EMPTY, UPPER, SlotSet.of(8191, 8192)}) {
      assertThatThrownBy(() -> kept.fenced(TARGET, slots))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> fenced.fenced(TARGET, SlotSet.of(20, 29)))
        .as("one fence at a time")
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> kept.keeping(2, SlotSet.ALL))
        .as("slots do not come back")
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatIsCutOffOrTooLongIsDamage() {
    byte[] whole =
        SlotOwnership.ALL.keeping(7, LOWER).fenced(TARGET, SlotSet.parse("0-99 200")).encode();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> SlotOwnership.decode(cut))
          .as("%d bytes", length)
          .isInstanceOf(CorruptStoreException.class);
    }
    assertThatThrownBy(() -> SlotOwnership.decode(Arrays.copyOf(whole, whole.length + 1)))
        .isInstanceOf(CorruptStoreException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "02" + "0000000000000001" + "0000000000000000" + "0000" + "00", // a format to come
        "01" + "ffffffffffffffff" + "0000000000000000" + "0000" + "00", // no epoch
        "01" + "0000000000000001" + "ffffffffffffffff" + "0000" + "00", // no routing version
        "01" + "0000000000000001" + "0000000000000000" + "0000" + "02", // neither open nor fenced
        // A fence around nothing, and one around what is away.
        "01000000000000000100000000000000000000"
            + "01"
            + "0102030405060708090a0b0c0d0e0f10"
            + "0000",
        "010000000000000001000000000000000000010001000101"
            + "0102030405060708090a0b0c0d0e0f10"
            + "000100000001"
      })
  void otherBytesAreDamage(String hex) {
    assertThatThrownBy(() -> SlotOwnership.decode(HEX.parseHex(hex)))
        .isInstanceOf(CorruptStoreException.class);
  }
}
