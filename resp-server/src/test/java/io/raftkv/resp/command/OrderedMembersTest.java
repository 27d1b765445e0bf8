package io.raftkv.resp.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.type.SetType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OrderedMembersTest {
  /** Two by two they have the same hash. */
  private static final List<String> PAIRS =
      List.of("10671464", "15988348", "2546879", "26537412", "26643081", "43496802");

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  /** Beside a thousand others several are read ahead, beside a million ones of at most 4 bytes. */
  @ParameterizedTest
  @CsvSource({"1, false", "1, true", "1000, true", "1000000, true"})
  void membersOfOneHashComeTogether(int together, boolean inRows) {
    CommandRunner runner = new CommandRunner(SetCommands.ALL);
    List<String> members = new ArrayList<>(PAIRS);
    members.addAll(List.of("a", "b", inRows ? "c".repeat(100) : "c"));
    members.forEach(member -> runner.run("SADD", "k", member));
    SetType set = new SetType(runner.view(SetCommands.ALL.get(0)).key(bytes("k")));
    assertThat(set.isOrdered()).isEqualTo(inRows);

    List<byte[]> sorted = new ArrayList<>();
    List<Integer> sizes = new ArrayList<>();
    OrderedMembers walk = new OrderedMembers(set, together);
    while (!walk.isAtEnd()) {
      long hash = walk.hash();
      TreeSet<byte[]> here = new TreeSet<>(Arrays::compareUnsigned);
      walk.takeInto(here);
      assertThat(here).allMatch(member -> KeyRows.hash(member) == hash);
      sizes.add(here.size());
      sorted.addAll(here);
    }
    assertThat(sizes).containsExactlyInAnyOrder(2, 2, 2, 1, 1, 1);
    assertThat(sorted).isSortedAccordingTo(SetType.ORDER);
    assertThat(sorted)
        .extracting(member -> new String(member, ISO_8859_1))
        .containsExactlyInAnyOrderElementsOf(members);

    sorted.add(bytes("not there"));
    sorted.sort(SetType.ORDER);
    OrderedMembers again = new OrderedMembers(set, together);
    for (byte[] wanted : sorted) {
      assertThat(again.comesTo(wanted)).isEqualTo(!Arrays.equals(wanted, bytes("not there")));
    }
    runner.run("SREM", "k", PAIRS.get(0), PAIRS.get(4));
    OrderedMembers fewer =
        new OrderedMembers(
            new SetType(runner.view(SetCommands.ALL.get(0)).key(bytes("k"))), together);
    for (byte[] wanted : sorted) {
      String text = new String(wanted, ISO_8859_1);
      assertThat(fewer.comesTo(wanted))
          .as(text)
          .isEqualTo(!List.of("not there", PAIRS.get(0), PAIRS.get(4)).contains(text));
    }
  }
}
