package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SlotTest {
  /** Computed with another implementation of CRC16/XMODEM; the first is its check value. */
  @ParameterizedTest
  @CsvSource({"123456789, 12739", "foo, 12182", "bar, 5061", "hello, 866", "k, 7629"})
  void slotIsThatOfRedisCluster(String key, int slot) {
    assertThat(Slot.of(bytes(key))).isEqualTo(slot);
  }

  @Test
  void emptyKeyHasASlot() {
    assertThat(Slot.of(new byte[0])).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "{user1000}.following, user1000",
    "foo{bar}{zap}, bar",
    "foo{{bar}}zap, {bar",
    "a{b}c, b",
    "{k}, k"
  })
  void onlyTheFirstHashTagCounts(String key, String tag) {
    assertThat(Slot.of(bytes(key))).isEqualTo(Slot.of(bytes("x{" + tag + "}")));
    assertThat(Slot.of(bytes(key))).isNotEqualTo(Slot.of(bytes("x" + key.replace('{', '('))));
  }

  @Test
  void hashTagOfAKnownKey() {
    assertThat(Slot.of(bytes("{user1000}.following"))).isEqualTo(3443);
    assertThat(Slot.of(bytes("user1000"))).isEqualTo(3443);
  }

  @ParameterizedTest
  @CsvSource({"foo{}{bar}", "foo{bar", "foo}bar{", "}{"})
  void withoutAHashTagTheWholeKeyCounts(String key) {
    int crc = 0;
    for (byte octet : bytes(key)) {
      crc ^= (octet & 0xff) << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
      }
      crc &= 0xffff;
    }
    assertThat(Slot.of(bytes(key))).isEqualTo(crc % Slot.COUNT);
  }
}
