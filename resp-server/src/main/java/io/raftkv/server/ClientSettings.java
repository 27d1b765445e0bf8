package io.raftkv.server;

import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.storage.Keyspace;
import java.time.Duration;
import java.util.List;

/** What clients may do, and how much of it. */
final class ClientSettings {
  private static final int HEAP_SHARE_OF_REQUESTS = 4;
  private static final ByteSize BATCH = ByteSize.mebibytes(4);
  private static final int MAX_IO_THREADS = 8;

  private static final SettingSection CLIENTS_GROUP = new SettingSection(SettingGroup.CLIENTS);
  private static final SettingSection REQUESTS_GROUP = new SettingSection(SettingGroup.REQUESTS);

  // Clients

  static final Setting<Integer> DATABASES =
      CLIENTS_GROUP.constant(
          "databases",
          ValueType.integer("COUNT", 1, Keyspace.DATABASES),
          "16",
          "Number of databases that clients can reach.",
          config -> config.clients().databases());

  static final Setting<Integer> MAXCLIENTS =
      CLIENTS_GROUP.constant(
          "maxclients",
          ValueType.integer("COUNT", 1, 1_000_000),
          "10000",
          "Connections of clients at one time; further ones are refused. Other nodes are not counted.",
          config -> config.clients().maxClients());

  static final Setting<Integer> IO_THREADS =
      CLIENTS_GROUP.derived(
          "io-threads",
          ValueType.integer("COUNT", 1, 256),
          "half the processors, 1 to 8",
          values ->
              Math.max(1, Math.min(MAX_IO_THREADS, Runtime.getRuntime().availableProcessors() / 2)),
          "Threads that read from and write to connections.",
          config -> config.clients().ioThreads());

  static final Setting<Duration> TIMEOUT =
      CLIENTS_GROUP.constant(
          "timeout",
          ValueType.SECONDS,
          "0",
          "Close a connection that has been idle for so long, at most 8760h; 0 never does.",
          config -> config.clients().idleTimeout());

  static final Setting<Duration> TCP_KEEPALIVE =
      CLIENTS_GROUP.constant(
          "tcp-keepalive",
          ValueType.SECONDS,
          "300",
          "Silence after which TCP asks whether a client is still there, at most 24h; 0 never does."
              + " Without epoll only on or off.",
          config -> config.clients().tcpKeepalive());

  static final Setting<ByteSize> OUTPUT_BUFFER_PAUSE =
      CLIENTS_GROUP.constant(
          "output-buffer-pause",
          ValueType.SIZE,
          "1mb",
          "Unsent replies of one connection before no more is read from it; 1kb to 1gb.",
          config -> config.clients().outputBufferPause());

  static final Setting<Duration> SLOW_READER_TIMEOUT =
      CLIENTS_GROUP.constant(
          "slow-reader-timeout",
          ValueType.DURATION,
          "30s",
          "Time for which a client may leave a large reply unread, and 1 s more for each MiB that"
              + " it has taken, before its connection is closed. Until then RocksDB keeps the rows"
              + " of the reply's moment. 1s to 24h.",
          config -> config.clients().slowReaderTimeout());

  // Requests

  static final Setting<Duration> REQUEST_TIMEOUT =
      REQUESTS_GROUP.constant(
          "request-timeout",
          ValueType.DURATION,
          "5s",
          "Time a command may take, retries included, before the client gets an error; at most 1h.",
          config -> config.requests().timeout());

  static final Setting<ReadConsistency> CONSISTENCY =
      REQUESTS_GROUP.constant(
          "consistency",
          ValueType.CONSISTENCY,
          "linearizable",
          "Reads of connections that do not choose for themselves: linearizable, bounded:<ms> or"
              + " eventual.",
          config -> config.requests().consistency());

  static final Setting<ByteSize> MAX_VALUE_BYTES =
      REQUESTS_GROUP.constant(
          "max-value-bytes",
          ValueType.SIZE,
          "64mb",
          "Largest single argument of a command, and so the largest value; at most 512mb.",
          config -> config.requests().maxValue());

  static final Setting<ByteSize> MAX_COMMAND_BYTES =
      REQUESTS_GROUP.derived(
          "max-command-bytes",
          ValueType.SIZE,
          "max-value-bytes + 1mb",
          values -> values.get(MAX_VALUE_BYTES).plus(ByteSize.mebibytes(1)),
          "Largest command, all arguments together; at most 1gb. Each shard keeps a log buffer of"
              + " this size.",
          config -> config.requests().maxCommand());

  static final Setting<ByteSize> REQUEST_MEMORY =
      REQUESTS_GROUP.derived(
          "request-memory",
          ValueType.SIZE,
          "a quarter of the Java heap, at least twice max-command-bytes",
          values -> requestMemory(values),
          "Memory for commands that wait or run; when it is used up, connections are not read.",
          config -> config.requests().memory());

  static final Setting<Integer> BATCH_COMMANDS =
      REQUESTS_GROUP.constant(
          "batch-commands",
          ValueType.integer("COUNT", 1, 100_000),
          "1000",
          "Most commands in one log entry.",
          config -> config.requests().batchCommands());

  static final Setting<ByteSize> BATCH_BYTES =
      REQUESTS_GROUP.derived(
          "batch-bytes",
          ValueType.SIZE,
          "4mb, at most max-command-bytes",
          values -> batchBytes(values),
          "Size at which a log entry takes no further command; a larger command has its own entry.",
          config -> config.requests().batchBytes());

  /** All of these. */
  static final List<Setting<?>> ALL = SettingSection.join(CLIENTS_GROUP, REQUESTS_GROUP);

  private ClientSettings() {}

  private static ByteSize batchBytes(SettingValues values) {
    ByteSize command = values.get(MAX_COMMAND_BYTES);
    return command.compareTo(BATCH) < 0 ? command : BATCH;
  }

  private static ByteSize requestMemory(SettingValues values) {
    long share = Runtime.getRuntime().maxMemory() / HEAP_SHARE_OF_REQUESTS;
    ByteSize command = values.get(MAX_COMMAND_BYTES);
    return new ByteSize(Math.max(share, command.plus(command).bytes()));
  }
}
