package io.raftkv.server;

import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.storage.Keyspace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/** Every setting of the server, once, in the order of the help text. */
final class ServerSettings {
  private static final List<Setting<?>> DECLARED = new ArrayList<>();

  private static final int RAFT_PORT_OFFSET = 10_000;
  private static final int HTTP_PORT_OFFSET = 2_000;
  private static final int DEFAULT_PORT = 6379;
  private static final int DEFAULT_REPLICAS = 3;
  private static final int HEAP_SHARE_OF_REQUESTS = 4;
  private static final int MAX_IO_THREADS = 8;

  // Node

  static final Setting<Optional<Path>> CONFIG =
      derived(
          "config",
          SettingGroup.NODE,
          ValueType.OPTIONAL_FILE,
          "none",
          values -> Optional.empty(),
          "Read settings from this file: lines of 'name value', # begins a comment line.",
          config -> config.node().configFile());

  static final Setting<String> NODE_ID =
      constant(
          "node-id",
          SettingGroup.NODE,
          ValueType.NODE_ID,
          "n1",
          "Name of this node, unique in the cluster. A data directory belongs to one node id for"
              + " good.",
          config -> config.node().id());

  static final Setting<Path> DATA_DIR =
      constant(
          "data-dir",
          SettingGroup.NODE,
          ValueType.PATH,
          "./raftkv-data",
          "Directory of the Raft logs and stores; created if missing, used by one process.",
          config -> config.node().dataDir());

  // Network

  static final Setting<List<BindAddress>> BIND =
      constant(
          "bind",
          SettingGroup.NETWORK,
          ValueType.BIND,
          "127.0.0.1 -::1",
          "Addresses to listen on. One with a leading '-' may be missing on this machine. '*' is"
              + " every IPv4 address. See protected-mode.",
          config -> config.listen().bind());

  static final Setting<Integer> PORT =
      derived(
          "port",
          SettingGroup.NETWORK,
          ValueType.PORT,
          "own entry in --cluster, else 6379",
          values -> own(values, ClusterMember::respPort, DEFAULT_PORT),
          "Port for clients and for the links between nodes. 0 takes a free one (one node only).",
          config -> config.listen().port());

  static final Setting<Integer> RAFT_PORT =
      derived(
          "raft-port",
          SettingGroup.NETWORK,
          ValueType.PORT,
          "own entry in --cluster, else port + 10000",
          values -> own(values, ClusterMember::raftPort, above(values, RAFT_PORT_OFFSET)),
          "Port for replication between nodes. 0 takes a free one (one node only).",
          config -> config.listen().raftPort());

  static final Setting<OptionalInt> HTTP_PORT =
      derived(
          "http-port",
          SettingGroup.NETWORK,
          ValueType.PORT_OR_OFF,
          "port + 2000",
          values -> OptionalInt.of(above(values, HTTP_PORT_OFFSET)),
          "Port for /metrics, /health/live and /health/ready. 0 takes a free one.",
          config -> config.listen().httpPort());

  static final Setting<Optional<String>> ANNOUNCE_HOST =
      derived(
          "announce-host",
          SettingGroup.NETWORK,
          ValueType.OPTIONAL_HOST,
          "own entry in --cluster, else the address the client came by",
          values -> ownMember(values).map(ClusterMember::host),
          "Host that cluster-aware clients are told to connect to.",
          config -> config.listen().announceHost());

  // Cluster

  static final Setting<List<ClusterMember>> CLUSTER =
      constant(
          "cluster",
          SettingGroup.CLUSTER,
          ValueType.MEMBERS,
          "",
          "All nodes of a new cluster, this one included, the same on every node. Empty: a single"
              + " node.",
          config -> config.cluster().members());

  static final Setting<Optional<HostPort>> JOIN =
      derived(
          "join",
          SettingGroup.CLUSTER,
          ValueType.OPTIONAL_HOST_PORT,
          "none",
          values -> Optional.empty(),
          "Client address of any node of a running cluster to join. Not together with cluster.",
          config -> config.cluster().join());

  static final Setting<Integer> SHARDS =
      derived(
          "shards",
          SettingGroup.CLUSTER,
          ValueType.integer("COUNT", 1, 1024),
          "number of nodes",
          values -> nodes(values),
          "Shards that a new cluster begins with. With exactly one, commands over any keys work as"
              + " on a standalone Redis.",
          config -> config.cluster().shards());

  static final Setting<Integer> REPLICATION_FACTOR =
      derived(
          "replication-factor",
          SettingGroup.CLUSTER,
          ValueType.integer("COUNT", 1, 9),
          "3, or the number of nodes if that is less",
          values -> Math.min(DEFAULT_REPLICAS, nodes(values)),
          "Replicas of each shard. A majority of them must be up for the shard to answer.",
          config -> config.cluster().replicationFactor());

  // Security

  static final Setting<Optional<Secret>> REQUIREPASS =
      secret(
          "requirepass",
          "none",
          values -> Optional.empty(),
          "Password that clients must AUTH with.",
          config -> config.security().password());

  static final Setting<Optional<Secret>> CLUSTER_SECRET =
      secret(
          "cluster-secret",
          "requirepass",
          values -> values.get(REQUIREPASS),
          "Password on the links between nodes; the same on every node.",
          config -> config.security().clusterSecret());

  static final Setting<Boolean> PROTECTED_MODE =
      constant(
          "protected-mode",
          SettingGroup.SECURITY,
          ValueType.YES_NO,
          "yes",
          "Refuse to listen beyond this machine without a password. 'no' only on a network where"
              + " everybody may read and write everything.",
          config -> config.security().protectedMode());

  // Clients

  static final Setting<Integer> DATABASES =
      constant(
          "databases",
          SettingGroup.CLIENTS,
          ValueType.integer("COUNT", 1, Keyspace.DATABASES),
          "16",
          "Number of databases SELECT accepts.",
          config -> config.clients().databases());

  static final Setting<Integer> MAXCLIENTS =
      constant(
          "maxclients",
          SettingGroup.CLIENTS,
          ValueType.integer("COUNT", 1, 1_000_000),
          "10000",
          "Connections at one time; further ones are refused.",
          config -> config.clients().maxClients());

  static final Setting<Integer> IO_THREADS =
      derived(
          "io-threads",
          SettingGroup.CLIENTS,
          ValueType.integer("COUNT", 1, 256),
          "half the processors, 1 to 8",
          values ->
              Math.max(1, Math.min(MAX_IO_THREADS, Runtime.getRuntime().availableProcessors() / 2)),
          "Threads that read from and write to connections.",
          config -> config.clients().ioThreads());

  static final Setting<Duration> TIMEOUT =
      constant(
          "timeout",
          SettingGroup.CLIENTS,
          ValueType.SECONDS,
          "0",
          "Close a connection that has been idle for so long; 0 never does.",
          config -> config.clients().idleTimeout());

  static final Setting<Duration> TCP_KEEPALIVE =
      constant(
          "tcp-keepalive",
          SettingGroup.CLIENTS,
          ValueType.SECONDS,
          "300",
          "Time between TCP keepalive probes; 0 sends none.",
          config -> config.clients().tcpKeepalive());

  static final Setting<ByteSize> OUTPUT_BUFFER_PAUSE =
      constant(
          "output-buffer-pause",
          SettingGroup.CLIENTS,
          ValueType.SIZE,
          "1mb",
          "Unsent replies of one connection before no more is read from it.",
          config -> config.clients().outputBufferPause());

  static final Setting<Duration> SLOW_READER_TIMEOUT =
      constant(
          "slow-reader-timeout",
          SettingGroup.CLIENTS,
          ValueType.DURATION,
          "30s",
          "Time for which a client may leave a large reply unread, and 1 s more for each MiB that"
              + " it has taken, before its connection is closed. Until then RocksDB keeps the rows"
              + " of the reply's moment.",
          config -> config.clients().slowReaderTimeout());

  // Requests

  static final Setting<Duration> REQUEST_TIMEOUT =
      constant(
          "request-timeout",
          SettingGroup.REQUESTS,
          ValueType.DURATION,
          "5s",
          "Time a command may take, retries included, before the client gets an error.",
          config -> config.requests().timeout());

  static final Setting<ReadConsistency> CONSISTENCY =
      constant(
          "consistency",
          SettingGroup.REQUESTS,
          ValueType.CONSISTENCY,
          "linearizable",
          "Reads of connections that do not choose for themselves: linearizable, bounded:<ms> or"
              + " eventual.",
          config -> config.requests().consistency());

  static final Setting<ByteSize> MAX_VALUE_BYTES =
      constant(
          "max-value-bytes",
          SettingGroup.REQUESTS,
          ValueType.SIZE,
          "64mb",
          "Largest single argument of a command, and so the largest value; at most 512mb.",
          config -> config.requests().maxValue());

  static final Setting<ByteSize> MAX_COMMAND_BYTES =
      derived(
          "max-command-bytes",
          SettingGroup.REQUESTS,
          ValueType.SIZE,
          "max-value-bytes + 1mb",
          values -> new ByteSize(values.get(MAX_VALUE_BYTES).bytes() + (1L << 20)),
          "Largest command, all arguments together; at most 1gb. Each shard keeps a log buffer of"
              + " this size.",
          config -> config.requests().maxCommand());

  static final Setting<ByteSize> REQUEST_MEMORY =
      derived(
          "request-memory",
          SettingGroup.REQUESTS,
          ValueType.SIZE,
          "a quarter of the Java heap, at least twice max-command-bytes",
          values -> requestMemory(values),
          "Memory for commands that wait or run; when it is used up, connections are not read.",
          config -> config.requests().memory());

  static final Setting<Integer> BATCH_COMMANDS =
      constant(
          "batch-commands",
          SettingGroup.REQUESTS,
          ValueType.integer("COUNT", 1, 100_000),
          "1000",
          "Most commands in one log entry.",
          config -> config.requests().batchCommands());

  static final Setting<ByteSize> BATCH_BYTES =
      constant(
          "batch-bytes",
          SettingGroup.REQUESTS,
          ValueType.SIZE,
          "4mb",
          "Size at which a log entry takes no further command; a larger command has its own entry.",
          config -> config.requests().batchBytes());

  // Replication

  static final Setting<Duration> ELECTION_TIMEOUT_MIN =
      constant(
          "election-timeout-min",
          SettingGroup.REPLICATION,
          ValueType.DURATION,
          "1s",
          "Shortest silence of a leader before another is elected.",
          config -> config.raft().electionTimeoutMin());

  static final Setting<Duration> ELECTION_TIMEOUT_MAX =
      constant(
          "election-timeout-max",
          SettingGroup.REPLICATION,
          ValueType.DURATION,
          "2s",
          "Longest such silence; each replica waits for a random time between the two.",
          config -> config.raft().electionTimeoutMax());

  static final Setting<Long> SNAPSHOT_ENTRIES =
      constant(
          "snapshot-entries",
          SettingGroup.REPLICATION,
          ValueType.longInteger("COUNT", 10, 1_000_000_000),
          "400000",
          "Log entries of a shard between snapshots.",
          config -> config.raft().snapshotEntries());

  static final Setting<ByteSize> SNAPSHOT_LOG_BYTES =
      constant(
          "snapshot-log-bytes",
          SettingGroup.REPLICATION,
          ValueType.SIZE,
          "1gb",
          "Log of a shard between snapshots, whichever of the two is reached first.",
          config -> config.raft().snapshotLog());

  static final Setting<ByteSize> LOG_SEGMENT_BYTES =
      constant(
          "log-segment-bytes",
          SettingGroup.REPLICATION,
          ValueType.SIZE,
          "32mb",
          "Size of one file of the Raft log.",
          config -> config.raft().logSegment());

  static final Setting<Duration> EXPIRY_CYCLE =
      constant(
          "expiry-cycle",
          SettingGroup.REPLICATION,
          ValueType.DURATION,
          "100ms",
          "Time between the leader's rounds of deleting keys that are due. Reads never show a due"
              + " key, deleted or not.",
          config -> config.raft().expiryCycle());

  static final Setting<Duration> CLOCK_SKEW_LIMIT =
      constant(
          "clock-skew-limit",
          SettingGroup.REPLICATION,
          ValueType.DURATION,
          "500ms",
          "Distance from the other nodes' clocks beyond which a leader's clock is not used.",
          config -> config.raft().clockSkewLimit());

  // Storage

  static final Setting<ByteSize> BLOCK_CACHE =
      constant(
          "block-cache",
          SettingGroup.STORAGE,
          ValueType.SIZE,
          "128mb",
          "RocksDB's cache of data blocks, outside the Java heap, shared by all shards.",
          config -> config.store().blockCache());

  static final Setting<ByteSize> ROW_CACHE =
      constant(
          "row-cache",
          SettingGroup.STORAGE,
          ValueType.SIZE,
          "64mb",
          "Cache of hot rows in the Java heap, shared by all shards; 0 has none.",
          config -> config.store().rowCache());

  static final Setting<ByteSize> WRITE_BUFFER =
      constant(
          "write-buffer",
          SettingGroup.STORAGE,
          ValueType.SIZE,
          "32mb",
          "RocksDB's buffer of new rows, outside the Java heap, shared by all shards.",
          config -> config.store().writeBuffer());

  static final Setting<ByteSize> MIN_FREE_DISK =
      constant(
          "min-free-disk",
          SettingGroup.STORAGE,
          ValueType.SIZE,
          "256mb",
          "Free space of the data directory's disk below which writes are refused, so that the node"
              + " can still compact, snapshot and delete.",
          config -> config.store().minFreeDisk());

  // Logging

  static final Setting<LogFormat> LOG_FORMAT =
      constant(
          "log-format",
          SettingGroup.LOGGING,
          ValueType.oneOf(LogFormat.class),
          "human",
          "Log lines for people, or one JSON object per line. The log goes to standard output.",
          config -> config.logging().format());

  static final Setting<LogLevel> LOG_LEVEL =
      constant(
          "log-level",
          SettingGroup.LOGGING,
          ValueType.oneOf(LogLevel.class),
          "info",
          "Least severe events that are logged.",
          config -> config.logging().level());

  /** All settings, in the order of the help text. */
  static final List<Setting<?>> ALL = Collections.unmodifiableList(DECLARED);

  private ServerSettings() {}

  private static <T> Setting<T> constant(
      String name,
      SettingGroup group,
      ValueType<T> type,
      String value,
      String help,
      Function<ServerConfig, T> current) {
    T parsed = type.parser().apply(value);
    return declare(
        new Setting<>(
            name,
            group,
            type,
            value.isEmpty() ? "none" : value,
            values -> parsed,
            help,
            false,
            current));
  }

  private static <T> Setting<T> derived(
      String name,
      SettingGroup group,
      ValueType<T> type,
      String defaultText,
      Function<SettingValues, T> defaultValue,
      String help,
      Function<ServerConfig, T> current) {
    return declare(
        new Setting<>(name, group, type, defaultText, defaultValue, help, false, current));
  }

  private static Setting<Optional<Secret>> secret(
      String name,
      String defaultText,
      Function<SettingValues, Optional<Secret>> defaultValue,
      String help,
      Function<ServerConfig, Optional<Secret>> current) {
    return declare(
        new Setting<>(
            name,
            SettingGroup.SECURITY,
            ValueType.SECRET,
            defaultText,
            defaultValue,
            help,
            true,
            current));
  }

  private static <T> Setting<T> declare(Setting<T> setting) {
    DECLARED.add(setting);
    return setting;
  }

  private static int nodes(SettingValues values) {
    return Math.max(1, values.get(CLUSTER).size());
  }

  private static Optional<ClusterMember> ownMember(SettingValues values) {
    String id = values.get(NODE_ID);
    return values.get(CLUSTER).stream().filter(member -> member.id().equals(id)).findFirst();
  }

  private static int own(SettingValues values, ToIntFunction<ClusterMember> port, int otherwise) {
    return ownMember(values).map(port::applyAsInt).orElse(otherwise);
  }

  /** A free port stays one: 0 has no neighbours. */
  private static int above(SettingValues values, int offset) {
    int port = values.get(PORT);
    return port == 0 ? 0 : port + offset;
  }

  private static ByteSize requestMemory(SettingValues values) {
    long share = Runtime.getRuntime().maxMemory() / HEAP_SHARE_OF_REQUESTS;
    return new ByteSize(Math.max(share, 2 * values.get(MAX_COMMAND_BYTES).bytes()));
  }
}
