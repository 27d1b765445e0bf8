package io.raftkv.resp.command.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.Reply;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected replies were taken from a Redis server wherever it has the command. */
class ConnectionCommandsTest {
  private static final String HELLO_2 =
      "*14|$6|server|$5|redis|$7|version|$5|7.2.0|$5|proto|:2|$2|id|:1|$4|mode|$10|standalone"
          + "|$4|role|$6|master|$7|modules|*0|";
  private static final String HELLO_3 = "%7|" + HELLO_2.substring(4).replace(":2|", ":3|");

  private final LocalClient client = new LocalClient(FakeNode.alone(null));
  private final LocalClient locked = new LocalClient(FakeNode.alone("secret"));

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '"',
      textBlock =
          """
          ping               ~ +PONG|
          ping hi            ~ $2|hi|
          ping a b           ~ -ERR wrong number of arguments for 'ping' command|
          echo hi            ~ $2|hi|
          echo               ~ -ERR wrong number of arguments for 'echo' command|
          hello 4            ~ -NOPROTO unsupported protocol version|
          hello x            ~ -ERR Protocol version is not an integer or out of range|
          hello 2 foo        ~ -ERR Syntax error in HELLO option 'foo'|
          hello 3 AUTH a     ~ -ERR Syntax error in HELLO option 'AUTH'|
          hello 3 setname    ~ -ERR Syntax error in HELLO option 'setname'|
          hello 3 setname a_b ~ -ERR Client names cannot contain spaces, newlines or special characters.|
          hello 2 auth foo x ~ -WRONGPASS invalid username-password pair or user is disabled.|
          auth x             ~ -ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?|
          auth default x     ~ +OK|
          auth foo x         ~ -WRONGPASS invalid username-password pair or user is disabled.|
          auth a b c         ~ -ERR syntax error|
          auth               ~ -ERR wrong number of arguments for 'auth' command|
          select 1           ~ +OK|
          select 15          ~ +OK|
          select 16          ~ -ERR DB index is out of range|
          select -1          ~ -ERR DB index is out of range|
          select x           ~ -ERR value is not an integer or out of range|
          select 1.5         ~ -ERR value is not an integer or out of range|
          select 99999999999 ~ -ERR value is out of range, value must between -2147483648 and 2147483647|
          reset              ~ +RESET|
          reset a            ~ -ERR wrong number of arguments for 'reset' command|
          readonly           ~ +OK|
          readonly x         ~ -ERR wrong number of arguments for 'readonly' command|
          readwrite          ~ +OK|
          asking             ~ +OK|
          time               ~ *2|$10|1714979289|$6|123456|
          wait 0 0           ~ :0|
          wait x 0           ~ -ERR value is not an integer or out of range|
          wait 0 x           ~ -ERR timeout is not an integer or out of range|
          wait 0 -1          ~ -ERR timeout is negative|
          wait 1             ~ -ERR wrong number of arguments for 'wait' command|
          waitaof 1 0 0      ~ *2|:1|:0|
          waitaof 2 0 0      ~ -ERR value is out of range, value must between 0 and 1|
          waitaof 0 -1 0     ~ -ERR value is out of range, must be positive|
          waitaof 0 0 -1     ~ -ERR timeout is negative|
          """)
  void repliesAreThoseOfRedis(String command, String reply) {
    assertThat(client.send(command)).isEqualTo(reply);
  }

  @Test
  void helloAnswersInTheProtocolItChooses() {
    assertThat(client.send("hello")).isEqualTo(HELLO_2);
    assertThat(client.send("hello 3")).isEqualTo(HELLO_3);
    assertThat(client.send("hello")).as("keeps the protocol").isEqualTo(HELLO_3);
    assertThat(client.send("hello 2 setname me")).isEqualTo(HELLO_2);
    assertThat(client.connection.name()).isEqualTo("me");
  }

  @Test
  void helloThatFailsChangesNothing() {
    client.send("hello 3 setname me auth foo bar");

    assertThat(client.connection.protocol()).isEqualTo(2);
    assertThat(client.connection.name()).isEmpty();
  }

  @Test
  void helloTellsAClusterFromASingleNode() {
    LocalClient member = new LocalClient(FakeNode.ofCluster(3, 1, 3));

    assertThat(member.send("hello")).contains("|mode|$7|cluster|");
  }

  @Test
  void strangersAreToldToAuthenticate() {
    assertThat(locked.send("hello 3"))
        .isEqualTo(
            "-NOAUTH HELLO must be called with the client already authenticated, otherwise the"
                + " HELLO AUTH <user> <pass> option can be used to authenticate the client and"
                + " select the RESP protocol version at the same time|");
    assertThat(locked.connection.protocol()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({
    "auth secret, true",
    "auth default secret, true",
    "hello 3 auth default secret, true",
    "auth secre, false",
    "auth secrets, false",
    "auth '''', false",
    "auth Default secret, false",
    "auth admin secret, false",
    "hello 3 auth default wrong, false"
  })
  void onlyTheRightUserAndPasswordOpenTheConnection(String command, boolean opens) {
    String reply = locked.send(command);

    assertThat(locked.connection.isAuthenticated()).isEqualTo(opens);
    assertThat(reply.startsWith("-WRONGPASS invalid username-password pair")).isEqualTo(!opens);
  }

  @Test
  void aWrongPasswordDoesNotLockAnOpenConnection() {
    locked.send("auth secret");
    locked.send("auth wrong");

    assertThat(locked.connection.isAuthenticated()).isTrue();
  }

  @Test
  void quitIsAnsweredBeforeTheConnectionCloses() {
    assertThat(client.send("quit now")).isEqualTo("+OK|");
    assertThat(client.connection.closing).isTrue();
  }

  @Test
  void resetForgetsEverything() {
    locked.send("hello 3 auth default secret setname me");
    locked.send("select 3");
    locked.send("readonly");

    assertThat(locked.send("reset")).isEqualTo("+RESET|");
    assertThat(locked.connection.protocol()).isEqualTo(2);
    assertThat(locked.connection.isAuthenticated()).isFalse();
    assertThat(locked.connection.database()).isZero();
  }

  @Test
  void selectNeverAllowsMoreDatabasesThanConfigured() {
    LocalClient few = new LocalClient(new FakeNode("--databases", "2"));

    assertThat(few.send("select 1")).isEqualTo("+OK|");
    assertThat(few.send("select 2")).isEqualTo("-ERR DB index is out of range|");
    assertThat(few.connection.database()).isEqualTo(1);
  }

  @Test
  void consistencyIsShownAndSet() {
    assertThat(client.send("raftkv.consistency")).isEqualTo("$12|linearizable|");

    assertThat(client.send("RAFTKV.CONSISTENCY Bounded 500")).isEqualTo("+OK|");
    assertThat(client.connection.consistency())
        .isEqualTo(ReadConsistency.bounded(Duration.ofMillis(500)));
    assertThat(client.send("raftkv.consistency")).isEqualTo("$11|bounded:500|");

    assertThat(client.send("readonly")).isEqualTo("+OK|");
    assertThat(client.connection.consistency()).isEqualTo(ReadConsistency.EVENTUAL);
    assertThat(client.send("readwrite")).isEqualTo("+OK|");
    assertThat(client.connection.consistency()).isEqualTo(ReadConsistency.LINEARIZABLE);

    assertThat(client.send("raftkv.consistency eventual")).isEqualTo("+OK|");
    assertThat(client.connection.consistency()).isEqualTo(ReadConsistency.EVENTUAL);
    assertThat(client.send("raftkv.consistency bounded:20")).isEqualTo("+OK|");
    assertThat(client.connection.consistency().bound()).hasMillis(20);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      textBlock =
          """
          raftkv.consistency bounded     ~ -ERR the level must be linearizable, bounded:<ms> or eventual|
          raftkv.consistency strong      ~ -ERR the level must be linearizable, bounded:<ms> or eventual|
          raftkv.consistency bounded 0   ~ -ERR the bound must be a number of milliseconds from 1|
          raftkv.consistency bounded x   ~ -ERR the bound must be a number of milliseconds from 1|
          raftkv.consistency eventual 5  ~ -ERR syntax error|
          """)
  void aLevelThatIsNoneIsRefused(String command, String reply) {
    assertThat(client.send(command)).isEqualTo(reply);
    assertThat(client.connection.consistency()).isEqualTo(ReadConsistency.LINEARIZABLE);
  }

  @Test
  void commandsThatChangeReadsComeAfterWhatWasSentBeforeThem() {
    for (String name : new String[] {"READONLY", "READWRITE", "RAFTKV.CONSISTENCY", "RESET"}) {
      assertThat(client.table.find(name).asyncHandler()).as(name).isNotNull();
    }
  }

  @Test
  void waitPromisesWhatAMajorityHoldsBeyondTheLeader() {
    assertThat(new LocalClient(FakeNode.ofCluster(3, 3, 3)).send("wait 2 0")).isEqualTo(":1|");
    assertThat(new LocalClient(FakeNode.ofCluster(5, 3, 5)).send("wait 0 0")).isEqualTo(":2|");
    assertThat(new LocalClient(FakeNode.ofCluster(3, 3, 2)).send("wait 1 0")).isEqualTo(":1|");
    assertThat(new LocalClient(FakeNode.ofCluster(3, 3, 1)).send("wait 1 0")).isEqualTo(":0|");
    assertThat(new LocalClient(FakeNode.ofCluster(5, 2, 5)).send("waitaof 1 9 0"))
        .isEqualTo("*2|:1|:2|");
  }

  @Test
  void waitEndsWithTheWritesOfTheConnection() {
    LocalClient member = new LocalClient(FakeNode.ofCluster(3, 3, 3));
    member.connection.writes = new CompletableFuture<>();

    CompletableFuture<Reply> reply = member.stage("WAIT", "1", "0").toCompletableFuture();
    assertThat(reply).isNotDone();
    assertThat(member.connection.waitedMillis).isZero();
    member.connection.writes.complete(true);

    assertThat(reply).isCompletedWithValue(Reply.ONE);
  }

  @Test
  void waitPromisesNothingForWritesThatFailedOrAreLate() {
    LocalClient member = new LocalClient(FakeNode.ofCluster(3, 3, 3));
    member.connection.writes = CompletableFuture.completedFuture(false);

    assertThat(member.send("wait 1 1")).isEqualTo(":0|");
    assertThat(member.send("waitaof 1 1 2")).isEqualTo("*2|:0|:0|");
    assertThat(member.connection.waitedMillis).isEqualTo(2);
  }

  @Test
  void commandTellsOfEveryCommandAndItsSubcommands() {
    assertThat(client.send("command count")).isEqualTo(":" + topLevelCommands() + "|");
    assertThat(client.send("command info client|id"))
        .isEqualTo(
            "*1|*10|$9|client|id|:2|*3|+noscript|+loading|+stale|:0|:0|:0|*2|+@slow|+@connection"
                + "|*0|*0|*0|");
    assertThat(client.send("command info command|docs"))
        .isEqualTo(
            "*1|*10|$12|command|docs|:-2|*2|+loading|+stale|:0|:0|:0|*2|+@slow|+@connection"
                + "|*0|*0|*0|");
    assertThat(client.send("command docs command"))
        .contains("command|getkeysandflags", "Return the keys from a full command.");
    assertThat(client.send("command list filterby pattern command|*").split("command", -1))
        .as("the seven of Redis")
        .hasSize(8);
    assertThat(client.send("command")).isEqualTo(client.send("command info"));
    assertThat(client.send("command docs config|get")).contains("Return the settings whose names");
    assertThat(client.send("command foo"))
        .isEqualTo("-ERR unknown subcommand 'foo'. Try COMMAND HELP.|");
  }

  private long topLevelCommands() {
    return client.table.all().stream().filter(spec -> !spec.name().contains("|")).count();
  }
}
