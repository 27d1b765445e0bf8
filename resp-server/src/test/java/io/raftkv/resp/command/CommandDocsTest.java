package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.command.local.CommandTableCommands;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected shapes were taken from a Redis server; maps are written {@code {}}, sets {@code <>}. */
class CommandDocsTest {
  private static final CommandSpec.Handler HANDLER = (args, keys) -> Reply.OK;

  private static final CommandTable TABLE =
      new CommandTable(
          List.of(
              List.of(
                  command("GET")
                      .arity(2)
                      .keys(KeySpec.FIRST)
                      .flags(Flag.FAST)
                      .docs(Group.STRING, "1.0.0", "O(1)", "Get the value of a key")
                      .reads(HANDLER),
                  command("MSET")
                      .arity(-3)
                      .keys(KeySpec.PAIRS)
                      .flags(Flag.DENYOOM)
                      .docs(Group.STRING, "1.0.1", "O(N)", "Set keys | values")
                      .fanOut(CommandSpec.FanOut.ALL_OK_BY_KEY)
                      .writes(HANDLER)),
              List.of(
                  command("ZUNIONSTORE")
                      .arity(-4)
                      .keys(KeySpec.firstAndCounted(2))
                      .flags(Flag.DENYOOM)
                      .docs(Group.SORTED_SET, "2.0.0", "O(N)", "Add sorted sets")
                      .writes(HANDLER)),
              List.of(
                  command("CONFIG")
                      .arity(-2)
                      .docs(Group.SERVER, "2.0.0", "Depends on subcommand.", "Configuration")
                      .local((call, connection) -> null),
                  command("CONFIG|GET")
                      .arity(-3)
                      .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
                      .docs(Group.SERVER, "2.0.0", "O(N)", "Get settings")
                      .local((call, connection) -> null))));

  private static final CommandSpec COMMAND = new CommandTableCommands(() -> TABLE).all().get(0);

  private static Reply ask(String line) {
    byte[][] words =
        Stream.of(line.split(" "))
            .map(word -> word.getBytes(StandardCharsets.US_ASCII))
            .toArray(byte[][]::new);
    return COMMAND.localHandler().run(new Args(words), null);
  }

  /** One line that keeps the kind of each element: $bulk, +simple, integers bare. */
  private static String show(Reply reply) {
    if (reply instanceof Reply.Array array) {
      return join("[", array.items(), "]");
    } else if (reply instanceof Reply.SetOf set) {
      return join("<", set.items(), ">");
    } else if (reply instanceof Reply.MapOf map) {
      return join("{", map.keysAndValues(), "}");
    } else if (reply instanceof Reply.Bulk bulk) {
      return "$" + new String(bulk.bytes(), StandardCharsets.US_ASCII);
    } else if (reply instanceof Reply.Simple simple) {
      return "+" + simple.text();
    } else if (reply instanceof Reply.Int number) {
      return Long.toString(number.value());
    } else if (reply == Reply.NULL) {
      return "nil";
    }
    throw new AssertionError("unexpected " + reply);
  }

  private static String join(String open, List<Reply> items, String close) {
    return items.stream().map(CommandDocsTest::show).collect(Collectors.joining(" ", open, close));
  }

  @Test
  void infoOfOneKeyCommandHasTheTenElementsOfRedis() {
    assertThat(show(ask("COMMAND INFO get nope")))
        .isEqualTo(
            "[[$get 2 <+readonly +fast> 1 1 1 <+@read +@string +@fast> <>"
                + " <{$flags <+RO +access>"
                + " $begin_search {$type $index $spec {$index 1}}"
                + " $find_keys {$type $range $spec {$lastkey 0 $keystep 1 $limit 0}}}> <>] nil]");
  }

  @Test
  void keysBehindTheirNumberAreFlaggedAndHaveASpecificationOfTheirOwn() {
    assertThat(show(ask("COMMAND INFO ZUnionStore")))
        .startsWith(
            "[[$zunionstore -4 <+write +denyoom +movablekeys> 1 1 1 <+@write +@sortedset +@slow> <>")
        .contains("$lastkey 0 $keystep 1")
        .contains(
            "{$flags <+RO +access> $begin_search {$type $index $spec {$index 2}}"
                + " $find_keys {$type $keynum"
                + " $spec {$keynumidx 0 $firstkey 1 $keystep 1}}}");
  }

  @Test
  void aRangeToTheLastWordKeepsItsNegativeEnd() {
    assertThat(show(ask("COMMAND INFO mset")))
        .contains(" 1 -1 2 ", "{$lastkey -1 $keystep 2 $limit 0}");
  }

  @Test
  void subcommandsStandInsideTheirParent() {
    String subcommand =
        "[$config|get -3 <+admin +noscript +loading +stale> 0 0 0"
            + " <+@admin +@slow +@dangerous> <> <> <>]";
    assertThat(show(ask("COMMAND INFO config")))
        .isEqualTo("[[$config -2 <> 0 0 0 <+@slow> <> <> <" + subcommand + ">]]");
    assertThat(show(ask("COMMAND INFO config|get"))).isEqualTo("[" + subcommand + "]");
    assertThat(show(ask("COMMAND DOCS config")))
        .contains("$subcommands {$config|get {$summary $Get settings");
  }

  @Test
  void docsLeaveUnknownCommandsOut() {
    assertThat(show(ask("COMMAND DOCS get nope")))
        .isEqualTo(
            "{$get {$summary $Get the value of a key $since $1.0.0 $group $string"
                + " $complexity $O(1)}}");
    assertThat(show(ask("COMMAND DOCS"))).contains("$mset {").doesNotContain("$config|get {$flags");
  }

  @Test
  void countAndTheFullListLeaveSubcommandsToTheirParents() {
    assertThat(show(ask("COMMAND COUNT"))).isEqualTo("4");
    assertThat(((Reply.Array) ask("COMMAND")).items()).hasSize(4);
    assertThat(show(ask("COMMAND"))).isEqualTo(show(ask("COMMAND INFO")));
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          LIST,                            [$config $config|get $get $mset $zunionstore]
          list filterby aclcat STRING,     [$get $mset]
          LIST FILTERBY ACLCAT nope,       []
          LIST FILTERBY PATTERN config*,   [$config $config|get]
          LIST FILTERBY MODULE json,       []
          GETKEYS get a,                   [$a]
          GETKEYS mset a 1 b 2,            [$a $b]
          GETKEYS zunionstore d 2 a b,     [$d $a $b]
          GETKEYSANDFLAGS get a,           [[$a <+RO +access>]]
          GETKEYSANDFLAGS mset a 1,        [[$a <+OW +update>]]
          GETKEYSANDFLAGS zunionstore d 1 a, [[$d <+OW +update>] [$a <+RO +access>]]
          """)
  void listsAndKeys(String call, String reply) {
    assertThat(show(ask("COMMAND " + call))).isEqualTo(reply);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      textBlock =
          """
          foo                       | ERR unknown subcommand 'foo'. Try COMMAND HELP.
          LIST FILTERBY X y         | ERR syntax error
          LIST X                    | ERR syntax error
          GETKEYS zork x            | ERR Invalid command specified
          GETKEYS config get x      | ERR The command has no key arguments
          GETKEYS get a b           | ERR Invalid number of arguments specified for command
          GETKEYSANDFLAGS get       | ERR Invalid number of arguments specified for command
          """)
  void mistakesAreAnsweredAsRedisDoes(String call, String error) {
    assertThatThrownBy(() -> ask("COMMAND " + call))
        .isInstanceOf(CommandException.class)
        .hasMessage(error);
  }

  @Test
  void wrongArityNamesTheSubcommand() {
    assertThatThrownBy(() -> ask("COMMAND COUNT x"))
        .hasMessage("ERR wrong number of arguments for 'command|count' command");
    assertThatThrownBy(() -> ask("COMMAND GETKEYS"))
        .hasMessage("ERR wrong number of arguments for 'command|getkeys' command");
  }

  @Test
  void helpBeginsWithTheUsage() {
    assertThat(show(ask("COMMAND HELP")))
        .startsWith("[+COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are: +");
  }

  @Test
  void anUnknownCategoryInAnEntryIsFound() {
    CommandSpec wrong =
        command("X")
            .arity(1)
            .categories("colour")
            .docs(Group.SERVER, "1.0.0", "O(1)", "x")
            .local((call, connection) -> null);
    assertThatThrownBy(() -> AclCategories.of(wrong)).hasMessageContaining("colour");
  }

  @Test
  void referenceShowsEveryCommandOfTheTable() {
    String text = CommandReference.markdown(TABLE);
    assertThat(text)
        .contains("## string (2)")
        .contains("| `GET` | read |  | 1.0.0 | O(1) | Get the value of a key |")
        .contains(
            "| `MSET` | write | split by key, atomic per shard | 1.0.1 | O(N) |"
                + " Set keys \\| values |")
        .contains("| `ZUNIONSTORE` | write | `CROSSSLOT` |")
        .contains("| `CONFIG GET` | node |");
  }
}
