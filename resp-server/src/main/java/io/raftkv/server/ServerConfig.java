package io.raftkv.server;

import static io.raftkv.server.InvalidSettingException.require;

import io.raftkv.meta.balance.BalanceSettings;
import io.raftkv.raft.RaftOptions;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.ReadConsistency;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The configuration of one node: checked once, here, and immutable from then on. {@link
 * ConfigLoader} makes it.
 */
public record ServerConfig(
    Node node,
    Listen listen,
    Cluster cluster,
    Security security,
    Clients clients,
    Requests requests,
    Raft raft,
    Store store,
    Balance balance,
    Logging logging) {
  private static final int MAX_PORT = 65_535;
  private static final Duration MIN_ELECTION_TIMEOUT = Duration.ofMillis(100);
  private static final Duration MIN_PERIOD = Duration.ofMillis(10);

  /** Far above what makes sense, and far below what overflows as nanoseconds. */
  private static final Duration MAX_REQUEST_TIMEOUT = Duration.ofHours(1);

  private static final Duration MAX_ELECTION_TIMEOUT = Duration.ofMinutes(10);
  private static final Duration MAX_EXPIRY_CYCLE = Duration.ofHours(1);
  private static final Duration MAX_CLOCK_SKEW = Duration.ofHours(24);
  private static final Duration MAX_SLOW_READER_TIMEOUT = Duration.ofHours(24);
  private static final Duration MIN_BALANCE_PAUSE = Duration.ofMillis(100);
  private static final Duration MAX_BALANCE_PAUSE = Duration.ofHours(1);
  private static final Duration MAX_BALANCE_TIME = Duration.ofDays(365);
  private static final Duration MAX_IDLE_TIMEOUT = Duration.ofDays(365);
  private static final Duration MAX_KEEPALIVE = Duration.ofHours(24);
  private static final ByteSize MAX_VALUE = ByteSize.mebibytes(512);
  private static final ByteSize MAX_COMMAND = ByteSize.mebibytes(1024);
  private static final ByteSize MIN_BUFFER = ByteSize.mebibytes(1);

  /** Whoever writes more has mistaken the unit; it is far from what overflows. */
  private static final ByteSize MAX_SIZE = ByteSize.mebibytes(16L << 20);

  /** Several times what the largest entry takes. */
  private static final ByteSize MAX_SEGMENT = ByteSize.mebibytes(4096);

  /** More is not merged at all: clients wait meanwhile. */
  private static final ByteSize MAX_MERGE = ByteSize.mebibytes(128);

  /** What a hundred shards send at a time is less than takes them for stuck, so slow. */
  private static final ByteSize MIN_MIGRATION_RATE = ByteSize.mebibytes(1);

  /** What an entry has beside its commands. */
  static final int ENTRY_OVERHEAD_BYTES = 1 << 16;

  /** Netty counts a buffer's overhead too: with less no reply would ever leave a pause. */
  private static final ByteSize MIN_OUTPUT_BUFFER = new ByteSize(1 << 10);

  private static final ByteSize MAX_OUTPUT_BUFFER = ByteSize.mebibytes(1024);

  /** Who this node is. */
  public record Node(String id, Path dataDir, Optional<Path> configFile) {}

  /**
   * Where the node listens. A port of 0 is any free one.
   *
   * @param announceHost what cluster-aware clients are told; empty: the address they came by
   */
  public record Listen(
      List<BindAddress> bind,
      int port,
      int raftPort,
      OptionalInt httpPort,
      Optional<String> announceHost) {
    public Listen {
      bind = List.copyOf(bind);
      require(!bind.isEmpty(), name(NodeSettings.BIND), "must name an address");
      requirePort(NodeSettings.RAFT_PORT, raftPort);
      requirePort(NodeSettings.HTTP_PORT, httpPort.orElse(0));
      require(
          port == 0 || port != raftPort,
          name(NodeSettings.RAFT_PORT),
          "must differ from port, but both are " + port);
      require(
          httpPort.orElse(0) == 0
              || (httpPort.getAsInt() != port && httpPort.getAsInt() != raftPort),
          name(NodeSettings.HTTP_PORT),
          "must differ from port and raft-port, but is " + httpPort.orElse(0));
    }

    private static void requirePort(Setting<?> setting, int port) {
      require(port <= MAX_PORT, name(setting), "must be at most " + MAX_PORT + ", but is " + port);
    }
  }

  /**
   * The cluster this node begins with. No members: it is alone.
   *
   * @param join a node of a running cluster that this one is to become part of
   * @param shards shards of a new cluster
   */
  public record Cluster(
      List<ClusterMember> members, Optional<HostPort> join, int shards, int replicationFactor) {
    public Cluster {
      members = List.copyOf(members);
      Set<Object> seen = new HashSet<>();
      for (ClusterMember member : members) {
        boolean fresh =
            seen.add(member.id())
                && seen.add(member.raftAddress())
                && seen.add(member.respAddress());
        require(
            fresh,
            name(NodeSettings.CLUSTER),
            "names node " + member + " with an id or an address that another node has");
      }
      require(
          join.isEmpty() || members.isEmpty(),
          name(NodeSettings.JOIN),
          "excludes cluster: a node joins a running cluster or begins one with others");
      int nodes = Math.max(1, members.size());
      require(
          replicationFactor <= nodes,
          name(NodeSettings.REPLICATION_FACTOR),
          "must be at most the number of nodes, " + nodes + ", but is " + replicationFactor);
    }

    /** True if this node is a cluster of its own. */
    public boolean isSingleNode() {
      return members.size() <= 1;
    }

    /** The member with this id. */
    public Optional<ClusterMember> member(String id) {
      return members.stream().filter(member -> member.id().equals(id)).findFirst();
    }
  }

  /** Who may connect. */
  public record Security(
      Optional<Secret> password, Optional<Secret> clusterSecret, boolean protectedMode) {}

  /** Bounds on connections. An {@code idleTimeout} or {@code tcpKeepalive} of zero is off. */
  public record Clients(
      int databases,
      int maxClients,
      int ioThreads,
      Duration idleTimeout,
      Duration tcpKeepalive,
      ByteSize outputBufferPause,
      Duration slowReaderTimeout) {
    public Clients {
      requireAtLeast(ClientSettings.OUTPUT_BUFFER_PAUSE, outputBufferPause, MIN_OUTPUT_BUFFER);
      requireAtMost(ClientSettings.OUTPUT_BUFFER_PAUSE, outputBufferPause, MAX_OUTPUT_BUFFER);
      requireAtMost(ClientSettings.TIMEOUT, idleTimeout, MAX_IDLE_TIMEOUT);
      requireAtMost(ClientSettings.TCP_KEEPALIVE, tcpKeepalive, MAX_KEEPALIVE);
      requireAtLeast(ClientSettings.SLOW_READER_TIMEOUT, slowReaderTimeout, Duration.ofSeconds(1));
      requireAtMost(ClientSettings.SLOW_READER_TIMEOUT, slowReaderTimeout, MAX_SLOW_READER_TIMEOUT);
    }
  }

  /** Bounds on commands. */
  public record Requests(
      Duration timeout,
      ReadConsistency consistency,
      ByteSize maxValue,
      ByteSize maxCommand,
      ByteSize memory,
      int batchCommands,
      ByteSize batchBytes) {
    public Requests {
      requireAtLeast(ClientSettings.REQUEST_TIMEOUT, timeout, MIN_PERIOD);
      requireAtMost(ClientSettings.REQUEST_TIMEOUT, timeout, MAX_REQUEST_TIMEOUT);
      requireAtLeast(ClientSettings.MAX_VALUE_BYTES, maxValue, new ByteSize(1024));
      requireAtMost(ClientSettings.MAX_VALUE_BYTES, maxValue, MAX_VALUE);
      requireAtMost(ClientSettings.MAX_COMMAND_BYTES, maxCommand, MAX_COMMAND);
      require(
          maxCommand.compareTo(maxValue) >= 0,
          name(ClientSettings.MAX_COMMAND_BYTES),
          "must be at least max-value-bytes, " + maxValue);
      require(
          memory.compareTo(maxCommand) >= 0,
          name(ClientSettings.REQUEST_MEMORY),
          "must be at least max-command-bytes, " + maxCommand);
      requireAtMost(ClientSettings.REQUEST_MEMORY, memory, MAX_SIZE);
      require(
          batchBytes.bytes() > 0 && batchBytes.compareTo(maxCommand) <= 0,
          name(ClientSettings.BATCH_BYTES),
          "must be from 1 to max-command-bytes, " + maxCommand);
    }

    /** See {@link ServerConfig#maxEntryBytes}. */
    int maxEntryBytes() {
      return ServerConfig.maxEntryBytes(maxCommand, batchBytes);
    }
  }

  /** Replication of the shards. */
  public record Raft(
      Duration electionTimeoutMin,
      Duration electionTimeoutMax,
      long snapshotEntries,
      ByteSize snapshotLog,
      ByteSize logSegment,
      ByteSize migrationRate,
      Duration expiryCycle,
      Duration clockSkewLimit) {
    public Raft {
      requireAtLeast(ShardSettings.ELECTION_TIMEOUT_MIN, electionTimeoutMin, MIN_ELECTION_TIMEOUT);
      requireAtMost(ShardSettings.ELECTION_TIMEOUT_MIN, electionTimeoutMin, MAX_ELECTION_TIMEOUT);
      requireAtMost(ShardSettings.ELECTION_TIMEOUT_MAX, electionTimeoutMax, MAX_ELECTION_TIMEOUT);
      require(
          electionTimeoutMax.compareTo(electionTimeoutMin) > 0,
          name(ShardSettings.ELECTION_TIMEOUT_MAX),
          "must be more than election-timeout-min, "
              + ValueType.formatDuration(electionTimeoutMin));
      requireAtMost(ShardSettings.LOG_SEGMENT_BYTES, logSegment, MAX_SEGMENT);
      requireAtLeast(ShardSettings.SNAPSHOT_LOG_BYTES, snapshotLog, logSegment);
      requireAtMost(ShardSettings.SNAPSHOT_LOG_BYTES, snapshotLog, MAX_SIZE);
      requireAtMost(ShardSettings.MIGRATION_RATE, migrationRate, MAX_SIZE);
      require(
          migrationRate.bytes() == 0 || migrationRate.compareTo(MIN_MIGRATION_RATE) >= 0,
          name(ShardSettings.MIGRATION_RATE),
          "must be 0 or at least " + MIN_MIGRATION_RATE);
      requireAtLeast(ShardSettings.EXPIRY_CYCLE, expiryCycle, MIN_PERIOD);
      requireAtMost(ShardSettings.EXPIRY_CYCLE, expiryCycle, MAX_EXPIRY_CYCLE);
      requireAtLeast(ShardSettings.CLOCK_SKEW_LIMIT, clockSkewLimit, MIN_PERIOD);
      requireAtMost(ShardSettings.CLOCK_SKEW_LIMIT, clockSkewLimit, MAX_CLOCK_SKEW);
    }
  }

  /** Memory and disk of the stores. A {@code rowCache} or {@code minFreeDisk} of zero is off. */
  public record Store(
      ByteSize blockCache, ByteSize rowCache, ByteSize writeBuffer, ByteSize minFreeDisk) {
    public Store {
      requireAtLeast(ShardSettings.BLOCK_CACHE, blockCache, MIN_BUFFER);
      requireAtMost(ShardSettings.BLOCK_CACHE, blockCache, MAX_SIZE);
      requireAtMost(ShardSettings.ROW_CACHE, rowCache, MAX_SIZE);
      requireAtLeast(ShardSettings.WRITE_BUFFER, writeBuffer, MIN_BUFFER);
      requireAtMost(ShardSettings.WRITE_BUFFER, writeBuffer, MAX_SIZE);
      requireAtMost(ShardSettings.MIN_FREE_DISK, minFreeDisk, MAX_SIZE);
    }
  }

  /** What the cluster does by itself. A {@code rebuildAfter} or threshold of zero is off. */
  public record Balance(
      Duration rebuildAfter,
      Duration pause,
      ByteSize splitBytes,
      long splitOperations,
      Duration splitAfter,
      int splitShards,
      ByteSize mergeBytes,
      long mergeOperations,
      Duration mergeAfter) {
    public Balance {
      requireAtMost(BalancingSettings.REBUILD_AFTER, rebuildAfter, MAX_BALANCE_TIME);
      requireAtLeast(BalancingSettings.BALANCE_PAUSE, pause, MIN_BALANCE_PAUSE);
      requireAtMost(BalancingSettings.BALANCE_PAUSE, pause, MAX_BALANCE_PAUSE);
      requireAtMost(BalancingSettings.AUTO_SPLIT_AFTER, splitAfter, MAX_BALANCE_TIME);
      requireAtMost(BalancingSettings.AUTO_MERGE_AFTER, mergeAfter, MAX_BALANCE_TIME);
      requireAtMost(BalancingSettings.AUTO_SPLIT_BYTES, splitBytes, MAX_SIZE);
      requireAtMost(BalancingSettings.AUTO_MERGE_BYTES, mergeBytes, MAX_MERGE);
      boolean merges = mergeBytes.bytes() > 0;
      require(
          !merges || splitBytes.bytes() == 0 || 2 * mergeBytes.bytes() <= splitBytes.bytes(),
          name(BalancingSettings.AUTO_MERGE_BYTES),
          "must be at most half of auto-split-bytes: else what is split is merged again");
      require(
          !merges || splitOperations == 0 || 2 * mergeOperations <= splitOperations,
          name(BalancingSettings.AUTO_MERGE_OPS),
          "must be at most half of auto-split-ops: else what is split is merged again");
    }

    BalanceSettings settings() {
      return new BalanceSettings(
          pause,
          rebuildAfter,
          new BalanceSettings.Split(splitBytes.bytes(), splitOperations, splitAfter, splitShards),
          new BalanceSettings.Merge(mergeBytes.bytes(), mergeOperations, mergeAfter));
    }
  }

  /** The log. */
  public record Logging(LogFormat format, LogLevel level) {}

  public ServerConfig {
    if (!cluster.members().isEmpty()) {
      require(
          cluster.member(node.id()).isPresent(),
          name(NodeSettings.CLUSTER),
          "must name this node, " + node.id());
    }
    if (!cluster.isSingleNode() || cluster.join().isPresent()) {
      require(listen.port() != 0, name(NodeSettings.PORT), "cannot be 0 in a cluster");
      require(listen.raftPort() != 0, name(NodeSettings.RAFT_PORT), "cannot be 0 in a cluster");
    }
    ByteSize smallestSegment = smallestSegment(requests.maxCommand(), requests.batchBytes());
    require(
        raft.logSegment().compareTo(smallestSegment) >= 0,
        name(ShardSettings.LOG_SEGMENT_BYTES),
        "must be at least "
            + smallestSegment
            + ", which the largest entry takes with max-command-bytes "
            + requests.maxCommand());
    boolean local = listen.bind().stream().allMatch(BindAddress::isLoopback);
    require(
        local || security.password().isPresent() || !security.protectedMode(),
        name(NodeSettings.BIND),
        "reaches beyond this machine, but there is no password: set requirepass, or protected-mode"
            + " no on a network you trust");
  }

  /**
   * Size of the largest log entry. The largest command fits, and so does a full batch: an entry
   * that were larger would topple the leader. The limit of commands counts the bytes of their
   * words; in the log each word has a length of one byte, and one more for every 128 bytes at the
   * most.
   */
  static int maxEntryBytes(ByteSize maxCommand, ByteSize batch) {
    long command = maxCommand.bytes();
    long lengths = RespLimits.DEFAULT.maxArrayLength() + command / 128;
    return Math.toIntExact(Math.max(command + lengths, batch.bytes()) + ENTRY_OVERHEAD_BYTES);
  }

  /** A file of the log holds the largest entry at least. */
  static ByteSize smallestSegment(ByteSize maxCommand, ByteSize batch) {
    return new ByteSize(RaftOptions.smallestSegmentBytes(maxEntryBytes(maxCommand, batch)));
  }

  /**
   * @throws InvalidSettingException if the values do not go together
   */
  static ServerConfig from(SettingValues values) {
    return new ServerConfig(
        new Node(
            values.get(NodeSettings.NODE_ID),
            values.get(NodeSettings.DATA_DIR),
            values.get(NodeSettings.CONFIG)),
        new Listen(
            values.get(NodeSettings.BIND),
            values.get(NodeSettings.PORT),
            values.get(NodeSettings.RAFT_PORT),
            values.get(NodeSettings.HTTP_PORT),
            values.get(NodeSettings.ANNOUNCE_HOST)),
        new Cluster(
            values.get(NodeSettings.CLUSTER),
            values.get(NodeSettings.JOIN),
            values.get(NodeSettings.SHARDS),
            values.get(NodeSettings.REPLICATION_FACTOR)),
        new Security(
            values.get(NodeSettings.REQUIREPASS),
            values.get(NodeSettings.CLUSTER_SECRET),
            values.get(NodeSettings.PROTECTED_MODE)),
        new Clients(
            values.get(ClientSettings.DATABASES),
            values.get(ClientSettings.MAXCLIENTS),
            values.get(ClientSettings.IO_THREADS),
            values.get(ClientSettings.TIMEOUT),
            values.get(ClientSettings.TCP_KEEPALIVE),
            values.get(ClientSettings.OUTPUT_BUFFER_PAUSE),
            values.get(ClientSettings.SLOW_READER_TIMEOUT)),
        new Requests(
            values.get(ClientSettings.REQUEST_TIMEOUT),
            values.get(ClientSettings.CONSISTENCY),
            values.get(ClientSettings.MAX_VALUE_BYTES),
            values.get(ClientSettings.MAX_COMMAND_BYTES),
            values.get(ClientSettings.REQUEST_MEMORY),
            values.get(ClientSettings.BATCH_COMMANDS),
            values.get(ClientSettings.BATCH_BYTES)),
        new Raft(
            values.get(ShardSettings.ELECTION_TIMEOUT_MIN),
            values.get(ShardSettings.ELECTION_TIMEOUT_MAX),
            values.get(ShardSettings.SNAPSHOT_ENTRIES),
            values.get(ShardSettings.SNAPSHOT_LOG_BYTES),
            values.get(ShardSettings.LOG_SEGMENT_BYTES),
            values.get(ShardSettings.MIGRATION_RATE),
            values.get(ShardSettings.EXPIRY_CYCLE),
            values.get(ShardSettings.CLOCK_SKEW_LIMIT)),
        new Store(
            values.get(ShardSettings.BLOCK_CACHE),
            values.get(ShardSettings.ROW_CACHE),
            values.get(ShardSettings.WRITE_BUFFER),
            values.get(ShardSettings.MIN_FREE_DISK)),
        new Balance(
            values.get(BalancingSettings.REBUILD_AFTER),
            values.get(BalancingSettings.BALANCE_PAUSE),
            values.get(BalancingSettings.AUTO_SPLIT_BYTES),
            values.get(BalancingSettings.AUTO_SPLIT_OPS),
            values.get(BalancingSettings.AUTO_SPLIT_AFTER),
            values.get(BalancingSettings.AUTO_SPLIT_SHARDS),
            values.get(BalancingSettings.AUTO_MERGE_BYTES),
            values.get(BalancingSettings.AUTO_MERGE_OPS),
            values.get(BalancingSettings.AUTO_MERGE_AFTER)),
        new Logging(values.get(NodeSettings.LOG_FORMAT), values.get(NodeSettings.LOG_LEVEL)));
  }

  /** Every setting by name, as CONFIG GET shows it: in order, secrets hidden. */
  public Map<String, String> toMap() {
    Map<String, String> shown = new LinkedHashMap<>();
    for (Setting<?> setting : ServerSettings.ALL) {
      shown.put(setting.name(), setting.format(this));
    }
    return Collections.unmodifiableMap(shown);
  }

  private static String name(Setting<?> setting) {
    return setting.name();
  }

  private static void requireAtLeast(Setting<?> setting, ByteSize value, ByteSize min) {
    require(value.compareTo(min) >= 0, setting.name(), "must be at least " + min);
  }

  private static void requireAtMost(Setting<?> setting, ByteSize value, ByteSize max) {
    require(value.compareTo(max) <= 0, setting.name(), "must be at most " + max);
  }

  private static void requireAtMost(Setting<Duration> setting, Duration value, Duration max) {
    require(
        value.compareTo(max) <= 0,
        setting.name(),
        "must be at most " + setting.type().format().apply(max));
  }

  private static void requireAtLeast(Setting<?> setting, Duration value, Duration min) {
    require(
        value.compareTo(min) >= 0,
        setting.name(),
        "must be at least " + ValueType.formatDuration(min));
  }
}
