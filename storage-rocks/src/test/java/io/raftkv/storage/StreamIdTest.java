package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StreamIdTest {
  @Test
  void idsOrderAsUnsignedNumbers() {
    assertThat(new StreamId(-1, 0)).isGreaterThan(new StreamId(Long.MAX_VALUE, 0));
    assertThat(new StreamId(1, -1)).isGreaterThan(new StreamId(1, Long.MAX_VALUE));
    assertThat(new StreamId(1, -1)).isLessThan(new StreamId(2, 0));
    assertThat(new StreamId(1, 1).isAfter(new StreamId(1, 0))).isTrue();
    assertThat(new StreamId(1, 1).isBefore(new StreamId(1, 1))).isFalse();
  }

  @Test
  void neighboursCrossMillisecondsAndEndAtTheEnds() {
    assertThat(new StreamId(1, 2).next()).isEqualTo(new StreamId(1, 3));
    assertThat(new StreamId(1, -1).next()).isEqualTo(new StreamId(2, 0));
    assertThat(StreamId.MAX.next()).isNull();
    assertThat(new StreamId(2, 0).previous()).isEqualTo(new StreamId(1, -1));
    assertThat(new StreamId(2, 5).previous()).isEqualTo(new StreamId(2, 4));
    assertThat(StreamId.MIN.previous()).isNull();
  }

  @Test
  void theTextIsThatOfUnsignedNumbers() {
    assertThat(StreamId.MAX).hasToString("18446744073709551615-18446744073709551615");
    assertThat(new StreamId(5, 0).toBytes()).asString().isEqualTo("5-0");
  }
}
