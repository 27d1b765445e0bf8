package io.raftkv.storage;

import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.RowCache.Region;
import org.junit.jupiter.api.Test;

class RowCacheTest {
  private static final long LARGE = 1 << 20;
  private static final byte[] ROW = bytes("row");

  private final RowCache cache = new RowCache(LARGE);
  private final Region region = cache.newRegion();

  @Test
  void rowIsThereForViewsAtItsIndexAndLater() {
    region.written(ROW, bytes("five"), 5);
    assertThat(region.get(ROW, 4)).isNull();
    assertThat(text(region.get(ROW, 5))).isEqualTo("five");
    assertThat(text(region.get(ROW, 6))).isEqualTo("five");
  }

  @Test
  void newerRowHidesTheOlderFromOldViews() {
    region.written(ROW, bytes("five"), 5);
    region.written(ROW, bytes("seven"), 7);
    assertThat(region.get(ROW, 6)).isNull();
    assertThat(text(region.get(ROW, 7))).isEqualTo("seven");
  }

  @Test
  void deletedRowIsKnownToBeAbsent() {
    region.written(ROW, bytes("five"), 5);
    region.written(ROW, null, 7);
    assertThat(region.get(ROW, 6)).isNull();
    assertThat(region.get(ROW, 7)).isSameAs(RowCache.ABSENT);
  }

  @Test
  void emptyValueIsNotAbsent() {
    region.written(ROW, new byte[0], 5);
    assertThat(region.get(ROW, 5)).isNotSameAs(RowCache.ABSENT).hasSize(0);
  }

  @Test
  void whatAViewLoadedIsValidFromItsIndexOn() {
    region.loaded(ROW, bytes("three"), 3);
    assertThat(region.get(ROW, 2)).isNull();
    assertThat(text(region.get(ROW, 3))).isEqualTo("three");
  }

  @Test
  void viewCannotAddWhatWasOverwrittenSince() {
    region.written(ROW, bytes("seven"), 7);
    region.loaded(ROW, bytes("old"), 6);
    assertThat(text(region.get(ROW, 8))).isEqualTo("seven");
  }

  @Test
  void viewCannotAddWhatWasOverwrittenByARowTooLargeToKeep() {
    region.loaded(ROW, bytes("small"), 6);
    region.written(ROW, new byte[RowCache.MAX_VALUE_BYTES + 1], 7);
    assertThat(region.get(ROW, 7)).isNull();
    region.loaded(ROW, bytes("small"), 6);
    assertThat(region.get(ROW, 7)).isNull();
    region.loaded(ROW, bytes("again"), 7);
    assertThat(text(region.get(ROW, 7))).isEqualTo("again");
  }

  @Test
  void viewCannotAddWhatWasOverwrittenAndThenEvicted() {
    RowCache small = new RowCache(32 * 1_000);
    Region rows = small.newRegion();
    rows.written(ROW, bytes("seven"), 7);
    for (int i = 0; i < 10_000; i++) {
      rows.loaded(bytes("other" + i), bytes("x"), 7);
    }
    assertThat(rows.get(ROW, 100)).isNull();
    rows.loaded(ROW, bytes("old"), 6);
    assertThat(rows.get(ROW, 100)).isNull();
  }

  @Test
  void clearVoidsAllRowsOfEarlierIndexes() {
    region.written(ROW, bytes("five"), 5);
    region.clear(8);
    assertThat(region.get(ROW, 7)).isNull();
    assertThat(region.get(ROW, 8)).isNull();
    region.loaded(ROW, bytes("five"), 7);
    assertThat(region.get(ROW, 9)).isNull();
    region.written(ROW, bytes("eight"), 8);
    assertThat(text(region.get(ROW, 8))).isEqualTo("eight");
  }

  @Test
  void storesDoNotSeeEachOther() {
    Region other = cache.newRegion();
    region.written(ROW, bytes("five"), 5);
    assertThat(other.get(ROW, 5)).isNull();
  }

  @Test
  void retiredRegionIsEmptyAndStaysSo() {
    region.written(ROW, bytes("five"), 5);
    region.retire();
    assertThat(region.get(ROW, 5)).isNull();
    region.loaded(ROW, bytes("five"), 5);
    assertThat(region.get(ROW, 5)).isNull();
    assertThat(cache.statistics()[0]).isZero();
  }

  @Test
  void sizeStaysWithinItsBound() {
    RowCache small = new RowCache(100_000);
    Region rows = small.newRegion();
    for (int i = 0; i < 20_000; i++) {
      rows.written(bytes("row" + i), new byte[i % 300], i);
      assertThat(small.statistics()[0]).isLessThanOrEqualTo(100_000);
    }
    assertThat(small.statistics()[0]).isGreaterThan(50_000);
  }

  @Test
  void rowsInUseOutliveRowsSeenOnce() {
    RowCache small = new RowCache(100_000);
    Region rows = small.newRegion();
    rows.loaded(ROW, bytes("hot"), 1);
    for (int i = 0; i < 20_000; i++) {
      rows.loaded(bytes("cold" + i), new byte[100], 1);
      assertThat(text(rows.get(ROW, 1))).isEqualTo("hot");
    }
  }

  @Test
  void noBudgetKeepsNothing() {
    RowCache off = new RowCache(0);
    Region rows = off.newRegion();
    rows.written(ROW, bytes("five"), 5);
    rows.loaded(bytes("other"), null, 5);
    assertThat(rows.get(ROW, 5)).isNull();
    assertThat(off.statistics()[0]).isZero();
  }
}
