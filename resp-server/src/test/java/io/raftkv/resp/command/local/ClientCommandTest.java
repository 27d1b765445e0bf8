package io.raftkv.resp.command.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected replies were taken from a Redis server wherever it has the command. */
class ClientCommandTest {
  private final FakeNode node = FakeNode.alone(null);
  private final LocalClient client = new LocalClient(node);

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '"',
      textBlock =
          """
          client               ~ -ERR wrong number of arguments for 'client' command|
          client foo           ~ -ERR unknown subcommand 'foo'. Try CLIENT HELP.|
          client|id x          ~ -ERR unknown command 'client|id', with args beginning with: 'x' |
          CLIENT Id            ~ :1|
          client id x          ~ -ERR wrong number of arguments for 'client|id' command|
          client setname       ~ -ERR wrong number of arguments for 'client|setname' command|
          client setname a_b   ~ -ERR Client names cannot contain spaces, newlines or special characters.|
          client setname aé    ~ -ERR Client names cannot contain spaces, newlines or special characters.|
          client getname       ~ $-1|
          client setinfo lib-name a_b ~ -ERR lib-name cannot contain spaces, newlines or special characters.|
          client setinfo foo x ~ -ERR Unrecognized option 'foo'|
          client setinfo foo   ~ -ERR wrong number of arguments for 'client|setinfo' command|
          client list type foo ~ -ERR Unknown client type 'foo'|
          client list type     ~ -ERR syntax error|
          client list id       ~ -ERR syntax error|
          client list id x     ~ -ERR Invalid client ID|
          client list id 999   ~ $0||
          client list type master ~ $0||
          client list type normal id 3 ~ -ERR syntax error|
          client kill          ~ -ERR wrong number of arguments for 'client|kill' command|
          client kill 1.1.1.1:1 ~ -ERR No such client|
          client kill id       ~ -ERR No such client|
          client kill id x     ~ -ERR client-id should be greater than 0|
          client kill id -1    ~ -ERR client-id should be greater than 0|
          client kill id 99    ~ :0|
          client kill foo bar  ~ -ERR syntax error|
          client kill id 1 foo ~ -ERR syntax error|
          client kill type foo ~ -ERR Unknown client type 'foo'|
          client kill type pubsub ~ :0|
          client kill user foo ~ -ERR No such user 'foo'|
          client kill skipme foo ~ -ERR syntax error|
          client kill user default skipme yes ~ :0|
          client no-evict      ~ -ERR wrong number of arguments for 'client|no-evict' command|
          client no-evict on   ~ +OK|
          client no-evict x    ~ -ERR syntax error|
          client no-touch off  ~ +OK|
          client reply on      ~ +OK|
          client reply foo     ~ -ERR syntax error|
          client reply off     ~ -ERR CLIENT REPLY OFF is not supported: every command is answered|
          client reply skip    ~ -ERR CLIENT REPLY SKIP is not supported: every command is answered|
          client pause 100     ~ -ERR CLIENT PAUSE is not supported: connections are never paused|
          client unpause       ~ +OK|
          client getredir      ~ :-1|
          client tracking off  ~ +OK|
          client tracking on   ~ -ERR CLIENT TRACKING ON is not supported: RaftKV sends no invalidation messages|
          client tracking x    ~ -ERR syntax error|
          client caching yes   ~ -ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled|
          client trackinginfo  ~ *6|$5|flags|*1|$3|off|$8|redirect|:-1|$8|prefixes|*0|
          client unblock 1     ~ :0|
          client unblock 1 error ~ :0|
          client unblock 1 foo ~ -ERR syntax error|
          client unblock x     ~ -ERR value is not an integer or out of range|
          """)
  void repliesAreThoseOfRedis(String command, String reply) {
    assertThat(client.send(command)).isEqualTo(reply);
  }

  @Test
  void resp3HasItsOwnKindsOfReplies() {
    client.send("hello 3");

    assertThat(client.send("client getname")).isEqualTo("_|");
    assertThat(client.send("client list id 999")).isEqualTo("=4|txt:|");
    assertThat(client.send("client trackinginfo"))
        .isEqualTo("%3|$5|flags|~1|$3|off|$8|redirect|:-1|$8|prefixes|*0|");
  }

  @Test
  void nameAndLibraryAreKept() {
    client.send("client setname me");
    client.send("client setinfo LIB-NAME jedis");
    client.send("client setinfo lib-ver 7.0");

    assertThat(client.send("client getname")).isEqualTo("$2|me|");
    assertThat(client.connection.library).isEqualTo(Map.of("lib-name", "jedis", "lib-ver", "7.0"));
    client.send("client setname ''");
    assertThat(client.send("client getname")).isEqualTo("$-1|");
  }

  @Test
  void listHasALinePerConnectionInTheOrderOfTheirIds() {
    node.connect(true).flags = "M";
    node.connect(true);
    node.connections.add(0, node.connections.remove(2));

    assertThat(client.text("client", "list")).isEqualTo(line(1, "N") + line(2, "M") + line(3, "N"));
    assertThat(client.text("client", "list", "type", "normal"))
        .isEqualTo(line(1, "N") + line(3, "N"));
    assertThat(client.text("client", "list", "type", "MASTER")).isEqualTo(line(2, "M"));
    assertThat(client.text("client", "list", "id", "3", "7", "2"))
        .isEqualTo(line(2, "M") + line(3, "N"));
    assertThat(client.text("client", "info")).isEqualTo(line(1, "N"));
  }

  private static String line(int id, String flags) {
    return "id="
        + id
        + " addr=10.0.0.9:"
        + id
        + " laddr=10.0.0.1:6379 flags="
        + flags
        + " user=x\n";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      textBlock =
          """
          client kill 10.0.0.9:2                     ~ +OK| ~ [2]    ~ false
          client kill 10.0.0.9:1                     ~ +OK| ~ []     ~ true
          client kill id 3                           ~ :1|  ~ [3]    ~ false
          client kill addr 10.0.0.9:3                ~ :1|  ~ [3]    ~ false
          client kill laddr 10.0.0.1:6379            ~ :2|  ~ [2, 3] ~ false
          client kill laddr 10.0.0.1:6379 skipme no  ~ :3|  ~ [2, 3] ~ true
          client kill type master                    ~ :1|  ~ [2]    ~ false
          client kill type normal id 2               ~ :0|  ~ []     ~ false
          client kill user default type normal       ~ :1|  ~ [3]    ~ false
          client kill id 1                           ~ :0|  ~ []     ~ false
          client kill id 1 skipme no                 ~ :1|  ~ []     ~ true
          """)
  void killClosesWhatPassesEveryFilter(
      String command, String reply, String others, boolean itself) {
    node.connect(true).flags = "M";
    node.connect(true);

    assertThat(client.send(command)).isEqualTo(reply);
    assertThat(node.killed).hasToString(others);
    assertThat(client.connection.closing).as("closes behind the reply").isEqualTo(itself);
  }
}
