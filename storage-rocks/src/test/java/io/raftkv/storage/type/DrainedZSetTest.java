package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.ElementRows;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sorted sets from which nearly all was taken: what is left must not get lost among it. */
class DrainedZSetTest {
  private static final int MEMBERS = 30_000;

  /** Eight deleted rows for each one of the half block that a rank is away, and some. */
  private static final int FEW = 1_000;

  private final TypeFixture fixture = new TypeFixture();
  private final SeededRandom picks = new SeededRandom(20_261_121);

  private enum Order {
    LOWEST,
    HIGHEST,
    ANY
  }

  private ZSetType set() {
    return new ZSetType(fixture.key());
  }

  private void fill(int members) {
    ZSetType set = set();
    set.put(bytes("x".repeat(65)), members); // in rows, however few they are
    for (int i = 1; i < members; i++) {
      set.put(bytes("m" + i), i);
    }
    set.save();
  }

  /**
   * Down to the last one nothing steps over many that were taken before, but when rows are made.
   */
  @ParameterizedTest
  @EnumSource
  void isReadAsQuicklyAsASmallOne(Order order) {
    fill(MEMBERS);
    List<byte[]> members = new ArrayList<>();
    set().ranks(0, MEMBERS, false).forEach(each -> members.add(each.member()));
    if (order == Order.HIGHEST) {
      Collections.reverse(members);
    } else if (order == Order.ANY) {
      Collections.shuffle(members, new Random(7));
    }
    int made = 0;
    for (int i = 0; i < MEMBERS - 1; i++) {
      fixture.rows.reset();
      ZSetType set = set();
      set.remove(members.get(i));
      set.save();
      made += fixture.rows.skipped > FEW ? 1 : 0;
      if (i % 10 == 0 || i > MEMBERS - 200) {
        readSome(members.subList(i + 1, MEMBERS));
      }
    }
    assertThat(made).isLessThanOrEqualTo(4);
    RankTreeCheck.check(fixture.memory);
    fixture.memory.verify();
  }

  private void readSome(List<byte[]> left) {
    ZSetType set = set();
    fixture.rows.reset();
    set.random(picks);
    int random = fixture.rows.skipped;
    set.sample(picks, Math.min(3, left.size()));
    int sample = fixture.rows.skipped - random;
    set.rank(left.get(0), false);
    set.ranks(left.size() / 2, left.size() / 2, false);
    set.count(new ZSetRange.ByScore(MEMBERS / 3.0, false, MEMBERS / 2.0, true));
    String when = left.size() + " left";
    assertThat(random).as(when).isLessThanOrEqualTo(FEW);
    assertThat(sample).as(when).isLessThanOrEqualTo(4 * FEW);
    assertThat(fixture.rows.skipped - random - sample).as(when).isLessThanOrEqualTo(6 * FEW);
  }

  /** Scores that change leave rows behind as members do that go. */
  @Test
  void aTableOfScoresThatChangeAllTheTimeIsReadAsQuicklyAsANewOne() {
    fill(300);
    Random random = new Random(3);
    for (int i = 0; i < 30_000; i++) {
      ZSetType set = set();
      byte[] member = bytes("m" + (1 + random.nextInt(299)));
      set.put(member, random.nextInt(1_000_000));
      set.save();
      fixture.rows.reset();
      set().rank(member, false);
      assertThat(fixture.rows.skipped).as("after " + i).isLessThanOrEqualTo(2 * FEW);
    }
    assertThat(set().size()).isEqualTo(300);
    RankTreeCheck.check(fixture.memory);
    fixture.memory.verify();
  }

  @Test
  void isPickedFromEvenly() {
    fill(1_000);
    for (int i = 100; i < 1_000; i++) {
      ZSetType set = set();
      set.remove(bytes("m" + i));
      set.save();
    }
    Map<String, Integer> single = new HashMap<>();
    Map<String, Integer> sampled = new HashMap<>();
    for (int i = 0; i < 40_000; i++) {
      single.merge(text(set().random(picks).member()), 1, Integer::sum);
    }
    for (int count : new int[] {4, 40}) {
      for (int i = 0; i < 20_000 / count; i++) {
        set()
            .sample(picks, count)
            .forEach(each -> sampled.merge(text(each.member()), 1, Integer::sum));
      }
    }
    // Six standard deviations of a binomial with p = 0.01 and n = 40,000 are 120.
    for (Map<String, Integer> counts : List.of(single, sampled)) {
      assertThat(counts).hasSize(100);
      assertThat(counts.values()).allSatisfy(n -> assertThat(n).isBetween(280, 520));
    }
  }

  /** Names of so many bytes would take a command too long; nor are they read at each change. */
  @Test
  void staysWhereItIsIfItsMembersAreLarge() {
    ZSetType filled = set();
    for (int i = 0; i < 2_000; i++) {
      filled.put(bytes("m" + i), i);
    }
    for (int i = 0; i < 5; i++) {
      filled.put(bytes("large" + i + "x".repeat(1 << 20)), 5_000 + i);
    }
    filled.save();
    long id = fixture.key().meta().rowsId();
    int read = 0;
    for (int i = 0; i < 2_000; i++) {
      fixture.rows.reset();
      ZSetType set = set();
      set.removeRanks(0, 0);
      set.save();
      read += fixture.rows.cursors > 4 ? 1 : 0;
    }
    assertThat(fixture.key().meta().rowsId()).isEqualTo(id);
    assertThat(set().size()).isEqualTo(5);
    assertThat(read).isLessThanOrEqualTo(2_000 / 128);
    RankTreeCheck.check(fixture.memory);
  }

  @Test
  void itsRecordSaysHowManyRowsWereDeleted() {
    fill(3);
    ZSetType set = set();
    set.put(bytes("m1"), 1.5);
    set.remove(bytes("m2"));
    set.save();
    assertThat(HexFormat.of().formatHex(fixture.key().meta().payload()))
        .startsWith(
            "0000000000000001" // id
                + "0000000000000002" // size
                + "04"
                + "00"
                + "00000000"
                + "00000001" // no nodes
                + "0000000000000002"); // removed
    assertThat(set().ranks(0, 9, false)).hasSize(2);
  }

  @Test
  void rowsThatAreMissingWhenTheyAreMadeAnewAreDamage() {
    fill(400);
    ZSetType set = set();
    for (int i = 1; i < 330; i++) {
      set.remove(bytes("m" + i));
    }
    set.save();
    fixture.memory.delete(
        Family.SCORE,
        ElementRows.score(fixture.key().slot(), fixture.key().meta().rowsId(), 390, bytes("m390")));
    ZSetType damaged = set();
    for (int i = 330; i < 380; i++) {
      damaged.remove(bytes("m" + i));
    }
    assertThatThrownBy(damaged::save).isInstanceOf(CorruptStoreException.class);
  }
}
