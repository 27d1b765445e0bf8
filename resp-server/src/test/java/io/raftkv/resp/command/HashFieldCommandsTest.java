package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Fields that die, on small hashes and on hashes in rows. */
@ParameterizedClass(name = "in rows: {0}")
@ValueSource(booleans = {false, true})
class HashFieldCommandsTest {
  private static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  private static final String NOT_INTEGER = "ERR value is not an integer or out of range";
  private static final String NO_FIELDS =
      "ERR Mandatory argument FIELDS is missing or not at the right position";
  private static final String OTHER_NUMBER =
      "ERR The `numfields` parameter must match the number of arguments";
  private static final String NOT_POSITIVE = "ERR Number of fields must be a positive integer";

  /** The latest deadline of a field. */
  private static final long LAST = (1L << 46) - 1;

  @Parameter boolean inRows;
  private CollectionScript script;
  private long start;

  @BeforeEach
  void setUp() {
    List<CommandSpec> specs = new ArrayList<>(HashCommands.ALL);
    specs.addAll(HashFieldCommands.ALL);
    specs.addAll(SetCommands.ALL);
    specs.addAll(GenericCommands.ALL);
    script = new CollectionScript(specs, inRows);
    start = script.runner.timeMillis();
    assertThat(start % 1000).as("a whole second, for the figures below").isZero();
    script.hash("h", "a 1 b two c 3.5");
    script.run("SADD s x");
  }

  /** A node's clock runs while shard time stands still, as it does on an idle shard. */
  @Test
  void timeToLiveRunsOutWithoutWrites() {
    script.run("HPEXPIRE h 10000 FIELDS 1 a");
    assertThat(script.runner.runAt(start + 4_500, "HPTTL", "h", "FIELDS", "1", "a"))
        .isEqualTo(Reply.array(Reply.integer(5_500)));
    assertThat(script.runner.runAt(start + 4_500, "HTTL", "h", "FIELDS", "1", "a"))
        .isEqualTo(Reply.array(Reply.integer(6)));
  }

  private void is(String command, String reply) {
    assertThat(script.run(command)).as(command).isEqualTo(reply);
  }

  private void sorted(String command, String reply) {
    assertThat(script.sorted(command)).as(command).isEqualTo(reply);
  }

  /** Goes on to so many milliseconds after the start. */
  private void at(long millis) {
    script.runner.timeMillis(start + millis);
  }

  @Test
  void hexpireAndItsLikeSetDeadlines() {
    is("HEXPIRE h 10 FIELDS 2 a none", "[:1 :-2]");
    is("HPEXPIRE h 20 fields 1 b", "[:1]");
    is(
        "HPEXPIRETIME h FIELDS 4 a b c none",
        "[:" + (start + 10_000) + " :" + (start + 20) + " :-1 :-2]");
    is("HEXPIREAT h " + (start / 1000 + 5) + " FIELDS 1 a", "[:1]");
    is("HPEXPIREAT h " + (start + 7) + " FIELDS 2 b b", "[:1 :1]");
    is("HPTTL h FIELDS 3 a b c", "[:5000 :7 :-1]");
    is("HEXPIRE none 10 FIELDS 2 a b", "[:-2 :-2]");
    assertThat(script.exists("none")).isFalse();
    assertThat(script.meta("h").expireAtMillis()).isEqualTo(MetaRow.NO_EXPIRY);
  }

  @Test
  void aDeadlineThatIsReachedDeletesTheField() {
    is("HEXPIRE h 0 FIELDS 2 a a", "[:2 :-2]");
    is("HPEXPIREAT h " + start + " FIELDS 1 b", "[:2]");
    is("HKEYS h", "['c']");
    is("HEXPIREAT h 0 FIELDS 2 c a", "[:2 :-2]");
    assertThat(script.exists("h")).isFalse();
  }

  @Test
  void conditionsDecideForEachField() {
    is("HPEXPIRE h 100 FIELDS 1 a", "[:1]");
    is("HPEXPIRE h 200 NX FIELDS 3 a b none", "[:0 :1 :-2]");
    is("HPEXPIRE h 300 xx FIELDS 2 a c", "[:1 :0]");
    is("HPEXPIRE h 250 GT FIELDS 3 a b c", "[:0 :1 :0]");
    is("HPEXPIRE h 250 GT FIELDS 1 b", "[:0]");
    is("HPEXPIRE h 260 LT FIELDS 3 a b c", "[:1 :0 :1]");
    is("HPTTL h FIELDS 3 a b c", "[:260 :250 :260]");
    is("HPEXPIRE h 0 GT FIELDS 1 a", "[:0]");
    is("HPEXPIRE h 0 LT FIELDS 1 a", "[:2]");
  }

  @Test
  void hexpireRefusesWhatRedisRefuses() {
    script.fails("HEXPIRE s 10 NONSENSE 1 a b", WRONG_TYPE);
    script.fails("HEXPIRE h x FIELDS 1 a", NOT_INTEGER);
    script.fails("HEXPIRE none x NONSENSE 1 a", NOT_INTEGER);
    script.fails("HEXPIRE h -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0");
    script.fails("HEXPIRE h 10 FIELD 1 a", NO_FIELDS);
    script.fails("HEXPIRE h 10 NX XX FIELDS 1 a", NO_FIELDS);
    script.fails("HEXPIRE h 10 FIELDS 0 a", "ERR Parameter `numFields` should be greater than 0");
    script.fails("HEXPIRE h 10 FIELDS x a", "ERR Parameter `numFields` should be greater than 0");
    script.fails("HEXPIRE h 10 FIELDS 2 a", OTHER_NUMBER);
    script.fails("HEXPIRE none 10 FIELDS 1 a b", OTHER_NUMBER);
    script.fails("HEXPIRE h 10 FIELDS 1", "ERR wrong number of arguments for 'hexpire' command");
    for (String command : List.of("HEXPIRE", "HPEXPIRE", "HEXPIREAT", "HPEXPIREAT")) {
      script.fails(
          command + " h 9223372036854775807 FIELDS 1 a",
          "ERR invalid expire time in '" + command.toLowerCase(Locale.ROOT) + "' command");
    }
  }

  @Test
  void deadlinesHave46Bits() {
    is("HPEXPIREAT h " + LAST + " FIELDS 1 a", "[:1]");
    is("HEXPIREAT h " + LAST / 1000 + " FIELDS 1 b", "[:1]");
    is("HPEXPIRE h " + (LAST - start) + " FIELDS 1 c", "[:1]");
    is(
        "HPEXPIRETIME h FIELDS 3 a b c",
        "[:" + LAST + " :" + LAST / 1000 * 1000 + " :" + LAST + "]");
    String invalid = "ERR invalid expire time in 'hpexpireat' command";
    script.fails("HPEXPIREAT h " + (LAST + 1) + " FIELDS 1 a", invalid);
    invalid = "ERR invalid expire time in 'hexpireat' command";
    script.fails("HEXPIREAT h " + (LAST / 1000 + 1) + " FIELDS 1 a", invalid);
    invalid = "ERR invalid expire time in 'hpexpire' command";
    script.fails("HPEXPIRE h " + (LAST - start + 1) + " FIELDS 1 a", invalid);
  }

  @Test
  void timesAreToldInEveryUnitAndSecondsAreRoundedUp() {
    is("HPEXPIRE h 1001 FIELDS 1 a", "[:1]");
    is("HTTL h FIELDS 3 a b none", "[:2 :-1 :-2]");
    is("HPTTL h FIELDS 1 a", "[:1001]");
    is("HEXPIRETIME h FIELDS 1 a", "[:" + (start / 1000 + 2) + "]");
    is("HPEXPIRETIME h FIELDS 1 a", "[:" + (start + 1001) + "]");
    at(1);
    is("HTTL h FIELDS 1 a", "[:1]");
    at(1000);
    is("HTTL h FIELDS 1 a", "[:1]");
    at(1001);
    for (String command : List.of("HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME")) {
      is(command + " h FIELDS 2 a b", "[:-2 :-1]");
      is(command + " none FIELDS 2 a b", "[:-2 :-2]");
    }
  }

  @Test
  void hpersistClearsDeadlines() {
    is("HEXPIRE h 10 FIELDS 2 a b", "[:1 :1]");
    is("HPERSIST h FIELDS 4 a c none a", "[:1 :-1 :-2 :-1]");
    is("HTTL h FIELDS 3 a b c", "[:-1 :10 :-1]");
    at(10_000);
    is("HPERSIST h FIELDS 2 a b", "[:-1 :-2]");
    is("HPERSIST none FIELDS 1 a", "[:-2]");
    script.leavesAlone("HPERSIST h FIELDS 1 c", "[:-1]");
  }

  @Test
  void theFieldsOfAllTheseCommandsMustBeCounted() {
    List<String> commands =
        List.of("HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME", "HPERSIST", "HGETDEL", "HGETEX");
    for (String command : commands) {
      script.fails(command + " s nonsense x a", WRONG_TYPE);
      script.fails(command + " h FIELD 1 a", NO_FIELDS);
      script.fails(command + " h FIELDS 0 a", NOT_POSITIVE);
      script.fails(command + " h FIELDS -1 a", NOT_POSITIVE);
      script.fails(command + " h FIELDS x a", NOT_POSITIVE);
      script.fails(command + " h FIELDS 2 a", OTHER_NUMBER);
      script.fails(command + " h FIELDS 1 a b", OTHER_NUMBER);
      script.fails(
          command + " h FIELDS 1",
          "ERR wrong number of arguments for '" + command.toLowerCase(Locale.ROOT) + "' command");
    }
  }

  @Test
  void hgetdelAnswersAndRemoves() {
    is("HGETDEL h FIELDS 3 a none a", "['1' nil nil]");
    is("HLEN h", ":2");
    is("HGETDEL none FIELDS 1 a", "[nil]");
    script.leavesAlone("HGETDEL h FIELDS 1 none", "[nil]");
    is("HGETDEL h FIELDS 2 b c", "['two' '3.5']");
    assertThat(script.exists("h")).isFalse();
  }

  @Test
  void hgetexAnswersAndSetsDeadlines() {
    script.leavesAlone("HGETEX h FIELDS 2 a none", "['1' nil]");
    is("HGETEX h EX 10 FIELDS 2 a none", "['1' nil]");
    is("HGETEX h px 20 FIELDS 1 b", "['two']");
    is("HPTTL h FIELDS 3 a b c", "[:10000 :20 :-1]");
    is("HGETEX h EXAT " + (start / 1000 + 3) + " FIELDS 1 a", "['1']");
    is("HGETEX h PXAT " + (start + 4) + " FIELDS 1 b", "['two']");
    is("HPTTL h FIELDS 2 a b", "[:3000 :4]");
    is("HGETEX h PERSIST FIELDS 2 a c", "['1' '3.5']");
    is("HPTTL h FIELDS 2 a c", "[:-1 :-1]");
    is("HGETEX h EX 0 FIELDS 2 a a", "['1' nil]");
    is("HGETEX none EX 10 FIELDS 1 a", "[nil]");
    assertThat(script.exists("none")).isFalse();
    at(4);
    is("HGETEX h PERSIST FIELDS 1 b", "[nil]");
    is("HKEYS h", "['c']");
    script.fails("HGETEX h EX x FIELDS 1 a", NOT_INTEGER);
    script.fails("HGETEX h EX -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0");
    script.fails(
        "HGETEX h PXAT " + (LAST + 1) + " FIELDS 1 a",
        "ERR invalid expire time in 'hgetex' command");
    script.fails("HGETEX h KEEPTTL FIELDS 1 a", NO_FIELDS);
    script.fails("HGETEX h EX 10 PERSIST FIELDS 1 a", NO_FIELDS);
    script.fails("HGETEX h EX 10 FIELDS", "ERR wrong number of arguments for 'hgetex' command");
  }

  @Test
  void hsetexSetsFieldsWithTheirDeadline() {
    is("HSETEX h FIELDS 2 a 9 new 8", ":1");
    is("HMGET h a new", "['9' '8']");
    is("HSETEX h EX 10 FIELDS 2 a 7 b 6", ":1");
    is("HMGET h a b", "['7' '6']");
    is("HTTL h FIELDS 3 a b c", "[:10 :10 :-1]");
    is("HSETEX h KEEPTTL FIELDS 2 a 5 c 4", ":1");
    is("HTTL h FIELDS 3 a b c", "[:10 :10 :-1]");
    is("HSETEX h FIELDS 1 a 5", ":1");
    is("HTTL h FIELDS 2 a b", "[:-1 :10]");
    is("HSETEX h PX 1500 FIELDS 1 a 5", ":1");
    is("HSETEX h exat " + (start / 1000 + 2) + " FIELDS 1 b 5", ":1");
    is("HSETEX h PXAT " + (start + 3) + " FIELDS 1 c 5", ":1");
    is("HPTTL h FIELDS 3 a b c", "[:1500 :2000 :3]");
    is("HSETEX fresh EX 1 FIELDS 1 a 1", ":1");
    at(1_000);
    assertThat(script.exists("fresh")).isFalse();
  }

  @Test
  void hsetexOfATimeThatIsOverDeletes() {
    is("HSETEX h PXAT 1 FIELDS 2 a 9 new 9", ":1");
    sorted("HKEYS h", "['b' 'c']");
    is("HSETEX fresh EX 0 FIELDS 1 a 1", ":1");
    assertThat(script.exists("fresh")).isFalse();
    is("HSETEX h EX 0 FIELDS 2 b 1 c 1", ":1");
    assertThat(script.exists("h")).isFalse();
  }

  @Test
  void hsetexLooksAtAllFieldsFirst() {
    script.leavesAlone("HSETEX h FNX FIELDS 2 new 1 a 9", ":0");
    script.leavesAlone("HSETEX h FXX FIELDS 2 a 9 new 1", ":0");
    script.leavesAlone("HSETEX none FXX FIELDS 1 a 9", ":0");
    is("HSETEX h fnx EX 10 FIELDS 2 new 1 new2 2", ":1");
    is("HSETEX h EX 20 FXX FIELDS 2 a 8 new 3", ":1");
    is("HMGET h a new new2", "['8' '3' '2']");
    is("HTTL h FIELDS 3 a new new2", "[:20 :20 :10]");
    at(10_000);
    is("HSETEX h FXX KEEPTTL FIELDS 1 new2 1", ":0");
    is("HSETEX h FNX KEEPTTL FIELDS 1 new2 1", ":1");
    is("HTTL h FIELDS 1 new2", "[:-1]");
  }

  @Test
  void hsetexRefusesWhatRedisRefuses() {
    String arity = "ERR wrong number of arguments for 'hsetex' command";
    String expiries = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
    script.fails("HSETEX s FIELDS 1 a 1", WRONG_TYPE);
    script.fails("HSETEX s FIELDS 2 a 1", arity);
    script.fails("HSETEX h FIELDS 1 a", arity);
    script.fails("HSETEX h FIELDS 1 a 1 b", arity);
    script.fails("HSETEX h FIELDS 1 a 1 b 2", arity);
    script.fails("HSETEX h FIELDS 0 a 1", "ERR invalid number of fields");
    script.fails("HSETEX h FIELDS x a 1", "ERR invalid number of fields");
    script.fails(
        "HSETEX h FNX FXX FIELDS 1 a 1", "ERR Only one of FXX or FNX arguments can be specified");
    script.fails("HSETEX h EX 1 PX 1 FIELDS 1 a 1", expiries);
    script.fails("HSETEX h EX 1 KEEPTTL FIELDS 1 a 1", expiries);
    script.fails("HSETEX h KEEPTTL KEEPTTL FIELDS 1 a 1", expiries);
    script.fails("HSETEX h EX x FIELDS 1 a 1", NOT_INTEGER);
    script.fails("HSETEX h EX -1 FIELDS 1 a 1", "ERR invalid expire time, must be >= 0");
    script.fails(
        "HSETEX h PXAT " + (LAST + 1) + " FIELDS 1 a 1",
        "ERR invalid expire time in 'hsetex' command");
    script.fails(
        "HSETEX h FNX KEEPTTL FNX EX", "ERR Only one of FXX or FNX arguments can be specified");
    script.fails("HSETEX h FNX a 1 EX", "ERR unknown argument: a");
    script.fails("HSETEX h FNX EX 10 PX", expiries);
    script.fails("HSETEX h FNX 1 2 3", "ERR unknown argument: 1");
  }

  @Test
  void everyCommandTakesADeadFieldForAbsent() {
    is("HPEXPIRE h 5 FIELDS 2 a b", "[:1 :1]");
    at(5);
    is("HGET h a", "nil");
    is("HMGET h a b c", "[nil nil '3.5']");
    is("HGETALL h", "{'c'='3.5'}");
    is("HKEYS h", "['c']");
    is("HVALS h", "['3.5']");
    is("HLEN h", ":1");
    is("HEXISTS h a", ":0");
    is("HSTRLEN h b", ":0");
    is("HRANDFIELD h", "'c'");
    is("HRANDFIELD h 10", "['c']");
    is("HRANDFIELD h -2 WITHVALUES", "<'c'='3.5' 'c'='3.5'>");
    is("HSCAN h 0", "['0' ['c' '3.5']]");
    is("HSCAN h 0 NOVALUES", "['0' ['c']]");
    is("HDEL h a", ":0");
    is("HSETNX h a 7", ":1");
    is("HINCRBY h b 3", ":3");
    is("HTTL h FIELDS 3 a b c", "[:-1 :-1 :-1]");
  }

  @Test
  void aHashWithoutLivingFieldsIsNoKey() {
    is("HPEXPIRE h 5 FIELDS 3 a b c", "[:1 :1 :1]");
    at(5);
    is("EXISTS h", ":0");
    is("TYPE h", "none");
    is("HLEN h", ":0");
    is("HRANDFIELD h", "nil");
    is("HSCAN h 0 nonsense", "['0' []]");
    is("HSETEX h FXX FIELDS 1 a 1", ":0");
    is("SADD h x", ":1");
    is("TYPE h", "set");
  }

  @Test
  void settingAFieldClearsItsDeadlineAndCountingKeepsIt() {
    is("HEXPIRE h 10 FIELDS 3 a b c", "[:1 :1 :1]");
    is("HSET h b 2", ":0");
    is("HINCRBY h a 1", ":2");
    is("HINCRBYFLOAT h c 0.5", "'4'");
    is("HTTL h FIELDS 3 a b c", "[:10 :-1 :10]");
    is("HSETNX h a 9", ":0");
    is("HTTL h FIELDS 1 a", "[:10]");
    is("HMSET h a 1", "OK");
    is("HTTL h FIELDS 1 a", "[:-1]");
  }

  @Test
  void deadlinesMoveAndAreCopiedWithTheKey() {
    is("HPEXPIRE h 5 FIELDS 1 a", "[:1]");
    is("HPEXPIRE h 9 FIELDS 1 b", "[:1]");
    is("COPY h other", ":1"); // in another slot
    is("COPY h {h}same", ":1");
    is("RENAME h {h}renamed", "OK");
    is("RENAME {h}renamed far", "OK");
    is("MOVE far 1", ":1");
    script.runner.database(1);
    is("HPTTL far FIELDS 3 a b c", "[:5 :9 :-1]");
    at(5);
    sorted("HKEYS far", "['b' 'c']");
    script.runner.database(0);
    sorted("HKEYS other", "['b' 'c']");
    is("HPTTL {h}same FIELDS 3 a b c", "[:-2 :4 :-1]");
    is("RAFTKV.SWEEP 100", ":3");
    at(9);
    is("RAFTKV.SWEEP 2", ":2");
    is("RAFTKV.SWEEP 2", ":1");
    is("RAFTKV.SWEEP 2", ":0");
    is("HKEYS other", "['c']");
  }

  @Test
  void theSweepLeavesNothingOfAHashThatDied() {
    script.run("SREM s x");
    is("HPEXPIRE h 5 FIELDS 3 a b c", "[:1 :1 :1]");
    at(5);
    is("DBSIZE", ":1");
    is("RAFTKV.SWEEP 10", ":1");
    is("DBSIZE", ":0");
    assertThat(script.runner.rows().dump()).isEmpty();
  }

  @Test
  void anEncodingWithDeadlinesHasItsOwnName() {
    is("HEXPIRE h 10 FIELDS 1 a", "[:1]");
    is("OBJECT ENCODING h", inRows ? "'hashtable'" : "'listpackex'");
    is("HPERSIST h FIELDS 1 a", "[:1]");
    is("OBJECT ENCODING h", inRows ? "'hashtable'" : "'listpack'");
  }

  @Test
  void flushingADatabaseBesideOthersTakesTheDeadlinesAlong() {
    is("HEXPIRE h 10 FIELDS 1 a", "[:1]");
    is("COPY h h DB 2", ":1");
    is("FLUSHDB", "OK");
    script.runner.database(2);
    is("HTTL h FIELDS 1 a", "[:10]");
  }
}
