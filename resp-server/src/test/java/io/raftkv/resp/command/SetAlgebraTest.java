package io.raftkv.resp.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.type.SetType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Many sets together: what is held of them is bounded. */
class SetAlgebraTest {
  private static final long MIB = 1L << 20;
  private static final int SETS = 200;

  private final CommandRunner runner = new CommandRunner(SetCommands.ALL);

  private SetType set(String key) {
    return new SetType(runner.view(SetCommands.ALL.get(0)).key(key.getBytes(ISO_8859_1)));
  }

  /** As if each were another key: views of one key hold what they read for themselves. */
  private List<SetType> sets(String key) {
    List<SetType> sets = new ArrayList<>();
    for (int i = 0; i < SETS; i++) {
      sets.add(set(key));
    }
    return sets;
  }

  private static long usedBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  @Test
  void largeMembersOfManySetsAreNotHeld() {
    runner.run("SADD", "k", "a".repeat((int) MIB), "b", "c", "d".repeat((int) MIB));
    List<SetType> sets = sets("k");
    long before = usedBytes();
    List<Integer> found = new ArrayList<>();
    SetAlgebra.intersect(
        sets,
        member -> {
          assertThat(usedBytes() - before).isLessThan(16 * MIB);
          return found.add(member.length);
        });
    assertThat(found).containsExactlyInAnyOrder((int) MIB, 1, 1, (int) MIB);
    Reply.Streamed union = (Reply.Streamed) SetAlgebra.unionReply(sets);
    List<Integer> lengths = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      union
          .elements()
          .next(
              (member, none) -> {
                lengths.add(((Reply.Bulk) member).bytes().length);
                return false;
              });
      assertThat(usedBytes() - before).isLessThan(16 * MIB);
    }
    assertThat(lengths).isEqualTo(found);
    SetAlgebra.subtract(
        sets.subList(0, 2),
        member -> {
          throw new AssertionError("a set without itself is empty");
        });
  }

  /** Each set holds a few of its members, some of them by their hashes only. */
  @Test
  void manyLargeSetsOfMembersOfAllLengths() {
    Set<String> all = new TreeSet<>();
    Set<String> common = new TreeSet<>();
    List<SetType> sets = new ArrayList<>();
    for (int s = 0; s < SETS; s++) {
      List<String> words = new ArrayList<>(List.of("SADD", "k" + s));
      for (int i = 0; i < 150; i++) {
        String member = i < 100 ? "common" + i : "own" + s + "-" + i;
        words.add(member + "x".repeat(i % 20 == 0 ? 30_000 : i));
        (i < 100 ? common : all).add(words.get(words.size() - 1));
      }
      if (s % 10 == 0) {
        words.subList(102, words.size()).clear(); // in rows, too, for its long members
      }
      runner.run(words.toArray(String[]::new));
      sets.add(set("k" + s));
    }
    all.removeIf(member -> member.matches("own\\d*0-.*"));
    all.addAll(common);
    Set<String> found = new TreeSet<>();
    SetAlgebra.intersect(sets, member -> found.add(new String(member, ISO_8859_1)));
    assertThat(found.equals(common)).isTrue();
    List<byte[]> merged = new ArrayList<>();
    ((Reply.Streamed) SetAlgebra.unionReply(sets))
        .elements()
        .next((member, none) -> merged.add(((Reply.Bulk) member).bytes()));
    assertThat(merged).isSortedAccordingTo(SetType.ORDER).hasSize(all.size());
    Set<String> texts = new TreeSet<>();
    merged.forEach(member -> texts.add(new String(member, ISO_8859_1)));
    assertThat(texts.equals(all)).isTrue();
  }
}
