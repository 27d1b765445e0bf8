package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.ExpirySweep;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenericCommandsTest {
  private final CommandRunner runner =
      new CommandRunner(
          Stream.concat(StringCommands.ALL.stream(), GenericCommands.ALL.stream()).toList());
  private final CommandScript script = new CommandScript(runner);

  private Keyspace keyspace(int database) {
    return Keyspace.forApply(runner.rows(), database, runner.timeMillis(), 1);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private void makeInline(String name, KeyType type, byte... payload) {
    keyspace(0).key(ascii(name)).update(type, MetaRow.INLINE, payload);
  }

  /** A key with one element row. */
  private void makeRows(String name, KeyType type, Family family) {
    KeyHandle key = keyspace(0).key(ascii(name));
    long id = runner.rows().nextId();
    key.update(type, MetaRow.ROWS, ByteBuffer.allocate(Long.BYTES).putLong(id).array());
    runner.rows().put(family, ElementRows.element(key.slot(), id, ascii("x")), ascii("y"));
  }

  @Test
  void timeToLiveRunsOutWhileShardTimeStandsStill() {
    script.check("SET k v PX 10000 => OK");
    assertThat(timeLeft(0)).isEqualTo(Reply.integer(10_000));
    assertThat(timeLeft(4_000)).isEqualTo(Reply.integer(6_000));
    assertThat(timeLeft(-4_000)).isEqualTo(Reply.integer(10_000));
    assertThat(timeLeft(11_000)).isEqualTo(Reply.ZERO);
  }

  /** PTTL of k on a node whose clock is so far ahead of shard time. */
  private Reply timeLeft(long ahead) {
    return runner.runAt(runner.timeMillis() + ahead, "PTTL", "k");
  }

  @Test
  void keysAreDeletedAndCounted() {
    script.check(
        """
        MSET a 1 b 2 c 3 => OK
        EXISTS a b none a => :3
        TOUCH a none b => :2
        DEL a a none => :1
        UNLINK b c => :2
        EXISTS a b c => :0
        DBSIZE => :0
        DEL => -ERR wrong number of arguments for 'del' command
        EXISTS => -ERR wrong number of arguments for 'exists' command
        """);
  }

  @Test
  void deletingACollectionDeletesItsElementRows() {
    makeRows("h", KeyType.HASH, Family.DATA);
    script.check("TYPE h => hash\nDEL h => :1\nTYPE h => none");
    assertThat(runner.rows().dump()).isEmpty();
  }

  @Test
  void typesHaveTheirNames() {
    makeInline("list", KeyType.LIST);
    makeInline("set", KeyType.SET);
    makeInline("zset", KeyType.ZSET);
    makeInline("hash", KeyType.HASH);
    makeInline("stream", KeyType.STREAM);
    script.check(
        """
        SET string 1 => OK
        TYPE string => string
        TYPE list => list
        TYPE set => set
        TYPE zset => zset
        TYPE hash => hash
        TYPE stream => stream
        TYPE other => none
        """);
  }

  @Test
  void expiryIsSetToldAndCleared() {
    script.check(
        """
        TTL a => :-2
        PTTL a => :-2
        EXPIRETIME a => :-2
        PEXPIRETIME a => :-2
        EXPIRE a 10 => :0
        PERSIST a => :0
        SET a 1 => OK
        TTL a => :-1
        PTTL a => :-1
        EXPIRETIME a => :-1
        PEXPIRETIME a => :-1
        PERSIST a => :0
        EXPIRE a 10 => :1
        TTL a => :10
        PTTL a => :10000
        EXPIRETIME a => :1700000010
        PEXPIRETIME a => :1700000010000
        PEXPIRE a 1499 => :1
        TTL a => :1
        EXPIRETIME a => :1700000001
        PEXPIRE a 1500 => :1
        TTL a => :2
        EXPIRETIME a => :1700000002
        @1
        TTL a => :1
        PTTL a => :1499
        EXPIREAT a 1700000100 => :1
        EXPIRETIME a => :1700000100
        PEXPIREAT a 1700000000777 => :1
        PEXPIRETIME a => :1700000000777
        PERSIST a => :1
        TTL a => :-1
        GET a => "1"
        PEXPIRE a 100 => :1
        @101
        EXISTS a => :0
        TTL a => :-2
        PERSIST a => :0
        EXPIRE a 10 => :0
        """);
  }

  @Test
  void expiryInThePastDeletes() {
    for (String command :
        new String[] {
          "EXPIRE a 0",
          "EXPIRE a -1",
          "PEXPIRE a 0",
          "PEXPIRE a -9223372036854775808",
          "EXPIREAT a 1700000000",
          "EXPIREAT a -5",
          "PEXPIREAT a 1700000000000",
          "PEXPIREAT a 0"
        }) {
      script.check("SET a 1 EX 10 => OK\n" + command + " => :1\nEXISTS a => :0");
      assertThat(runner.rows().dump()).as(command).isEmpty();
    }
  }

  /** The time to live before (none, or seconds), the options, the new one, and what is answered. */
  @ParameterizedTest
  @CsvSource({
    "none, NX, 10, 1, 10",
    "5,    NX, 10, 0, 5",
    "none, XX, 10, 0, -1",
    "5,    XX, 10, 1, 10",
    "none, GT, 10, 0, -1",
    "5,    GT, 10, 1, 10",
    "10,   GT, 10, 0, 10",
    "20,   GT, 10, 0, 20",
    "none, LT, 10, 1, 10",
    "5,    LT, 10, 0, 5",
    "10,   LT, 10, 0, 10",
    "20,   LT, 10, 1, 10",
    "none, XX LT, 10, 0, -1",
    "20,   XX LT, 10, 1, 10",
    "5,    XX GT, 10, 1, 10",
    "none, xx gt, 10, 0, -1",
    "none, NX NX, 10, 1, 10",
    "5,    GT, -1, 0, 5",
    "5,    LT, -1, 1, -2",
    "5,    NX, -1, 0, 5"
  })
  void expiryObeysItsConditions(String before, String options, int after, int reply, int ttl) {
    script.check("SET a 1" + (before.equals("none") ? "" : " EX " + before) + " => OK");
    script.check("EXPIRE a " + after + " " + options + " => :" + reply);
    script.check("TTL a => :" + ttl);
  }

  @Test
  void expiryRefusesMistakes() {
    script.check(
        """
        SET a 1 => OK
        EXPIRE a => -ERR wrong number of arguments for 'expire' command
        EXPIRE a x => -ERR value is not an integer or out of range
        EXPIRE none x => -ERR value is not an integer or out of range
        EXPIRE a x FOO => -ERR Unsupported option FOO
        EXPIRE a 10 Foo => -ERR Unsupported option Foo
        EXPIRE a 10 'a\tb' => -ERR Unsupported option a\tb
        EXPIRE a 10 NX XX => -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE a 10 NX GT => -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE a 10 LT NX => -ERR NX and XX, GT or LT options at the same time are not compatible
        EXPIRE a 10 GT LT => -ERR GT and LT options at the same time are not compatible
        EXPIRE a 9223372036854775807 => -ERR invalid expire time in 'expire' command
        EXPIRE a -9223372036854775808 => -ERR invalid expire time in 'expire' command
        EXPIRE a 9223372036854775 => -ERR invalid expire time in 'expire' command
        PEXPIRE a 9223372036854775807 => -ERR invalid expire time in 'pexpire' command
        EXPIREAT a 9223372036854775807 => -ERR invalid expire time in 'expireat' command
        TTL a => :-1
        PEXPIREAT a 9223372036854775807 => :1
        PEXPIRETIME a => :9223372036854775806
        """);
    assertThat(CommandScript.text(runner.run("EXPIRE", "a", "10", "x\r\n+OK")))
        .isEqualTo("-ERR Unsupported option x  +OK");
  }

  @Test
  void renameMovesValueAndExpiry() {
    script.check(
        """
        SET a 1 EX 10 => OK
        SET b 2 EX 20 => OK
        RENAME a b => OK
        GET b => "1"
        TTL b => :10
        EXISTS a => :0
        RENAME b b => OK
        GET b => "1"
        RENAME a b => -ERR no such key
        RENAME a a => -ERR no such key
        RENAMENX a b => -ERR no such key
        RENAMENX b b => :0
        SET c 3 => OK
        RENAMENX b c => :0
        RENAMENX b d => :1
        TTL d => :10
        MGET b c d => [nil, "3", "1"]
        RENAME d {c}d => OK
        SET gone 1 PX 5 => OK
        @5
        RENAME gone c => -ERR no such key
        RENAMENX c gone => :1
        TTL gone => :-1
        """);
  }

  @Test
  void renameTakesElementRowsAlong() {
    makeRows("{s}a", KeyType.HASH, Family.DATA);
    makeRows("{s}b", KeyType.STREAM, Family.STREAM);
    script.check("RENAME {s}a {s}b => OK\nTYPE {s}b => hash\nRENAME {s}b other => OK");
    assertThat(runner.rows().size(Family.DATA)).isEqualTo(1);
    assertThat(runner.rows().size(Family.STREAM)).isZero();
    script.check("DEL other => :1");
    assertThat(runner.rows().dump()).isEmpty();
  }

  @Test
  void copyCopies() {
    makeRows("h", KeyType.HASH, Family.DATA);
    script.check(
        """
        SET a 1 EX 10 => OK
        COPY a b => :1
        TTL b => :10
        APPEND b 2 => :2
        GET a => "1"
        COPY a b => :0
        GET b => "12"
        COPY a b REPLACE => :1
        GET b => "1"
        COPY none b REPLACE => :0
        GET b => "1"
        COPY a a DB 1 => :1
        COPY a a DB 1 => :0
        COPY a a REPLACE DB 1 => :1
        COPY a c REPLACE REPLACE DB 0 DB 2 => :1
        COPY h a => :0
        COPY h a REPLACE => :1
        TYPE a => hash
        COPY a a => -ERR source and destination objects are the same
        COPY a a DB 0 => -ERR source and destination objects are the same
        COPY none none => -ERR source and destination objects are the same
        COPY a b DB => -ERR syntax error
        COPY a b FOO => -ERR syntax error
        COPY a b DB x => -ERR value is not an integer or out of range
        COPY a b DB 16 => -ERR DB index is out of range
        COPY a b DB -1 => -ERR DB index is out of range
        COPY a b DB 99999999999 => -ERR value is out of range, value must between -2147483648 and 2147483647
        #1
        GET a => "1"
        TTL a => :10
        DBSIZE => :1
        #2
        GET c => "1"
        """);
    assertThat(runner.rows().size(Family.DATA)).isEqualTo(2);
  }

  @Test
  void moveMovesToAnotherDatabase() {
    makeRows("h", KeyType.HASH, Family.DATA);
    script.check(
        """
        SET a 1 EX 10 => OK
        MOVE a 1 => :1
        MOVE a 1 => :0
        SET a 2 => OK
        MOVE a 1 => :0
        GET a => "2"
        MOVE h 15 => :1
        TYPE h => none
        MOVE a 0 => -ERR source and destination objects are the same
        MOVE none 0 => -ERR source and destination objects are the same
        MOVE a 16 => -ERR DB index is out of range
        MOVE a -1 => -ERR DB index is out of range
        MOVE a x => -ERR value is not an integer or out of range
        MOVE a 99999999999 => -ERR value is out of range, value must between -2147483648 and 2147483647
        #1
        GET a => "1"
        TTL a => :10
        #15
        TYPE h => hash
        DEL h => :1
        """);
    assertThat(runner.rows().size(Family.DATA)).isZero();
  }

  @Test
  void flushDbLeavesOtherDatabasesAlone() {
    makeRows("h", KeyType.HASH, Family.DATA);
    makeRows("z", KeyType.ZSET, Family.SCORE);
    script.check(
        """
        MSET a 1 b 2 => OK
        EXPIRE a 10 => :1
        #3
        SET a 3 EX 10 => OK
        COPY a b DB 0 REPLACE => :1
        #0
        DBSIZE => :4
        FLUSHDB => OK
        DBSIZE => :0
        KEYS * => []
        #3
        DBSIZE => :1
        TTL a => :10
        FLUSHDB SYNC => OK
        DBSIZE => :0
        FLUSHDB ASYNC => OK
        FLUSHDB FOO => -ERR syntax error
        FLUSHDB SYNC ASYNC => -ERR syntax error
        """);
    assertThat(runner.rows().dump()).isEmpty();
  }

  @Test
  void flushAllLeavesNothing() {
    makeRows("h", KeyType.HASH, Family.DATA);
    makeRows("z", KeyType.ZSET, Family.SCORE);
    makeRows("x", KeyType.STREAM, Family.STREAM);
    runner.rows().put(Family.SYS, ascii("applied"), ascii("7"));
    script.check(
        """
        SET a 1 EX 10 => OK
        #15
        SET a 3 PXAT 9223372036854775807 => OK
        FLUSHALL FOO => -ERR syntax error
        FLUSHALL SYNC ASYNC => -ERR syntax error
        FLUSHALL async => OK
        DBSIZE => :0
        #0
        DBSIZE => :0
        FLUSHALL => OK
        SET a 1 => OK
        DBSIZE => :1
        FLUSHALL SYNC => OK
        """);
    assertThat(runner.rows().size(Family.SYS)).isEqualTo(1);
    runner.rows().delete(Family.SYS, ascii("applied"));
    assertThat(runner.rows().dump()).isEmpty();
  }

  @Test
  void objectTellsEncodings() {
    makeInline("list", KeyType.LIST);
    makeInline("ints", KeyType.SET, (byte) 3, (byte) 0, (byte) 0);
    makeInline("set", KeyType.SET, (byte) 2, (byte) 0, (byte) 0);
    makeInline("zset", KeyType.ZSET);
    makeInline("hash", KeyType.HASH);
    makeInline("stream", KeyType.STREAM);
    makeRows("biglist", KeyType.LIST, Family.DATA);
    makeRows("bigset", KeyType.SET, Family.DATA);
    makeRows("bigzset", KeyType.ZSET, Family.DATA);
    makeRows("bighash", KeyType.HASH, Family.DATA);
    String at44 = "x".repeat(44);
    script.check(
        """
        MSET int 12345 zero 0 min -9223372036854775808 over 9223372036854775808 lead 01 neg -0 e '' => OK
        MSET emb %s raw %sx => OK
        OBJECT ENCODING int => "int"
        OBJECT ENCODING zero => "int"
        OBJECT ENCODING min => "int"
        OBJECT ENCODING over => "embstr"
        OBJECT ENCODING lead => "embstr"
        OBJECT ENCODING neg => "embstr"
        OBJECT ENCODING e => "embstr"
        OBJECT ENCODING emb => "embstr"
        OBJECT ENCODING raw => "raw"
        OBJECT encoding list => "listpack"
        OBJECT ENCODING ints => "intset"
        OBJECT ENCODING set => "listpack"
        OBJECT ENCODING zset => "listpack"
        OBJECT ENCODING hash => "listpack"
        OBJECT ENCODING stream => "stream"
        OBJECT ENCODING biglist => "quicklist"
        OBJECT ENCODING bigset => "hashtable"
        OBJECT ENCODING bigzset => "skiplist"
        OBJECT ENCODING bighash => "hashtable"
        """
            .formatted(at44, at44));
  }

  @Test
  void objectAnswersLikeRedis() {
    script.check(
        """
        MSET a 1 b 9999 c 10000 d -1 e x => OK
        OBJECT REFCOUNT a => :2147483647
        OBJECT REFCOUNT b => :2147483647
        OBJECT REFCOUNT c => :1
        OBJECT REFCOUNT d => :1
        OBJECT REFCOUNT e => :1
        OBJECT IDLETIME a => :0
        OBJECT ENCODING none => nil
        OBJECT REFCOUNT none => nil
        OBJECT IDLETIME none => nil
        OBJECT FREQ none => nil
        OBJECT => -ERR wrong number of arguments for 'object' command
        OBJECT ENCODING => -ERR wrong number of arguments for 'object|encoding' command
        OBJECT FREQ a b => -ERR wrong number of arguments for 'object|freq' command
        OBJECT HELP x => -ERR wrong number of arguments for 'object|help' command
        OBJECT FOO a => -ERR unknown subcommand 'FOO'. Try OBJECT HELP.
        OBJECT foo => -ERR unknown subcommand 'foo'. Try OBJECT HELP.
        """);
    script.check("OBJECT FREQ a => -" + RespErrors.NO_LFU);
    assertThat(CommandScript.text(runner.run("OBJECT", "HELP")))
        .startsWith("[OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:, ENCODING")
        .endsWith("HELP,     Prints this help.]");
  }

  @Test
  void theSweepDeletesWhatIsDueInAllDatabases() {
    makeRows("h", KeyType.HASH, Family.DATA);
    script.check(
        """
        SET a 1 PX 10 => OK
        SET b 1 PX 20 => OK
        SET c 1 PX 30 => OK
        PEXPIRE h 15 => :1
        #7
        SET a 1 PX 12 => OK
        SET stays 1 => OK
        RAFTKV.SWEEP 100 => :0
        @20
        """);
    assertThat(ExpirySweep.anyDue(runner.rows(), runner.timeMillis())).isTrue();
    script.check("DBSIZE => :2\nRAFTKV.SWEEP 3 => :3\nDBSIZE => :1\nRAFTKV.SWEEP 3 => :1");
    assertThat(runner.rows().size(Family.DATA)).isZero();
    assertThat(ExpirySweep.anyDue(runner.rows(), runner.timeMillis())).isFalse();
    script.check(
        """
        RAFTKV.SWEEP 3 => :0
        EXISTS stays => :1
        #0
        DBSIZE => :1
        PTTL c => :10
        RAFTKV.SWEEP 0 => -ERR value is out of range, must be positive
        RAFTKV.SWEEP 100001 => -ERR value is out of range, must be positive
        RAFTKV.SWEEP x => -ERR value is out of range, must be positive
        """);
  }
}
