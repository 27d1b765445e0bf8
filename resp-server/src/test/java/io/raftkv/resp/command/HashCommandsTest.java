package io.raftkv.resp.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command on small hashes and on hashes in rows. */
@ParameterizedClass(name = "in rows: {0}")
@ValueSource(booleans = {false, true})
class HashCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_INTEGER = "ERR value is not an integer or out of range";

  @Parameter boolean inRows;
  private CollectionScript script;

  @BeforeEach
  void setUp() {
    List<CommandSpec> specs = new ArrayList<>(HashCommands.ALL);
    specs.addAll(SetCommands.ALL);
    script = new CollectionScript(specs, inRows);
    script.hash("h", "a 1 b two c 3.5");
    script.run("SADD s x");
  }

  @Test
  void hsetAnswersTheNumberOfNewFields() {
    is("HSET h a 9 d 4", ":1");
    is("HSET h e 1 e 2", ":1");
    is("HSET new f v", ":1");
    is("HGETALL new", "{'f'='v'}");
    is("HGETALL h", "{'a'='9' 'b'='two' 'c'='3.5' 'd'='4' 'e'='2'}");
    script.fails("HSET h a", "ERR wrong number of arguments for 'hset' command");
    script.fails("HSET h a 1 b", "ERR wrong number of arguments for 'hset' command");
    script.fails("HSET s a 1", WRONG_TYPE);
    script.fails("HSET s a 1 b", "ERR wrong number of arguments for 'hset' command");
    script.leavesAlone("HSET h a 9 e 2", ":0");
  }

  @Test
  void hmsetAnswersOk() {
    is("HMSET h a 9 d 4", "OK");
    is("HMGET h a d", "['9' '4']");
    script.fails("HMSET h a 1 b", "ERR wrong number of arguments for 'hmset' command");
    script.fails("HMSET s a 1", WRONG_TYPE);
  }

  @Test
  void hsetnxSetsNewFieldsOnly() {
    script.leavesAlone("HSETNX h a 9", ":0");
    is("HSETNX h d 4", ":1");
    is("HSETNX new f v", ":1");
    is("HMGET h a d", "['1' '4']");
    script.fails("HSETNX s a 1", WRONG_TYPE);
    script.fails("HSETNX h a", "ERR wrong number of arguments for 'hsetnx' command");
  }

  @Test
  void hgetAndHmgetAnswerNullForWhatIsMissing() {
    is("HGET h b", "'two'");
    is("HGET h none", "nil");
    is("HGET none a", "nil");
    is("HMGET h a none c a", "['1' nil '3.5' '1']");
    is("HMGET none a b", "[nil nil]");
    script.fails("HGET s a", WRONG_TYPE);
    script.fails("HMGET s a", WRONG_TYPE);
    script.fails("HMGET h", "ERR wrong number of arguments for 'hmget' command");
  }

  @Test
  void hgetallHkeysAndHvalsAnswerEverything() {
    assertThat(script.sorted("HGETALL h")).isEqualTo("{'a'='1' 'b'='two' 'c'='3.5'}");
    assertThat(script.sorted("HKEYS h")).isEqualTo("['a' 'b' 'c']");
    assertThat(script.sorted("HVALS h")).isEqualTo("['1' '3.5' 'two']");
    is("HGETALL none", "{}");
    is("HKEYS none", "[]");
    is("HVALS none", "[]");
    for (String command : List.of("HGETALL", "HKEYS", "HVALS", "HLEN")) {
      script.fails(command + " s", WRONG_TYPE);
    }
    if (!inRows) {
      assertThat(script.run("HKEYS h")).isEqualTo("['a' 'b' 'c']");
    }
  }

  @Test
  void hdelRemovesFieldsAndTheKeyWithTheLastOne() {
    is("HDEL h a none a", ":1");
    script.leavesAlone("HDEL h none", ":0");
    script.leavesAlone("HDEL none a", ":0");
    is("HLEN h", ":2");
    is("HDEL h b c", ":2");
    assertThat(script.exists("h")).isFalse();
    script.fails("HDEL s a", WRONG_TYPE);
    script.fails("HDEL h", "ERR wrong number of arguments for 'hdel' command");
  }

  @Test
  void hlenHexistsAndHstrlenMeasure() {
    is("HLEN h", ":3");
    is("HLEN none", ":0");
    is("HEXISTS h a", ":1");
    is("HEXISTS h none", ":0");
    is("HEXISTS none a", ":0");
    is("HSTRLEN h b", ":3");
    is("HSTRLEN h none", ":0");
    is("HSTRLEN none a", ":0");
    script.fails("HEXISTS s a", WRONG_TYPE);
    script.fails("HSTRLEN s a", WRONG_TYPE);
  }

  @Test
  void hincrbyCountsFromZeroAndNeverWraps() {
    is("HINCRBY h a 41", ":42");
    is("HINCRBY h a -50", ":-8");
    is("HINCRBY h n 5", ":5");
    is("HINCRBY new n -5", ":-5");
    is("HGET h a", "'-8'");
    is("HINCRBY h max 9223372036854775807", ":9223372036854775807");
    is("HINCRBY h min -9223372036854775808", ":-9223372036854775808");
    script.fails("HINCRBY h max 1", "ERR increment or decrement would overflow");
    script.fails("HINCRBY h min -1", "ERR increment or decrement would overflow");
    script.fails("HINCRBY h b 1", "ERR hash value is not an integer");
    script.fails("HINCRBY h c 1", "ERR hash value is not an integer");
    script.fails("HINCRBY h a 1.5", NOT_INTEGER);
    script.fails("HINCRBY h a x", NOT_INTEGER);
    script.fails("HINCRBY h a 9223372036854775808", NOT_INTEGER);
    script.fails("HINCRBY s a x", NOT_INTEGER);
    script.fails("HINCRBY s a 1", WRONG_TYPE);
    script.leavesAlone("HINCRBY h a 0", ":-8");
    script.fails("HINCRBY h a", "ERR wrong number of arguments for 'hincrby' command");
  }

  @Test
  void hincrbyfloatAddsAsRedisDoes() {
    is("HINCRBYFLOAT h c 0.1", "'3.6'");
    is("HINCRBYFLOAT h a 5.0e3", "'5001'");
    is("HINCRBYFLOAT h f 1e-17", "'0.00000000000000001'");
    is("HINCRBYFLOAT new n -1.50", "'-1.5'");
    is("HGET h c", "'3.6'");
    is("HINCRBYFLOAT h a -5001", "'0'");
    script.run("HSET h inf inf large 1.1e4932");
    script.fails("HINCRBYFLOAT h b 1", "ERR hash value is not a float");
    script.fails("HINCRBYFLOAT h a x", "ERR value is not a valid float");
    script.fails("HINCRBYFLOAT h a nan", "ERR value is not a valid float");
    script.fails("HINCRBYFLOAT h a inf", "ERR value is NaN or Infinity");
    script.fails("HINCRBYFLOAT h a -inf", "ERR value is NaN or Infinity");
    script.fails("HINCRBYFLOAT h inf 1", "ERR increment would produce NaN or Infinity");
    script.fails("HINCRBYFLOAT h large 1.1e4932", "ERR increment would produce NaN or Infinity");
    script.fails("HINCRBYFLOAT s a x", "ERR value is not a valid float");
    script.fails("HINCRBYFLOAT s a 1", WRONG_TYPE);
  }

  @Test
  void hrandfieldPicksOneField() {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      seen.add(script.run("HRANDFIELD h"));
    }
    assertThat(seen).containsExactlyInAnyOrder("'a'", "'b'", "'c'");
    is("HRANDFIELD none", "nil");
    script.fails("HRANDFIELD s", WRONG_TYPE);
  }

  @Test
  void hrandfieldWithACountPicksDifferentFields() {
    for (String count : List.of("3", "4", "9223372036854775807")) {
      assertThat(script.sorted("HRANDFIELD h " + count)).isEqualTo("['a' 'b' 'c']");
    }
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      seen.add(script.sorted("HRANDFIELD h 2 withvalues"));
    }
    assertThat(seen)
        .containsExactlyInAnyOrder(
            "<'a'='1' 'b'='two'>", "<'a'='1' 'c'='3.5'>", "<'b'='two' 'c'='3.5'>");
    is("HRANDFIELD h 0", "[]");
    is("HRANDFIELD h 0 WITHVALUES", "[]");
    is("HRANDFIELD none 5", "[]");
    is("HRANDFIELD none -5 WITHVALUES", "[]");
  }

  @Test
  void hrandfieldWithANegativeCountMayRepeat() {
    Reply reply = script.runner.run("HRANDFIELD", "h", "-100");
    assertThat(((Reply.Array) reply).items()).hasSize(100);
    Reply pairs = script.runner.run("HRANDFIELD", "h", "-100", "WITHVALUES");
    assertThat(((Reply.Pairs) pairs).firstsAndSeconds()).hasSize(200);
    assertThat(script.run("HRANDFIELD h -100 WITHVALUES"))
        .contains("'a'='1'", "'b'='two'", "'c'='3.5'");
  }

  @Test
  void hrandfieldRefusesWhatRedisRefuses() {
    script.fails("HRANDFIELD h x", NOT_INTEGER);
    script.fails("HRANDFIELD s x", NOT_INTEGER);
    script.fails("HRANDFIELD h 1 VALUES", "ERR syntax error");
    script.fails("HRANDFIELD h 1 WITHVALUES x", "ERR syntax error");
    script.fails("HRANDFIELD s 1", WRONG_TYPE);
    script.fails("HRANDFIELD h 9223372036854775807 WITHVALUES", "ERR value is out of range");
    script.fails("HRANDFIELD h -9223372036854775807 WITHVALUES", "ERR value is out of range");
    script.fails("HRANDFIELD h -1048577", "ERR value is out of range");
    script.fails(
        "HRANDFIELD h -9223372036854775808",
        "ERR value is out of range, value must between -9223372036854775807 and"
            + " 9223372036854775807");
  }

  @Test
  void hscanAnswersFieldsAndValues() {
    assertThat(script.sorted("HSCAN h 0")).isEqualTo("['0' ['1' '3.5' 'a' 'b' 'c' 'two']]");
    is("HSCAN h 0 MATCH a", "['0' ['a' '1']]");
    is("HSCAN h 0 match [b] count 1000", "['0' ['b' 'two']]");
    assertThat(script.sorted("HSCAN h 0 NOVALUES")).isEqualTo("['0' ['a' 'b' 'c']]");
    is("HSCAN h 0 MATCH two", "['0' []]");
    is("HSCAN none 0", "['0' []]");
    is("HSCAN none 0 nonsense", "['0' []]");
    script.fails("HSCAN h x", "ERR invalid cursor");
    script.fails("HSCAN h 18446744073709551616", "ERR invalid cursor");
    script.fails("HSCAN none x", "ERR invalid cursor");
    script.fails("HSCAN h -", "ERR invalid cursor");
    script.leavesAlone("HSCAN none -0", "['0' []]");
    script.leavesAlone("HSCAN none +5", "['0' []]");
    script.fails("HSCAN h 0 COUNT 0", "ERR syntax error");
    script.fails("HSCAN h 0 COUNT -1", "ERR syntax error");
    script.fails("HSCAN h 0 COUNT x", NOT_INTEGER);
    script.fails("HSCAN h 0 COUNT", "ERR syntax error");
    script.fails("HSCAN h 0 MATCH", "ERR syntax error");
    script.fails("HSCAN h 0 nonsense", "ERR syntax error");
    script.fails("HSCAN s 0 nonsense", WRONG_TYPE);
  }

  @Test
  void hscanPagesThroughALargeHash() {
    for (int i = 0; i < 300; i++) {
      script.run("HSET big f" + i + " v" + i);
    }
    Set<String> fields = new HashSet<>();
    String cursor = "0";
    int pages = 0;
    do {
      Reply.Array page = (Reply.Array) script.runner.run("HSCAN", "big", cursor);
      cursor = text(page.items().get(0));
      List<Reply> items = ((Reply.Array) page.items().get(1)).items();
      assertThat(items).hasSize(20);
      for (int i = 0; i < items.size(); i += 2) {
        assertThat(fields.add(text(items.get(i)))).isTrue();
        assertThat(text(items.get(i + 1))).isEqualTo("v" + text(items.get(i)).substring(1));
      }
      pages++;
    } while (!cursor.equals("0"));
    assertThat(fields).hasSize(300);
    assertThat(pages).isEqualTo(30);
  }

  @Test
  void changesKeepTheExpiryAndAnExpiredHashIsNone() {
    long due = script.runner.timeMillis() + 1_000;
    script.expireAt("h", due);
    is("HSET h d 4", ":1");
    is("HDEL h a", ":1");
    is("HINCRBY h n 1", ":1");
    assertThat(script.meta("h").expireAtMillis()).isEqualTo(due);

    script.runner.timeMillis(due);

    is("HLEN h", ":0");
    is("HGETALL h", "{}");
    is("HSETNX h a 7", ":1");
    is("HGETALL h", "{'a'='7'}");
  }

  @Test
  void anyBytesAreFieldsAndValues() {
    byte[] odd = {0, '\r', '\n', (byte) 0xff};
    byte[] key = "k".getBytes(ISO_8859_1);
    script.runner.run("HSET".getBytes(ISO_8859_1), key, odd, odd);
    script.runner.run("HSET".getBytes(ISO_8859_1), key, new byte[0], new byte[0]);

    assertThat(script.run("HLEN k")).isEqualTo(":2");
    Reply value = script.runner.run("HGET".getBytes(ISO_8859_1), key, odd);
    assertThat(((Reply.Bulk) value).bytes()).isEqualTo(odd);
    value = script.runner.run("HGET".getBytes(ISO_8859_1), key, new byte[0]);
    assertThat(((Reply.Bulk) value).bytes()).isEmpty();
  }

  private static String text(Reply bulk) {
    return new String(((Reply.Bulk) bulk).bytes(), ISO_8859_1);
  }

  /** Commands whose reply has one order only; of the others the items are sorted. */
  private void is(String command, String reply) {
    boolean ordered = !command.startsWith("HGETALL");
    assertThat(ordered ? script.run(command) : script.sorted(command)).as(command).isEqualTo(reply);
  }
}
