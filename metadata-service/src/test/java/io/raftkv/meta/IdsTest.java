package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdsTest {
  @Test
  void numbersInNamesOrderAsNumbers() {
    List<String> ids =
        List.of(
            "n10", "n2", "a", "n2b", "n02", "n2a10", "n", "n2a9", "n1", "n99999999999999999999");
    assertThat(ids.stream().sorted(Ids.NATURAL))
        .containsExactly(
            "a", "n", "n1", "n02", "n2", "n2a9", "n2a10", "n2b", "n10", "n99999999999999999999");
  }

  /** Without a total order a map would lose names. */
  @Test
  void orderIsTotalAndConsistentWithEquals() {
    List<String> ids = names(new Random(7));
    for (String a : ids) {
      for (String b : ids) {
        int order = Integer.signum(Ids.NATURAL.compare(a, b));
        assertThat(order).as("%s %s", a, b).isEqualTo(-Integer.signum(Ids.NATURAL.compare(b, a)));
        assertThat(order == 0).isEqualTo(a.equals(b));
        for (String c : ids) {
          if (order <= 0 && Ids.NATURAL.compare(b, c) <= 0) {
            assertThat(Ids.NATURAL.compare(a, c)).as("%s %s %s", a, b, c).isLessThanOrEqualTo(0);
          }
        }
      }
    }
  }

  private static List<String> names(Random random) {
    TreeSet<String> names = new TreeSet<>();
    while (names.size() < 50) {
      StringBuilder name = new StringBuilder();
      for (int i = random.nextInt(5); i >= 0; i--) {
        name.append("019ab".charAt(random.nextInt(5)));
      }
      names.add(name.toString());
    }
    return new ArrayList<>(names);
  }

  @Test
  void shardNumberIsReadFromItsId() {
    assertThat(Ids.shardNumber("s1")).isEqualTo(1);
    assertThat(Ids.shardNumber("s9999999999")).isEqualTo(9_999_999_999L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "s", "s0", "s01", "x1", "s1x", "s-1", "s+1", "s10000000000", "s１"})
  void shardIdOfAnotherFormIsRefused(String id) {
    assertThatThrownBy(() -> Ids.shardNumber(id)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-n", "n 1", "n/1", "n\u00e9", "n\n"})
  void nodeIdOfAnotherFormIsRefused(String id) {
    assertThatThrownBy(() -> Ids.requireNodeId(id)).isInstanceOf(IllegalArgumentException.class);
  }
}
