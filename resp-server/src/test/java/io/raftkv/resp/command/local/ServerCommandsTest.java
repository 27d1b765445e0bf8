package io.raftkv.resp.command.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.metrics.Outcome;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.server.NodeStatus.DatabaseSize;
import io.raftkv.server.NodeStatus.ReplicaStatus;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected replies were taken from a Redis server wherever it has the command. */
class ServerCommandsTest {
  private final FakeNode node = FakeNode.alone("secret");
  private final LocalClient client = new LocalClient(node);

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      textBlock =
          """
          config get             ~ -ERR wrong number of arguments for 'config|get' command|
          config get save        ~ *2|$4|save|$0||
          config get save SAVE   ~ *2|$4|save|$0||
          config get nosuch      ~ *0|
          config get APPENDONLY nosuch maxmemory ~ *4|$10|appendonly|$3|yes|$9|maxmemory|$1|0|
          config get requirepass ~ *2|$11|requirepass|$8|********|
          config get port        ~ *2|$4|port|$4|7001|
          config get bind        ~ *2|$4|bind|$14|127.0.0.1 -::1|
          config get databases   ~ *2|$9|databases|$2|16|
          config get cluster-enabled ~ *2|$15|cluster-enabled|$2|no|
          config get proto-max-bulk-len ~ *2|$18|proto-max-bulk-len|$8|67108864|
          config get client-query-buffer-limit ~ *2|$25|client-query-buffer-limit|$8|68157440|
          config set             ~ -ERR wrong number of arguments for 'config|set' command|
          config set foo         ~ -ERR wrong number of arguments for 'config|set' command|
          config set foo bar     ~ -ERR Unknown option or number of arguments for CONFIG SET - 'foo'|
          config set '' ''       ~ -ERR Unknown option or number of arguments for CONFIG SET - ''|
          config set a b c       ~ -ERR syntax error|
          config set databases 3 ~ -ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config|
          config set save '' databases 3 ~ -ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config|
          config set maxmemory 1mb ~ -ERR CONFIG SET failed (possibly related to argument 'maxmemory') - can't set immutable config|
          config set requirepass ******** ~ -ERR CONFIG SET failed (possibly related to argument 'requirepass') - can't set immutable config|
          config set save '' save x ~ -ERR CONFIG SET failed (possibly related to argument 'save') - duplicate parameter|
          config set save '' appendonly yes ~ +OK|
          config resetstat       ~ -ERR RaftKV's statistics cannot be reset: they only grow, so take differences|
          config rewrite         ~ -ERR The server is running without a config file|
          config foo             ~ -ERR unknown subcommand 'foo'. Try CONFIG HELP.|
          debug sleep 0          ~ -ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.|
          debug                  ~ -ERR wrong number of arguments for 'debug' command|
          save                   ~ +OK|
          save x                 ~ -ERR wrong number of arguments for 'save' command|
          bgsave                 ~ +Background saving not needed: every acknowledged write is on disk|
          bgsave schedule        ~ +Background saving not needed: every acknowledged write is on disk|
          bgsave foo             ~ -ERR syntax error|
          bgrewriteaof           ~ +Background append only file rewriting not needed: shards take snapshots by themselves|
          lastsave               ~ :1714979289|
          replicaof no one       ~ -ERR REPLICAOF is not supported: shards replicate themselves, see RAFTKV.SHARD HELP|
          slaveof no one         ~ -ERR SLAVEOF is not supported: shards replicate themselves, see RAFTKV.SHARD HELP|
          failover               ~ -ERR FAILOVER is not supported: shards elect their leaders, see RAFTKV.SHARD HELP|
          migrate h 1 k 0 5      ~ -ERR MIGRATE is not supported: keys move with their shards, see RAFTKV.SHARD HELP|
          migrate                ~ -ERR wrong number of arguments for 'migrate' command|
          role                   ~ *3|$6|master|:0|*0|
          module list            ~ *0|
          module load foo        ~ -ERR RaftKV has no modules|
          module foo             ~ -ERR unknown subcommand 'foo'. Try MODULE HELP.|
          slowlog get            ~ *0|
          slowlog get -1         ~ *0|
          slowlog get x          ~ -ERR count should be greater than or equal to -1|
          slowlog get -2         ~ -ERR count should be greater than or equal to -1|
          slowlog get 5 6        ~ -ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.|
          slowlog len            ~ :0|
          slowlog reset          ~ +OK|
          latency latest         ~ *0|
          latency history        ~ -ERR wrong number of arguments for 'latency|history' command|
          latency history foo    ~ *0|
          latency reset          ~ :0|
          latency reset foo bar  ~ :0|
          shutdown foo           ~ -ERR syntax error|
          shutdown nosave save   ~ -ERR syntax error|
          shutdown abort         ~ -ERR No shutdown in progress.|
          shutdown abort now     ~ -ERR syntax error|
          """)
  void repliesAreThoseOfRedis(String command, String reply) {
    assertThat(client.send(command)).isEqualTo(reply);
    assertThat(client.shutdowns).hasValue(0);
  }

  @ParameterizedTest
  @CsvSource({"shutdown", "SHUTDOWN NOSAVE", "shutdown save now force"})
  void shutdownStopsTheProcessWithoutAReply(String command) {
    assertThat(client.send(command)).isEmpty();
    assertThat(client.shutdowns).hasValue(1);
  }

  @Test
  void configGetIsAMapInResp3AndTakesPatterns() {
    client.connection.protocol(3);

    assertThat(client.send("config get save")).isEqualTo("%1|$4|save|$0||");
    assertThat(client.send("config get maxmemory*"))
        .isEqualTo("%2|$9|maxmemory|$1|0|$16|maxmemory-policy|$10|noeviction|");
    assertThat(client.send("config get *"))
        .contains("|$4|port|")
        .contains("|$16|snapshot-entries|$6|400000|");
  }

  @Test
  void noSettingShowsThePassword() {
    assertThat(client.send("config get *")).doesNotContain("|secret|").contains("********");
  }

  @Test
  void infoHasASectionPerNameInAFixedOrder() {
    assertThat(titles("info"))
        .containsExactly(
            "Server",
            "Clients",
            "Memory",
            "Persistence",
            "Stats",
            "Replication",
            "CPU",
            "Modules",
            "Errorstats",
            "Cluster",
            "Keyspace",
            "RaftKV");
    assertThat(titles("info default nosuch")).isEqualTo(titles("info"));
    assertThat(titles("info all"))
        .containsSubsequence("Modules", "Commandstats", "Errorstats", "Cluster", "RaftKV")
        .hasSize(titles("info").size() + 1);
    assertThat(titles("INFO Everything")).isEqualTo(titles("info all"));
    assertThat(titles("info commandstats default")).isEqualTo(titles("info all"));
    assertThat(titles("info KEYSPACE nosuch clients")).containsExactly("Clients", "Keyspace");
    assertThat(client.send("info nosuch")).isEqualTo("$0||");
    assertThat(client.send("info modules")).isEqualTo("$11|# Modules||");
  }

  private List<String> titles(String line) {
    return client
        .text(line.split(" ", -1))
        .lines()
        .filter(text -> text.startsWith("# "))
        .map(text -> text.substring(2))
        .toList();
  }

  @Test
  void infoIsTextInResp3() {
    client.connection.protocol(3);

    assertThat(client.send("info modules")).isEqualTo("=15|txt:# Modules||");
  }

  @Test
  void everyLineOfInfoIsATitleAFieldOrEmpty() {
    String text = client.text("info");

    assertThat(text).endsWith("\r\n").doesNotContain("\r\n\r\n\r\n");
    for (String line : text.split("\r\n", -1)) {
      assertThat(line).matches("(# \\w+|[a-z][a-z0-9_]*:.*|)");
    }
  }

  private Map<String, String> info(String section) {
    return Arrays.stream(client.text("info", section).split("\r\n", -1))
        .filter(line -> line.contains(":"))
        .collect(
            Collectors.toMap(
                line -> line.substring(0, line.indexOf(':')),
                line -> line.substring(line.indexOf(':') + 1)));
  }

  @Test
  void infoTellsWhatTheServerIs() {
    assertThat(info("server"))
        .containsEntry("redis_version", "7.2.0")
        .containsEntry("redis_mode", "standalone")
        .containsEntry("tcp_port", "7001")
        .containsEntry("server_time_usec", "1714979289123456")
        .containsEntry("uptime_in_seconds", "14979289")
        .containsEntry("uptime_in_days", "173")
        .hasEntrySatisfying("run_id", id -> assertThat(id).matches("[0-9a-f]{40}"));
    assertThat(info("cluster")).containsExactly(Map.entry("cluster_enabled", "0"));
    assertThat(info("replication"))
        .containsEntry("role", "master")
        .containsEntry("connected_slaves", "0");
    assertThat(info("clients"))
        .containsEntry("connected_clients", "1")
        .containsEntry("maxclients", "10000");
    assertThat(info("persistence")).containsEntry("loading", "0").containsEntry("aof_enabled", "1");
  }

  @Test
  void infoOfAClusterMemberSaysSo() {
    LocalClient member = new LocalClient(FakeNode.ofCluster(3, 3, 3));

    assertThat(member.text("info", "server")).contains("redis_mode:cluster\r\n");
    assertThat(member.text("info", "cluster")).contains("cluster_enabled:1\r\n");
    assertThat(member.text("info", "clients")).contains("cluster_connections:2\r\n");
  }

  @Test
  void aNodeWithoutAClusterIsStillLoading() {
    LocalClient early = new LocalClient(new FakeNode());

    assertThat(early.text("info", "persistence"))
        .contains("loading:1\r\n")
        .contains("loading_eta_seconds:1\r\n");
    assertThat(early.text("info")).contains("tcp_port:6379\r\n");
  }

  @Test
  void infoCountsMemoryAndTime() {
    assertThat(info("memory"))
        .hasEntrySatisfying("used_memory", bytes -> assertThat(bytes).matches("[1-9]\\d{5,}"))
        .hasEntrySatisfying("used_memory_rss", bytes -> assertThat(bytes).matches("[1-9]\\d{6,}"))
        .hasEntrySatisfying("used_memory_human", text -> assertThat(text).matches("[\\d.]+[KMG]"))
        .containsEntry("maxmemory", "0")
        .containsEntry("maxmemory_human", "0B");
    assertThat(info("cpu"))
        .hasEntrySatisfying("used_cpu_user", text -> assertThat(text).matches("\\d+\\.\\d{6}"));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0B",
    "1023, 1023B",
    "1024, 1.00K",
    "1536, 1.50K",
    "2282960, 2.18M",
    "25276510208, 23.54G",
    "9223372036854775807, 8.00E"
  })
  void sizesForPeopleAreAsInRedis(long bytes, String text) {
    assertThat(InfoReport.human(bytes)).isEqualTo(text);
  }

  @Test
  void countersAppearUnderRedisNamesOrAsOurs() {
    node.counters.put("total_commands_processed", 12L);
    node.counters.put("read_barrier_rounds", 34L);

    assertThat(info("stats"))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "total_commands_processed", "12",
                "evicted_keys", "0",
                "pubsub_channels", "0",
                "pubsub_patterns", "0"));
    assertThat(info("raftkv"))
        .containsEntry("read_barrier_rounds", "34")
        .doesNotContainKey("total_commands_processed");
  }

  @Test
  void figuresOfCommandsAndErrorsAreInRedisForm() {
    CommandSpec get =
        StringCommands.ALL.stream().filter(s -> s.name().equals("GET")).findAny().get();
    node.metrics.operation(get, Outcome.OK, true, 1_500_000);
    node.metrics.operation(get, Outcome.ERROR, true, 500_000);
    node.metrics.operation(get, Outcome.ERROR, false, 9);
    node.metrics.operation(get, Outcome.REFUSED, true, 9);
    node.commandStats().error("WRONGTYPE Operation against a key");
    node.commandStats().error("ERR one");
    node.commandStats().error("ERR two");

    assertThat(client.text("info", "commandstats"))
        .isEqualTo(
            "# Commandstats\r\n"
                + "cmdstat_get:calls=2,usec=2000,usec_per_call=1000.00,rejected_calls=2,"
                + "failed_calls=1\r\n");
    assertThat(client.text("info", "errorstats"))
        .isEqualTo("# Errorstats\r\nerrorstat_ERR:count=2\r\nerrorstat_WRONGTYPE:count=1\r\n");
  }

  @Test
  void otherNodesAreNoClients() {
    node.connect(true).flags = "M";

    assertThat(info("clients")).containsEntry("connected_clients", "1");
    assertThat(client.text("info").split("connected_clients:", -1)).as("said once").hasSize(2);
  }

  @Test
  void keyspaceAddsUpTheReplicasOfThisNode() {
    FakeNode busy = FakeNode.ofCluster(3, 3, 3);
    List<DatabaseSize> ofOne = List.of(new DatabaseSize(3, 1, 1000));
    List<DatabaseSize> ofTwo =
        List.of(new DatabaseSize(4, 3, 3000), new DatabaseSize(0, 0, 0), new DatabaseSize(5, 0, 0));
    busy.replica("s1", replica("n1", ofOne));
    busy.replica("s2", replica("n1", ofTwo));
    busy.replica("s2", replica("n2", FakeNode.sizes(40)));

    assertThat(new LocalClient(busy).text("info", "keyspace").lines())
        .containsExactly(
            "# Keyspace", "db0:keys=7,expires=4,avg_ttl=2500", "db2:keys=5,expires=0,avg_ttl=0");
    assertThat(client.text("info", "keyspace")).isEqualTo("# Keyspace\r\n");
  }

  private static ReplicaStatus replica(String node, List<DatabaseSize> databases) {
    return new ReplicaStatus(
        node, "n1", node.equals("n1"), 4, 20, 19, 0, 1000, ReplicaLoad.NONE, databases);
  }

  @Test
  void infoTellsOfTheShardsOfThisNode() {
    node.replica("s1", replica("n1", FakeNode.sizes(3, 2)));

    assertThat(info("raftkv"))
        .containsEntry("node_id", "n1")
        .containsEntry("cluster_id", FakeNode.CLUSTER_ID)
        .containsEntry("routing_version", "1")
        .containsEntry("metadata_leader", "n1")
        .containsEntry("shards", "1")
        .containsEntry("local_replicas", "1")
        .containsEntry("local_leaders", "1")
        .containsEntry(
            "shard_s1", "role=leader,leader=n1,term=4,commit=20,applied=19,keys=5,disk_bytes=1000");
  }
}
