package io.raftkv.storage.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class SysRowsTest {
  private static final HexFormat HEX = HexFormat.of();

  @Test
  void layoutsArePinned() {
    assertHex(SysRows.format(), "01");
    assertHex(SysRows.formatValue(1), "00000001");
    assertHex(SysRows.position(), "02");
    assertHex(
        new SysRows.Position(1, 2, 3, 4).encode(),
        "0000000000000001" + "0000000000000002" + "0000000000000003" + "0000000000000004");
    assertHex(SysRows.count(0x3fff, 0xa5), "03" + "3fff" + "a5");
    assertHex(SysRows.countValue(258), "0000000000000102");
    assertHex(SysRows.proposer(0xf1L << 56), "04" + "f100000000000000");
    assertHex(new SysRows.Proposer(5, 6).encode(), "0000000000000005" + "0000000000000006");
    assertHex(SysRows.record("aü"), "05" + "61" + "c3bc");
    assertHex(SysRows.recordsTo("a"), "05" + "61" + "ff");
  }

  @Test
  void familyNamesArePinned() {
    assertThat(Family.values())
        .extracting(Family::columnFamily)
        .containsExactly("meta", "data", "score", "stream", "expiry", "sys");
  }

  @Test
  void everyRowSurvivesTheRoundTrip() {
    SysRows.Position position = new SysRows.Position(9, Long.MAX_VALUE, -1, 7);
    assertThat(SysRows.Position.decode(position.encode())).isEqualTo(position);
    SysRows.Proposer proposer = new SysRows.Proposer(Long.MIN_VALUE, 3);
    assertThat(SysRows.Proposer.decode(proposer.encode())).isEqualTo(proposer);
    assertThat(SysRows.slotOfCount(SysRows.count(16_383, 255))).isEqualTo(16_383);
    assertThat(SysRows.databaseOfCount(SysRows.count(16_383, 255))).isEqualTo(255);
    assertThat(SysRows.countOf(SysRows.countValue(77))).isEqualTo(77);
    assertThat(SysRows.formatOf(SysRows.formatValue(12))).isEqualTo(12);
    assertThat(SysRows.nameOfRecord(SysRows.record("näme"))).isEqualTo("näme");
  }

  @Test
  void kindsOfRowsDoNotMix() {
    assertBetween(SysRows.countsFrom(), SysRows.count(0, 0), SysRows.countsTo());
    assertBetween(SysRows.countsFrom(), SysRows.count(16_383, 255), SysRows.countsTo());
    assertBetween(SysRows.proposersFrom(), SysRows.proposer(-1), SysRows.proposersTo());
    assertBetween(SysRows.record("a"), SysRows.record("a\uffff"), SysRows.recordsTo("a"));
    assertThat(Arrays.compareUnsigned(SysRows.position(), SysRows.countsFrom())).isNegative();
  }

  @Test
  void rowsOfOtherLengthsAreDamage() {
    assertThatThrownBy(() -> SysRows.Position.decode(new byte[31]))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> SysRows.countOf(new byte[9]))
        .isInstanceOf(CorruptStoreException.class);
  }

  private static void assertBetween(byte[] from, byte[] row, byte[] to) {
    assertThat(Arrays.compareUnsigned(from, row)).isLessThanOrEqualTo(0);
    assertThat(Arrays.compareUnsigned(row, to)).isNegative();
  }

  private static void assertHex(byte[] actual, String expected) {
    assertThat(HEX.formatHex(actual)).isEqualTo(expected);
  }
}
