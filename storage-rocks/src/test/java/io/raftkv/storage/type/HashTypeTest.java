package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.list;
import static io.raftkv.storage.type.TypeFixture.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Slot;
import io.raftkv.storage.WrongTypeException;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HashTypeTest {
  private final TypeFixture fixture = new TypeFixture();

  @Test
  void inlineLayoutIsPinned() {
    fixture.hash().putAll(list("f", "v", "", ""));

    assertThat(HexFormat.of().formatHex(fixture.key().meta().payload()))
        .isEqualTo("01" + "0002" + "0166" + "020076" + "00" + "0100");
  }

  @Test
  void rowsLayoutIsPinned() {
    String large = "x".repeat(65);
    fixture.hash().putAll(list("f", "v", large, ""));

    MetaRow meta = fixture.key().meta();
    assertThat(meta.encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(HexFormat.of().formatHex(meta.payload()))
        .isEqualTo("0000000000000001" + "0000000000000002" + "01");
    byte[] row = ElementRows.element(Slot.of(TypeFixture.KEY), 1, bytes("f"));
    assertThat(fixture.memory.get(Family.DATA, row)).containsExactly(0, 'v');
    assertThat(fixture.memory.size(Family.DATA)).isEqualTo(2);
  }

  @Test
  void fieldsKeepTheOrderOfInsertionWhileSmall() {
    fixture.hash().putAll(list("c", "1", "a", "2", "b", "3"));
    fixture.hash().put(bytes("a"), bytes("longer"));
    fixture.hash().removeAll(list("c"));
    fixture.hash().put(bytes("c"), bytes("4"));

    assertThat(contents())
        .containsExactly(Map.entry("a", "longer"), Map.entry("b", "3"), Map.entry("c", "4"));
  }

  @Test
  void the129thFieldMovesTheHashToRows() {
    for (int i = 0; i < 128; i++) {
      fixture.hash().put(bytes("f" + i), bytes("v" + i));
    }
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);
    assertThat(fixture.memory.size(Family.DATA)).isZero();

    fixture.hash().put(bytes("f128"), bytes("v128"));

    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(fixture.memory.size(Family.DATA)).isEqualTo(129);
    assertThat(fixture.hash().size()).isEqualTo(129);
    Map<String, String> contents = contents();
    for (int i = 0; i <= 128; i++) {
      assertThat(fixture.hash().get(bytes("f" + i))).isEqualTo(bytes("v" + i));
      assertThat(contents).containsEntry("f" + i, "v" + i);
    }
    assertThat(contents).hasSize(129);
  }

  @ParameterizedTest
  @CsvSource({"64, 64, 0", "65, 1, 1", "1, 65, 1", "0, 0, 0"})
  void aLargeFieldOrValueMovesTheHashToRows(int fieldBytes, int valueBytes, int encoding) {
    byte[] field = bytes("f".repeat(fieldBytes));
    byte[] value = bytes("v".repeat(valueBytes));
    fixture.hash().put(bytes("other"), bytes("1"));
    fixture.hash().put(field, value);

    assertThat(fixture.encoding()).isEqualTo(encoding);
    assertThat(fixture.hash().get(field)).isEqualTo(value);
    assertThat(fixture.hash().get(bytes("other"))).isEqualTo(bytes("1"));
    assertThat(fixture.hash().size()).isEqualTo(2);
  }

  @Test
  void aLargerValueOfAnOldFieldMovesTheHashToRowsToo() {
    fixture.hash().putAll(list("a", "1", "b", "2"));

    assertThat(fixture.hash().put(bytes("a"), bytes("v".repeat(65)))).isFalse();

    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(fixture.hash().size()).isEqualTo(2);
    assertThat(fixture.hash().get(bytes("b"))).isEqualTo(bytes("2"));
  }

  @Test
  void thePayloadStaysWithin4096Bytes() {
    int entryBytes = 1 + 2 + 1 + 65; // both lengths, a field of two bytes, flags and value
    int fitting = (4096 - 3) / entryBytes;
    for (int i = 0; i < fitting; i++) {
      fixture.hash().put(bytes(String.valueOf(10 + i)), bytes("v".repeat(64)));
    }
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);
    assertThat(fixture.key().meta().payload()).hasSize(3 + fitting * entryBytes);

    fixture.hash().put(bytes(String.valueOf(10 + fitting)), bytes("v".repeat(64)));

    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(fixture.hash().size()).isEqualTo(fitting + 1);
  }

  @Test
  void aHashInRowsStaysThereAndIsDeletedWithItsLastField() {
    fixture.hash().putAll(list("a", "v".repeat(65), "b", "2"));
    assertThat(fixture.hash().removeAll(list("a", "none", "a"))).isEqualTo(1);
    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);

    assertThat(fixture.hash().removeAll(list("b"))).isEqualTo(1);

    assertThat(fixture.key().exists()).isFalse();
    assertThat(fixture.memory.dump()).isEmpty();
    fixture.memory.verify();
  }

  @Test
  void anInlineHashIsDeletedWithItsLastField() {
    fixture.hash().putAll(list("a", "1", "b", "2"));

    assertThat(fixture.hash().removeAll(list("b", "a"))).isEqualTo(2);

    assertThat(fixture.memory.dump()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 65})
  void whatChangesNothingWritesNothing(int valueBytes) {
    byte[] value = bytes("v".repeat(valueBytes));
    fixture.hash().put(bytes("a"), value);
    String before = fixture.memory.dump();
    fixture.rows.reset();

    fixture.hash().put(bytes("a"), value.clone());
    fixture.hash().removeAll(list("b"));

    assertThat(fixture.rows.writes).isZero();
    assertThat(fixture.memory.dump()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 65})
  void everyChangeGivesANewVersionAndKeepsTheExpiry(int valueBytes) {
    fixture.hash().put(bytes("a"), bytes("v".repeat(valueBytes)));
    fixture.key().expireAt(Long.MAX_VALUE - 1);
    long version = fixture.key().meta().version();

    fixture.hash().put(bytes("b"), bytes("2"));
    assertThat(fixture.key().meta().version()).isGreaterThan(version);
    version = fixture.key().meta().version();
    fixture.hash().removeAll(list("b"));

    assertThat(fixture.key().meta().version()).isGreaterThan(version);
    assertThat(fixture.key().meta().expireAtMillis()).isEqualTo(Long.MAX_VALUE - 1);
    fixture.memory.verify();
  }

  @Test
  void operationsOnSingleFieldsOfALargeHashTouchSingleRows() {
    for (int i = 0; i < 1_000; i++) {
      fixture.hash().put(bytes("f" + i), bytes("v"));
    }
    fixture.rows.reset();

    HashType hash = fixture.hash();
    assertThat(hash.size()).isEqualTo(1_000);
    assertThat(hash.contains(bytes("f1"))).isTrue();
    assertThat(text(hash.get(bytes("f999")))).isEqualTo("v");
    assertThat(hash.put(bytes("f1"), bytes("w"))).isFalse();
    assertThat(hash.put(bytes("new"), bytes("w"))).isTrue();
    assertThat(hash.removeAll(list("f2", "none"))).isEqualTo(1);

    assertThat(fixture.rows.cursors).isZero();
    assertThat(fixture.rows.gets).isEqualTo(7); // the record once, and one for each field
    assertThat(fixture.rows.writes).isEqualTo(6); // the row and the record of each change
  }

  @Test
  void manyFieldsWriteTheRecordOnce() {
    fixture.hash().putAll(list("a", "v".repeat(65)));
    fixture.rows.reset();

    assertThat(fixture.hash().putAll(list("a", "1", "b", "2", "c", "3", "b", "4"))).isEqualTo(2);

    assertThat(fixture.rows.writes).isEqualTo(4 + 1);
    assertThat(fixture.hash().size()).isEqualTo(3);
    assertThat(fixture.hash().get(bytes("b"))).isEqualTo(bytes("4"));
  }

  @Test
  void anotherTypeIsRefused() {
    fixture.set().addAll(list("a"));

    assertThatThrownBy(fixture::hash).isInstanceOf(WrongTypeException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // no header
        "02000101610100", // another format
        "010001", // an entry is missing
        "0100020161020076", // fewer entries than counted
        "01000101610200", // a value beyond the end
        "01000181", // an unfinished length
        "010001ffffffffffff7f", // a length of more than 32 bits
        "0100010161020176", // a deadline that is cut off
        "0100010161020276", // flags of a later version
      })
  void damagedPayloadsAreRefused(String hex) {
    fixture.key().update(KeyType.HASH, MetaRow.INLINE, HexFormat.of().parseHex(hex));

    assertThatThrownBy(() -> fixture.hash().forEach((field, value) -> {}))
        .isInstanceOf(CorruptStoreException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0000000000000001",
        "0000000000000001000000000000000002",
        "0000000000000001000000000000000001",
        "0000000000000001000000000000000102",
      })
  void damagedRowsPayloadsAreRefused(String hex) {
    fixture.key().update(KeyType.HASH, MetaRow.ROWS, HexFormat.of().parseHex(hex));

    assertThatThrownBy(fixture::hash).isInstanceOf(CorruptStoreException.class);
  }

  private Map<String, String> contents() {
    Map<String, String> contents = new LinkedHashMap<>();
    fixture.hash().forEach((field, value) -> contents.put(text(field), text(value)));
    return contents;
  }
}
