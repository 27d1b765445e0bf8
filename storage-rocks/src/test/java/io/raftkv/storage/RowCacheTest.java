package io.raftkv.storage;

import static io.raftkv.storage.Family.DATA;
import static io.raftkv.storage.Family.META;
import static io.raftkv.storage.Family.SCORE;
import static io.raftkv.storage.Family.SYS;
import static io.raftkv.storage.TestStores.bytes;
import static io.raftkv.storage.TestStores.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.RowCache.Region;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.SysRows;
import org.junit.jupiter.api.Test;

class RowCacheTest {
  private static final long LARGE = 1 << 20;
  private static final byte[] ROW = bytes("row");

  private final RowCache cache = new RowCache(LARGE);
  private final Region region = cache.newRegion();

  @Test
  void rowIsThereForViewsAtItsIndexAndLater() {
    region.written(META, ROW, bytes("five"), 5);
    assertThat(region.get(META, ROW, 4)).isNull();
    assertThat(text(region.get(META, ROW, 5))).isEqualTo("five");
    assertThat(text(region.get(META, ROW, 6))).isEqualTo("five");
  }

  @Test
  void newerRowHidesTheOlderFromOldViews() {
    region.written(META, ROW, bytes("five"), 5);
    region.written(META, ROW, bytes("seven"), 7);
    assertThat(region.get(META, ROW, 6)).isNull();
    assertThat(text(region.get(META, ROW, 7))).isEqualTo("seven");
  }

  @Test
  void deletedRowIsKnownToBeAbsent() {
    region.written(META, ROW, bytes("five"), 5);
    region.written(META, ROW, null, 7);
    assertThat(region.get(META, ROW, 6)).isNull();
    assertThat(region.get(META, ROW, 7)).isSameAs(RowCache.ABSENT);
  }

  @Test
  void emptyValueIsNotAbsent() {
    region.written(META, ROW, new byte[0], 5);
    assertThat(region.get(META, ROW, 5)).isNotSameAs(RowCache.ABSENT).hasSize(0);
  }

  @Test
  void whatAViewLoadedIsValidFromItsIndexOn() {
    region.loaded(META, ROW, bytes("three"), 3);
    assertThat(region.get(META, ROW, 2)).isNull();
    assertThat(text(region.get(META, ROW, 3))).isEqualTo("three");
  }

  @Test
  void viewCannotAddWhatWasOverwrittenSince() {
    region.written(META, ROW, bytes("seven"), 7);
    region.loaded(META, ROW, bytes("old"), 6);
    assertThat(text(region.get(META, ROW, 8))).isEqualTo("seven");
  }

  @Test
  void viewCannotAddWhatWasOverwrittenByARowTooLargeToKeep() {
    region.loaded(META, ROW, bytes("small"), 6);
    region.written(META, ROW, new byte[RowCache.MAX_VALUE_BYTES + 1], 7);
    assertThat(region.get(META, ROW, 7)).isNull();
    region.loaded(META, ROW, bytes("small"), 6);
    assertThat(region.get(META, ROW, 7)).isNull();
    region.loaded(META, ROW, bytes("again"), 7);
    assertThat(text(region.get(META, ROW, 7))).isEqualTo("again");
  }

  @Test
  void viewCannotAddWhatWasOverwrittenAndThenEvicted() {
    RowCache small = new RowCache(32 * 1_000);
    Region rows = small.newRegion();
    rows.written(META, ROW, bytes("seven"), 7);
    for (int i = 0; i < 10_000; i++) {
      rows.loaded(META, bytes("other" + i), bytes("x"), 7);
    }
    assertThat(rows.get(META, ROW, 100)).isNull();
    rows.loaded(META, ROW, bytes("old"), 6);
    assertThat(rows.get(META, ROW, 100)).isNull();
  }

  @Test
  void clearVoidsAllRowsOfEarlierIndexes() {
    region.written(META, ROW, bytes("five"), 5);
    region.clear(8);
    assertThat(region.get(META, ROW, 7)).isNull();
    assertThat(region.get(META, ROW, 8)).isNull();
    region.loaded(META, ROW, bytes("five"), 7);
    assertThat(region.get(META, ROW, 9)).isNull();
    region.written(META, ROW, bytes("eight"), 8);
    assertThat(text(region.get(META, ROW, 8))).isEqualTo("eight");
  }

  @Test
  void storesDoNotSeeEachOther() {
    Region other = cache.newRegion();
    region.written(META, ROW, bytes("five"), 5);
    assertThat(other.get(META, ROW, 5)).isNull();
  }

  @Test
  void familiesDoNotSeeEachOther() {
    region.written(META, ROW, bytes("five"), 5);
    assertThat(region.get(SCORE, ROW, 5)).isNull();
    region.written(SCORE, ROW, bytes("six"), 6);
    assertThat(text(region.get(META, ROW, 6))).isEqualTo("five");
  }

  @Test
  void keysRankNodesAndProposersAreKeptAndElementsAreNot() {
    assertThat(RowCache.keeps(SYS, SysRows.proposer(7))).isTrue();
    assertThat(RowCache.keeps(SYS, SysRows.position())).isFalse();
    assertThat(RowCache.keeps(META, ROW)).isTrue();
    assertThat(RowCache.keeps(SCORE, ElementRows.rankChildren(1, 2, 3))).isTrue();
    assertThat(RowCache.keeps(SCORE, ElementRows.rankCounts(1, 2, 3))).isTrue();
    assertThat(RowCache.keeps(DATA, ElementRows.rankCounts(1, 2, 3))).isFalse();
    assertThat(RowCache.keeps(SCORE, ElementRows.score(1, 2, 1e308, bytes("m")))).isFalse();
    byte[] last = ElementRows.score(1, 2, Double.POSITIVE_INFINITY, bytes("short m"));
    assertThat(RowCache.keeps(SCORE, last)).isFalse();
    assertThat(RowCache.keeps(SCORE, ElementRows.scoresTo(1, 2))).isFalse();
  }

  @Test
  void retiredRegionIsEmptyAndStaysSo() {
    region.written(META, ROW, bytes("five"), 5);
    region.retire();
    assertThat(region.get(META, ROW, 5)).isNull();
    region.loaded(META, ROW, bytes("five"), 5);
    assertThat(region.get(META, ROW, 5)).isNull();
    assertThat(cache.statistics()[0]).isZero();
  }

  @Test
  void sizeStaysWithinItsBound() {
    RowCache small = new RowCache(100_000);
    Region rows = small.newRegion();
    for (int i = 0; i < 20_000; i++) {
      rows.written(META, bytes("row" + i), new byte[i % 300], i);
      assertThat(small.statistics()[0]).isLessThanOrEqualTo(100_000);
    }
    assertThat(small.statistics()[0]).isGreaterThan(50_000);
  }

  @Test
  void rowsInUseOutliveRowsSeenOnce() {
    RowCache small = new RowCache(100_000);
    Region rows = small.newRegion();
    rows.loaded(META, ROW, bytes("hot"), 1);
    for (int i = 0; i < 20_000; i++) {
      rows.loaded(META, bytes("cold" + i), new byte[100], 1);
      assertThat(text(rows.get(META, ROW, 1))).isEqualTo("hot");
    }
  }

  @Test
  void noBudgetKeepsNothing() {
    RowCache off = new RowCache(0);
    Region rows = off.newRegion();
    rows.written(META, ROW, bytes("five"), 5);
    rows.loaded(META, bytes("other"), null, 5);
    assertThat(rows.get(META, ROW, 5)).isNull();
    assertThat(off.statistics()[0]).isZero();
  }
}
