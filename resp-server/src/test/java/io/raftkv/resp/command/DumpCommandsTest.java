package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.rdb.DumpMutator;
import io.raftkv.resp.rdb.DumpPayload;
import io.raftkv.resp.rdb.GoldenDumps;
import io.raftkv.resp.rdb.Payloads;
import io.raftkv.resp.rdb.ValueText;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
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

  /** To leave deadlines out would make fields live for ever on the other side. */
  @Test
  void whatThePayloadCannotHoldIsRefusedAndNotLost() {
    run("HSET h f v g w");
    run("HEXPIRE h 100 FIELDS 1 f");
    assertThat(run("DUMP h")).isEqualTo("-" + RespErrors.DUMP_FIELD_EXPIRY);
    run("HPERSIST h FIELDS 1 f");
    assertThat(dump("h")).isNotEmpty();
    run("XADD s 1-1 f v");
    assertThat(run("DUMP s")).isEqualTo("-" + RespErrors.DUMP_STREAM);
  }

  @ParameterizedTest
  @MethodSource("dumps")
  void everyEncodingIsRestoredAndDumpedAgain(GoldenDumps.Dump dump) {
    String reply = restore("k", "0", dump.payload());
    if (dump.value().startsWith("expiring")) {
      assertThat(reply).isEqualTo("-" + RespErrors.RESTORE_FIELD_EXPIRY);
      assertThat(run("EXISTS k")).isEqualTo(":0");
      return;
    }
    assertThat(reply).isEqualTo("OK");
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
            "04 02 01 61 01 62 01 61 01 63")) {
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
