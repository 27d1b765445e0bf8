package io.raftkv.resp.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command on small sets and on sets in rows. */
@ParameterizedClass(name = "in rows: {0}")
@ValueSource(booleans = {false, true})
class SetCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_INTEGER = "ERR value is not an integer or out of range";
  private static final String MUST_BE_POSITIVE = "ERR value is out of range, must be positive";

  @Parameter boolean inRows;
  private CollectionScript script;

  @BeforeEach
  void setUp() {
    List<CommandSpec> specs = new ArrayList<>(HashCommands.ALL);
    specs.addAll(SetCommands.ALL);
    script = new CollectionScript(specs, inRows);
    script.set("s", "a b c d");
    script.set("t", "c d e");
    script.run("HSET h f v");
  }

  @Test
  void saddAnswersTheNumberOfNewMembers() {
    is("SADD s a x x y", ":2");
    is("SADD new a", ":1");
    is("SMEMBERS s", "~['a' 'b' 'c' 'd' 'x' 'y']");
    script.leavesAlone("SADD s a b", ":0");
    script.fails("SADD h a", WRONG_TYPE);
    script.fails("SADD s", "ERR wrong number of arguments for 'sadd' command");
  }

  @Test
  void sremRemovesMembersAndTheKeyWithTheLastOne() {
    is("SREM s a none a", ":1");
    script.leavesAlone("SREM s none", ":0");
    script.leavesAlone("SREM none a", ":0");
    is("SCARD s", ":3");
    is("SREM s b c d", ":3");
    assertThat(script.exists("s")).isFalse();
    script.fails("SREM h a", WRONG_TYPE);
    script.fails("SREM s", "ERR wrong number of arguments for 'srem' command");
  }

  @Test
  void smembersShowsIntegersInOrder() {
    is("SMEMBERS s", "~['a' 'b' 'c' 'd']");
    is("SMEMBERS none", "~[]");
    script.fails("SMEMBERS h", WRONG_TYPE);
    script.run("SADD numbers 10 9 -1 2");
    assertThat(script.run("SMEMBERS numbers")).isEqualTo("~['-1' '2' '9' '10']");
  }

  @Test
  void membershipAndCardinality() {
    is("SISMEMBER s a", ":1");
    is("SISMEMBER s none", ":0");
    is("SISMEMBER none a", ":0");
    is("SMISMEMBER s a none b a", "[:1 :0 :1 :1]");
    is("SMISMEMBER none a b", "[:0 :0]");
    is("SCARD s", ":4");
    is("SCARD none", ":0");
    for (String command : List.of("SISMEMBER h a", "SMISMEMBER h a", "SCARD h")) {
      script.fails(command, WRONG_TYPE);
    }
    script.fails("SMISMEMBER s", "ERR wrong number of arguments for 'smismember' command");
  }

  @Test
  void spopTakesOneMemberOut() {
    Set<String> popped = new HashSet<>();
    for (int i = 0; i < 4; i++) {
      popped.add(script.run("SPOP s"));
    }
    assertThat(popped).containsExactlyInAnyOrder("'a'", "'b'", "'c'", "'d'");
    assertThat(script.exists("s")).isFalse();
    is("SPOP s", "nil");
    script.fails("SPOP h", WRONG_TYPE);
  }

  @Test
  void spopWithACountTakesDifferentMembersOut() {
    script.leavesAlone("SPOP s 0", "~[]");
    Reply.SetOf popped = (Reply.SetOf) script.runner.run("SPOP", "s", "2");
    assertThat(popped.items()).hasSize(2);
    is("SCARD s", ":2");
    for (Reply member : popped.items()) {
      is("SISMEMBER s " + text(member), ":0");
    }
    Reply.SetOf rest = (Reply.SetOf) script.runner.run("SPOP", "s", "9223372036854775807");
    assertThat(rest.items()).hasSize(2);
    assertThat(script.exists("s")).isFalse();
    is("SPOP s 5", "~[]");
    script.fails("SPOP t -1", MUST_BE_POSITIVE);
    script.fails("SPOP t x", MUST_BE_POSITIVE);
    script.fails("SPOP h x", MUST_BE_POSITIVE);
    script.fails("SPOP h 0", WRONG_TYPE);
    script.fails("SPOP t 1 2", "ERR syntax error");
  }

  @Test
  void srandmemberPicksWithoutTaking() {
    Set<String> one = new HashSet<>();
    Set<String> three = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      one.add(script.run("SRANDMEMBER s"));
      three.add(script.sorted("SRANDMEMBER s 3"));
    }
    assertThat(one).containsExactlyInAnyOrder("'a'", "'b'", "'c'", "'d'");
    assertThat(three)
        .containsExactlyInAnyOrder(
            "['a' 'b' 'c']", "['a' 'b' 'd']", "['a' 'c' 'd']", "['b' 'c' 'd']");
    assertThat(script.sorted("SRANDMEMBER s 4")).isEqualTo("['a' 'b' 'c' 'd']");
    assertThat(script.sorted("SRANDMEMBER s 9223372036854775807")).isEqualTo("['a' 'b' 'c' 'd']");
    Reply.Array repeated = (Reply.Array) script.runner.run("SRANDMEMBER", "s", "-50");
    assertThat(repeated.items()).hasSize(50);
    is("SCARD s", ":4");
    is("SRANDMEMBER none", "nil");
    is("SRANDMEMBER none 2", "[]");
    is("SRANDMEMBER s 0", "[]");
    script.fails("SRANDMEMBER s x", NOT_INTEGER);
    script.fails("SRANDMEMBER h x", NOT_INTEGER);
    script.fails("SRANDMEMBER h", WRONG_TYPE);
    script.fails("SRANDMEMBER h 0", WRONG_TYPE);
    script.fails("SRANDMEMBER s 1 2", "ERR syntax error");
    script.fails("SRANDMEMBER s -1048577", "ERR value is out of range");
    script.fails(
        "SRANDMEMBER s -9223372036854775808",
        "ERR value is out of range, value must between -9223372036854775807 and"
            + " 9223372036854775807");
  }

  @Test
  void smoveMovesAMember() {
    is("SMOVE s t a", ":1");
    is("SMEMBERS s", "~['b' 'c' 'd']");
    is("SMEMBERS t", "~['a' 'c' 'd' 'e']");
    is("SMOVE s t c", ":1");
    is("SCARD t", ":4");
    is("SCARD s", ":2");
    is("SMOVE s new b", ":1");
    is("SMEMBERS new", "~['b']");
    is("SMOVE s new d", ":1");
    assertThat(script.exists("s")).isFalse();
    script.leavesAlone("SMOVE t s none", ":0");
    script.leavesAlone("SMOVE t t e", ":1");
    script.leavesAlone("SMOVE t t none", ":0");
    script.leavesAlone("SMOVE none h a", ":0");
    script.fails("SMOVE t h none", WRONG_TYPE);
    script.fails("SMOVE h t a", WRONG_TYPE);
  }

  @Test
  void setAlgebra() {
    script.set("u", "d z");
    is("SINTER s t", "~['c' 'd']");
    is("SINTER s t u", "~['d']");
    is("SINTER s", "~['a' 'b' 'c' 'd']");
    is("SINTER s s", "~['a' 'b' 'c' 'd']");
    is("SINTER s none", "~[]");
    is("SUNION s t", "~['a' 'b' 'c' 'd' 'e']");
    is("SUNION none t none", "~['c' 'd' 'e']");
    is("SUNION none", "~[]");
    is("SDIFF s t", "~['a' 'b']");
    is("SDIFF s u", "~['a' 'b' 'c']");
    is("SDIFF s s", "~[]");
    is("SDIFF s none", "~['a' 'b' 'c' 'd']");
    is("SDIFF none s", "~[]");
    is("SDIFF s t u", "~['a' 'b']");
    is("SDIFF s t s", "~[]");
    is("SDIFF s t t", "~['a' 'b']");
    String names = " s t none".repeat(2_000); // so many are not read ahead
    is("SUNION" + names, "~['a' 'b' 'c' 'd' 'e']");
    is("SINTER" + " s t".repeat(2_000), "~['c' 'd']");
    is("SDIFF s" + " t none".repeat(2_000), "~['a' 'b']");
    for (String command : List.of("SINTER", "SUNION", "SDIFF")) {
      script.fails(command + " s h", WRONG_TYPE);
      script.fails(command + " h s", WRONG_TYPE);
      script.fails(command + " none h", WRONG_TYPE);
      script.fails(command, wrongArity(command));
    }
  }

  @Test
  void sintercardCountsUpToTheLimit() {
    is("SINTERCARD 2 s t", ":2");
    is("SINTERCARD 1 s", ":4");
    is("SINTERCARD 2 s none", ":0");
    is("SINTERCARD 1 s LIMIT 3", ":3");
    is("SINTERCARD 1 s limit 0", ":4");
    is("SINTERCARD 1 s LIMIT 9", ":4");
    is("SINTERCARD 1 s LIMIT 1 LIMIT 2", ":2");
    String numkeys = "ERR numkeys should be greater than 0";
    script.fails("SINTERCARD 0 s", numkeys);
    script.fails("SINTERCARD -1 s", numkeys);
    script.fails("SINTERCARD x s", numkeys);
    script.fails("SINTERCARD 2 s", "ERR Number of keys can't be greater than number of args");
    script.fails("SINTERCARD 1 s LIMIT", "ERR syntax error");
    script.fails("SINTERCARD 1 s t", "ERR syntax error");
    script.fails("SINTERCARD 1 s LIMIT -1", "ERR LIMIT can't be negative");
    script.fails("SINTERCARD 1 s LIMIT x", "ERR LIMIT can't be negative");
    script.fails("SINTERCARD 2 s h", WRONG_TYPE);
    script.fails("SINTERCARD 2 none h", WRONG_TYPE);
    script.fails("SINTERCARD 1", wrongArity("SINTERCARD"));
  }

  @Test
  void sintercardFindsItsKeys() {
    KeySpec keys = new CommandTable(List.of(SetCommands.ALL)).find("SINTERCARD").keys();
    assertThat(keys.positions(words("SINTERCARD 2 a b LIMIT 3"))).containsExactly(2, 3);
    assertThat(keys.positions(words("SINTERCARD x a"))).isEmpty();
    assertThat(keys.positions(words("SINTERCARD 9 a"))).isEmpty();
  }

  @Test
  void storedResultsReplaceTheTarget() {
    is("SINTERSTORE dst s t", ":2");
    is("SMEMBERS dst", "~['c' 'd']");
    is("SUNIONSTORE dst s t", ":5");
    is("SMEMBERS dst", "~['a' 'b' 'c' 'd' 'e']");
    is("SDIFFSTORE dst s t", ":2");
    is("SMEMBERS dst", "~['a' 'b']");
    is("SDIFFSTORE dst s s", ":0");
    assertThat(script.exists("dst")).isFalse();
    is("SUNIONSTORE h s", ":4");
    is("SMEMBERS h", "~['a' 'b' 'c' 'd']");
  }

  @Test
  void storedResultsMayReplaceASource() {
    is("SINTERSTORE s s t", ":2");
    is("SMEMBERS s", "~['c' 'd']");
    is("SUNIONSTORE t t s t", ":3");
    is("SMEMBERS t", "~['c' 'd' 'e']");
    is("SDIFFSTORE t t s", ":1");
    is("SMEMBERS t", "~['e']");
    is("SINTERSTORE t t none", ":0");
    assertThat(script.exists("t")).isFalse();
  }

  @Test
  void storedResultsHaveNoExpiry() {
    script.expireAt("t", script.runner.timeMillis() + 1_000);
    is("SUNIONSTORE t s t", ":5");
    assertThat(script.meta("t").expireAtMillis()).isEqualTo(MetaRow.NO_EXPIRY);
  }

  @Test
  void aWrongSourceLeavesTheTargetAsItWas() {
    for (String command : List.of("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE")) {
      script.fails(command + " s t h", WRONG_TYPE);
      script.fails(command + " s none h", WRONG_TYPE);
      script.fails(command + " s", wrongArity(command));
    }
  }

  @Test
  void sscanAnswersMembers() {
    assertThat(script.sorted("SSCAN s 0")).isEqualTo("['0' ['a' 'b' 'c' 'd']]");
    is("SSCAN s 0 MATCH [bx] COUNT 100", "['0' ['b']]");
    is("SSCAN none 0", "['0' []]");
    script.fails("SSCAN s x", "ERR invalid cursor");
    script.fails("SSCAN s 0 COUNT 0", "ERR syntax error");
    script.fails("SSCAN s 0 COUNT x", NOT_INTEGER);
    script.fails("SSCAN s 0 NOVALUES", "ERR NOVALUES option can only be used in HSCAN");
    script.fails("SSCAN h 0", WRONG_TYPE);
  }

  @Test
  void changesKeepTheExpiryAndAnExpiredSetIsNone() {
    long due = script.runner.timeMillis() + 1_000;
    script.expireAt("s", due);
    is("SADD s x", ":1");
    is("SREM s a", ":1");
    assertThat(script.meta("s").expireAtMillis()).isEqualTo(due);

    script.runner.timeMillis(due);

    is("SMEMBERS s", "~[]");
    is("SPOP s 3", "~[]");
    is("SUNION s t", "~['c' 'd' 'e']");
    is("SADD s q", ":1");
    is("SMEMBERS s", "~['q']");
  }

  /** Sets of all sizes, so that all ways of computing a result are taken. */
  @Test
  void setAlgebraIsThatOfJavaSets() {
    for (long seed = 1; seed <= 40; seed++) {
      SeededRandom random = new SeededRandom(seed);
      List<Set<String>> sets = new ArrayList<>();
      StringBuilder names = new StringBuilder();
      for (int i = 1 + random.nextInt(4); i > 0; i--) {
        String name = " k" + seed + "-" + i;
        Set<String> set = new TreeSet<>();
        for (int n = 1 << random.nextInt(9); n > 0; n--) {
          set.add(String.valueOf(random.nextInt(300)));
        }
        if (set.size() <= 128) {
          script.set(name.trim(), String.join(" ", set));
        } else {
          script.run("SADD" + name + " " + String.join(" ", set));
        }
        sets.add(set);
        names.append(name);
      }
      Set<String> union = new TreeSet<>();
      Set<String> intersection = new TreeSet<>(sets.get(0));
      Set<String> difference = new TreeSet<>(sets.get(0));
      for (Set<String> set : sets) {
        union.addAll(set);
        intersection.retainAll(set);
        if (set != sets.get(0)) {
          difference.removeAll(set);
        }
      }
      is("SUNION" + names, reply(union));
      is("SINTER" + names, reply(intersection));
      is("SDIFF" + names, reply(difference));
      is("SUNIONSTORE dst" + names, ":" + union.size());
      is("SMEMBERS dst", reply(union));
      is("SINTERSTORE dst" + names, ":" + intersection.size());
      is("SMEMBERS dst", reply(intersection));
      is("SDIFFSTORE dst" + names, ":" + difference.size());
      is("SMEMBERS dst", reply(difference));
      is("SINTERCARD " + sets.size() + names, ":" + intersection.size());
    }
  }

  private static String reply(Set<String> members) {
    return "~["
        + String.join(" ", members.stream().map(m -> "'" + m + "'").sorted().toList())
        + "]";
  }

  private static Args words(String command) {
    String[] words = command.split(" ", -1);
    byte[][] bytes = new byte[words.length][];
    for (int i = 0; i < words.length; i++) {
      bytes[i] = words[i].getBytes(ISO_8859_1);
    }
    return new Args(bytes);
  }

  private static String wrongArity(String command) {
    return "ERR wrong number of arguments for '" + command.toLowerCase(Locale.ROOT) + "' command";
  }

  private static String text(Reply bulk) {
    return new String(((Reply.Bulk) bulk).bytes(), ISO_8859_1);
  }

  private void is(String command, String reply) {
    boolean ordered = !command.startsWith("SM") || command.startsWith("SMIS");
    ordered &= !command.matches("S(INTER|UNION|DIFF) .*");
    assertThat(ordered ? script.run(command) : script.sorted(command)).as(command).isEqualTo(reply);
  }
}
