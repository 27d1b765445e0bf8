package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.list;
import static io.raftkv.storage.type.TypeFixture.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.ExpirySweep;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.Slot;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.row.PartTimes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fields of a hash that die on their own. */
class HashDeadlinesTest {
  private static final long NOW = TypeFixture.TIME_MILLIS;
  private static final HexFormat HEX = HexFormat.of();

  private final TypeFixture fixture = new TypeFixture();

  @AfterEach
  void everythingAgrees() {
    fixture.memory.verify();
    fixture.memory.verifyHashes();
  }

  private void put(String field, String value, long deadline) {
    fixture.hash().put(bytes(field), new HashType.Value(bytes(value), deadline));
  }

  /** A hash with the fields a and b that live and c, d, e that die 10, 20 and 30 ms from now. */
  private void make(boolean inRows) {
    fixture.hash().putAll(list("a", "1", "b", "2"));
    put("c", "3", NOW + 10);
    put("d", "4", NOW + 20);
    put("e", "5", NOW + 30);
    if (inRows) {
      fixture.hash().put(bytes("large"), bytes("v".repeat(65)));
      fixture.hash().removeAll(list("large"));
    }
    assertThat(fixture.encoding()).isEqualTo(inRows ? MetaRow.ROWS : MetaRow.INLINE);
  }

  private String fields() {
    Set<String> fields = new TreeSet<>();
    fixture.hash().forEach((field, value) -> fields.add(text(field)));
    return String.join("", fields);
  }

  private PartTimes parts() {
    return fixture.key().meta().parts();
  }

  private int sweep(int limit) {
    return ExpirySweep.sweep(fixture.keys(), limit, HashType::sweep);
  }

  @Test
  void inlineLayoutIsPinned() {
    fixture.hash().put(bytes("f"), bytes("v"));
    put("m", "w", 0x0102030405060708L);

    MetaRow meta = fixture.key().meta();
    assertThat(HEX.formatHex(meta.payload()))
        .isEqualTo("01" + "0002" + "0166" + "020076" + "016d" + "0a01010203040506070877");
    assertThat(meta.parts()).isEqualTo(new PartTimes(0x0102030405060708L, MetaRow.NO_EXPIRY));
  }

  @Test
  void rowsLayoutIsPinned() {
    put("m", "w".repeat(65), 0x0102030405060708L);
    fixture.hash().put(bytes("f"), bytes("v"));

    MetaRow meta = fixture.key().meta();
    assertThat(HEX.formatHex(meta.payload()))
        .isEqualTo(
            "0000000000000001"
                + "0000000000000002"
                + "06"
                + "0000000000000001"
                + "0309"
                + "01020304050607086d"
                + "01020304050607086d00");
    fixture.hash().put(bytes("g"), bytes("v"));
    fixture.hash().removeAll(List.of(bytes("g")));
    assertThat(HEX.formatHex(fixture.key().meta().payload()))
        .isEqualTo(
            "0000000000000001"
                + "0000000000000002"
                + "08"
                + "0000000000000001" // removed
                + "0000000000000001"
                + "0309"
                + "01020304050607086d"
                + "01020304050607086d00");
    int slot = Slot.of(TypeFixture.KEY);
    assertThat(fixture.memory.get(Family.DATA, ElementRows.element(slot, 1, bytes("m"))))
        .startsWith(HEX.parseHex("01" + "0102030405060708" + "7777"))
        .hasSize(9 + 65);
    byte[] index = ElementRows.deadline(slot, 1, 0x0102030405060708L, bytes("m"));
    assertThat(fixture.memory.get(Family.SCORE, index)).isEmpty();
    assertThat(fixture.memory.size(Family.SCORE)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFieldIsAbsentFromItsDeadlineOn(boolean inRows) {
    make(inRows);
    fixture.timeMillis = NOW + 9;
    assertThat(fields()).isEqualTo("abcde");
    assertThat(fixture.hash().size()).isEqualTo(5);
    fixture.timeMillis = NOW + 10;

    HashType hash = fixture.hash();
    assertThat(hash.get(bytes("c"))).isNull();
    assertThat(hash.find(bytes("c"))).isNull();
    assertThat(hash.contains(bytes("c"))).isFalse();
    assertThat(hash.size()).isEqualTo(4);
    assertThat(fields()).isEqualTo("abde");
    Set<String> scanned = new TreeSet<>();
    assertThat(hash.scan(0, 100, (field, value) -> scanned.add(text(field)))).isZero();
    assertThat(String.join("", scanned)).isEqualTo("abde");
    assertThat(hash.find(bytes("d")).deadlineMillis()).isEqualTo(NOW + 20);
    assertThat(hash.find(bytes("a")).hasDeadline()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDeadFieldIsNewWhenItIsSetAndNotThereWhenItIsRemoved(boolean inRows) {
    make(inRows);
    fixture.timeMillis = NOW + 20;

    assertThat(fixture.hash().put(bytes("c"), bytes("9"))).isTrue();
    assertThat(fixture.hash().removeAll(list("d"))).isZero();

    assertThat(fields()).isEqualTo("abce");
    assertThat(fixture.hash().find(bytes("c")).hasDeadline()).isFalse();
    assertThat(parts()).isEqualTo(new PartTimes(NOW + 30, MetaRow.NO_EXPIRY));
  }

  /** Every third field comes twice, every fourth one is dead, every fifth one dies. */
  @ParameterizedTest
  @ValueSource(ints = {1, 60, 128, 129, 1000})
  void aHashIsMadeOfAllItsFieldsAtOnce(int count) {
    make(true);
    fixture.key().expireAt(NOW + 99);
    List<HashType.ValuedField> fields = new ArrayList<>();
    Set<String> expected = new TreeSet<>();
    for (int i = 0; i < count; i++) {
      long deadline = i % 4 == 3 ? NOW : i % 5 == 4 ? NOW + 1 + i : MetaRow.NO_EXPIRY;
      HashType.Value value = new HashType.Value(bytes("v" + i), deadline);
      HashType.ValuedField field = new HashType.ValuedField(bytes("f" + i), value);
      fields.add(field);
      if (i % 3 == 2) {
        fields.add(field);
      }
      if (deadline > NOW) {
        expected.add("f" + i + "=v" + i + "@" + deadline);
      }
    }

    assertThat(HashType.replace(fixture.key(), fields)).isEqualTo(count);

    Set<String> found = new TreeSet<>();
    fixture
        .hash()
        .forEachValue(
            (name, value) ->
                found.add(text(name) + "=" + text(value.bytes()) + "@" + value.deadlineMillis()));
    assertThat(found).isEqualTo(expected);
    assertThat(fixture.hash().size()).isEqualTo(expected.size());
    assertThat(fixture.key().meta().expireAtMillis()).isEqualTo(MetaRow.NO_EXPIRY);
    assertThat(fixture.encoding()).isEqualTo(fields.size() > 128 ? MetaRow.ROWS : MetaRow.INLINE);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 300})
  void aHashOfDeadFieldsAloneIsNotMade(int count) {
    make(true);
    List<HashType.ValuedField> fields = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      fields.add(new HashType.ValuedField(bytes("f" + i), new HashType.Value(bytes("v"), NOW)));
    }

    assertThat(HashType.replace(fixture.key(), fields)).isEqualTo(count);

    assertThat(fixture.key().exists()).isFalse();
    assertThat(fixture.memory.dump()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theNextDeadlineIsThatOfALivingField(boolean inRows) {
    fixture.hash().putAll(list("x", "1"));
    assertThat(fixture.hash().firstDeadlineMillis()).isEqualTo(MetaRow.NO_EXPIRY);
    make(inRows);
    for (long dead = 0; dead < 3; dead++) {
      fixture.timeMillis = NOW + dead * 10;
      assertThat(fixture.hash().firstDeadlineMillis()).isEqualTo(NOW + 10 + dead * 10);
    }
    fixture.timeMillis = NOW + 30;
    assertThat(fixture.hash().firstDeadlineMillis()).isEqualTo(MetaRow.NO_EXPIRY);
    Set<String> values = new TreeSet<>();
    put("f", "6", NOW + 40);
    fixture
        .hash()
        .forEachValue(
            (field, value) ->
                values.add(
                    text(field) + text(value.bytes()) + (value.hasDeadline() ? "dies" : "")));
    assertThat(values).containsExactly("a1", "b2", "f6dies", "x1");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aHashDiesWithTheLastOfItsFields(boolean inRows) {
    make(inRows);
    fixture.hash().removeAll(list("a", "b"));
    assertThat(parts()).isEqualTo(new PartTimes(NOW + 10, NOW + 30));
    fixture.timeMillis = NOW + 29;
    assertThat(fixture.key().exists()).isTrue();
    assertThat(fixture.hash().size()).isEqualTo(1);
    fixture.timeMillis = NOW + 30;

    assertThat(fixture.key().exists()).isFalse();
    assertThat(fixture.hash().size()).isZero();
    assertThat(sweep(10)).isEqualTo(1);
    assertThat(fixture.memory.dump()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whenTheLastLivingFieldIsRemovedTheDeadOnesGoAtOnce(boolean inRows) {
    make(inRows);
    fixture.timeMillis = NOW + 30;

    assertThat(fixture.hash().removeAll(list("a", "b"))).isEqualTo(2);

    assertThat(fixture.memory.dump()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aNewHashInPlaceOfADeadOneHasNothingOfIt(boolean inRows) {
    make(inRows);
    fixture.hash().removeAll(list("a", "b"));
    fixture.timeMillis = NOW + 30;

    assertThat(fixture.hash().put(bytes("c"), bytes("new"))).isTrue();

    assertThat(fields()).isEqualTo("c");
    assertThat(parts()).isEqualTo(PartTimes.NONE);
    assertThat(fixture.memory.size(Family.DATA)).isZero();
    assertThat(fixture.memory.size(Family.SCORE)).isZero();
    assertThat(fixture.memory.size(Family.EXPIRY)).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theSweepRemovesWhatIsDueAndNoMoreThanItMay(boolean inRows) {
    make(inRows);
    fixture.timeMillis = NOW + 25;
    assertThat(ExpirySweep.anyDue(fixture.memory, NOW + 9)).isFalse();
    assertThat(ExpirySweep.anyDue(fixture.memory, NOW + 10)).isTrue();

    assertThat(sweep(1)).isEqualTo(1);
    assertThat(parts().firstMillis()).isEqualTo(NOW + 20);
    assertThat(sweep(10)).isEqualTo(1);

    assertThat(parts()).isEqualTo(new PartTimes(NOW + 30, MetaRow.NO_EXPIRY));
    assertThat(fields()).isEqualTo("abe");
    assertThat(fixture.memory.size(Family.DATA)).isEqualTo(inRows ? 3 : 0);
    assertThat(ExpirySweep.anyDue(fixture.memory, NOW + 29)).isFalse();
    assertThat(sweep(10)).isZero();
    fixture.timeMillis = NOW + 30;
    assertThat(sweep(10)).isEqualTo(1);
    assertThat(parts()).isEqualTo(PartTimes.NONE);
    assertThat(fixture.memory.size(Family.EXPIRY)).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void keyAndFieldsThatAreDueTogetherShareOneRowOfTheIndex(boolean inRows) {
    make(inRows);
    fixture.key().expireAt(NOW + 10);
    assertThat(fixture.memory.size(Family.EXPIRY)).isEqualTo(1);
    fixture.key().expireAt(MetaRow.NO_EXPIRY);
    assertThat(fixture.memory.size(Family.EXPIRY)).isEqualTo(1);
    fixture.key().expireAt(NOW + 15);
    fixture.timeMillis = NOW + 10;
    assertThat(sweep(10)).isEqualTo(1);
    assertThat(fields()).isEqualTo("abde");
    fixture.timeMillis = NOW + 15;
    assertThat(fixture.key().exists()).isFalse();
    assertThat(sweep(10)).isEqualTo(1);
    assertThat(fixture.memory.dump()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void deadFieldsAreNeverPickedAtRandom(boolean inRows) {
    make(inRows);
    for (int i = 0; inRows && i < 400; i++) {
      put("dead" + i, "x", NOW + 15);
      fixture.hash().put(bytes("live" + i), bytes("x"));
    }
    fixture.timeMillis = NOW + 15;
    long size = fixture.hash().size();
    assertThat(size).isEqualTo(inRows ? 404 : 4);
    SeededRandom random = new SeededRandom(7);
    assertThat(fixture.hash().randomDistinct(1_000, random)).hasSize((int) size);
    for (int i = 0; i < 200; i++) {
      String name = text(fixture.hash().random(random).name());
      assertThat(name).isNotEqualTo("c").doesNotStartWith("dead");
    }
    fixture
        .hash()
        .randomRepeated(300, random)
        .forEach(field -> assertThat(text(field.name())).doesNotStartWith("dead"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void copiesAndMovesCarryTheDeadlines(boolean inRows) {
    make(inRows);
    KeyHandle copy = fixture.keys().key(bytes("copy"));
    fixture.key().copyTo(copy);
    fixture.memory.verify();
    fixture.memory.verifyHashes();
    KeyHandle moved = fixture.keys().select(3).key(TypeFixture.KEY);
    fixture.key().moveTo(moved); // within the slot: the element rows stay where they are
    fixture.memory.verify();
    fixture.memory.verifyHashes();

    assertThat(fixture.key().exists()).isFalse();
    fixture.timeMillis = NOW + 20;
    assertThat(new HashType(fixture.keys().key(bytes("copy"))).size()).isEqualTo(3);
    assertThat(new HashType(fixture.keys().select(3).key(TypeFixture.KEY)).size()).isEqualTo(3);
    assertThat(sweep(100)).isEqualTo(4);
    fixture.keys().key(bytes("copy")).delete();
    fixture.keys().select(3).key(TypeFixture.KEY).delete();
    assertThat(fixture.memory.dump()).isEmpty();
  }

  @Test
  void deletingALargeHashTakesNoWritePerField() {
    for (int i = 0; i < 500; i++) {
      put("f" + i, "v", NOW + 1_000 + i);
    }
    fixture.rows.reset();

    assertThat(fixture.key().delete()).isTrue();

    assertThat(fixture.rows.writes).isEqualTo(4); // two ranges, the record, the row of the index
    assertThat(fixture.memory.dump()).isEmpty();
  }

  @Test
  void operationsOnSingleFieldsOfALargeHashTouchSingleRows() {
    for (int i = 0; i < 500; i++) {
      put("f" + i, "v", NOW + 1_000 + i);
    }
    fixture.hash().put(bytes("immortal"), bytes("v"));
    fixture.rows.reset();

    assertThat(fixture.hash().size()).isEqualTo(501);
    put("f100", "w", NOW + 1_200);
    put("f101", "w", MetaRow.NO_EXPIRY);
    put("f102", "w", NOW + 1);

    assertThat(fixture.rows.cursors).isZero();
    fixture.hash().removeAll(list("f102")); // the first one: the next must be found
    assertThat(fixture.rows.cursors).isEqualTo(1);
    assertThat(parts().firstMillis()).isEqualTo(NOW + 1_000);
  }

  @Test
  void aHashWithoutDeadlinesIsStoredAsBefore() {
    make(true);
    fixture.hash().removeAll(list("c", "d"));
    fixture.hash().put(bytes("e"), bytes("6"));

    assertThat(fixture.key().meta().encode()[0]).isEqualTo((byte) 1);
    assertThat(HEX.formatHex(fixture.key().meta().payload()))
        .endsWith("0000000000000003" + "03" + "0000000000000003");
    assertThat(fixture.memory.size(Family.SCORE)).isZero();
  }

  @Test
  void aDeadlineDoesNotCountAgainstTheLengthOfAnInlineValue() {
    put("f", "v".repeat(64), NOW + 10);
    assertThat(fixture.encoding()).isEqualTo(MetaRow.INLINE);
    put("f", "v".repeat(65), NOW + 10);
    assertThat(fixture.encoding()).isEqualTo(MetaRow.ROWS);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void readsNoteWhatIsDueByTheClockAlone(boolean inRows) {
    make(inRows);
    assertThat(notes(NOW + 9, HashType::size)).isFalse();
    assertThat(notes(NOW + 10, HashType::size)).isTrue();
    assertThat(notes(NOW + 10, hash -> hash.get(bytes("c")))).isTrue();
    assertThat(notes(NOW + 10, hash -> hash.get(bytes("d")))).isFalse();
    assertThat(notes(NOW + 10, hash -> hash.scan(0, 10, (field, value) -> {}))).isTrue();
    fixture.timeMillis = NOW + 10;
    assertThat(notes(NOW + 19, HashType::size)).isFalse();
    assertThat(notes(NOW + 20, HashType::size)).isTrue();
    fixture.hash().removeAll(list("a", "b"));
    assertThat(notes(NOW + 29, hash -> {})).isFalse();
    assertThat(notes(NOW + 30, hash -> {})).as("the key itself").isTrue();
  }

  private boolean notes(long clock, Consumer<HashType> read) {
    Keyspace keys = Keyspace.forRead(fixture.memory, 0, fixture.timeMillis, clock, 1);
    read.accept(new HashType(keys.key(TypeFixture.KEY)));
    return keys.sawDue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0000000000000001" + "0000000000000002" + "01", // the record says there are deadlines
        "0000000000000001" + "0000000000000002" + "01" + "0000000000000001",
        "0000000000000001" + "0000000000000002" + "02" + "0000000000000000",
        "0000000000000001" + "0000000000000002" + "02" + "0000000000000002", // a field stays
        "0000000000000001" + "0000000000000002" + "02" + "0000000000000003",
      })
  void damagedRowsPayloadsAreRefused(String hex) {
    TypeFixture damaged = new TypeFixture();
    PartTimes parts = new PartTimes(NOW + 10, MetaRow.NO_EXPIRY);
    damaged.key().update(KeyType.HASH, MetaRow.ROWS, parts, HEX.parseHex(hex));

    assertThatThrownBy(damaged::hash).isInstanceOf(CorruptStoreException.class);
  }

  private enum Order {
    FIRST_TO_LAST,
    LAST_TO_FIRST,
    ANY
  }

  private List<byte[]> fieldsDyingAt(long deadline, int count) {
    List<HashType.ValuedField> fields = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] name = bytes("f%05d".formatted(i));
      fields.add(new HashType.ValuedField(name, new HashType.Value(bytes("v"), deadline)));
    }
    HashType.replace(fixture.key(), fields);
    return fields.stream().map(HashType.ValuedField::name).toList();
  }

  /** Many fields that die in the same millisecond: each is changed as if it were alone. */
  @ParameterizedTest
  @EnumSource
  void fieldsWithOneDeadlineAreChangedWithoutAStepOverTheOthers(Order order) {
    List<byte[]> fields = new ArrayList<>(fieldsDyingAt(NOW + 1_000, 2_000));
    if (order == Order.LAST_TO_FIRST) {
      Collections.reverse(fields);
    } else if (order == Order.ANY) {
      Collections.shuffle(fields, new Random(5));
    }
    int steps = 0;
    int slow = 0;
    // Each dies sooner, then stays: the last deadline is looked for as long as no field stays.
    for (long deadline : new long[] {NOW + 500, MetaRow.NO_EXPIRY}) {
      for (int i = 0; i < fields.size() - 1; i++) {
        fixture.rows.reset();
        HashType hash = fixture.hash();
        assertThat(hash.find(fields.get(i)).hasDeadline()).isTrue();
        hash.put(fields.get(i), new HashType.Value(bytes("w"), deadline));
        assertThat(fixture.hash().size()).isEqualTo(2_000);
        steps += fixture.rows.skipped;
        slow += fixture.rows.skipped > 2 ? 1 : 0;
      }
    }
    assertThat(steps).isLessThanOrEqualTo(4 * 2_000);
    assertThat(order == Order.ANY ? 0 : slow).as("looks past a whole deadline").isLessThan(2);
  }

  @Test
  void theSweepStepsOverNoFieldsThatItRemovedBefore() {
    fieldsDyingAt(NOW + 10, 5_000);
    fixture.hash().put(bytes("stays"), bytes("v"));
    fixture.timeMillis = NOW + 10;
    int swept = 0;
    int made = 0;
    for (int removed = 1; removed > 0; swept += removed) {
      fixture.rows.reset();
      removed = sweep(50);
      made += fixture.rows.skipped > 150 ? 1 : 0;
    }
    assertThat(swept).isEqualTo(5_000);
    assertThat(made).as("times that the rows were made anew").isLessThanOrEqualTo(4);
    assertThat(fields()).isEqualTo("stays");
  }

  /** Store formats up to 4 did not say between which keys the deadlines are. */
  @Test
  void aHashThatDoesNotKnowTheEndsOfItsDeadlinesWorksAndLearnsThem() {
    List<byte[]> fields = fieldsDyingAt(NOW + 10, 200);
    MetaRow meta = fixture.key().meta();
    byte[] old = Arrays.copyOf(meta.payload(), 25);
    old[16] = 2;
    fixture.key().update(KeyType.HASH, MetaRow.ROWS, meta.parts(), old);
    assertThat(fixture.hash().find(fields.get(3)).deadlineMillis()).isEqualTo(NOW + 10);
    fixture.hash().put(fields.get(0), bytes("w"));
    assertThat(parts()).isEqualTo(new PartTimes(NOW + 10, MetaRow.NO_EXPIRY));
    fixture.hash().put(bytes("late"), new HashType.Value(bytes("v"), NOW + 20));
    fixture.hash().removeAll(List.of(fields.get(0)));
    assertThat(parts()).isEqualTo(new PartTimes(NOW + 10, NOW + 20));
    fixture.timeMillis = NOW + 10;
    assertThat(fixture.hash().size()).isOne();
    assertThat(sweep(500)).isEqualTo(199);
  }

  @Test
  void aDeadlineThatTheRecordDoesNotKnowOfIsDamage() {
    TypeFixture damaged = new TypeFixture();
    byte[] payload = HEX.parseHex("0000000000000001" + "0000000000000002" + "01");
    damaged.key().update(KeyType.HASH, MetaRow.ROWS, payload);
    damaged.key().update(KeyType.SET, MetaRow.ROWS, new PartTimes(NOW + 1, NOW + 1), payload);

    assertThatThrownBy(damaged::set).isInstanceOf(CorruptStoreException.class);
  }
}
