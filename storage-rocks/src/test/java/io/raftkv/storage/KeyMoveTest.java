package io.raftkv.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KeyMoveTest {
  private static final long NOW = 1000;

  /** More than one chunk of a copy. */
  private static final int ELEMENTS = 1300;

  private static final byte[] EXTRA = {7, 8, 9};

  private final MemoryRows rows = new MemoryRows();

  @AfterEach
  void invariantsHold() {
    rows.verify();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private Keyspace keys(int database) {
    return Keyspace.forApply(rows, database, NOW, 1);
  }

  private KeyHandle key(String name) {
    return keys(0).key(ascii(name));
  }

  private static List<Family> families(KeyType type) {
    return KeyHandle.elementFamilies(type);
  }

  /** A collection of this type with element rows, its id and three more bytes as payload. */
  private void make(String name, KeyType type, int elements) {
    KeyHandle key = key(name);
    long id = rows.nextId();
    byte[] payload = ByteBuffer.allocate(Long.BYTES + EXTRA.length).putLong(id).put(EXTRA).array();
    key.replace(type, MetaRow.ROWS, payload, NOW + 500);
    for (Family family : families(type)) {
      for (int i = 0; i < elements; i++) {
        byte[] element = ascii(name + " element " + i);
        rows.put(
            family,
            family == Family.SCORE
                ? ElementRows.score(key.slot(), id, i, element)
                : ElementRows.element(key.slot(), id, element),
            element);
      }
    }
  }

  private List<String> elements(KeyHandle key, Family family) {
    long id = key.meta().rowsId();
    List<String> values = new ArrayList<>();
    try (RowCursor cursor =
        rows.ascending(family, ElementRows.from(key.slot(), id), ElementRows.to(key.slot(), id))) {
      while (cursor.next()) {
        values.add(new String(cursor.value(), StandardCharsets.US_ASCII));
        if (family == Family.SCORE) {
          assertThat(ElementRows.memberOf(cursor.key())).isEqualTo(cursor.value());
        } else {
          assertThat(ElementRows.elementOf(cursor.key())).isEqualTo(cursor.value());
        }
      }
    }
    return values;
  }

  private void assertHolds(KeyHandle key, KeyType type, String origin) {
    assertThat(key.meta().type()).isEqualTo(type);
    assertThat(key.meta().expireAtMillis()).isEqualTo(NOW + 500);
    assertThat(key.meta().payload()).endsWith(EXTRA).hasSize(Long.BYTES + EXTRA.length);
    for (Family family : families(type)) {
      assertThat(new TreeSet<>(elements(key, family)))
          .hasSize(ELEMENTS)
          .allMatch(value -> value.startsWith(origin + " element "));
    }
  }

  @ParameterizedTest
  @EnumSource(KeyType.class)
  void aMoveWithinASlotKeepsTheElementRows(KeyType type) {
    make("{s}a", type, ELEMENTS);
    make("{s}b", KeyType.ZSET, 5);
    long id = key("{s}a").meta().rowsId();

    key("{s}a").moveTo(key("{s}b"));

    assertThat(key("{s}a").exists()).isFalse();
    assertThat(key("{s}b").meta().rowsId()).isEqualTo(id);
    assertHolds(key("{s}b"), type, "{s}a");
    assertThat(rows.keys(0)).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(KeyType.class)
  void aMoveToAnotherSlotCopiesTheElementRows(KeyType type) {
    make("a", type, ELEMENTS);
    make("b", KeyType.HASH, 5);
    assertThat(key("a").slot()).isNotEqualTo(key("b").slot());

    key("a").moveTo(key("b"));

    assertThat(key("a").exists()).isFalse();
    assertHolds(key("b"), type, "a");
    key("b").delete();
    assertThat(rows.dump()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(KeyType.class)
  void aCopyIsIndependentOfItsOriginal(KeyType type) {
    make("{s}a", type, ELEMENTS);

    key("{s}a").copyTo(key("{s}b"));
    rows.verify();
    key("{s}a").delete();

    assertHolds(key("{s}b"), type, "{s}a");
    for (Family family : families(type)) {
      assertThat(rows.size(family)).isEqualTo(ELEMENTS);
    }
  }

  @Test
  void aCopyToAnotherDatabaseHasRowsOfItsOwn() {
    make("a", KeyType.ZSET, ELEMENTS);
    KeyHandle target = keys(3).key(ascii("a"));
    key("a").copyTo(target);
    assertHolds(target, KeyType.ZSET, "a");
    assertThat(target.meta().rowsId()).isNotEqualTo(key("a").meta().rowsId());
    assertThat(rows.keys(3)).isEqualTo(1);
    assertThat(rows.keys(0)).isEqualTo(1);
  }

  @Test
  void aMoveToAnotherDatabaseKeepsTheRows() {
    make("a", KeyType.ZSET, ELEMENTS);
    KeyHandle target = keys(3).key(ascii("a"));
    key("a").moveTo(target);
    assertHolds(target, KeyType.ZSET, "a");
    assertThat(rows.keys(0)).isZero();
  }

  @Test
  void anInlineValueTakesItsExpiryAlong() {
    key("a").replace(KeyType.STRING, MetaRow.INLINE, ascii("v"), NOW + 10);
    key("b").replace(KeyType.STRING, MetaRow.INLINE, ascii("w"), NOW + 20);
    key("a").moveTo(key("b"));
    assertThat(key("b").meta().payload()).isEqualTo(ascii("v"));
    assertThat(key("b").meta().expireAtMillis()).isEqualTo(NOW + 10);
    assertThat(rows.size(Family.EXPIRY)).isEqualTo(1);
    key("b").copyTo(key("c"));
    assertThat(rows.size(Family.EXPIRY)).isEqualTo(2);
  }

  @Test
  void theRemainsOfADeadTargetAreSwept() {
    make("a", KeyType.HASH, ELEMENTS);
    KeyHandle dead = key("{a}b");
    dead.replace(KeyType.STRING, MetaRow.INLINE, ascii("v"), NOW);
    key("a").moveTo(key("{a}b"));
    assertHolds(key("{a}b"), KeyType.HASH, "a");
    assertThat(rows.size(Family.EXPIRY)).isEqualTo(1);
  }

  @Test
  void aKeyIsNotMovedOntoItselfAndNotFromNowhere() {
    make("a", KeyType.HASH, 1);
    assertThatThrownBy(() -> key("a").moveTo(key("a")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> key("a").copyTo(key("a")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> key("none").moveTo(key("a")))
        .isInstanceOf(IllegalStateException.class);
    assertThat(rows.size(Family.DATA)).isEqualTo(1);
  }

  @Test
  void headersAreReadWithoutTheValue() {
    MetaRow string = new MetaRow(KeyType.STRING, MetaRow.INLINE, 5, 6, new byte[100]);
    MetaRow header = MetaRow.decodeHeader(string.encode());
    assertThat(header.payload()).hasSize(Long.BYTES);
    assertThat(header.version()).isEqualTo(5);
    assertThat(header.expireAtMillis()).isEqualTo(6);
    byte[] payload = ByteBuffer.allocate(20).putLong(42).array();
    assertThat(
            MetaRow.decodeHeader(new MetaRow(KeyType.HASH, MetaRow.ROWS, 1, 2, payload).encode())
                .rowsId())
        .isEqualTo(42);
    assertThatThrownBy(() -> string.withRowsId(1)).isInstanceOf(CorruptStoreException.class);
  }
}
