package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.type.StringType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DatabaseCommandsTest {
  private final CommandRunner runner = new CommandRunner(specs());
  private final CommandScript script = new CommandScript(runner);

  private static List<CommandSpec> specs() {
    List<CommandSpec> specs = new ArrayList<>(StringCommands.ALL);
    specs.addAll(GenericCommands.ALL);
    specs.addAll(DatabaseCommands.ALL);
    return specs;
  }

  @Test
  void swappedDatabasesHaveEachOthersKeys() {
    script.check(
        """
        MSET a zero b zero => OK
        #1
        SET a one EX 10 => OK
        SWAPDB 0 1 => OK
        MGET a b => ["zero", "zero"]
        TTL a => :-1
        DBSIZE => :2
        #0
        MGET a b => ["one", nil]
        TTL a => :10
        DBSIZE => :1
        KEYS * => ["a"]
        RANDOMKEY => "a"
        SCAN 0 => ["0", ["a"]]
        SWAPDB 0 15 => OK
        DBSIZE => :0
        #15
        GET a => "one"
        MOVE a 0 => :1
        #0
        GET a => "one"
        COPY a c DB 1 => :1
        #1
        MGET a c => ["zero", "one"]
        FLUSHDB => OK
        #0
        DBSIZE => :1
        """);
  }

  /** Redis' texts; what clients may reach is the business of their node, not of apply. */
  @Test
  void clientsReachOnlyTheDatabasesOfTheirNode() {
    CommandSpec.Limits four = new CommandSpec.Limits(StringType.MAX_BYTES, 4);
    for (String command :
        List.of(
            "MOVE k 4",
            "MOVE k -1",
            "COPY k c DB 4",
            "COPY k c DB 1 DB 10 NOPE",
            "SWAPDB 0 4",
            "SWAPDB 4 0")) {
      assertThatThrownBy(() -> runner.admit(command, four))
          .as(command)
          .isInstanceOf(CommandException.class)
          .hasMessage(RespErrors.DB_INDEX_OUT_OF_RANGE);
    }
    assertThatThrownBy(() -> runner.admit("SWAPDB 4 x", four)).hasMessage(RespErrors.SWAPDB_SECOND);
    for (String command : List.of("MOVE k 3", "COPY k c REPLACE DB 3", "COPY k c", "SWAPDB 0 3")) {
      assertThat(runner.admit(command, four).length).isEqualTo(command.split(" ").length);
    }
    script.check("SET k v => OK\nMOVE k 10 => :1");
  }

  @Test
  void swappingBackLeavesNoTrace() {
    script.check("SET a 1 => OK");
    String before = runner.rows().dump();
    script.check("SWAPDB 3 4 => OK");
    assertThat(runner.rows().dump()).isNotEqualTo(before);
    script.check("SWAPDB 4 3 => OK\nSWAPDB 7 7 => OK");
    assertThat(runner.rows().dump()).isEqualTo(before);
  }

  @Test
  void everythingDueIsSweptWhereverItsDatabaseIs() {
    script.check(
        """
        SET a 1 PX 10 => OK
        SWAPDB 0 9 => OK
        SET b 1 PX 10 => OK
        @10
        RAFTKV.SWEEP 10 => :2
        SWAPDB 0 9 => OK
        """);
    assertThat(runner.rows().dump()).isEmpty();
  }

  @Test
  void theNumbersMustBeThoseOfDatabases() {
    script.check(
        """
        SWAPDB 0 => -ERR wrong number of arguments for 'swapdb' command
        SWAPDB x y => -ERR invalid first DB index
        SWAPDB 0 y => -ERR invalid second DB index
        SWAPDB 0 99999999999 => -ERR invalid second DB index
        SWAPDB 16 y => -ERR invalid second DB index
        SWAPDB 16 0 => -ERR DB index is out of range
        SWAPDB 0 16 => -ERR DB index is out of range
        SWAPDB -1 0 => -ERR DB index is out of range
        """);
  }
}
