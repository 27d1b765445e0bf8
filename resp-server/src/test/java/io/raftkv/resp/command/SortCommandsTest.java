package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.RespErrors;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SortCommandsTest {
  private final CommandRunner runner = new CommandRunner(specs());
  private final CommandScript script = new CommandScript(runner);

  static List<CommandSpec> specs() {
    List<CommandSpec> specs = new ArrayList<>(StringCommands.ALL);
    specs.addAll(GenericCommands.ALL);
    specs.addAll(DatabaseCommands.ALL);
    specs.addAll(SortCommands.ALL);
    specs.addAll(ListCommands.ALL);
    specs.addAll(SetCommands.ALL);
    specs.addAll(SortedSetCommands.ALL);
    specs.addAll(HashCommands.ALL);
    return specs;
  }

  /** With a pattern that tries again at every digit this would take hours, in apply. */
  @Test
  void aLongTextThatIsNearlyANumberIsRefusedAtOnce() {
    for (String digits : List.of("1".repeat(2_000_000), "0x" + "a".repeat(2_000_000))) {
      run("DEL l");
      run("RPUSH l " + digits + "~");
      assertThat(run("SORT l STORE d")).contains(RespErrors.SORT_NOT_NUMBERS);
    }
  }

  @Test
  void moreAnswersThanFitAreRefused() {
    StringBuilder push = new StringBuilder("RPUSH l");
    push.append(" x".repeat(1 << 13));
    run(push.toString());
    String gets = " GET #".repeat((1 << 11) + 1);
    assertThat(run("SORT l BY nosort" + gets + " STORE d")).contains(RespErrors.OUT_OF_RANGE);
    assertThat(run("EXISTS d")).isEqualTo(":0");
  }

  private String run(String command) {
    return ReplyText.of(runner.run(command.split(" ")));
  }

  @Test
  void numbersAreSortedInEitherDirection() {
    script.check(
        """
        RPUSH l 10 9 -1 2.5 1e1 0x10 inf -inf 9 => :9
        SORT l => ["-inf", "-1", "2.5", "9", "9", "10", "1e1", "0x10", "inf"]
        SORT l ASC => ["-inf", "-1", "2.5", "9", "9", "10", "1e1", "0x10", "inf"]
        SORT l DESC => ["inf", "0x10", "1e1", "10", "9", "9", "2.5", "-1", "-inf"]
        SORT_RO l desc LIMIT 0 2 => ["inf", "0x10"]
        SORT l LIMIT 7 10 => ["0x10", "inf"]
        SORT l LIMIT -3 1 => ["-inf"]
        SORT l LIMIT 0 0 => []
        SORT l LIMIT 9 1 => []
        SORT l LIMIT 7 -5 => ["0x10", "inf"]
        SORT l LIMIT 9223372036854775807 9223372036854775807 => []
        SORT l ALPHA => ["-1", "-inf", "0x10", "10", "1e1", "2.5", "9", "9", "inf"]
        SORT l ALPHA DESC LIMIT 0 2 => ["inf", "9"]
        SORT none => []
        SADD s 3 1 2 => :3
        SORT s DESC => ["3", "2", "1"]
        ZADD z 1 30 2 20 3 10 => :3
        SORT z => ["10", "20", "30"]
        """);
  }

  @Test
  void anEmptyTextIsZeroAndLeadingBlanksDoNotCount() {
    script.check("RPUSH l 1 '' ' -1' => :3\nSORT l => [\" -1\", \"\", \"1\"]");
    assertThat(CommandScript.text(runner.run("RPUSH", "zero", "5", "3\0x"))).isEqualTo(":2");
    assertThat(CommandScript.text(runner.run("SORT", "zero"))).isEqualTo("[\"3\0x\", \"5\"]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x", "1 ", "-", "+", ".", "1e", "nan", "1,5", "--1", "1e999", "1e-999", "0x", " "})
  void whatIsNoNumberIsRefused(String text) {
    runner.run("RPUSH", "l", "1", text);
    script.check("SORT l => -" + RespErrors.SORT_NOT_NUMBERS);
    script.check("SET w_1 1 => OK\nSORT l BY w_* LIMIT 0 0 => []");
    runner.run("SET", "w_1", text);
    script.check("SORT_RO l BY w_* LIMIT 0 0 => -" + RespErrors.SORT_NOT_NUMBERS);
    script.check("SORT l BY w_* STORE d => -" + RespErrors.SORT_NOT_NUMBERS);
  }

  @Test
  void weightsAndAnswersComeFromOtherKeys() {
    script.check(
        """
        SADD s 1 2 3 4 => :4
        MSET w_1 30 w_2 20 w_3 10 n_1 one n_2 two n_3 three => OK
        HSET h_1 name uno weight 1 => :2
        HSET h_2 name dos weight 5 => :2
        HSET h_3 weight 3 => :1
        SORT s BY w_* => ["4", "3", "2", "1"]
        SORT s BY w_* DESC => ["1", "2", "3", "4"]
        SORT s BY w_* GET n_* => [nil, "three", "two", "one"]
        SORT s BY w_* GET # GET n_* LIMIT 1 2 => ["3", "three", "2", "two"]
        SORT s BY h_*->weight GET h_*->name => [nil, "uno", nil, "dos"]
        SORT s BY n_* ALPHA => ["4", "1", "3", "2"]
        SORT s BY n_* ALPHA DESC => ["2", "3", "1", "4"]
        SORT s GET plain => [nil, nil, nil, nil]
        SORT s GET # => ["1", "2", "3", "4"]
        SORT s BY h_* => ["1", "2", "3", "4"]
        SORT s GET h_* LIMIT 0 1 => [nil]
        SORT s GET n_*->x LIMIT 0 1 => [nil]
        SET 'k_1->' arrow => OK
        SORT s GET k_*-> LIMIT 0 1 => ["arrow"]
        SET pre1post->x y => OK
        SORT s GET pre*post->x LIMIT 0 1 => [nil]
        SET 1* twice => OK
        SORT s GET ** LIMIT 0 1 => ["twice"]
        EXPIRE n_1 1 => :1
        @1000
        SORT s GET n_* LIMIT 0 1 => [nil]
        """);
  }

  @Test
  void equalWeightsAreOrderedByTheElements() {
    script.check(
        """
        RPUSH l b a c => :3
        MSET w_a 1 w_b 1 t_b x t_c x => OK
        SORT l BY w_* => ["c", "a", "b"]
        SORT l BY w_* DESC => ["b", "a", "c"]
        SORT l BY none_* => ["a", "b", "c"]
        SORT l BY none_* ALPHA DESC => ["c", "b", "a"]
        SORT l BY t_* ALPHA => ["a", "b", "c"]
        RPUSH zeros 0 -0 0.0 => :3
        SORT zeros => ["-0", "0", "0.0"]
        """);
  }

  @Test
  void withoutASortTheOrderIsThatOfTheKey() {
    script.check(
        """
        RPUSH l b a c d => :4
        SORT l BY nosort => ["b", "a", "c", "d"]
        SORT l BY nosort DESC => ["d", "c", "a", "b"]
        SORT l BY nosort LIMIT 1 2 => ["a", "c"]
        SORT l BY nosort DESC LIMIT 1 2 => ["c", "a"]
        SORT l BY nosort LIMIT 2 100 GET # => ["c", "d"]
        SORT l BY nosort LIMIT 4 1 => []
        SORT l BY nosort DESC LIMIT 4 1 => []
        SORT l BY nosort LIMIT 0 0 => []
        ZADD z 3 a 1 c 2 b => :3
        SORT z BY nosort => ["c", "b", "a"]
        SORT z BY nosort DESC => ["a", "b", "c"]
        SORT z BY nosort DESC LIMIT 1 1 => ["b"]
        SORT z BY nosort LIMIT 3 1 => []
        SORT l BY nosort BY none_* => ["b", "a", "c", "d"]
        SADD s b a c => :3
        SORT s BY nosort STORE d => :3
        LRANGE d 0 -1 => ["a", "b", "c"]
        SORT s BY nosort DESC LIMIT 0 2 STORE d => :2
        LRANGE d 0 -1 => ["c", "b"]
        """);
  }

  @Test
  void theResultIsStoredAsAList() {
    script.check(
        """
        RPUSH l 3 1 2 => :3
        SET n_1 one => OK
        SET d old EX 100 => OK
        SORT l STORE d => :3
        TYPE d => list
        TTL d => :-1
        LRANGE d 0 -1 => ["1", "2", "3"]
        SORT l GET n_* GET # LIMIT 0 2 STORE d => :4
        LRANGE d 0 -1 => ["one", "1", "", "2"]
        SORT l DESC STORE l => :3
        LRANGE l 0 -1 => ["3", "2", "1"]
        SORT l STORE other STORE d => :3
        EXISTS other => :0
        SORT none STORE d => :0
        EXISTS d => :0
        SORT l LIMIT 5 5 STORE l => :0
        EXISTS l => :0
        """);
  }

  @Test
  void mistakesChangeNothing() {
    script.check(
        """
        SET k v => OK
        HSET h f v => :1
        RPUSH l 1 => :1
        SORT => -ERR wrong number of arguments for 'sort' command
        SORT_RO => -ERR wrong number of arguments for 'sort_ro' command
        SORT k => -WRONGTYPE Operation against a key holding the wrong kind of value
        SORT h STORE d => -WRONGTYPE Operation against a key holding the wrong kind of value
        SORT k BY nosort => -WRONGTYPE Operation against a key holding the wrong kind of value
        SORT k FOO => -ERR syntax error
        SORT l LIMIT 1 => -ERR syntax error
        SORT l BY => -ERR syntax error
        SORT l GET => -ERR syntax error
        SORT l STORE => -ERR syntax error
        SORT_RO l STORE d => -ERR syntax error
        SORT l LIMIT x 1 => -ERR value is not an integer or out of range
        SORT l LIMIT 0 1.5 STORE d => -ERR value is not an integer or out of range
        EXISTS d => :0
        """);
  }

  @Test
  void keysOfACallAreTheKeyAndTheDestination() {
    KeySpec keys = new CommandTable(List.of(SortCommands.ALL)).find("SORT").keys();
    assertThat(keys.positions(words("SORT k BY STORE GET STORE STORE d"))).containsExactly(1, 7);
    assertThat(keys.positions(words("SORT k LIMIT 0 1"))).containsExactly(1);
  }

  private static Args words(String command) {
    return new Args(
        java.util.Arrays.stream(command.split(" "))
            .map(word -> word.getBytes(java.nio.charset.StandardCharsets.US_ASCII))
            .toArray(byte[][]::new));
  }
}
