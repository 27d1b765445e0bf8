package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.KeyScan;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.Slot;
import io.raftkv.storage.row.KeyRows;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyWalksTest {
  private final CommandRunner runner =
      new CommandRunner(
          Stream.concat(StringCommands.ALL.stream(), GenericCommands.ALL.stream()).toList());
  private final CommandScript script = new CommandScript(runner);

  private void fill(int database, String prefix, int count) {
    runner.database(database);
    for (int i = 0; i < count; i++) {
      runner.run("SET", prefix + i, "v");
    }
    runner.database(0);
  }

  private static List<String> names(Reply keys) {
    return ((Reply.Array) keys)
        .items().stream()
            .map(key -> new String(((Reply.Bulk) key).bytes(), StandardCharsets.ISO_8859_1))
            .toList();
  }

  private static String cursor(Reply page) {
    Reply cursor = ((Reply.Array) page).items().get(0);
    return new String(((Reply.Bulk) cursor).bytes(), StandardCharsets.ISO_8859_1);
  }

  private List<String> scanAll(String... options) {
    List<String> found = new ArrayList<>();
    String cursor = "0";
    do {
      String[] words =
          Stream.concat(Stream.of("SCAN", cursor), Stream.of(options)).toArray(String[]::new);
      Reply page = runner.run(words);
      found.addAll(names(((Reply.Array) page).items().get(1)));
      cursor = cursor(page);
    } while (!cursor.equals("0"));
    return found;
  }

  private static List<String> expected(String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 10, 99, 1000})
  void aScanReturnsEveryKeyOfItsDatabaseOnce(int count) {
    fill(0, "zero", 40);
    fill(5, "five", 100);
    fill(9, "nine", 40);
    runner.database(5);
    assertThat(scanAll("COUNT", Integer.toString(count)))
        .containsExactlyInAnyOrderElementsOf(expected("five", 100));
  }

  @Test
  void aScanOfOneSlotStaysInOrderOfItsHashes() {
    fill(0, "{tag}", 100);
    List<String> found = scanAll("COUNT", "3");
    assertThat(found).containsExactlyInAnyOrderElementsOf(expected("{tag}", 100));
    assertThat(found.stream().map(name -> KeyRows.hash(name.getBytes(StandardCharsets.US_ASCII))))
        .isSorted();
  }

  @Test
  void keysThatStayAreFoundWhileOthersComeAndGo() {
    fill(0, "stays", 60);
    TreeSet<String> found = new TreeSet<>();
    String cursor = "0";
    int round = 0;
    do {
      Reply page = runner.run("SCAN", cursor, "COUNT", "5");
      found.addAll(names(((Reply.Array) page).items().get(1)));
      cursor = cursor(page);
      runner.run("DEL", "fleeting" + round);
      runner.run("SET", "fleeting" + ++round, "v");
    } while (!cursor.equals("0"));
    assertThat(found).containsAll(expected("stays", 60));
  }

  @Test
  void aScanFilters() {
    fill(0, "a", 20);
    fill(0, "b", 20);
    assertThat(scanAll("MATCH", "a*")).containsExactlyInAnyOrderElementsOf(expected("a", 20));
    assertThat(scanAll("MATCH", "a*", "MATCH", "b1")).containsExactly("b1");
    assertThat(scanAll("TYPE", "string")).hasSize(40);
    assertThat(scanAll("type", "STRING", "match", "b*", "count", "100")).hasSize(20);
    assertThat(scanAll("TYPE", "hash")).isEmpty();
    assertThat(scanAll("TYPE", "foo")).isEmpty();
  }

  @Test
  void deadKeysAreNotScannedButDoNotEndThePage() {
    fill(0, "live", 5);
    for (int i = 0; i < 50; i++) {
      runner.run("SET", "dead" + i, "v", "PX", "1");
    }
    script.check("@1");
    assertThat(scanAll()).containsExactlyInAnyOrderElementsOf(expected("live", 5));
    assertThat(names(runner.run("KEYS", "*")))
        .containsExactlyInAnyOrderElementsOf(expected("live", 5));
    script.check("DBSIZE => :55\nRAFTKV.SWEEP 100 => :50\nDBSIZE => :5");
  }

  @Test
  void aScanOfPartOfTheSlotsGoesOnWithTheNextSlot() {
    fill(0, "k", 200);
    Keyspace keys = Keyspace.forRead(runner.rows(), 0, runner.timeMillis(), runner.timeMillis(), 1);
    int half = Slot.COUNT / 2 - 1;
    List<String> found = new ArrayList<>();
    long cursor = 0;
    int lastSlot = half;
    do {
      KeyWalks.Page page = KeyWalks.scan(scanWords(cursor), keys, lastSlot);
      cursor = page.cursor();
      for (byte[] key : page.keys()) {
        assertThat(Slot.of(key)).isLessThanOrEqualTo(lastSlot);
        found.add(new String(key, StandardCharsets.US_ASCII));
      }
      if (cursor == KeyScan.position(half + 1, 0)) {
        assertThat(lastSlot).isEqualTo(half);
        lastSlot = Slot.COUNT - 1;
      }
    } while (cursor != 0);
    assertThat(lastSlot).isEqualTo(Slot.COUNT - 1);
    assertThat(found).containsExactlyInAnyOrderElementsOf(expected("k", 200));
  }

  private static Args scanWords(long cursor) {
    return new Args(
        "SCAN".getBytes(StandardCharsets.US_ASCII),
        Long.toString(cursor).getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void anEmptyDatabaseIsScannedAtOnce() {
    script.check(
        """
        SCAN 0 => ["0", []]
        SCAN 123456789 => ["0", []]
        SET a 1 => OK
        #1
        SCAN 0 => ["0", []]
        KEYS * => []
        RANDOMKEY => nil
        """);
  }

  @Test
  void scanRefusesMistakes() {
    script.check(
        """
        SET a 1 => OK
        SCAN => -ERR wrong number of arguments for 'scan' command
        SCAN x => -ERR invalid cursor
        SCAN ' 1' => -ERR invalid cursor
        SCAN 1x => -ERR invalid cursor
        SCAN - => -ERR invalid cursor
        SCAN 18446744073709551616 => -ERR invalid cursor
        SCAN x FOO => -ERR invalid cursor
        SCAN 18446744073709551615 => ["0", []]
        SCAN 9223372036854775808 => ["0", []]
        SCAN 4611686018427387904 => ["0", []]
        SCAN -1 => ["0", []]
        SCAN +0 => ["0", ["a"]]
        SCAN '' => ["0", ["a"]]
        SCAN 0 COUNT 0 => -ERR syntax error
        SCAN 0 COUNT -1 => -ERR syntax error
        SCAN 0 COUNT x => -ERR value is not an integer or out of range
        SCAN 0 COUNT => -ERR syntax error
        SCAN 0 MATCH => -ERR syntax error
        SCAN 0 TYPE => -ERR syntax error
        SCAN 0 FOO 1 => -ERR syntax error
        """);
  }

  @Test
  void keysListsWhatMatches() {
    script.check(
        """
        MSET hello 1 hallo 2 hillo 3 other 4 => OK
        KEYS h[ae]llo x => -ERR wrong number of arguments for 'keys' command
        KEYS other => ["other"]
        KEYS none* => []
        """);
    assertThat(names(runner.run("KEYS", "h[ae]llo"))).containsExactlyInAnyOrder("hello", "hallo");
    assertThat(names(runner.run("KEYS", "*"))).hasSize(4);
  }

  /** Far from what chance explains: 2000 draws of 10 keys would give each 200, plus or minus 14. */
  @Test
  void everyOneOfFewKeysIsDrawnAlike() {
    fill(0, "k", 10);
    fill(1, "other", 10);
    assertThat(draws(2000)).hasSize(10).allSatisfy((key, n) -> assertThat(n).isBetween(120, 280));
  }

  @Test
  void manyKeysAreDrawnFromTheWholeRange() {
    fill(0, "k", 500);
    Map<String, Integer> draws = draws(5000);
    assertThat(draws.size()).isGreaterThan(400);
    assertThat(draws.keySet()).allMatch(key -> key.startsWith("k"));
  }

  private Map<String, Integer> draws(int count) {
    Map<String, Integer> draws = new HashMap<>();
    for (int i = 0; i < count; i++) {
      Reply.Bulk key = (Reply.Bulk) runner.run("RANDOMKEY");
      draws.merge(new String(key.bytes(), StandardCharsets.US_ASCII), 1, Integer::sum);
    }
    return draws;
  }

  @Test
  void aDeadKeyIsNeverDrawn() {
    fill(0, "live", 1);
    for (int i = 0; i < 100; i++) {
      runner.run("SET", "dead" + i, "v", "PX", "1");
    }
    script.check("@1");
    assertThat(draws(50)).containsOnlyKeys("live0");
    script.check(
        "DEL live0 => :1\nRANDOMKEY => nil\nRANDOMKEY x => -ERR wrong number of arguments for 'randomkey' command");
  }

  /** A read must tell that a key is due by the node's clock, though alive by shard time. */
  @Test
  void aWalkNotesKeysThatAreDue() {
    script.check("SET a 1 PX 100 => OK");
    long now = runner.timeMillis();
    for (String command : new String[] {"KEYS *", "SCAN 0", "RANDOMKEY"}) {
      List<String> words = List.of(command.split(" ", -1));
      Args args =
          new Args(
              words.stream()
                  .map(word -> word.getBytes(StandardCharsets.US_ASCII))
                  .toArray(byte[][]::new));
      CommandSpec spec =
          GenericCommands.ALL.stream()
              .filter(entry -> entry.name().equals(words.get(0)))
              .findFirst()
              .orElseThrow();
      Keyspace before = Keyspace.forRead(runner.rows(), 0, now, now + 99, 1);
      spec.handler().run(args, before);
      assertThat(before.sawDue()).as(command).isFalse();
      Keyspace after = Keyspace.forRead(runner.rows(), 0, now, now + 100, 1);
      spec.handler().run(args, after);
      assertThat(after.sawDue()).as(command).isTrue();
    }
  }
}
