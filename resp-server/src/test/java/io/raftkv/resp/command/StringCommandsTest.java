package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StringCommandsTest {
  private static final String WRONG_TYPE = "-" + RespErrors.WRONG_TYPE;

  private final CommandRunner runner =
      new CommandRunner(
          Stream.concat(StringCommands.ALL.stream(), GenericCommands.ALL.stream()).toList());
  private final CommandScript script = new CommandScript(runner);

  /** A key of another type; only its record matters. */
  private void makeList(String name) {
    Keyspace keys = Keyspace.forApply(runner.rows(), 0, runner.timeMillis(), 1);
    keys.key(name.getBytes(StandardCharsets.ISO_8859_1))
        .update(KeyType.LIST, MetaRow.INLINE, new byte[] {1});
  }

  @Test
  void setStoresAndGetReturns() {
    script.check(
        """
        GET a => nil
        SET a 1 => OK
        GET a => "1"
        SET a '' => OK
        GET a => ""
        set A 'two words' => OK
        gEt A => "two words"
        GET => -ERR wrong number of arguments for 'get' command
        GET a b => -ERR wrong number of arguments for 'get' command
        SET a => -ERR wrong number of arguments for 'set' command
        """);
  }

  @Test
  void setObeysItsConditions() {
    script.check(
        """
        SET a 1 XX => nil
        GET a => nil
        SET a 1 NX => OK
        SET a 2 NX => nil
        GET a => "1"
        SET a 3 xx => OK
        SET a 4 GET => "3"
        SET b 1 GET => nil
        GET b => "1"
        SET a 5 NX GET => "4"
        GET a => "4"
        SET c 1 NX GET => nil
        GET c => "1"
        SET d 1 XX GET => nil
        EXISTS d => :0
        SET a 6 XX GET => "4"
        SET a 7 XX XX => OK
        SET a 8 NX XX => -ERR syntax error
        SET a 8 XX NX => -ERR syntax error
        SET a 8 FOO => -ERR syntax error
        GET a => "7"
        """);
  }

  @Test
  void setObeysItsExpiryOptions() {
    script.check(
        """
        SET a 1 EX 10 => OK
        PTTL a => :10000
        SET a 1 PX 1500 => OK
        PTTL a => :1500
        SET a 2 KEEPTTL => OK
        PTTL a => :1500
        SET a 2 => OK
        TTL a => :-1
        SET a 2 KEEPTTL => OK
        TTL a => :-1
        SET new 2 KEEPTTL => OK
        TTL new => :-1
        SET a 3 EXAT 1700000100 => OK
        TTL a => :100
        SET a 3 PXAT 1700000000250 => OK
        PTTL a => :250
        SET a 3 EX 10 EX 20 => OK
        TTL a => :20
        SET a 3 ex 10 NX => nil
        TTL a => :20
        SET a 4 EX 10 PX 10 => -ERR syntax error
        SET a 4 EX 10 EXAT 10 => -ERR syntax error
        SET a 4 EX 10 KEEPTTL => -ERR syntax error
        SET a 4 KEEPTTL PX 10 => -ERR syntax error
        SET a 4 PERSIST => -ERR syntax error
        SET a 4 EX => -ERR syntax error
        SET a 4 EX x => -ERR value is not an integer or out of range
        SET a 4 EX 0 => -ERR invalid expire time in 'set' command
        SET a 4 PX -1 => -ERR invalid expire time in 'set' command
        SET a 4 EXAT 0 => -ERR invalid expire time in 'set' command
        SET a 4 EX 9223372036854775 => -ERR invalid expire time in 'set' command
        SET a 4 EX 9223372036854776 => -ERR invalid expire time in 'set' command
        SET a 4 PX 9223372036854775807 => -ERR invalid expire time in 'set' command
        GET a => "3"
        SET a 4 EXAT 9223372036854775 => OK
        SET a 4 PXAT 9223372036854775807 => OK
        PEXPIRETIME a => :9223372036854775806
        SET a 5 EXAT 1 => OK
        EXISTS a => :0
        SET b 5 PXAT 1700000000000 => OK
        EXISTS b => :0
        """);
    assertThat(runner.rows().size(Family.EXPIRY)).isZero();
  }

  @Test
  void anExpiredKeyIsAbsentAndItsExpiryDoesNotComeBack() {
    script.check(
        """
        SET a 1 PX 100 => OK
        @99
        GET a => "1"
        @100
        GET a => nil
        SET a 2 XX => nil
        SET a 2 KEEPTTL => OK
        TTL a => :-1
        SET b 1 PX 100 => OK
        @200
        APPEND b x => :1
        TTL b => :-1
        SET c 5 PX 100 => OK
        @300
        INCR c => :1
        TTL c => :-1
        """);
  }

  @Test
  void theSettersOfOneOptionFollowTheirOwnRules() {
    script.check(
        """
        SETNX a 1 => :1
        SETNX a 2 => :0
        GET a => "1"
        SETEX a 10 3 => OK
        TTL a => :10
        PSETEX a 1500 4 => OK
        PTTL a => :1500
        SETEX a 0 x => -ERR invalid expire time in 'setex' command
        SETEX a y x => -ERR value is not an integer or out of range
        PSETEX a -5 x => -ERR invalid expire time in 'psetex' command
        PSETEX a 9223372036854775807 x => -ERR invalid expire time in 'psetex' command
        GET a => "4"
        GETSET a 5 => "4"
        TTL a => :-1
        GETSET n 1 => nil
        GET n => "1"
        """);
  }

  @Test
  void getExChangesTheExpiry() {
    script.check(
        """
        GETEX a => nil
        GETEX a EX 0 => nil
        GETEX a FOO => -ERR syntax error
        SET a 1 => OK
        GETEX a => "1"
        TTL a => :-1
        GETEX a EX 10 => "1"
        TTL a => :10
        GETEX a PX 1500 => "1"
        PTTL a => :1500
        GETEX a => "1"
        PTTL a => :1500
        GETEX a EXAT 1700000100 => "1"
        TTL a => :100
        GETEX a PERSIST => "1"
        TTL a => :-1
        GETEX a PERSIST => "1"
        GETEX a EX 10 PERSIST => -ERR syntax error
        GETEX a PERSIST EX 10 => -ERR syntax error
        GETEX a EX 10 PX 10 => -ERR syntax error
        GETEX a KEEPTTL => -ERR syntax error
        GETEX a NX => -ERR syntax error
        GETEX a EX => -ERR syntax error
        GETEX a EX 0 => -ERR invalid expire time in 'getex' command
        GETEX a EX x => -ERR value is not an integer or out of range
        GETEX a PXAT 1 => "1"
        EXISTS a => :0
        """);
  }

  @Test
  void getDelTakesTheValueOut() {
    script.check(
        """
        GETDEL a => nil
        SET a 1 EX 10 => OK
        GETDEL a => "1"
        GETDEL a => nil
        """);
    assertThat(runner.rows().dump()).isEmpty();
  }

  @Test
  void severalKeysAreReadAndWritten() {
    makeList("l");
    script.check(
        """
        MSET a 1 b 2 a 3 => OK
        MGET a b c l a => ["3", "2", nil, nil, "3"]
        MSET a 1 b => -ERR wrong number of arguments for 'mset' command
        MSETNX a 1 b => -ERR wrong number of arguments for 'msetnx' command
        MSETNX c 1 a 2 => :0
        EXISTS c => :0
        MSETNX c 1 d 2 c 3 => :1
        MGET c d => ["3", "2"]
        MSET l x => OK
        TYPE l => string
        SET a 1 EX 10 => OK
        MSET a 2 => OK
        TTL a => :-1
        MGET => -ERR wrong number of arguments for 'mget' command
        """);
  }

  @Test
  void countersCount() {
    script.check(
        """
        INCR a => :1
        INCRBY a 41 => :42
        DECR a => :41
        DECRBY a -9 => :50
        GET a => "50"
        DECR b => :-1
        INCRBY c -5 => :-5
        DECRBY d 5 => :-5
        SET a 9223372036854775806 EX 10 => OK
        INCR a => :9223372036854775807
        INCR a => -ERR increment or decrement would overflow
        TTL a => :10
        DECRBY a 9223372036854775807 => :0
        DECRBY a -9223372036854775808 => -ERR decrement would overflow
        SET a -9223372036854775808 => OK
        DECR a => -ERR increment or decrement would overflow
        INCRBY a -1 => -ERR increment or decrement would overflow
        INCRBY a 9223372036854775807 => :-1
        INCRBY a 9223372036854775808 => -ERR value is not an integer or out of range
        INCRBY a 1.5 => -ERR value is not an integer or out of range
        INCRBY a '' => -ERR value is not an integer or out of range
        DECRBY a +1 => -ERR value is not an integer or out of range
        GET a => "-1"
        """);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "", " 5", "5 ", "012", "+5", "-0", "1.0", "1e3", "0x10", "-"})
  void aValueThatIsNoIntegerIsNotCounted(String value) {
    runner.run("SET", "a", value);
    assertThat(runner.run("INCR", "a")).isEqualTo(Reply.error(RespErrors.NOT_INTEGER));
    assertThat(CommandScript.text(runner.run("GET", "a"))).isEqualTo('"' + value + '"');
  }

  @Test
  void floatsAreAddedAsRedisAddsThem() {
    script.check(
        """
        SET a 10.50 EX 10 => OK
        INCRBYFLOAT a 0.1 => "10.6"
        TTL a => :10
        GET a => "10.6"
        INCRBYFLOAT a -5 => "5.6"
        SET a 5.0e3 => OK
        INCRBYFLOAT a 2.0e2 => "5200"
        INCRBYFLOAT new 3.0e-5 => "0.00003"
        SET a 3.0 => OK
        INCRBYFLOAT a 1.5e0 => "4.5"
        INCRBYFLOAT a -4.5 => "0"
        INCRBYFLOAT a nan => -ERR value is not a valid float
        INCRBYFLOAT a x => -ERR value is not a valid float
        INCRBYFLOAT a '' => -ERR value is not a valid float
        INCRBYFLOAT a ' 1' => -ERR value is not a valid float
        INCRBYFLOAT a 1e5000 => -ERR value is not a valid float
        INCRBYFLOAT a inf => -ERR increment would produce NaN or Infinity
        SET b inf => OK
        INCRBYFLOAT b 1 => -ERR increment would produce NaN or Infinity
        INCRBYFLOAT b -inf => -ERR increment would produce NaN or Infinity
        SET b 1x => OK
        INCRBYFLOAT b 1 => -ERR value is not a valid float
        GET a => "0"
        """);
  }

  @Test
  void partsOfStringsAreReadAndChanged() {
    script.check(
        """
        APPEND a Hello => :5
        APPEND a '' => :5
        APPEND a ' World' => :11
        GET a => "Hello World"
        STRLEN a => :11
        STRLEN none => :0
        EXPIRE a 10 => :1
        APPEND a ! => :12
        TTL a => :10
        SETRANGE a 6 Redis => :12
        GET a => "Hello Redis!"
        TTL a => :10
        SETRANGE a 12 xyz => :15
        SETRANGE a 3 '' => :15
        SETRANGE none 3 '' => :0
        EXISTS none => :0
        SETRANGE a -1 x => -ERR offset is out of range
        SETRANGE a x x => -ERR value is not an integer or out of range
        SETRANGE a 536870912 x => -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE a 536870911 xy => -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE a 9223372036854775807 x => -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE none 536870912 x => -ERR string exceeds maximum allowed size (proto-max-bulk-len)
        SETRANGE a 536870912 '' => :15
        GET a => "Hello Redis!xyz"
        """);
    script.check("SETRANGE gap 2 x => :3");
    assertThat(CommandScript.text(runner.run("GET", "gap"))).isEqualTo("\"\0\0x\"");
  }

  @Test
  void rangesAreClampedAsInRedis() {
    script.check(
        """
        SET a 0123456789 => OK
        GETRANGE a 0 3 => "0123"
        GETRANGE a -3 -1 => "789"
        GETRANGE a 0 -1 => "0123456789"
        GETRANGE a 5 100 => "56789"
        GETRANGE a -100 2 => "012"
        GETRANGE a 0 -100 => "0"
        GETRANGE a -1 -5 => ""
        GETRANGE a -200 -100 => "0"
        GETRANGE a 3 1 => ""
        GETRANGE a 10 20 => ""
        GETRANGE a -9223372036854775808 9223372036854775807 => "0123456789"
        SUBSTR a 1 2 => "12"
        GETRANGE none 0 -1 => ""
        SET e '' => OK
        GETRANGE e 0 -1 => ""
        GETRANGE a x 1 => -ERR value is not an integer or out of range
        GETRANGE a 1 x => -ERR value is not an integer or out of range
        SUBSTR a x 1 => -ERR value is not an integer or out of range
        """);
  }

  @Test
  void lcsFindsWhatRedisFinds() {
    makeList("l");
    script.check(
        """
        MSET a ohmytext b mynewtext => OK
        LCS a b => "mytext"
        LCS a b LEN => :6
        LCS a b IDX => {"matches": [[[:4, :7], [:5, :8]], [[:2, :3], [:0, :1]]], "len": :6}
        LCS a b IDX MINMATCHLEN 4 => {"matches": [[[:4, :7], [:5, :8]]], "len": :6}
        LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN => {"matches": [[[:4, :7], [:5, :8], :4]], "len": :6}
        LCS a b IDX MINMATCHLEN -1 => {"matches": [[[:4, :7], [:5, :8]], [[:2, :3], [:0, :1]]], "len": :6}
        LCS a none => ""
        LCS none a IDX => {"matches": [], "len": :0}
        LCS a a LEN => :8
        LCS a b LEN IDX => -ERR If you want both the length and indexes, please just use IDX.
        LCS a b FOO => -ERR syntax error
        LCS a b MINMATCHLEN => -ERR syntax error
        LCS a b MINMATCHLEN x => -ERR value is not an integer or out of range
        LCS l a => -ERR The specified keys must contain string values
        LCS none l FOO => -ERR The specified keys must contain string values
        SETRANGE big 4194304 x => :4194305
        LCS big none => -ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len
        SETRANGE m 99999 x => :100000
        LCS m m LEN => -ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len
        """);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET l",
        "SET l v GET",
        "SET l v NX GET",
        "GETSET l v",
        "GETDEL l",
        "GETEX l",
        "GETEX l EX 0",
        "STRLEN l",
        "INCR l",
        "DECR l",
        "INCRBY l 1",
        "DECRBY l 1",
        "INCRBYFLOAT l x",
        "SETRANGE l 0 x",
        "SETRANGE l 0 ''",
        "SETRANGE l 536870912 x",
        "GETRANGE l 0 1",
        "SUBSTR l 0 1",
        "APPEND l x"
      })
  void anotherTypeIsLeftAlone(String command) {
    makeList("l");
    script.check(command + " => " + WRONG_TYPE);
  }

  @Test
  void mistakesInArgumentsComeBeforeTheType() {
    makeList("l");
    script.check(
        """
        INCRBY l x => -ERR value is not an integer or out of range
        SETRANGE l -1 x => -ERR offset is out of range
        GETRANGE l x 1 => -ERR value is not an integer or out of range
        SET l v GET EX 0 => -ERR invalid expire time in 'set' command
        """);
  }

  @Test
  void anotherTypeIsOverwrittenByPlainSetters() {
    for (String command :
        new String[] {
          "SET l v", "SET l v XX", "SET l v KEEPTTL", "SETEX l 10 v", "PSETEX l 10 v", "MSET l v"
        }) {
      makeList("l");
      script.check(command + " => OK\nTYPE l => string\nGET l => \"v\"\nDEL l => :1");
    }
    makeList("l");
    script.check("SETNX l v => :0\nMSETNX l v => :0\nTYPE l => list");
  }

  @Test
  void everyEntryNamesItsGroupAndCost() {
    for (CommandSpec spec : StringCommands.ALL) {
      assertThat(spec.group()).as(spec.name()).isEqualTo(Group.STRING);
      assertThat(spec.summary()).as(spec.name()).endsWith(".");
      assertThat(spec.complexity()).as(spec.name()).startsWith("O(");
    }
  }
}
