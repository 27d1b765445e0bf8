package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.raftkv.resp.command.ReadConsistency;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigLoaderTest {
  private static final String THREE =
      "n1=10.0.0.1:17001:7001,n2=10.0.0.2:17001:7001,n3=10.0.0.3:17001:7001";

  private static ServerConfig load(String... flags) throws ConfigException {
    return ConfigLoader.load(List.of(flags), Map.of());
  }

  private static List<String> problems(Map<String, String> environment, String... flags) {
    ConfigException refused =
        catchThrowableOfType(
            ConfigException.class, () -> ConfigLoader.load(List.of(flags), environment));
    assertThat(refused).as("the configuration was accepted").isNotNull();
    return refused.problems();
  }

  private static List<String> problems(String... flags) {
    return problems(Map.of(), flags);
  }

  @Test
  void nothingGivenMakesASingleNodeForThisMachineOnly() throws ConfigException {
    ServerConfig config = load();

    assertThat(config.node().id()).isEqualTo("n1");
    assertThat(config.listen().bind()).allMatch(BindAddress::isLoopback);
    assertThat(config.listen().port()).isEqualTo(6379);
    assertThat(config.listen().raftPort()).isEqualTo(16379);
    assertThat(config.listen().httpPort()).isEqualTo(OptionalInt.of(8379));
    assertThat(config.cluster().isSingleNode()).isTrue();
    assertThat(config.cluster().shards()).isEqualTo(1);
    assertThat(config.cluster().replicationFactor()).isEqualTo(1);
    assertThat(config.requests().consistency()).isEqualTo(ReadConsistency.LINEARIZABLE);
    assertThat(config.requests().timeout()).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void aFlagBeatsTheEnvironmentWhichBeatsTheFileWhichBeatsTheDefault(@TempDir Path dir)
      throws Exception {
    Path file = dir.resolve("raftkv.conf");
    Files.writeString(file, "# a comment\n\nmaxclients 1\ndatabases 2\n  request-timeout   3s\n");
    Map<String, String> environment =
        Map.of("RAFTKV_MAXCLIENTS", "10", "RAFTKV_DATABASES", "12", "PATH", "/bin");

    ServerConfig config =
        ConfigLoader.load(List.of("--config", file.toString(), "--maxclients", "100"), environment);

    assertThat(config.clients().maxClients()).as("flag").isEqualTo(100);
    assertThat(config.clients().databases()).as("environment").isEqualTo(12);
    assertThat(config.requests().timeout()).as("file").isEqualTo(Duration.ofSeconds(3));
    assertThat(config.raft().expiryCycle()).as("default").isEqualTo(Duration.ofMillis(100));
  }

  @Test
  void theFileMayBeNamedByTheEnvironment(@TempDir Path dir) throws Exception {
    Path file = Files.writeString(dir.resolve("raftkv.conf"), "databases 3\n");

    ServerConfig config = ConfigLoader.load(List.of(), Map.of("RAFTKV_CONFIG", file.toString()));

    assertThat(config.clients().databases()).isEqualTo(3);
  }

  @Test
  void aWrongValueInTheFileIsNamedWithItsLineEvenIfAFlagOverridesIt(@TempDir Path dir)
      throws Exception {
    Path file = Files.writeString(dir.resolve("raftkv.conf"), "# one\nport http\n");

    assertThat(problems("--config", file.toString(), "--port", "1"))
        .containsExactly("port must be a number from 0 to 65535, not 'http' (" + file + ":2)");
  }

  @Test
  void unknownNamesAreErrorsWithASuggestionInEverySource(@TempDir Path dir) throws Exception {
    Path file = Files.writeString(dir.resolve("raftkv.conf"), "max-clients 5\n");

    assertThat(
            problems(
                Map.of("RAFTKV_DATADIR", "/x"), "--config=" + file, "--prot", "1", "--zzzzzzzz=3"))
        .containsExactlyInAnyOrder(
            "unknown environment variable RAFTKV_DATADIR, did you mean RAFTKV_DATA_DIR?",
            "unknown flag --prot, did you mean --port?",
            "unknown flag --zzzzzzzz",
            file + ":1: unknown setting max-clients, did you mean maxclients?");
  }

  @Test
  void allMistakesAreReportedAtOnce() {
    assertThat(problems(Map.of("RAFTKV_TIMEOUT", "soon"), "--port", "x", "--log-level", "loud"))
        .hasSize(3)
        .anySatisfy(text -> assertThat(text).endsWith("(environment variable RAFTKV_TIMEOUT)"))
        .anySatisfy(text -> assertThat(text).endsWith("(flag --port)"))
        .anySatisfy(text -> assertThat(text).contains("error|warn|info|debug|trace", "not 'loud'"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --port 65536                            | port must be a number from 0 to 65535, not '65536' (flag --port)
          --port 60000                            | raft-port must be at most 65535, but is 70000 (default)
          --raft-port 6379                        | raft-port must differ from port, but both are 6379 (flag --raft-port)
          --http-port 6379                        | http-port must differ from port and raft-port, but is 6379 (flag --http-port)
          --data-dir=                             | data-dir must not be empty, not '' (flag --data-dir)
          --node-id a/b                           | node-id is wrong: 'a/b' is not a node id (letters, digits, '-' and '_', at most 64), not 'a/b' (flag --node-id)
          --election-timeout-min 5s               | election-timeout-max must be more than election-timeout-min, 5s (default)
          --election-timeout-min 1                | election-timeout-min must be a time with its unit, such as 250ms, 5s or 10m, not '1' (flag --election-timeout-min)
          --election-timeout-min 601s             | election-timeout-min must be at most 600s (flag --election-timeout-min)
          --election-timeout-max 9999999h         | election-timeout-max must be at most 600s (flag --election-timeout-max)
          --request-timeout 9999999h              | request-timeout must be at most 3600s (flag --request-timeout)
          --request-timeout 999999999999h         | request-timeout must be at most 3600s (flag --request-timeout)
          --request-timeout 9999999999999h        | request-timeout must be a time with its unit, such as 250ms, 5s or 10m, not '9999999999999h' (flag --request-timeout)
          --expiry-cycle 2h                       | expiry-cycle must be at most 3600s (flag --expiry-cycle)
          --migration-rate 1023kb                 | migration-rate must be 0 or at least 1mb (flag --migration-rate)
          --auto-merge-bytes 129mb                | auto-merge-bytes must be at most 128mb (flag --auto-merge-bytes)
          --auto-split-bytes 3mb --auto-merge-bytes 2mb | auto-merge-bytes must be at most half of auto-split-bytes: else what is split is merged again (flag --auto-merge-bytes)
          --auto-split-ops 199 --auto-merge-bytes 2mb | auto-merge-ops must be at most half of auto-split-ops: else what is split is merged again (default)
          --clock-skew-limit 25h                  | clock-skew-limit must be at most 86400s (flag --clock-skew-limit)
          --slow-reader-timeout 25h               | slow-reader-timeout must be at most 86400s (flag --slow-reader-timeout)
          --tcp-keepalive 86401                   | tcp-keepalive must be at most 86400 (flag --tcp-keepalive)
          --timeout 9999999h                      | timeout must be at most 31536000 (flag --timeout)
          --max-value-bytes 1gb                   | max-value-bytes must be at most 512mb (flag --max-value-bytes)
          --max-command-bytes 1mb                 | max-command-bytes must be at least max-value-bytes, 64mb (flag --max-command-bytes)
          --output-buffer-pause 1023              | output-buffer-pause must be at least 1kb (flag --output-buffer-pause)
          --output-buffer-pause 2gb               | output-buffer-pause must be at most 1gb (flag --output-buffer-pause)
          --announce-host nosuch!!                | announce-host is wrong: 'nosuch!!' is not a host name or address, not 'nosuch!!' (flag --announce-host)
          --announce-host 256.0.0.1               | announce-host is wrong: '256.0.0.1' is not a host name or address, not '256.0.0.1' (flag --announce-host)
          --bind 127.0.0.1,such!!                 | bind is wrong: 'such!!' is not a host name or address, not '127.0.0.1,such!!' (flag --bind)
          --bind 99999999999                      | bind is wrong: '99999999999' is not a host name or address, not '99999999999' (flag --bind)
          --join such!!:6379                      | join is wrong: 'such!!' is not a host name or address, not 'such!!:6379' (flag --join)
          --cluster n1=such!!:1:2                 | cluster is wrong: 'such!!' is not a host name or address, not 'n1=such!!:1:2' (flag --cluster)
          --max-value-bytes 9223372036854775807   | max-value-bytes must be at most 512mb (flag --max-value-bytes)
          --log-segment-bytes 5gb                 | log-segment-bytes must be at most 4gb (flag --log-segment-bytes)
          --config nosuchfile                     | cannot read the configuration file nosuchfile: nosuchfile does not exist (flag --config)
          --min-free-disk lots                    | min-free-disk must be a size such as 64mb, 1gb or 4096, not 'lots' (flag --min-free-disk)
          --replication-factor 3                  | replication-factor must be at most the number of nodes, 1, but is 3 (flag --replication-factor)
          --join nowhere                          | join is wrong: 'nowhere' is not host:port, not 'nowhere' (flag --join)
          --log-segment-bytes 68mb                | log-segment-bytes must be at least 69mb, which the largest entry takes with max-command-bytes 65mb (flag --log-segment-bytes)
          --snapshot-log-bytes 68mb               | snapshot-log-bytes must be at least 69mb (flag --snapshot-log-bytes)
          --join h:6379 --cluster n1=h:1:2        | join excludes cluster: a node joins a running cluster or begins one with others (flag --join)
          --join h:6379 --raft-port 0             | raft-port cannot be 0 in a cluster (flag --raft-port)
          --consistency strong                    | consistency must be linearizable, bounded:<ms> or eventual, not 'strong' (flag --consistency)
          --bind 0.0.0.0                          | bind reaches beyond this machine, but there is no password: set requirepass, or protected-mode no on a network you trust (flag --bind)
          --port                                  | flag --port needs a value: --port PORT
          port 1                                  | unexpected argument 'port': settings are --name value
          --port=1 --port=2                       | port is given twice (flag --port)
          """)
  void aRefusedValueSaysWhatIsWrongAndWhereItIsFrom(String flags, String problem) {
    assertThat(problems(flags.split(" +"))).contains(problem);
  }

  /** A new time that nobody bounded would overflow somewhere as nanoseconds. */
  @Test
  void everyTimeHasAnUpperBound() {
    List<Setting<?>> times =
        ServerSettings.ALL.stream()
            .filter(setting -> Set.of("TIME", "SECONDS").contains(setting.type().placeholder()))
            .toList();
    assertThat(times).hasSizeGreaterThan(7);
    for (Setting<?> time : times) {
      assertThat(problems(time.flag(), "9999999h"))
          .singleElement()
          .asString()
          .startsWith(time.name() + " must be at most ")
          .endsWith(" (flag " + time.flag() + ")");
    }
  }

  /** The same for sizes, of which two may be added up, or one be counted in another unit. */
  @Test
  void everySizeHasAnUpperBound() {
    List<Setting<?>> sizes =
        ServerSettings.ALL.stream()
            .filter(setting -> setting.type().placeholder().equals("SIZE"))
            .toList();
    assertThat(sizes).hasSizeGreaterThan(10);
    for (Setting<?> size : sizes) {
      for (String huge : List.of("9223372036854775807", "99999999gb")) {
        assertThat(problems(size.flag(), huge))
            .singleElement()
            .asString()
            .startsWith(size.name() + " must be ")
            .endsWith(" (flag " + size.flag() + ")");
      }
    }
  }

  /** As a variable that is not set in a script gives it. */
  @Test
  void blanksAreNoNames() {
    for (String flag : List.of("--data-dir", "--node-id", "--announce-host", "--join")) {
      assertThat(problems(flag, " ")).singleElement().asString().contains("(flag " + flag + ")");
    }
  }

  @Test
  void clusterGivesThisNodeItsPortsAndHost() throws ConfigException {
    ServerConfig config =
        load("--cluster", THREE, "--node-id", "n2", "--bind", "*", "--requirepass", "s3cret");

    assertThat(config.listen().port()).isEqualTo(7001);
    assertThat(config.listen().raftPort()).isEqualTo(17001);
    assertThat(config.listen().httpPort()).isEqualTo(OptionalInt.of(9001));
    assertThat(config.listen().announceHost()).contains("10.0.0.2");
    assertThat(config.cluster().shards()).isEqualTo(3);
    assertThat(config.cluster().replicationFactor()).isEqualTo(3);
    assertThat(config.security().clusterSecret()).contains(new Secret("s3cret"));
  }

  @Test
  void clusterMustBeConsistent() {
    assertThat(problems("--cluster", THREE, "--node-id", "n4"))
        .containsExactly("cluster must name this node, n4 (flag --cluster)");
    assertThat(problems("--cluster", "n1=h:1:2,n1=h:3:4").get(0)).contains("n1=h:3:4", "another");
    assertThat(problems("--cluster", "n1=h:1:2,n2=h:1:3").get(0)).contains("n2=h:1:3", "another");
    assertThat(problems("--cluster", "n1=h:1").get(0)).contains("--cluster");
    assertThat(problems("--cluster", THREE, "--port", "0").get(0)).contains("cannot be 0");
  }

  @Test
  void aFreePortIsFreeForAllPortsThatFollowFromIt() throws ConfigException {
    ServerConfig config = load("--port", "0");

    assertThat(config.listen().raftPort()).isZero();
    assertThat(config.listen().httpPort()).isEqualTo(OptionalInt.of(0));
    assertThat(load("--http-port", "off").listen().httpPort()).isEmpty();
  }

  @Test
  void smallValuesNeedNoOtherSetting() throws ConfigException {
    assertThat(load().requests().batchBytes()).isEqualTo(ByteSize.mebibytes(4));
    assertThat(load("--max-value-bytes", "1mb").requests().batchBytes())
        .isEqualTo(ByteSize.mebibytes(2));
    assertThat(load("--max-command-bytes", "1kb", "--max-value-bytes", "1kb").requests())
        .extracting(ServerConfig.Requests::batchBytes)
        .isEqualTo(new ByteSize(1024));
  }

  /** What is configured is what a file of the log really takes. */
  @Test
  void aSegmentOfTheLogHoldsTheLargestEntry() throws ConfigException {
    assertThat(load().raft().logSegment()).isEqualTo(ByteSize.mebibytes(69));
    assertThat(load().toMap()).containsEntry("log-segment-bytes", "69mb");
    assertThat(load("--max-value-bytes", "1mb", "--batch-bytes", "1mb").raft().logSegment())
        .isEqualTo(ByteSize.mebibytes(32));
    assertThat(load("--max-value-bytes", "4mb", "--log-segment-bytes", "9mb").raft().logSegment())
        .isEqualTo(ByteSize.mebibytes(9));
    ServerConfig huge = load("--max-command-bytes", "1gb");
    assertThat(huge.raft().logSegment()).isEqualTo(ByteSize.mebibytes(1024 + 12));
    assertThat(huge.raft().snapshotLog()).isEqualTo(huge.raft().logSegment());
  }

  @Test
  void secretsAreShownNowhere() throws ConfigException {
    ServerConfig config = load("--requirepass", "hunter2", "--cluster-secret", "swordfish");

    assertThat(config.toMap()).containsEntry("requirepass", Secret.MASK);
    assertThat(config.toMap().toString() + config).doesNotContain("hunter2", "swordfish");
    assertThat(load().toMap()).containsEntry("requirepass", "");
  }

  @Test
  void configurationAsShownReadsBackAsTheSameConfiguration(@TempDir Path dir) throws Exception {
    ServerConfig config =
        load("--cluster", THREE, "--node-id", "n3", "--bind", "127.0.0.1,-::1", "--timeout", "90");
    StringBuilder file = new StringBuilder();
    config.toMap().forEach((name, value) -> file.append(name).append(" \"").append(value + "\"\n"));
    Path path = dir.resolve("raftkv.conf");
    Files.writeString(path, file.toString().replaceFirst("config \"\"\n", ""));

    ServerConfig again = load("--config", path.toString());

    assertThat(again.cluster()).isEqualTo(config.cluster());
    assertThat(again.listen()).isEqualTo(config.listen());
    assertThat(again.clients()).isEqualTo(config.clients());
    assertThat(again.requests()).isEqualTo(config.requests());
    assertThat(again.raft()).isEqualTo(config.raft());
    assertThat(again.store()).isEqualTo(config.store());
  }

  @Test
  void aMissingOrBrokenFileIsAnErrorOfItsOwn(@TempDir Path dir) throws Exception {
    Path missing = dir.resolve("none.conf");
    assertThat(problems("--config", missing.toString()).get(0))
        .contains("cannot read the configuration file", missing.toString());
    Path binary = Files.write(dir.resolve("binary.conf"), new byte[] {(byte) 0xff, 0, 1});
    assertThat(problems("--config", binary.toString()).get(0)).contains("is not UTF-8 text");
  }

  @Test
  void valuesMayHaveHashesQuotesAndBlanks(@TempDir Path dir) throws Exception {
    Path file =
        Files.writeString(
            dir.resolve("raftkv.conf"), "requirepass \"a # b \"\nbind 127.0.0.1 -::1\n");

    ServerConfig config = load("--config", file.toString());

    assertThat(config.security().password().map(Secret::value)).contains("a # b ");
    assertThat(config.listen().bind()).hasSize(2);
  }

  @Test
  void timesAndSizesKeepTheirUnits() throws ConfigException {
    ServerConfig config =
        load(
            "--timeout",
            "90",
            "--expiry-cycle",
            "250ms",
            "--block-cache",
            "3GB",
            "--consistency",
            "bounded:500");

    assertThat(config.clients().idleTimeout()).isEqualTo(Duration.ofSeconds(90));
    assertThat(config.raft().expiryCycle()).isEqualTo(Duration.ofMillis(250));
    assertThat(config.store().blockCache()).isEqualTo(ByteSize.mebibytes(3 * 1024));
    assertThat(config.requests().consistency())
        .isEqualTo(ReadConsistency.bounded(Duration.ofMillis(500)));
    assertThat(ByteSize.parse("2k").bytes()).isEqualTo(2000);
    assertThat(config.toMap())
        .containsEntry("timeout", "90")
        .containsEntry("expiry-cycle", "250ms")
        .containsEntry("block-cache", "3gb")
        .containsEntry("consistency", "bounded:500");
  }
}
