package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.rdb.DumpMutator;
import io.raftkv.resp.rdb.DumpPayload;
import io.raftkv.resp.rdb.GoldenDumps;
import io.raftkv.resp.rdb.Payloads;
import io.raftkv.resp.rdb.ValueText;
import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DumpCommandsTest {
  /** Commands of all types. */
  static final List<CommandSpec> SPECS = specs();

  private static final byte[] HELLO = HexFormat.of().parseHex("000568656c6c6f0a006372df766534200a");

  private final CommandRunner runner = new CommandRunner(SPECS);

  private static List<CommandSpec> specs() {
    List<CommandSpec> specs = new ArrayList<>();
    List.of(
            StringCommands.ALL,
            GenericCommands.ALL,
            HashCommands.ALL,
            HashFieldCommands.ALL,
            ListCommands.ALL,
            SetCommands.ALL,
            SortedSetCommands.ALL,
            StreamCommands.ALL,
            DumpCommands.ALL)
        .forEach(specs::addAll);
    return specs;
  }

  static List<GoldenDumps.Dump> dumps() {
    return GoldenDumps.all();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private String run(String command) {
    return ReplyText.of(runner.run(command.split(" ", -1)));
  }

  /** RESTORE with further words in front of the options. */
  private String restore(String key, String timeToLive, byte[] payload, String... options) {
    List<byte[]> words =
        new ArrayList<>(List.of(ascii("RESTORE"), ascii(key), ascii(timeToLive), payload));
    Arrays.stream(options).map(DumpCommandsTest::ascii).forEach(words::add);
    return ReplyText.of(runner.run(words.toArray(byte[][]::new)));
  }

  private byte[] dump(String key) {
    return ((Reply.Bulk) runner.run("DUMP", key)).bytes();
  }

  private String dumpedHex(String key) {
    byte[] payload = dump(key);
    assertThat(DumpPayload.isSealed(payload)).isTrue();
    return HexFormat.of().formatHex(payload, 0, payload.length - Long.BYTES);
  }

  /** What MIGRATE of a node of a Redis Cluster sends in place of RESTORE. */
  @Test
  void restoreAskingIsRestore() {
    run("SET k v");
    byte[] payload = dump("k");
    assertThat(
            ReplyText.of(runner.run(ascii("RESTORE-ASKING"), ascii("copy"), ascii("0"), payload)))
        .isEqualTo(restore("other", "0", payload));
    assertThat(run("GET copy")).isEqualTo("'v'");
  }

  /** Hashes of all sizes are in the form that every Redis reads as long as no field expires. */
  @ParameterizedTest
  @ValueSource(ints = {0, 500})
  void deadlinesOfFieldsAreInTheDump(int immortals) {
    long now = runner.timeMillis();
    run("HSET h f 7");
    for (int i = 0; i < immortals; i++) {
      run("HSET h immortal" + i + " v");
    }
    byte[] plain = dump("h");
    assertThat(plain[0]).isEqualTo((byte) 4);
    run("HSETEX h PXAT " + (now + 20) + " FIELDS 1 n 8");
    run("HSETEX h PXAT " + (now + 10) + " FIELDS 1 m 9");
    String mortal = ValueText.of(DumpPayload.decode(dump("h")));
    assertThat(mortal).contains("f=7 ", "m=9@" + (now + 10), "n=8@" + (now + 20));
    runner.timeMillis(now + 10);
    assertThat(ValueText.of(DumpPayload.decode(dump("h"))))
        .as("without the field that is dead but not swept")
        .isEqualTo(mortal.replace(" m=9@" + (now + 10), ""));
    runner.timeMillis(now + 20);
    assertThat(dump("h")).as("all that could expire is dead").isEqualTo(plain);
    run("HSETEX h PXAT " + (now + 30) + " FIELDS 1 n 8");
    run("HPERSIST h FIELDS 1 n");
    assertThat(dump("h")[0]).isEqualTo((byte) 4);
  }

  @Test
  void bytesOfAHashWithDeadlinesArePinned() {
    runner.timeMillis(1_799_999_999_999L);
    run("HSET h f 7");
    run("HSETEX h PXAT 1800000001000 FIELDS 1 h 7");
    run("HSETEX h PXAT 1800000000000 FIELDS 1 g 7");
    assertThat(dumpedHex("h"))
        .isEqualTo(
            "18 00505c18a3010000 80 00000003 00 0166 c007 43e9 0168 c007 01 0167 c007 0c00"
                .replace(" ", ""));
    assertThat(restore("copy", "0", dump("h"))).isEqualTo("OK");
    assertThat(run("HPEXPIRETIME copy FIELDS 3 f g h"))
        .isEqualTo("[:-1 :1800000000000 :1800000001000]");
    runner.rows().verifyHashes();
  }

  @Test
  void fieldsThatHaveExpiredAreNotRestored() {
    for (GoldenDumps.Dump dump : dumps()) {
      if (dump.value().startsWith("expiring")) {
        runner.timeMillis(1_799_999_999_999L);
        assertThat(restore("all", "0", dump.payload())).isEqualTo("OK");
        runner.timeMillis(1_800_000_000_000L);
        assertThat(restore("rest", "0", dump.payload())).isEqualTo("OK");
        assertThat(run("HGET rest g")).isEqualTo("nil");
        assertThat(dump("rest")).isEqualTo(dump("all"));
        run("DEL all rest");
        assertThat(runner.rows().dump()).isEmpty();
      }
    }
  }

  /** However many fields they were; a time to live changes nothing. */
  @Test
  void aHashWhoseFieldsHaveAllExpiredIsNotRestored() {
    for (int size : new int[] {1, 300}) {
      run("DEL h");
      for (int i = 0; i < size; i++) {
        run("HSETEX h PX 10 FIELDS 1 f" + i + " v");
      }
      byte[] payload = dump("h");
      run("SET k old");
      runner.timeMillis(runner.timeMillis() + 10);
      assertThat(run("DUMP h")).isEqualTo("nil");
      assertThat(restore("k", "1000", payload, "REPLACE")).isEqualTo("OK");
      run("DEL h");
      assertThat(runner.rows().dump()).isEmpty();
    }
  }

  /** One entry deleted, one delivered three times, a consumer that has nothing. */
  private void makeStream(String key) {
    for (String id : List.of("1-1", "1-2", "5-0", "6-7")) {
      run("XADD " + key + " " + id + " f " + id);
    }
    run("XGROUP CREATE " + key + " g 0");
    run("XGROUP CREATE " + key + " empty $ ENTRIESREAD 4");
    run("XREADGROUP GROUP g alice COUNT 2 STREAMS " + key + " >");
    run("XREADGROUP GROUP g bob COUNT 1 STREAMS " + key + " >");
    run("XCLAIM " + key + " g bob 0 5-0");
    run("XGROUP CREATECONSUMER " + key + " g idle");
    run("XDEL " + key + " 1-2");
  }

  @Test
  void bytesOfAStreamArePinned() {
    runner.timeMillis(1800);
    run("XADD s 1-1 f v");
    run("XADD s 5-0 g w");
    run("XGROUP CREATE s g 0");
    run("XREADGROUP GROUP g alice COUNT 1 STREAMS s >");
    assertThat(dumpedHex("s"))
        .isEqualTo(
            ("13 80 00000001 10 0000000000000001 0000000000000001" // one node, its first id
                    + "2e 2e000000 1100 0201 0001 0101 816602 0001" // two entries, field f
                    + "0201 0001 0001 817602 0401" // 1-1, fields as above: v
                    + "0001 0401 dfff02 0101 816702 817702 0601 ff" // 5-0: g is w
                    + "02 0500 0101 0000 02" // length; last, first and deleted id; added
                    + "01 0167 0101 01" // group g is at 1-1 and has read one
                    + "01 0000000000000001 0000000000000001 0807000000000000 01" // pending
                    + "01 05 616c696365 0807000000000000" // consumer alice
                    + "01 0000000000000001 0000000000000001" // what is pending for her
                    + "0a00")
                .replace(" ", ""));
  }

  /** All but when consumers got something last, for which the payload has no place. */
  private String told(String stream) {
    String all = run("XINFO STREAM " + stream + " FULL COUNT 0");
    String known = all.replaceAll("'active-time'=:-?\\d+", "");
    assertThat(known).isNotEqualTo(all);
    return known;
  }

  @Test
  void aStreamIsRestoredWithItsGroups() {
    makeStream("s");
    byte[] payload = dump("s");
    runner.timeMillis(runner.timeMillis() + 1000);
    assertThat(restore("t", "0", payload)).isEqualTo("OK");
    assertThat(told("t")).isEqualTo(told("s")).contains("'idle'", "'bob'");
    assertThat(run("XPENDING t g")).isEqualTo(run("XPENDING s g"));
    assertThat(run("XPENDING t g - + 10")).isEqualTo(run("XPENDING s g - + 10"));
    assertThat(run("XRANGE t - +")).isEqualTo(run("XRANGE s - +"));
    assertThat(dump("t")).isEqualTo(payload);
    for (String key : List.of("s", "t")) {
      assertThat(run("XREADGROUP GROUP g idle STREAMS " + key + " >")).contains("'6-7'");
      assertThat(run("XACK " + key + " g 1-1 1-2 5-0 6-7")).isEqualTo(":4");
      assertThat(run("XADD " + key + " 6-8 f v")).isEqualTo("'6-8'");
      assertThat(run("XGROUP DESTROY " + key + " empty")).isEqualTo(":1");
    }
    assertThat(dump("t")).isEqualTo(dump("s"));
    run("DEL s t");
    assertThat(runner.rows().dump()).isEmpty();
  }

  /** A dump says all there is of a value: so it tells whether a copy is one. */
  @Test
  void copiesAndMovesKeepGroupsAndDeadlines() {
    makeStream("a");
    run("HSETEX b PX 5000 FIELDS 2 m 1 n 2");
    run("HSET b f v");
    run("HSETEX c PX 5000 FIELDS 2 m 1 n 2");
    run("HSET c f " + "v".repeat(65)); // in rows
    for (String key : List.of("a", "b", "c")) {
      byte[] before = dump(key);
      run("PEXPIRE " + key + " 9000");
      for (String move :
          List.of(
              "COPY # {#}near",
              "COPY # far",
              "RENAME {#}near {#}renamed",
              "RENAME {#}renamed renamed",
              "MOVE renamed 1",
              "COPY # # DB 1")) {
        assertThat(run(move.replace("#", key))).as(move).isIn("OK", ":1");
      }
      assertThat(dump("far")).isEqualTo(before);
      assertThat(run("EXISTS renamed {" + key + "}near {" + key + "}renamed")).isEqualTo(":0");
      run("DEL far");
      assertThat(dump(key)).isEqualTo(before);
      run("DEL " + key);
      runner.database(1);
      for (String moved : List.of("renamed", key)) {
        assertThat(dump(moved)).isEqualTo(before);
        assertThat(run("PTTL " + moved)).isEqualTo(":9000");
      }
      run("DEL renamed " + key);
      runner.database(0);
      runner.rows().verify();
      runner.rows().verifyHashes();
    }
    assertThat(runner.rows().dump()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("dumps")
  void everyEncodingIsRestoredAndDumpedAgain(GoldenDumps.Dump dump) {
    assertThat(restore("k", "0", dump.payload())).isEqualTo("OK");
    byte[] again = dump("k");
    assertThat(DumpPayload.isSealed(again)).isTrue();
    assertThat(ValueText.of(DumpPayload.decode(again))).isEqualTo(dump.value());
  }

  @Test
  void collectionsOfAnySizeAreDumpedAndRestored() {
    for (int size : new int[] {1, 128, 129, 256, 257, 1000}) {
      for (int i = 0; i < size; i++) {
        run("RPUSH list element" + i % 7);
        run("SADD set " + i * i);
        run("ZADD zset " + (i % 10) / 8.0 + " member" + i);
        run("HSET hash field" + i + " " + i);
      }
      for (String key : List.of("list", "set", "zset", "hash")) {
        byte[] payload = dump(key);
        assertThat(restore("copy", "0", payload, "REPLACE")).isEqualTo("OK");
        assertThat(dump("copy")).as("%s of %d", key, size).isEqualTo(payload);
        assertThat(run("DEL " + key)).isEqualTo(":1");
      }
    }
  }

  @Test
  void keysThatAreNotThereHaveNoDump() {
    assertThat(run("DUMP none")).isEqualTo("nil");
  }

  @Test
  void anExistingKeyIsKeptUnlessItIsToBeReplaced() {
    run("SET k old");
    assertThat(restore("k", "0", HELLO)).isEqualTo("-BUSYKEY Target key name already exists.");
    assertThat(run("GET k")).isEqualTo("'old'");
    run("DEL k");
    run("RPUSH k a b");
    run("EXPIRE k 100");
    assertThat(restore("k", "0", HELLO, "replace")).isEqualTo("OK");
    assertThat(run("GET k")).isEqualTo("'hello'");
    assertThat(run("TTL k")).isEqualTo(":-1");
    run("PEXPIRE k 1");
    runner.timeMillis(runner.timeMillis() + 1);
    assertThat(restore("k", "0", HELLO)).as("the key has expired").isEqualTo("OK");
  }

  @Test
  void keysExpireWhenTheyAreToldTo() {
    long now = runner.timeMillis();
    assertThat(restore("k", "1500", HELLO)).isEqualTo("OK");
    assertThat(run("PEXPIRETIME k")).isEqualTo(":" + (now + 1500));
    assertThat(restore("k", Long.toString(now + 7), HELLO, "ABSTTL", "REPLACE")).isEqualTo("OK");
    assertThat(run("PEXPIRETIME k")).isEqualTo(":" + (now + 7));
    assertThat(restore("k", "0", HELLO, "REPLACE", "ABSTTL")).isEqualTo("OK");
    assertThat(run("TTL k")).isEqualTo(":-1");
  }

  @Test
  void whatHasExpiredAlreadyIsNotMade() {
    long now = runner.timeMillis();
    assertThat(restore("k", Long.toString(now), HELLO, "ABSTTL")).isEqualTo("OK");
    assertThat(run("EXISTS k")).isEqualTo(":0");
    run("SET k old");
    assertThat(restore("k", "1", HELLO, "REPLACE", "ABSTTL")).isEqualTo("OK");
    assertThat(run("EXISTS k")).isEqualTo(":0");
    assertThat(runner.rows().dump()).isEmpty();
  }

  @Test
  void idleTimeAndFrequencyAreTakenAndForgotten() {
    assertThat(restore("a", "0", HELLO, "IDLETIME", "1000")).isEqualTo("OK");
    assertThat(run("OBJECT IDLETIME a")).isEqualTo(":0");
    assertThat(restore("b", "0", HELLO, "freq", "255", "replace")).isEqualTo("OK");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          new 0  NOPE                     | ERR syntax error
          new 0  IDLETIME                 | ERR syntax error
          new 0  FREQ                     | ERR syntax error
          new 0  FREQ 1 IDLETIME 1        | ERR syntax error
          new 0  IDLETIME 1 FREQ 1        | ERR syntax error
          new 0  IDLETIME x               | ERR value is not an integer or out of range
          new 0  FREQ x                   | ERR value is not an integer or out of range
          new 0  IDLETIME -1              | ERR Invalid IDLETIME value, must be >= 0
          new 0  FREQ -1                  | ERR Invalid FREQ value, must be >= 0 and <= 255
          new 0  FREQ 256                 | ERR Invalid FREQ value, must be >= 0 and <= 255
          new -1 REPLACE                  | ERR Invalid TTL value, must be >= 0
          new x  REPLACE                  | ERR value is not an integer or out of range
          new 9223372036854775807 REPLACE | ERR invalid expire time in 'restore' command
          old x  ABSTTL                   | BUSYKEY Target key name already exists.
          old 0  NOPE                     | ERR syntax error
          """)
  void mistakesAreFoundInTheOrderOfRedis(String call, String error) {
    run("SET old 1");
    String before = runner.rows().dump();
    String[] words = call.split(" +", -1);
    String[] options = Arrays.copyOfRange(words, 2, words.length);
    assertThat(restore(words[0], words[1], HELLO, options)).isEqualTo("-" + error);
    assertThat(runner.rows().dump()).isEqualTo(before);
  }

  @Test
  void payloadsThatAreNotSealedAreRefused() {
    byte[] changed = HELLO.clone();
    changed[3]++;
    for (byte[] payload : List.of(changed, new byte[0], Arrays.copyOf(HELLO, 9))) {
      assertThat(restore("k", "0", payload))
          .isEqualTo("-ERR DUMP payload version or checksum are wrong");
    }
  }

  @Test
  void aBadValueLeavesTheKeyThatItWasToReplace() {
    run("SADD k a b");
    String before = runner.rows().dump();
    for (String hex :
        List.of(
            "00 02 61", // a string that ends early
            "02 02 01 61 01 61", // a member twice
            "05 02 01 61 000000000000f83f 01 61 0000000000000000",
            "04 02 01 61 01 62 01 61 01 63",
            // a field twice, both alive, both dead, and one of them dead
            "18 00505c18a3010000 02 01 01 66 01 76 01 01 66 01 76",
            "18 0100000000000000 02 01 01 66 01 76 01 01 66 01 76",
            "18 0100000000000000 02 00 01 66 01 76 01 01 66 01 76",
            // a field that expires after the last time there is
            "18 ffffffffffff0000 01 01 01 66 01 76",
            // a stream whose last id is before that of its entry
            "0f 01 10 00000000000000010000000000000001 2e 2e000000 1100 0201 0001 0101 816602 0001"
                + "0201 0001 0001 817602 0401 0001 0401 dfff02 0101 816702 817702 0601 ff"
                + "02 0400 00")) {
      assertThat(restore("k", "0", Payloads.of(hex), "REPLACE"))
          .as(hex)
          .isEqualTo("-ERR Bad data format");
      assertThat(runner.rows().dump()).isEqualTo(before);
    }
  }

  /** A key that was made can be read and dumped; one that was not leaves nothing behind. */
  @Test
  void mutatedPayloadsAreRestoredOrRefused() {
    DumpMutator mutator = new DumpMutator(new Random(7));
    int restored = 0;
    for (int round = 0; round < 50_000; round++) {
      byte[] payload = mutator.next();
      String reply = restore("k", "0", payload);
      if (reply.equals("OK")) {
        restored++;
        if (run("EXISTS k").equals(":0")) {
          continue; // a hash all of whose fields have expired
        }
        byte[] again = dump("k");
        assertThat(restore("copy", "0", again)).isEqualTo("OK");
        assertThat(dump("copy")).isEqualTo(again);
        run("DEL k copy");
      } else {
        assertThat(reply).startsWith("-ERR ");
      }
      assertThat(runner.rows().dump()).as("round %d", round).isEmpty();
    }
    assertThat(restored).isGreaterThan(1000);
  }
}
