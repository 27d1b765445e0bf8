package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.Family;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Redis answers to stream commands; see {@link StreamDifferentialTest} for a real one. */
class StreamCommandsTest {
  private static final List<CommandSpec> SPECS = new ArrayList<>();

  static {
    SPECS.addAll(StreamCommands.ALL);
    SPECS.addAll(GenericCommands.ALL);
    SPECS.addAll(StringCommands.ALL);
  }

  private final CommandScript script = new CommandScript(new CommandRunner(SPECS));

  /** As Redis, which asks for memory when it knows the group. */
  @Test
  void aCountThatRedisHasNoMemoryForIsRefusedIfTheGroupIsThere() {
    String asked = "XAUTOCLAIM %s %s d 0 0 JUSTID COUNT 5497558138881";
    script.check("XADD s 1-1 f v => \"1-1\"\nXGROUP CREATE s g 0 => OK\nSET text v => OK");
    assertThat(admitted(asked.formatted("no", "g")))
        .isEqualTo(Reply.error("NOGROUP No such key 'no' or consumer group 'g'"));
    assertThat(admitted(asked.formatted("s", "no")))
        .isEqualTo(Reply.error("NOGROUP No such key 's' or consumer group 'no'"));
    assertThat(admitted(asked.formatted("text", "g")))
        .isEqualTo(
            Reply.error("WRONGTYPE Operation against a key holding the wrong kind of value"));
    assertThat(admitted(asked.formatted("s", "g")))
        .isEqualTo(
            Reply.error(
                "ERR Insufficient memory, failed allocating transient memory, COUNT too high."));
    assertThatThrownBy(() -> admit("XAUTOCLAIM s g d 0 0 COUNT 99999999999999999 COUNT 0"))
        .hasMessageContaining("ERR COUNT must be > 0");
    assertThatThrownBy(() -> admit("XAUTOCLAIM s g d 0 0 !"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("ERR syntax error");
    assertThat(admit("XAUTOCLAIM s g d 0 0 COUNT 5497558138880").length).isEqualTo(8);
    // A log may have it from before it was refused.
    script.check("XAUTOCLAIM s g d 0 0 COUNT 5497558138881 => [\"0-0\", [], []]");
  }

  private Reply admitted(String command) {
    return script.runner().apply(admit(command));
  }

  private byte[][] admit(String command) {
    return script.runner().admit(command, 1000);
  }

  @Test
  void idsComeFromTheTimeOfTheEntryAndNeverGoBack() {
    script.check(
        """
        XADD s * f v => "1700000000000-0"
        XADD s * f v => "1700000000000-1"
        @5
        XADD s * f v => "1700000000005-0"
        @2
        XADD s * f v => "1700000000005-1"
        XADD s 1700000000005-* f v => "1700000000005-2"
        XADD s 1700000000009-* f v => "1700000000009-0"
        XADD s 1700000000008-* f v => -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD s 1800000000000 f v => "1800000000000-0"
        XADD s * f v => "1800000000000-1"
        XADD s 1800000000000-18446744073709551615 f v => "1800000000000-18446744073709551615"
        XADD s 1800000000000-* f v => -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XADD s * f v => "1800000000001-0"
        XADD s 18446744073709551615-18446744073709551615 f v => "18446744073709551615-18446744073709551615"
        XADD s * f v => -ERR The stream has exhausted the last possible ID, unable to add more items
        XADD t 0-* f v => "0-1"
        XADD u 0-0 f v => -ERR The ID specified in XADD must be greater than 0-0
        XADD u NOMKSTREAM * f v => nil
        TYPE u => none
        TYPE t => stream
        OBJECT ENCODING t => "stream"
        """);
  }

  @Test
  void xaddRefusesMistakes() {
    script.check(
        """
        XADD s 1-1 f => -ERR wrong number of arguments for 'xadd' command
        XADD s 1-1 f v g => -ERR wrong number of arguments for 'xadd' command
        XADD s MAXLEN 3 MINID 1 * f v => -ERR syntax error, MAXLEN and MINID options at the same time are not compatible
        XADD s LIMIT 3 * f v => -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        XADD s MAXLEN 3 LIMIT 3 * f v => -ERR syntax error, LIMIT cannot be used without the special ~ option
        XADD s MAXLEN -1 * f v => -ERR The MAXLEN argument must be >= 0.
        XADD s MAXLEN ~ 3 LIMIT -1 * f v => -ERR The LIMIT argument must be >= 0.
        XADD s MAXLEN x * f v => -ERR value is not an integer or out of range
        XADD s foo f v => -ERR Invalid stream ID specified as stream command argument
        XADD s -* f v => -ERR Invalid stream ID specified as stream command argument
        XADD s 1-1-1 f v => -ERR Invalid stream ID specified as stream command argument
        XADD s + f v => -ERR Invalid stream ID specified as stream command argument
        XADD s 18446744073709551616 f v => -ERR Invalid stream ID specified as stream command argument
        XTRIM s LIMIT 3 MAXLEN => -ERR syntax error
        XTRIM s LIMIT 3 LIMIT 3 => -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        XTRIM s LIMIT 0 LIMIT 0 => -ERR syntax error, XTRIM must be called with a trimming strategy
        SET text v => OK
        XADD text * f v => -WRONGTYPE Operation against a key holding the wrong kind of value
        XLEN text => -WRONGTYPE Operation against a key holding the wrong kind of value
        DBSIZE => :1
        """);
  }

  @Test
  void anEmptyStreamStaysUntilItIsDeleted() {
    script.check(
        """
        XADD s MAXLEN 0 1-1 f v => "1-1"
        XLEN s => :0
        EXISTS s => :1
        XADD s 1-2 f v => "1-2"
        XDEL s 1-2 1-2 9-9 => :1
        XRANGE s - + => []
        XINFO STREAM s => {"length": :0, "radix-tree-keys": :0, "radix-tree-nodes": :1, "last-generated-id": "1-2", "max-deleted-entry-id": "1-2", "entries-added": :2, "recorded-first-entry-id": "0-0", "groups": :0, "first-entry": nil, "last-entry": nil}
        DEL s => :1
        XDEL s x => :0
        XTRIM s MAXLEN 3 => :0
        """);
  }

  /** Redis 7.0 does not look at the greatest deleted id that it has. */
  @Test
  void xsetidGoesNeitherBeforeTheLastEntryNorBeforeADeletedOne() {
    script.check(
        """
        XSETID s 1-0 => -ERR no such key
        XADD s 1-1 a 1 => "1-1"
        XADD s 2-0 a 2 => "2-0"
        XADD s 3-0 a 3 => "3-0"
        XDEL s 2-0 => :1
        XSETID s 1-5 => -ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
        XSETID s 2-5 => -ERR The ID specified in XSETID is smaller than the target stream top item
        XDEL s 3-0 => :1
        XSETID s 2-5 => -ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
        XSETID s 3-5 ENTRIESADDED 0 => -ERR The entries_added specified in XSETID is smaller than the target stream length
        XSETID s 3-5 ENTRIESADDED -1 => -ERR entries_added must be positive
        XSETID s 3-5 MAXDELETEDID 4-0 => -ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id
        XSETID s 3-5 FOO => -ERR syntax error
        XSETID s 3-5 ENTRIESADDED 100 MAXDELETEDID 3-4 => OK
        XINFO STREAM s => {"length": :1, "radix-tree-keys": :1, "radix-tree-nodes": :2, "last-generated-id": "3-5", "max-deleted-entry-id": "3-4", "entries-added": :100, "recorded-first-entry-id": "1-1", "groups": :0, "first-entry": ["1-1", ["a", "1"]], "last-entry": ["1-1", ["a", "1"]]}
        XGROUP CREATE s g 1-1 ENTRIESREAD 101 => OK
        XADD s 3-* a 4 => "3-6"
        XGROUP SETID s g $ ENTRIESREAD 102 => OK
        XINFO GROUPS s => [{"name": "g", "consumers": :0, "pending": :0, "last-delivered-id": "3-6", "entries-read": :102, "lag": :-1}]
        """);
  }

  @Test
  void rangesAreOpenClosedAndLimited() {
    script.check(
        """
        XADD s 1-1 a 1 => "1-1"
        XADD s 1-2 a 2 => "1-2"
        XADD s 2-0 a 3 b 4 => "2-0"
        XRANGE s - + => [["1-1", ["a", "1"]], ["1-2", ["a", "2"]], ["2-0", ["a", "3", "b", "4"]]]
        XRANGE s 1 1 COUNT 1 => [["1-1", ["a", "1"]]]
        XREVRANGE s 1 1 COUNT 1 => [["1-2", ["a", "2"]]]
        XRANGE s (1-1 (2-0 => [["1-2", ["a", "2"]]]
        XREVRANGE s + (1-2 => [["2-0", ["a", "3", "b", "4"]]]
        XRANGE s + - => []
        XRANGE s - + COUNT 0 => nil[]
        XRANGE s - + COUNT -1 => nil[]
        XRANGE none - + COUNT 0 => []
        XRANGE s (- + => -ERR Invalid stream ID specified as stream command argument
        XRANGE s (18446744073709551615-18446744073709551615 + => -ERR invalid start ID for the interval
        XRANGE s - (0-0 => -ERR invalid end ID for the interval
        XRANGE s - + COUNT => -ERR syntax error
        """);
  }

  /** Unlike redis-server's, ~ is exact here; LIMIT holds, and is 10,000 if it is not given. */
  @Test
  void trimmingIsBoundedByItsLimit() {
    for (int i = 1; i <= 10_100; i++) {
      script.runner().run("XADD", "s", i + "-0", "f", "v");
    }
    script.check(
        """
        XTRIM s MAXLEN ~ 10 LIMIT 7 => :7
        XTRIM s MINID ~ 9 LIMIT 7 => :1
        XTRIM s MAXLEN ~ 10 => :10000
        XLEN s => :92
        XTRIM s MAXLEN ~ 10 LIMIT 0 => :82
        XTRIM s MAXLEN = 9 => :1
        XRANGE s - + COUNT 1 => [["10092-0", ["f", "v"]]]
        XADD s MINID 10100 10101-0 f v => "10101-0"
        XLEN s => :2
        """);
  }

  @Test
  void xreadAnswersAtOnceWithWhatIsThere() {
    script.check(
        """
        XADD s 1-1 a 1 => "1-1"
        XADD s 1-2 a 2 => "1-2"
        XADD t 5-0 b 1 => "5-0"
        XREAD COUNT 1 STREAMS s none t 0 0 4 => {"s": [["1-1", ["a", "1"]]], "t": [["5-0", ["b", "1"]]]}
        XREAD STREAMS s 1-1 => {"s": [["1-2", ["a", "2"]]]}
        XREAD STREAMS s $ => nil[]
        XREAD BLOCK 0 STREAMS s t $ $ => nil[]
        XREAD BLOCK -1 STREAMS s 0 => -ERR timeout is negative
        XREAD BLOCK 1.5 STREAMS s 0 => -ERR timeout is not an integer or out of range
        XREAD STREAMS s > => -ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
        XREAD STREAMS s t 0 => -ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.
        XREAD COUNT 1 s 0 => -ERR syntax error
        XREAD NOACK STREAMS s 0 => -ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.
        XREAD GROUP g c STREAMS s 0 => -ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.
        """);
  }

  @Test
  void aGroupDeliversRemembersAndForgets() {
    script.check(
        """
        XADD s 1-1 a 1 => "1-1"
        XADD s 1-2 a 2 => "1-2"
        XADD s 1-3 a 3 => "1-3"
        XGROUP CREATE s g 0 => OK
        XGROUP CREATE s g 0 => -BUSYGROUP Consumer Group name already exists
        XREADGROUP GROUP g c COUNT 2 STREAMS s > => {"s": [["1-1", ["a", "1"]], ["1-2", ["a", "2"]]]}
        @100
        XREADGROUP GROUP g d NOACK STREAMS s > => {"s": [["1-3", ["a", "3"]]]}
        XREADGROUP GROUP g d STREAMS s > => nil[]
        XREADGROUP GROUP g d STREAMS s 0 => {"s": []}
        XPENDING s g => [:2, "1-1", "1-2", [["c", "2"]]]
        XPENDING s g IDLE 101 - + 9 => []
        XPENDING s g IDLE 100 - + 1 c => [["1-1", "c", :100, :1]]
        XDEL s 1-1 => :1
        XREADGROUP GROUP g c STREAMS s 0 => {"s": [["1-1", nil[]], ["1-2", ["a", "2"]]]}
        XPENDING s g - + 9 => [["1-1", "c", :100, :1], ["1-2", "c", :0, :2]]
        XCLAIM s g d 0 1-1 1-2 9-9 JUSTID => ["1-2"]
        XPENDING s g => [:1, "1-2", "1-2", [["d", "1"]]]
        XACK s g 1-1 1-2 => :1
        XPENDING s g => [:0, nil, nil, nil[]]
        XGROUP DELCONSUMER s g c => :0
        XGROUP DESTROY s g => :1
        XGROUP DESTROY s g => :0
        """);
  }

  /** Redis 7.0 tells less: it makes a consumer only when it gets something, and has no inactive. */
  @Test
  void aConsumerThatGetsNothingIsSeenButNotActive() {
    script.check(
        """
        XGROUP CREATE s g $ MKSTREAM => OK
        XREADGROUP GROUP g c STREAMS s > => nil[]
        XCLAIM s g d 0 1-1 => []
        XAUTOCLAIM s g e 0 0 => ["0-0", [], []]
        @70
        XINFO CONSUMERS s g => [{"name": "c", "pending": :0, "idle": :70, "inactive": :-1}, {"name": "d", "pending": :0, "idle": :70, "inactive": :-1}, {"name": "e", "pending": :0, "idle": :70, "inactive": :-1}]
        XADD s 1-1 f v => "1-1"
        XREADGROUP GROUP g c STREAMS s > => {"s": [["1-1", ["f", "v"]]]}
        @90
        XREADGROUP GROUP g c STREAMS s > => nil[]
        @95
        XINFO CONSUMERS s g => [{"name": "c", "pending": :1, "idle": :5, "inactive": :25}, {"name": "d", "pending": :0, "idle": :95, "inactive": :-1}, {"name": "e", "pending": :0, "idle": :95, "inactive": :-1}]
        XINFO STREAM s FULL => {"length": :1, "radix-tree-keys": :1, "radix-tree-nodes": :2, "last-generated-id": "1-1", "max-deleted-entry-id": "0-0", "entries-added": :1, "recorded-first-entry-id": "1-1", "entries": [["1-1", ["f", "v"]]], "groups": [{"name": "g", "last-delivered-id": "1-1", "entries-read": :1, "lag": :0, "pel-count": :1, "pending": [["1-1", "c", :1700000000070, :1]], "consumers": [{"name": "c", "seen-time": :1700000000090, "active-time": :1700000000070, "pel-count": :1, "pending": [["1-1", :1700000000070, :1]]}, {"name": "d", "seen-time": :1700000000000, "active-time": :-1, "pel-count": :0, "pending": []}, {"name": "e", "seen-time": :1700000000000, "active-time": :-1, "pel-count": :0, "pending": []}]}]}
        """);
  }

  @Test
  void autoClaimWalksOnFromItsCursorAndReportsWhatIsDeleted() {
    script.check(
        """
        XADD s 1-1 a 1 => "1-1"
        XADD s 1-2 a 2 => "1-2"
        XADD s 1-3 a 3 => "1-3"
        XGROUP CREATE s g 0 => OK
        XREADGROUP GROUP g c STREAMS s > => {"s": [["1-1", ["a", "1"]], ["1-2", ["a", "2"]], ["1-3", ["a", "3"]]]}
        XDEL s 1-2 => :1
        @50
        XAUTOCLAIM s g d 50 - COUNT 2 => ["1-3", [["1-1", ["a", "1"]]], ["1-2"]]
        XAUTOCLAIM s g d 50 (1-2 JUSTID => ["0-0", ["1-3"], []]
        XPENDING s g - + 9 => [["1-1", "d", :0, :2], ["1-3", "d", :0, :1]]
        XAUTOCLAIM s g d 1 0 => ["0-0", [], []]
        XAUTOCLAIM s g d 0 0 COUNT 0 => -ERR COUNT must be > 0
        XAUTOCLAIM s g d 0 0 COUNT 576460752303423488 => -ERR COUNT must be > 0
        XAUTOCLAIM s g d 1 0 COUNT 576460752303423487 => ["0-0", [], []]
        XAUTOCLAIM s nog d 0 0 => -NOGROUP No such key 's' or consumer group 'nog'
        XCLAIM s g d x 1-1 => -ERR Invalid min-idle-time argument for XCLAIM
        XCLAIM s g d 0 1-1 FOO => -ERR Unrecognized XCLAIM option 'FOO'
        XCLAIM s g d 0 1-1 IDLE x => -ERR Invalid IDLE option argument for XCLAIM
        """);
  }

  @Test
  void mistakesWithGroupsAreNamedAsByRedis() {
    script.check(
        """
        XGROUP CREATE s g $ => -ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
        XGROUP CREATE s g x MKSTREAM => -ERR Invalid stream ID specified as stream command argument
        XGROUP CREATE s g $ MKSTREAM ENTRIESREAD -2 => -ERR value for ENTRIESREAD must be positive or -1
        XGROUP CREATE s g $ MKSTREAM FOO => -ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.
        XGROUP CREATE s g => -ERR wrong number of arguments for 'xgroup|create' command
        XGROUP FOO s => -ERR unknown subcommand 'FOO'. Try XGROUP HELP.
        EXISTS s => :0
        XGROUP CREATE s g $ MKSTREAM => OK
        XGROUP SETID s x 0 => -NOGROUP No such consumer group 'x' for key name 's'
        XGROUP CREATECONSUMER s g c => :1
        XGROUP CREATECONSUMER s g c => :0
        XREADGROUP GROUP x c STREAMS s > => -NOGROUP No such key 's' or consumer group 'x' in XREADGROUP with GROUP option
        XREADGROUP GROUP g c STREAMS s t > => -ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.
        XREADGROUP GROUP g new STREAMS s t > > => -NOGROUP No such key 't' or consumer group 'g' in XREADGROUP with GROUP option
        XREADGROUP NOACK COUNT 1 BLOCK 1 STREAMS s 0 => -ERR Missing GROUP option for XREADGROUP
        XINFO STREAM s FOO => -ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
        XINFO STREAM none => -ERR no such key
        XINFO GROUPS s => [{"name": "g", "consumers": :1, "pending": :0, "last-delivered-id": "0-0", "entries-read": nil, "lag": :0}]
        """);
  }

  @Test
  void aSubcommandIsNoCommandByItsFullName() {
    Reply reply = script.runner().run("XGROUP|CREATE", "s", "g", "$", "MKSTREAM");
    assertThat(CommandScript.text(reply)).startsWith("-ERR unknown command 'XGROUP|CREATE'");
    assertThat(script.runner().rows().dump()).isEmpty();
  }

  @Test
  void aCopyIsWholeAndItsOwn() {
    script.check(
        """
        XADD s 1-1 a 1 => "1-1"
        XGROUP CREATE s g 0 => OK
        XREADGROUP GROUP g c STREAMS s > => {"s": [["1-1", ["a", "1"]]]}
        COPY s t => :1
        XACK s g 1-1 => :1
        XPENDING s g => [:0, nil, nil, nil[]]
        XPENDING t g => [:1, "1-1", "1-1", [["c", "1"]]]
        RENAME t u => OK
        XGROUP CREATE u h 0 => OK
        XREADGROUP GROUP h c STREAMS u > => {"u": [["1-1", ["a", "1"]]]}
        XACK u g 1-1 => :1
        XPENDING u h => [:1, "1-1", "1-1", [["c", "1"]]]
        DEL s u => :2
        """);
    assertThat(script.runner().rows().size(Family.STREAM)).isZero();
  }

  @Test
  void anExpiredStreamIsGoneWithItsGroups() {
    script.check(
        """
        XADD s 1-1 a 1 => "1-1"
        XGROUP CREATE s g 0 => OK
        PEXPIRE s 10 => :1
        XADD s 1-2 a 2 => "1-2"
        @10
        XLEN s => :0
        XADD s 1-1 a 1 => "1-1"
        XPENDING s g => -NOGROUP No such key 's' or consumer group 'g'
        PTTL s => :-1
        """);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          XREAD STREAMS a b 0 0                                | a b
          XREAD COUNT 1 streams a 0                            | a
          XREADGROUP GROUP g STREAMS COUNT 1 STREAMS a b > >   | a b
          XREAD COUNT 1 STREAMS a b 0                          |
          XREAD COUNT 1 STREAMS                                |
          XREAD COUNT 1 NOACK NOACK                            |
          XGROUP CREATE k g 0                                  | k
          XINFO STREAM k                                       | k
          XGROUP HELP                                          |
          XADD k MAXLEN 3 * f v                                | k
          """)
  void keysAreFound(String command, String keys) {
    byte[][] words =
        Arrays.stream(command.split(" "))
            .map(word -> word.getBytes(StandardCharsets.US_ASCII))
            .toArray(byte[][]::new);
    CommandSpec spec = new CommandTable(List.of(SPECS)).find(words[0]);
    List<String> found = new ArrayList<>();
    for (int position : spec.keys().positions(new Args(words))) {
      found.add(new String(words[position], StandardCharsets.US_ASCII));
    }
    assertThat(String.join(" ", found)).isEqualTo(keys == null ? "" : keys);
  }

  /** As a redis-server of release 7.0 answers it, but for the flags of XREADGROUP's keys. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          xread          | -4 | readonly blocking movablekeys | 0 0 0 | @read @stream @slow @blocking
          xreadgroup     | -7 | write blocking movablekeys    | 0 0 0 | @write @stream @slow @blocking
          xadd           | -5 | write denyoom fast            | 1 1 1 | @write @stream @fast
          xrange         | -4 | readonly                      | 1 1 1 | @read @stream @slow
          xtrim          | -4 | write                         | 1 1 1 | @write @stream @slow
          xack           | -4 | write fast                    | 1 1 1 | @write @stream @fast
          xsetid         | -3 | write denyoom fast            | 1 1 1 | @write @stream @fast
          xpending       | -3 | readonly                      | 1 1 1 | @read @stream @slow
          xautoclaim     | -6 | write fast                    | 1 1 1 | @write @stream @fast
          xgroup         | -2 | ""                            | 0 0 0 | @slow
          "xgroup|create" | -5 | write denyoom                 | 2 2 1 | @write @stream @slow
          xinfo          | -2 | ""                            | 0 0 0 | @slow
          """)
  void commandInfoIsAsOfRedis(
      String name, int arity, String flags, String positions, String categories) {
    List<Reply> info = info(name);
    assertThat(((Reply.Int) info.get(1)).value()).isEqualTo(arity);
    assertThat(names(info.get(2))).isEqualTo(flags);
    String shown =
        "%d %d %d"
            .formatted(
                ((Reply.Int) info.get(3)).value(),
                ((Reply.Int) info.get(4)).value(),
                ((Reply.Int) info.get(5)).value());
    assertThat(shown).isEqualTo(positions);
    assertThat(names(info.get(6))).isEqualTo(categories);
  }

  @Test
  void keysBehindAKeywordAreDescribed() {
    Reply.MapOf spec = (Reply.MapOf) ((Reply.SetOf) info("xread").get(8)).items().get(0);
    assertThat(CommandScript.text(spec.keysAndValues().get(3)))
        .isEqualTo(
            "{\"type\": \"keyword\", \"spec\": {\"keyword\": \"STREAMS\", \"startfrom\": :1}}");
    assertThat(CommandScript.text(spec.keysAndValues().get(5)))
        .isEqualTo(
            "{\"type\": \"range\", \"spec\":"
                + " {\"lastkey\": :-1, \"keystep\": :1, \"limit\": :2}}");
  }

  private static List<Reply> info(String name) {
    CommandDocs docs = new CommandDocs(new CommandTable(List.of(SPECS)), (a, b) -> false);
    Args ask =
        new Args(
            "COMMAND".getBytes(StandardCharsets.US_ASCII),
            "INFO".getBytes(StandardCharsets.US_ASCII),
            name.getBytes(StandardCharsets.US_ASCII));
    return ((Reply.Array) ((Reply.Array) docs.info(ask)).items().get(0)).items();
  }

  private static String names(Reply set) {
    return String.join(" ", ((Reply.SetOf) set).items().stream().map(CommandScript::text).toList());
  }

  /** What changes nothing need not go through the log. */
  @Test
  void helpAndMistakesOfXgroupAreReads() {
    CommandSpec xgroup =
        SPECS.stream().filter(spec -> spec.name().equals("XGROUP")).findAny().orElseThrow();
    for (String read : new String[] {"XGROUP HELP", "XGROUP nosuch k g", "XGROUP CREATE k"}) {
      assertThat(xgroup.readerOf(words(read))).as(read).isNotNull();
    }
    for (String write : new String[] {"XGROUP CREATE k g $", "xgroup destroy k g"}) {
      assertThat(xgroup.readerOf(words(write))).as(write).isNull();
    }
  }

  private static byte[][] words(String command) {
    return Arrays.stream(command.split(" ", -1))
        .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
        .toArray(byte[][]::new);
  }
}
