package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.CollectionScenario.Block;
import io.raftkv.resp.command.CollectionScenario.Form;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ListCommandsTest {
  static List<Block> blocks() {
    return CollectionScenario.read("list");
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void answersAsRedisWhileListsAreInline(Block block) {
    new CollectionScenario(Form.INLINE).run(block);
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void answersAsRedisWhenListsAreInRows(Block block) {
    new CollectionScenario(Form.ROWS).run(block);
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void changesKeepTheExpiryEvenWhenTheOnlyElementIsRotated(Form form) {
    CollectionScenario script = new CollectionScenario(form);
    script.run("RPUSH k a");
    long dies = script.runner.timeMillis() + 1000;
    expireAt(script, dies);
    script.run("LMOVE k k LEFT RIGHT");
    script.run("RPUSH k b");
    script.run("LSET k 0 c");
    script.run("LTRIM k 0 0");
    script.runner.timeMillis(dies - 1);
    assertThat(script.run("LRANGE k 0 -1")).isEqualTo("[\"c\"]");
    script.runner.timeMillis(dies);
    assertThat(script.run("LRANGE k 0 -1")).isEqualTo("[]");
    assertThat(script.run("LPUSHX k x")).isEqualTo(":0");
    assertThat(script.run("RPUSH k new")).isEqualTo(":1");
  }

  @Test
  void aListMovesToRowsAtEachOfTheLimitsAndStaysThere() {
    CollectionScenario script = new CollectionScenario(Form.INLINE);
    script.run("RPUSH count" + " x".repeat(128));
    assertThat(script.encoding("count")).isEqualTo(MetaRow.INLINE);
    script.run("LPUSH count y");
    assertThat(script.encoding("count")).isEqualTo(MetaRow.ROWS);
    script.run("LTRIM count 0 0");
    assertThat(script.encoding("count")).isEqualTo(MetaRow.ROWS);
    assertThat(script.run("LRANGE count 0 -1")).isEqualTo("[\"y\"]");

    script.run("RPUSH element a " + "x".repeat(64));
    assertThat(script.encoding("element")).isEqualTo(MetaRow.INLINE);
    script.run("LSET element 0 " + "x".repeat(65));
    assertThat(script.encoding("element")).isEqualTo(MetaRow.ROWS);

    script.run("RPUSH total" + (" " + "x".repeat(63)).repeat(63));
    assertThat(script.encoding("total")).isEqualTo(MetaRow.INLINE);
    script.run("LINSERT total BEFORE " + "x".repeat(63) + " " + "y".repeat(63));
    assertThat(script.encoding("total")).isEqualTo(MetaRow.ROWS);
    assertThat(script.run("LLEN total")).isEqualTo(":64");
  }

  private static void expireAt(CollectionScenario script, long timeMillis) {
    Keyspace.forApply(script.runner.rows(), 0, script.runner.timeMillis(), 1)
        .key(new byte[] {'k'})
        .expireAt(timeMillis);
  }

  /** Their difference is more than a long can hold. */
  @ParameterizedTest
  @EnumSource(Form.class)
  void rangesOfExtremeIndexesAreEmptyOrAll(Form form) {
    CollectionScenario script = new CollectionScenario(form);
    script.run("RPUSH far a b c");
    for (String key : new String[] {"far", "none"}) {
      assertThat(script.run("LRANGE " + key + " 196 " + -Long.MAX_VALUE)).isEqualTo("[]");
      assertThat(script.run("LRANGE " + key + " " + Long.MAX_VALUE + " " + Long.MIN_VALUE))
          .isEqualTo("[]");
    }
    assertThat(script.run("LRANGE far " + Long.MIN_VALUE + " " + Long.MAX_VALUE))
        .isEqualTo("[\"a\" \"b\" \"c\"]");
  }
}
