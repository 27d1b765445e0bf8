package io.raftkv.resp.command.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SubcommandsTest {
  private final LocalClient client = new LocalClient(FakeNode.ofCluster(3, 3, 3));

  private static Subcommands parent() {
    return new Subcommands("PARENT", Group.SERVER, "1.0.0", "Does things.", Flag.ADMIN)
        .add("ONE <arg>", 3, "1.0.0", "O(1)", "Does one.", (args, c) -> Reply.ONE, "And more.");
  }

  @Test
  void eachSubcommandIsAnEntryOfTheTable() {
    List<CommandSpec> specs = parent().all();

    assertThat(specs)
        .extracting(CommandSpec::name)
        .containsExactly("PARENT", "PARENT|ONE", "PARENT|HELP");
    assertThat(specs).extracting(CommandSpec::arity).containsExactly(-2, 3, 2);
    assertThat(specs.get(1).summary()).isEqualTo("Does one.");
    assertThat(specs.get(0).localHandler()).isNotNull();
  }

  @Test
  void oneAsynchronousSubcommandMakesTheWholeCommandSo() {
    List<CommandSpec> specs =
        parent()
            .addAsync(
                "LATER",
                2,
                "1.0.0",
                "O(1)",
                "Does it later.",
                (args, connection) -> new CompletableFuture<>())
            .all();

    assertThat(specs.get(0).localHandler()).isNull();
    assertThat(specs.get(0).asyncHandler()).isNotNull();
  }

  @Test
  void aSubcommandCannotBeDeclaredTwice() {
    assertThatThrownBy(
            () ->
                parent().add("ONE", 2, "1.0.0", "O(1)", "Again.", (args, connection) -> Reply.ONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PARENT|ONE");
  }

  @Test
  void aCommandMayMeanSomethingWithoutASubcommand() {
    List<CommandSpec> specs =
        parent().alone("Does all.", (args, connection) -> Reply.simple("all")).all();
    CommandSpec spec = specs.get(0);

    assertThat(spec.arity()).isEqualTo(-1);
    assertThat(spec.localHandler().run(new Args(new byte[0]), null)).isEqualTo(Reply.simple("all"));
    Args help = new Args(new byte[0], "help".getBytes(StandardCharsets.US_ASCII));
    assertThat(((Reply.Array) spec.localHandler().run(help, null)).items())
        .containsSequence(Reply.simple("(no subcommand)"), Reply.simple("    Does all."));
  }

  @Test
  void everyContainerExplainsEachOfItsSubcommandsAndRefusesOthers() {
    for (CommandSpec spec : client.table.all()) {
      List<String> names =
          client.table.all().stream()
              .map(CommandSpec::name)
              .filter(name -> name.startsWith(spec.name() + "|"))
              .map(name -> name.substring(spec.name().length() + 1))
              .toList();
      if (names.isEmpty()) {
        continue;
      }
      assertThat(spec.arity()).as(spec.name()).isEqualTo(spec.name().equals("COMMAND") ? -1 : -2);
      List<Reply> help = ((Reply.Array) client.ask(spec.redisName(), "help")).items();
      assertThat(help.get(0))
          .isEqualTo(
              Reply.simple(
                  spec.name() + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
      for (String name : names) {
        assertThat(help)
            .as("help of %s %s", spec.name(), name)
            .anyMatch(line -> ((Reply.Simple) line).text().split(" ", 2)[0].equals(name));
      }
      assertThat(client.send(spec.redisName() + " nosuch"))
          .isEqualTo("-ERR unknown subcommand 'nosuch'. Try " + spec.name() + " HELP.|");
      assertThat(client.send(spec.name() + " help me"))
          .isEqualTo("-ERR wrong number of arguments for '" + spec.redisName() + "|help' command|");
    }
  }

  @Test
  void noErrorHasALineBreakFromTheUserInIt() {
    for (String name : new String[] {"CLIENT", "CLUSTER", "RAFTKV.SHARD"}) {
      assertThat(client.wire(client.ask(name, "a\r\nb"))).doesNotContain("a|");
    }
    assertThat(client.wire(client.ask("CLUSTER", "REPLICAS", "a\r\nb"))).contains("a  b");
    assertThat(client.wire(client.ask("HELLO", "2", "a\r\nb"))).contains("a  b");
    assertThat(client.wire(client.ask("CONFIG", "SET", "a\r\nb", "c"))).contains("a  b");
    assertThat(client.wire(client.ask("RAFTKV.NODE", "STATUS", "a\r\nb"))).contains("a  b");
  }
}
