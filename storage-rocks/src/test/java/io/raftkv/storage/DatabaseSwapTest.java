package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.HashType;
import io.raftkv.storage.type.StringType;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Two databases that change homes: everything that finds keys by their database follows. */
class DatabaseSwapTest {
  private final MemoryRows rows = new MemoryRows();

  private Keyspace keys(int database) {
    return Keyspace.forApply(rows, database, 0, 1);
  }

  private void set(int database, String name, String value) {
    set(database, name, value, MetaRow.NO_EXPIRY);
  }

  private void set(int database, String name, String value, long expireAt) {
    new StringType(keys(database).key(bytes(name))).set(bytes(value), expireAt);
    rows.verify();
  }

  private String get(int database, String name) {
    return text(new StringType(keys(database).key(bytes(name))).get());
  }

  private void swap(int first, int second) {
    rows.homes(rows.homes().swapped(first, second));
  }

  private List<String> scan(int database, long from, int count) {
    List<String> found = new ArrayList<>();
    KeyScan.live(
        keys(database),
        from,
        Slot.COUNT - 1,
        (row, header) -> {
          found.add(text(KeyRows.keyOf(row)));
          return found.size() < count;
        });
    return found;
  }

  @Test
  void keysChangePlacesAndNoRowDoes() {
    set(0, "a", "zero");
    set(3, "a", "three");
    set(3, "b", "only");
    int before = rows.dump().length();
    swap(0, 3);
    assertThat(rows.dump()).hasSize(before + "homes = ".length() + homesText() + 1);
    assertThat(get(0, "a")).isEqualTo("three");
    assertThat(get(3, "a")).isEqualTo("zero");
    assertThat(get(3, "b")).isNull();
    assertThat(rows.keys(keys(0).home())).isEqualTo(2);
    swap(3, 5);
    assertThat(get(5, "a")).isEqualTo("zero");
    assertThat(get(3, "a")).isNull();
  }

  private int homesText() {
    return rows.homes().toString().length();
  }

  @Test
  void whatIsWrittenAfterwardsGoesWhereItIsReadFrom() {
    swap(1, 2);
    set(1, "a", "one", 100);
    keys(1).key(bytes("a")).moveTo(keys(2).key(bytes("a")));
    rows.verify();
    assertThat(get(1, "a")).isNull();
    assertThat(get(2, "a")).isEqualTo("one");
    assertThat(rows.expiringKeys(keys(2).home())).isEqualTo(1);
    assertThat(rows.expiringKeys(keys(1).home())).isZero();
    keys(2).key(bytes("a")).delete();
    rows.verify();
    assertThat(rows.keys(keys(2).home())).isZero();
  }

  @Test
  void aScanGoesOnAtItsCursorInTheOtherKeys() {
    for (int i = 0; i < 200; i++) {
      set(i % 2, "k" + i, "v");
    }
    List<String> all = scan(0, 0, 1000);
    long middle =
        KeyScan.positionOf(KeyRows.meta(Slot.of(bytes(all.get(50))), 0, bytes(all.get(50))));
    swap(0, 1);
    List<String> rest = scan(0, middle, 1000);
    assertThat(new TreeSet<>(all)).doesNotContainAnyElementsOf(rest);
    assertThat(rest).isEqualTo(scan(0, 0, 1000).subList(100 - rest.size(), 100));
    assertThat(scan(1, middle, 1000)).isEqualTo(all.subList(50, 100));
    assertThat(scan(1, 0, 1000)).isEqualTo(all);
  }

  @Test
  void theSweepFindsWhatIsDueWhereverItsDatabaseIs() {
    set(0, "a", "v", 10);
    set(1, "a", "v", 20);
    swap(0, 1);
    set(0, "b", "v", 15);
    assertThat(ExpirySweep.sweep(Keyspace.forApply(rows, 0, 15, 1), 10, HashType::sweep))
        .isEqualTo(2);
    rows.verify();
    assertThat(get(0, "a")).isEqualTo("v");
    assertThat(get(1, "a")).isNull();
  }

  @Test
  void flushingADatabaseTakesItsKeysAndNoOthers() {
    set(0, "a", "zero", 10);
    set(1, "a", "one", 10);
    swap(0, 1);
    Flush.database(keys(0));
    rows.verify();
    assertThat(get(0, "a")).isNull();
    assertThat(get(1, "a")).isEqualTo("zero");
    Flush.everything(keys(0));
    assertThat(rows.dump()).isEmpty();
    rows.verify();
  }
}
