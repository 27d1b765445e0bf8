package io.raftkv.storage.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.KeyType;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MetaRowTest {
  private static final HexFormat HEX = HexFormat.of();

  @Test
  void layoutIsPinned() {
    MetaRow row = new MetaRow(KeyType.HASH, MetaRow.ROWS, 0x0a, 0x0b, HEX.parseHex("cafe"));
    assertThat(HEX.formatHex(row.encode()))
        .isEqualTo("01" + "14" + "000000000000000a" + "000000000000000b" + "cafe");
    assertThat(MetaRow.HEADER_BYTES).isEqualTo(18);
  }

  @Test
  void typeCodesArePinned() {
    assertThat(KeyType.values()).extracting(KeyType::code).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(KeyType.values())
        .extracting(KeyType::redisName)
        .containsExactly("string", "list", "set", "zset", "hash", "stream");
  }

  @ParameterizedTest
  @EnumSource(KeyType.class)
  void everyTypeSurvivesTheRoundTrip(KeyType type) {
    for (int encoding : new int[] {MetaRow.INLINE, MetaRow.ROWS}) {
      MetaRow row = new MetaRow(type, encoding, 7, MetaRow.NO_EXPIRY, new byte[] {1, 2, 3});
      MetaRow decoded = MetaRow.decode(row.encode());
      assertThat(decoded).usingRecursiveComparison().isEqualTo(row);
    }
  }

  @Test
  void idOfElementRowsLeadsThePayload() {
    byte[] payload = HEX.parseHex("0000000000000102" + "ff");
    assertThat(new MetaRow(KeyType.LIST, MetaRow.ROWS, 1, 2, payload).rowsId()).isEqualTo(0x102);
    assertThatThrownBy(() -> new MetaRow(KeyType.LIST, MetaRow.INLINE, 1, 2, payload).rowsId())
        .isInstanceOf(CorruptStoreException.class);
  }

  @Test
  void aKeyWithoutPartsIsDueWhenItDies() {
    MetaRow row = new MetaRow(KeyType.STRING, MetaRow.INLINE, 1, 1_000, new byte[0]);
    assertThat(row.diesAtMillis()).isEqualTo(1_000);
    assertThat(row.dueAtMillis()).isEqualTo(1_000);
  }

  @Test
  void layoutOfAKeyWithPartsThatDieIsPinned() {
    PartTimes parts = new PartTimes(0x0c, 0x0d);
    MetaRow row = new MetaRow(KeyType.HASH, MetaRow.ROWS, 0x0a, 0x0b, parts, HEX.parseHex("cafe"));
    assertThat(HEX.formatHex(row.encode()))
        .isEqualTo(
            "02"
                + "14"
                + "000000000000000a"
                + "000000000000000b"
                + "000000000000000c"
                + "000000000000000d"
                + "cafe");
    assertThat(MetaRow.decode(row.encode())).usingRecursiveComparison().isEqualTo(row);
    MetaRow header = MetaRow.decodeHeader(row.encode());
    assertThat(header.parts()).isEqualTo(parts);
    assertThat(header.payload()).isEqualTo(HEX.parseHex("cafe"));
  }

  @Test
  void aKeyIsDueWithItsFirstPartAndDiesWithItsLast() {
    MetaRow row =
        new MetaRow(KeyType.HASH, 0, 1, MetaRow.NO_EXPIRY, new PartTimes(10, 20), new byte[0]);
    assertThat(row.dueAtMillis()).isEqualTo(10);
    assertThat(row.diesAtMillis()).isEqualTo(20);
    row = new MetaRow(KeyType.HASH, 0, 1, 15, new PartTimes(10, 20), new byte[0]);
    assertThat(row.dueAtMillis()).isEqualTo(10);
    assertThat(row.diesAtMillis()).isEqualTo(15);
    row = new MetaRow(KeyType.HASH, 0, 1, 5, new PartTimes(10, MetaRow.NO_EXPIRY), new byte[0]);
    assertThat(row.dueAtMillis()).isEqualTo(5);
    assertThat(row.diesAtMillis()).isEqualTo(5);
  }

  @Test
  void unknownFormatTypeOrLengthIsDamage() {
    byte[] good = new MetaRow(KeyType.STRING, 0, 1, 2, new byte[0]).encode();
    byte[] otherFormat = good.clone();
    otherFormat[0] = 3;
    byte[] otherType = good.clone();
    otherType[1] = 0x0f;
    byte[] noPartTimes = Arrays.copyOf(good, 33);
    noPartTimes[0] = 2;
    for (byte[] bad :
        new byte[][] {otherFormat, otherType, noPartTimes, new byte[17], new byte[0]}) {
      assertThatThrownBy(() -> MetaRow.decode(bad)).isInstanceOf(CorruptStoreException.class);
    }
  }
}
