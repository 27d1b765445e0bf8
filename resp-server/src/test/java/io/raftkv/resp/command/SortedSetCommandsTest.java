package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.CollectionScenario.Block;
import io.raftkv.resp.command.CollectionScenario.Form;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.row.MetaRow;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SortedSetCommandsTest {
  static List<Block> blocks() {
    return CollectionScenario.read("zset");
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void answersAsRedisWhileSortedSetsAreInline(Block block) {
    new CollectionScenario(Form.INLINE).run(block);
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void answersAsRedisWhenSortedSetsAreInRows(Block block) {
    new CollectionScenario(Form.ROWS).run(block);
  }

  @Test
  void aSortedSetMovesToRowsAtEachOfTheLimitsAndStaysThere() {
    CollectionScenario script = new CollectionScenario(Form.INLINE);
    fill(script, "count", 128);
    assertThat(script.encoding("count")).isEqualTo(MetaRow.INLINE);
    script.run("ZADD count 5 one-more");
    assertThat(script.encoding("count")).isEqualTo(MetaRow.ROWS);
    assertThat(script.run("ZCARD count")).isEqualTo(":129");
    script.run("ZREMRANGEBYRANK count 1 -1");
    assertThat(script.encoding("count")).isEqualTo(MetaRow.ROWS);
    assertThat(script.run("ZRANGE count 0 -1")).isEqualTo("[\"m0\"]");

    script.run("ZADD member 1 " + "x".repeat(64));
    assertThat(script.encoding("member")).isEqualTo(MetaRow.INLINE);
    script.run("ZADD member 1 " + "x".repeat(65));
    assertThat(script.encoding("member")).isEqualTo(MetaRow.ROWS);

    StringBuilder total = new StringBuilder("ZADD total");
    for (int i = 10; i < 66; i++) {
      total.append(" 1 ").append("x".repeat(62)).append(i);
    }
    script.run(total.toString());
    assertThat(script.encoding("total")).isEqualTo(MetaRow.INLINE);
    script.run("ZADD total 1 " + "y".repeat(64));
    assertThat(script.encoding("total")).isEqualTo(MetaRow.ROWS);
  }

  /** As Redis from 7.2 on; 7.0, which others are compared with, unpacks before the 129th. */
  @Test
  void aZaddOfManyMembersKeepsTheSignOfZeroOfAllThatAreNew() {
    CollectionScenario script = new CollectionScenario(Form.INLINE);
    script.run("ZADD few -0 m0 -0 m1");
    for (String key : List.of("new", "few")) {
      StringBuilder many = new StringBuilder("ZADD " + key);
      for (int i = 0; i < 129; i++) {
        many.append(" -0 m").append(i);
      }
      script.run(many.toString());
      Reply first = Reply.doubleValue(key.equals("new") ? -0.0 : 0.0);
      assertThat(script.runner.run("ZSCORE", key, "m0")).isEqualTo(first);
      assertThat(script.runner.run("ZSCORE", key, "m2")).isEqualTo(Reply.doubleValue(-0.0));
      assertThat(script.runner.run("ZSCORE", key, "m128")).isEqualTo(Reply.doubleValue(-0.0));
    }
    script.run("ZADD twice" + " -0 a 0 a".repeat(65));
    script.run("ZADD twice -0 b");
    assertThat(script.runner.run("ZMSCORE", "twice", "a", "b"))
        .isEqualTo(Reply.array(Reply.doubleValue(-0.0), Reply.doubleValue(-0.0)));
  }

  @Test
  void anAnswerThatChangesNothingLeavesTheVersionAlone() {
    CollectionScenario script = new CollectionScenario(Form.INLINE);
    script.run("ZADD z 1 a");
    String before = script.runner.rows().dump();
    script.run("ZADD z 1 a");
    script.run("ZADD z NX 2 a");
    script.run("ZADD z XX 2 b");
    script.run("ZADD z GT INCR -1 a");
    script.run("ZINCRBY z 0 a");
    script.run("ZREM z b");
    script.run("ZREMRANGEBYSCORE z 2 3");
    script.run("ZPOPMIN z 0");
    assertThat(script.runner.rows().dump()).isEqualTo(before);
  }

  @Test
  void aStoredResultReplacesKeyAndExpiry() {
    CollectionScenario script = new CollectionScenario(Form.ROWS);
    fill(script, "a", 200);
    fill(script, "d", 300);
    assertThat(script.run("ZRANGESTORE d a 0 -1")).isEqualTo(":200");
    assertThat(script.run("ZDIFFSTORE d 1 a")).isEqualTo(":200");
    assertThat(script.run("ZCARD d")).isEqualTo(":200");
    assertThat(script.run("ZRANGE d 199 199 WITHSCORES")).isEqualTo("<[\"m199\" ,199]>");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 100, 5000})
  void aScanSeesEveryMemberOnce(int count) {
    CollectionScenario script = new CollectionScenario(Form.ROWS);
    fill(script, "z", 1000);
    Map<String, String> seen = new TreeMap<>();
    String cursor = "0";
    int calls = 0;
    do {
      Reply.Array reply =
          (Reply.Array) script.runner.run("ZSCAN", "z", cursor, "COUNT", Integer.toString(count));
      List<Reply> page = ((Reply.Array) reply.items().get(1)).items();
      for (int i = 0; i < page.size(); i += 2) {
        assertThat(seen.put(bulk(page.get(i)), bulk(page.get(i + 1)))).isNull();
      }
      cursor = bulk(reply.items().get(0));
      calls++;
    } while (!cursor.equals("0"));
    assertThat(seen).hasSize(1000).containsEntry("m17", "17");
    assertThat(calls).isEqualTo((1000 + count - 1) / count);
  }

  @Test
  void aCursorThatNoScanGaveEndsTheScan() {
    CollectionScenario script = new CollectionScenario(Form.ROWS);
    fill(script, "z", 200);
    assertThat(script.run("ZSCAN z 18446744073709551615")).isEqualTo("[\"0\" []]");
    assertThat(script.run("ZSCAN z 281474976710656")).isEqualTo("[\"0\" []]");
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void randomMembersAreDifferentForPositiveCounts(Form form) {
    CollectionScenario script = new CollectionScenario(form);
    int size = form == Form.INLINE ? 100 : 1000;
    fill(script, "z", size);
    for (int count : new int[] {1, 2, size / 4, size / 2, size - 1, size, size + 1}) {
      Reply.Array reply = (Reply.Array) script.runner.run("ZRANDMEMBER", "z", "" + count);
      TreeSet<String> members = new TreeSet<>();
      reply.items().forEach(each -> members.add(bulk(each)));
      assertThat(members).hasSize(Math.min(count, size)).allMatch(each -> each.startsWith("m"));
    }
    Reply.Pairs pairs =
        (Reply.Pairs) script.runner.run("ZRANDMEMBER", "z", "-" + 2 * size, "WITHSCORES");
    assertThat(pairs.firstsAndSeconds()).hasSize(4 * size);
    for (int i = 0; i < 4 * size; i += 2) {
      double score = ((Reply.DoubleValue) pairs.firstsAndSeconds().get(i + 1)).value();
      assertThat("m" + (int) score).isEqualTo(bulk(pairs.firstsAndSeconds().get(i)));
    }
  }

  /** Chi-squared with 299 degrees of freedom exceeds 400 with a chance of less than 1 in 10000. */
  @Test
  void randomMembersOfLargeSetsHaveEqualChances() {
    CollectionScenario script = new CollectionScenario(Form.ROWS);
    fill(script, "z", 300);
    script.runner.seed(42);
    Map<String, Integer> picks = new TreeMap<>();
    Reply.Array reply = (Reply.Array) script.runner.run("ZRANDMEMBER", "z", "-60000");
    reply.items().forEach(each -> picks.merge(bulk(each), 1, Integer::sum));
    double expected = 60000 / 300.0;
    double chiSquared =
        picks.values().stream().mapToDouble(n -> (n - expected) * (n - expected) / expected).sum();
    assertThat(picks).hasSize(300);
    assertThat(chiSquared).isLessThan(400);
  }

  @Test
  void aReplyOfRandomMembersIsBounded() {
    CollectionScenario script = new CollectionScenario(Form.INLINE);
    fill(script, "z", 3);
    assertThat(script.run("ZRANDMEMBER z -1048577")).isEqualTo("-ERR value is out of range");
  }

  @Test
  void theTableNamesEachCommandOnce() {
    List<String> names = new ArrayList<>();
    SortedSetCommands.ALL.forEach(spec -> names.add(spec.redisName()));
    assertThat(names).doesNotHaveDuplicates().hasSize(32);
    assertThat(SortedSetCommands.ALL).allMatch(spec -> spec.group() == Group.SORTED_SET);
  }

  private static void fill(CollectionScenario script, String key, int members) {
    List<String> words = new ArrayList<>(List.of("ZADD", key));
    for (int i = 0; i < members; i++) {
      words.add(Integer.toString(i));
      words.add("m" + i);
    }
    script.run(String.join(" ", words));
  }

  private static String bulk(Reply reply) {
    return new String(((Reply.Bulk) reply).bytes(), StandardCharsets.ISO_8859_1);
  }

  /** Their difference is more than a long can hold. */
  @ParameterizedTest
  @EnumSource(Form.class)
  void rangesOfExtremeRanksAreEmptyOrAll(Form form) {
    CollectionScenario script = new CollectionScenario(form);
    script.run("ZADD far 1 a 2 b 3 c");
    for (String key : new String[] {"far", "none"}) {
      for (String name : new String[] {"ZRANGE ", "ZREVRANGE "}) {
        assertThat(script.run(name + key + " 196 " + -Long.MAX_VALUE)).isEqualTo("[]");
        assertThat(script.run(name + key + " " + Long.MAX_VALUE + " " + Long.MIN_VALUE))
            .isEqualTo("[]");
      }
    }
    assertThat(script.run("ZRANGE far " + Long.MIN_VALUE + " " + Long.MAX_VALUE))
        .isEqualTo("[\"a\" \"b\" \"c\"]");
  }
}
