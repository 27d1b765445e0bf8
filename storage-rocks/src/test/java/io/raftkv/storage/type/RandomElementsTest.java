package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.text;
import static io.raftkv.storage.type.TypeFixture.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RandomElementsTest {
  private final TypeFixture fixture = new TypeFixture();
  private final SeededRandom random = new SeededRandom(20_261_121);

  @ParameterizedTest
  @ValueSource(strings = {"inline", "rows"})
  void smallSetsArePickedFromEvenly(String form) {
    fill(10, form.equals("rows"));
    int rounds = 20_000;

    // Six standard deviations of a binomial with p = 0.1 and n = 20,000 are 255.
    assertCounts(rounds, 2_000, 255, counts -> count(counts, fixture.set().random(random)));
    assertCounts(
        rounds / 3,
        2_000,
        255,
        counts -> fixture.set().randomDistinct(3, random).forEach(m -> count(counts, m)));
    assertCounts(
        rounds / 4,
        2_000,
        255,
        counts -> fixture.set().randomRepeated(4, random).forEach(m -> count(counts, m)));
  }

  /** Down to the last one, no pick steps over many that were taken before, but when rows move. */
  @Test
  void aDrainedSetIsPickedFromAsQuicklyAsASmallOne() {
    fill(20_000, true);
    int slow = 0;
    while (fixture.set().size() > 1) {
      fixture.rows.reset();
      fixture.set().pop(1, random);
      slow += fixture.rows.skipped > 1_000 ? 1 : 0;
    }
    assertThat(slow).isLessThanOrEqualTo(4);
    fixture.memory.verify();
  }

  @Test
  void largeSetsArePickedFromNearlyEvenly() {
    fill(2_000, true);
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 100_000; i++) {
      count(counts, fixture.set().random(random));
    }

    assertThat(counts).hasSize(2_000);
    assertThat(counts.values()).allSatisfy(n -> assertThat(n).isBetween(10, 125));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 100, 300, 333, 334, 700, 999, 1_000, 5_000})
  void aSampleHasAsManyDifferentMembersAsWanted(int count) {
    fill(1_000, true);

    List<String> sample = texts(fixture.set().randomDistinct(count, random));

    assertThat(sample).hasSize(Math.min(count, 1_000)).doesNotHaveDuplicates();
    assertThat(sample).allSatisfy(m -> assertThat(fixture.set().contains(bytes(m))).isTrue());
  }

  @Test
  void aSampleOfNothingIsEmpty() {
    assertThat(fixture.set().randomDistinct(5, random)).isEmpty();
    fill(1_000, true);
    assertThat(fixture.set().randomDistinct(0, random)).isEmpty();
    assertThat(fixture.set().randomRepeated(0, random)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 50, 999, 1_000, 3_000})
  void repeatedPicksAreAsManyAsWanted(int count) {
    fill(1_000, true);

    List<String> picks = texts(fixture.set().randomRepeated(count, random));

    assertThat(picks).hasSize(count);
    assertThat(picks).allSatisfy(m -> assertThat(fixture.set().contains(bytes(m))).isTrue());
    if (count == 3_000) {
      assertThat(new HashSet<>(picks)).hasSizeBetween(900, 990); // 1000 (1 - e^-3) = 950
    }
  }

  @Test
  void equalSeedsPickAlike() {
    fill(1_000, true);
    for (int seed = 0; seed < 20; seed++) {
      assertThat(texts(fixture.set().randomDistinct(20, new SeededRandom(seed))))
          .isEqualTo(texts(fixture.set().randomDistinct(20, new SeededRandom(seed))));
    }
  }

  @Test
  void aPickFromALargeSetReadsAFewRowsOnly() {
    fill(1_000, true);
    fixture.rows.reset();
    fixture.set().random(random);

    assertThat(fixture.rows.gets).isEqualTo(1);
    assertThat(fixture.rows.cursors).isLessThanOrEqualTo(2);
  }

  @Test
  void aSizeWithoutRowsIsDamage() {
    byte[] payload = ByteBuffer.allocate(17).putLong(99).putLong(500).put((byte) 1).array();
    fixture.key().update(KeyType.SET, MetaRow.ROWS, payload);

    assertThat(fixture.memory.size(Family.DATA)).isZero();
    assertThatThrownBy(() -> fixture.set().random(random))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> fixture.set().randomDistinct(3, random))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> fixture.set().randomDistinct(500, random))
        .isInstanceOf(CorruptStoreException.class);
  }

  private void fill(int members, boolean inRows) {
    List<byte[]> all = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      all.add(bytes("m" + i));
    }
    fixture.set().addAll(all);
    if (inRows) {
      byte[] large = new byte[65];
      fixture.set().addAll(List.of(large));
      fixture.set().removeAll(List.of(large));
    }
    assertThat(fixture.encoding()).isEqualTo(inRows ? MetaRow.ROWS : MetaRow.INLINE);
  }

  private static void assertCounts(
      int rounds, int expected, int tolerance, Consumer<Map<String, Integer>> round) {
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < rounds; i++) {
      round.accept(counts);
    }
    assertThat(counts).hasSize(10);
    assertThat(counts.values())
        .allSatisfy(n -> assertThat(n).isBetween(expected - tolerance, expected + tolerance));
  }

  private static void count(Map<String, Integer> counts, byte[] member) {
    counts.merge(text(member), 1, Integer::sum);
  }
}
