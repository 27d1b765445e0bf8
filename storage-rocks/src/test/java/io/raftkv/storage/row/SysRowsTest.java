package io.raftkv.storage.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.DatabaseHomes;
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
    assertHex(new SysRows.Count(258, 1).encode(), "0000000000000102" + "0000000000000001");
    assertHex(SysRows.homes(), "06");
    assertHex(SysRows.orphans(), "07");
    assertHex(SysRows.ownership(), "08");
    assertHex(
        DatabaseHomes.INITIAL.swapped(0, 15).encode(), "0f0102030405060708090a0b0c0d0e" + "00");
    assertHex(SysRows.proposer(0xf1L << 56), "04" + "f100000000000000");
    assertHex(new SysRows.Proposer(5, 6).encode(), "0000000000000005" + "0000000000000006");
    assertHex(SysRows.record("aü"), "05" + "61" + "c3bc");
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
    assertThat(SysRows.homeOfCount(SysRows.count(16_383, 255))).isEqualTo(255);
    SysRows.Count count = new SysRows.Count(Long.MAX_VALUE, 77);
    assertThat(SysRows.Count.decode(count.encode())).isEqualTo(count);
    DatabaseHomes homes = DatabaseHomes.INITIAL.swapped(3, 4).swapped(4, 9);
    assertThat(DatabaseHomes.decode(homes.encode())).isEqualTo(homes);
    assertThat(SysRows.formatOf(SysRows.formatValue(12))).isEqualTo(12);
  }

  @Test
  void kindsOfRowsDoNotMix() {
    assertBetween(SysRows.countsFrom(), SysRows.count(0, 0), SysRows.countsTo());
    assertBetween(SysRows.countsFrom(), SysRows.count(16_383, 255), SysRows.countsTo());
    assertBetween(SysRows.proposersFrom(), SysRows.proposer(-1), SysRows.proposersTo());
    assertThat(Arrays.compareUnsigned(SysRows.position(), SysRows.countsFrom())).isNegative();
  }

  @Test
  void rowsOfOtherLengthsAreDamage() {
    assertThatThrownBy(() -> SysRows.Position.decode(new byte[31]))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> SysRows.Count.decode(new byte[8]))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> SysRows.keysOfFormat1(new byte[16]))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> DatabaseHomes.decode(new byte[15]))
        .isInstanceOf(CorruptStoreException.class);
  }

  @Test
  void twoDatabasesInOneHomeAreDamage() {
    byte[] homes = DatabaseHomes.INITIAL.encode();
    homes[7] = 6;
    assertThatThrownBy(() -> DatabaseHomes.decode(homes)).isInstanceOf(CorruptStoreException.class);
  }

  @Test
  void thereAreNeverLessThanNoKeysNorMoreThatExpireThanKeys() {
    SysRows.Count count = new SysRows.Count(3, 2);
    assertThat(count.plus(-2, -2)).isEqualTo(new SysRows.Count(1, 0));
    assertThatThrownBy(() -> count.plus(-2, 0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> count.plus(0, -3)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> count.plus(-4, -2)).isInstanceOf(IllegalStateException.class);
  }

  private static void assertBetween(byte[] from, byte[] row, byte[] to) {
    assertThat(Arrays.compareUnsigned(from, row)).isLessThanOrEqualTo(0);
    assertThat(Arrays.compareUnsigned(row, to)).isNegative();
  }

  private static void assertHex(byte[] actual, String expected) {
    assertThat(HEX.formatHex(actual)).isEqualTo(expected);
  }
}
