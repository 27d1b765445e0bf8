package io.raftkv.resp.command.local;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.ShardInfo;
import io.raftkv.metrics.CommandStats;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.NodeStatus;
import io.raftkv.server.NodeStatus.DatabaseSize;
import io.raftkv.server.NodeStatus.ReplicaStatus;
import io.raftkv.server.Version;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** INFO: figures of this node in Redis' format. Counts what is in memory only. Immutable. */
final class InfoReport {
  /** In the order of the report. */
  private enum Section {
    SERVER("Server"),
    CLIENTS("Clients"),
    MEMORY("Memory"),
    PERSISTENCE("Persistence"),
    STATS("Stats"),
    REPLICATION("Replication"),
    CPU("CPU"),
    MODULES("Modules"),
    COMMANDSTATS("Commandstats"),
    ERRORSTATS("Errorstats"),
    CLUSTER("Cluster"),
    KEYSPACE("Keyspace"),
    RAFTKV("RaftKV");

    private final String title;

    Section(String title) {
      this.title = title;
    }
  }

  /** What INFO shows if nothing is asked for. As in Redis the figures of each command are not. */
  private static final Set<Section> DEFAULT =
      Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(Section.COMMANDSTATS)));

  /** Redis' figures that this node counts; what it does not count it does not show. */
  private static final List<String> STATS =
      List.of(
          "total_connections_received",
          "total_commands_processed",
          "instantaneous_ops_per_sec",
          "total_net_input_bytes",
          "total_net_output_bytes",
          "rejected_connections",
          "total_error_replies");

  /** Truly 0: nothing is ever evicted, and nobody can subscribe. */
  private static final List<String> ZEROS =
      List.of("evicted_keys", "pubsub_channels", "pubsub_patterns");

  private static final String NO_REPLICATION_ID = "0".repeat(40);
  private static final List<String> UNITS = List.of("K", "M", "G", "T", "P", "E");
  private static final int UNIT = 1024;

  private final NodeStatus status;
  private final InstantSource clock;

  InfoReport(NodeStatus status, InstantSource clock) {
    this.status = status;
    this.clock = clock;
  }

  /** INFO [section ...]; sections that do not exist are not in the report. */
  Reply answer(Args args) {
    Set<Section> wanted = EnumSet.noneOf(Section.class);
    for (int i = 1; i < args.size(); i++) {
      wanted.addAll(sections(args, i));
    }
    if (args.size() == 1) {
      wanted.addAll(DEFAULT);
    }
    String text = wanted.stream().map(this::text).collect(Collectors.joining("\r\n"));
    return new Reply.Verbatim("txt", text.getBytes(StandardCharsets.UTF_8));
  }

  private static Set<Section> sections(Args args, int index) {
    if (args.is(index, "ALL") || args.is(index, "EVERYTHING")) {
      return EnumSet.allOf(Section.class);
    }
    if (args.is(index, "DEFAULT")) {
      return DEFAULT;
    }
    for (Section section : Section.values()) {
      if (args.is(index, section.name())) {
        return EnumSet.of(section);
      }
    }
    return Set.of();
  }

  private String text(Section section) {
    StringBuilder text = new StringBuilder("# ").append(section.title).append("\r\n");
    fields(section)
        .forEach((name, value) -> text.append(name).append(':').append(value).append("\r\n"));
    return text.toString();
  }

  private Map<String, Object> fields(Section section) {
    Map<String, Object> fields = new LinkedHashMap<>();
    switch (section) {
      case SERVER -> server(fields);
      case CLIENTS -> clients(fields);
      case MEMORY -> memory(fields);
      case PERSISTENCE -> persistence(fields);
      case STATS -> stats(fields);
      case REPLICATION -> replication(fields);
      case CPU -> cpu(fields);
      case MODULES -> {
        // There are none.
      }
      case COMMANDSTATS -> commandStats(fields);
      case ERRORSTATS ->
          status
              .commandStats()
              .byError()
              .forEach((kind, count) -> fields.put("errorstat_" + kind, "count=" + count));
      case CLUSTER -> fields.put("cluster_enabled", ServerIdentity.isCluster(status) ? 1 : 0);
      case KEYSPACE -> keyspace(fields);
      case RAFTKV -> raftkv(fields);
    }
    return fields;
  }

  private void server(Map<String, Object> fields) {
    Instant now = clock.instant();
    Duration up = Duration.between(Instant.ofEpochMilli(status.startedAtMillis()), now);
    fields.put("redis_version", ServerIdentity.REDIS_VERSION);
    fields.put("raftkv_version", Version.current());
    fields.put("redis_git_sha1", "00000000");
    fields.put("redis_git_dirty", 0);
    fields.put("redis_mode", ServerIdentity.mode(status));
    fields.put(
        "os",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    fields.put("arch_bits", 64);
    fields.put("java_version", System.getProperty("java.version"));
    fields.put("process_id", ProcessHandle.current().pid());
    fields.put("run_id", ServerIdentity.runId(status));
    fields.put("tcp_port", port());
    fields.put("server_time_usec", now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000);
    fields.put("uptime_in_seconds", up.toSeconds());
    fields.put("uptime_in_days", up.toDays());
    fields.put("config_file", status.config().node().configFile().map(Path::toString).orElse(""));
  }

  /** What the cluster knows: the configuration may have asked for any free port. */
  private int port() {
    return status
        .cluster()
        .node(status.nodeId())
        .map(NodeInfo::respPort)
        .orElse(status.config().listen().port());
  }

  private void clients(Map<String, Object> fields) {
    fields.put("connected_clients", status.clients());
    fields.put("cluster_connections", connectedNodes());
    fields.put("maxclients", status.config().clients().maxClients());
    fields.put("blocked_clients", 0);
    fields.put("tracking_clients", 0);
  }

  private long connectedNodes() {
    return status.cluster().members().stream()
        .filter(node -> !node.id().equals(status.nodeId()) && status.isConnected(node.id()))
        .count();
  }

  private static void memory(Map<String, Object> fields) {
    ProcessFigures process = ProcessFigures.now();
    putBytes(fields, "used_memory", process.usedBytes());
    putBytes(fields, "used_memory_rss", process.residentBytes());
    putBytes(fields, "used_memory_peak", Math.max(process.heapPeakBytes(), process.usedBytes()));
    putBytes(fields, "total_system_memory", process.systemMemoryBytes());
    putBytes(fields, "jvm_heap_used", process.heapUsedBytes());
    putBytes(fields, "jvm_heap_max", process.heapMaxBytes());
    putBytes(fields, "maxmemory", 0);
    fields.put("maxmemory_policy", "noeviction");
    double ratio = process.residentBytes() / (double) Math.max(1, process.usedBytes());
    fields.put("mem_fragmentation_ratio", String.format(Locale.ROOT, "%.2f", ratio));
    fields.put("mem_allocator", "jvm");
  }

  private static void putBytes(Map<String, Object> fields, String name, long bytes) {
    fields.put(name, bytes);
    fields.put(name + "_human", human(bytes));
  }

  /** A size as Redis writes it for people: 512B, 1.50K. */
  static String human(long bytes) {
    if (bytes < UNIT) {
      return bytes + "B";
    }
    double value = bytes;
    int unit = -1;
    while (value >= UNIT && unit < UNITS.size() - 1) {
      value /= UNIT;
      unit++;
    }
    return String.format(Locale.ROOT, "%.2f%s", value, UNITS.get(unit));
  }

  private void persistence(Map<String, Object> fields) {
    boolean loading = !status.cluster().isBootstrapped();
    fields.put("loading", loading ? 1 : 0);
    if (loading) {
      fields.put("loading_eta_seconds", 1); // some clients wait for so long before they ask again
    }
    fields.put("rdb_changes_since_last_save", 0);
    fields.put("rdb_bgsave_in_progress", 0);
    fields.put("rdb_last_save_time", clock.instant().getEpochSecond());
    fields.put("rdb_last_bgsave_status", "ok");
    fields.put("aof_enabled", 1);
    fields.put("aof_rewrite_in_progress", 0);
    fields.put("aof_last_bgrewrite_status", "ok");
    fields.put("aof_last_write_status", "ok");
  }

  private void stats(Map<String, Object> fields) {
    Map<String, Long> counters = status.counters();
    for (String name : STATS) {
      Long count = counters.get(name);
      if (count != null) {
        fields.put(name, count);
      }
    }
    ZEROS.forEach(name -> fields.put(name, 0));
  }

  private void commandStats(Map<String, Object> fields) {
    status
        .commandStats()
        .byCommand()
        .forEach((command, figures) -> fields.put("cmdstat_" + command, describe(figures)));
  }

  private static String describe(CommandStats.Figures figures) {
    double perCall = figures.calls() == 0 ? 0 : (double) figures.micros() / figures.calls();
    return "calls="
        + figures.calls()
        + ",usec="
        + figures.micros()
        + ",usec_per_call="
        + String.format(Locale.ROOT, "%.2f", perCall)
        + ",rejected_calls="
        + figures.rejected()
        + ",failed_calls="
        + figures.failed();
  }

  private void replication(Map<String, Object> fields) {
    fields.put("role", "master");
    fields.put("connected_slaves", 0);
    fields.put("master_failover_state", "no-failover");
    fields.put("master_replid", status.cluster().redisNodeId(status.nodeId()));
    fields.put("master_replid2", NO_REPLICATION_ID);
    fields.put("master_repl_offset", 0);
    fields.put("second_repl_offset", -1);
    fields.put("repl_backlog_active", 0);
  }

  private static void cpu(Map<String, Object> fields) {
    ProcessFigures process = ProcessFigures.now();
    fields.put("used_cpu_sys", String.format(Locale.ROOT, "%.6f", process.systemSeconds()));
    fields.put("used_cpu_user", String.format(Locale.ROOT, "%.6f", process.userSeconds()));
  }

  /** What this node's replicas hold: all keys where every shard has a replica here. */
  private void keyspace(Map<String, Object> fields) {
    Map<Integer, DatabaseSize> sizes = new TreeMap<>();
    for (ReplicaStatus replica : localReplicas().values()) {
      for (int database = 0; database < replica.databases().size(); database++) {
        sizes.merge(database, replica.databases().get(database), DatabaseSize::plus);
      }
    }
    sizes.forEach(
        (database, size) -> {
          if (size.keys() > 0) {
            fields.put(
                "db" + database,
                "keys="
                    + size.keys()
                    + ",expires="
                    + size.expiring()
                    + ",avg_ttl="
                    + size.averageTtlMillis());
          }
        });
  }

  private Map<ShardInfo, ReplicaStatus> localReplicas() {
    Map<ShardInfo, ReplicaStatus> replicas = new LinkedHashMap<>();
    for (ShardInfo shard : status.cluster().shardsOn(status.nodeId())) {
      ReplicaStatus replica = status.localReplica(shard.groupId());
      if (replica != null) {
        replicas.put(shard, replica);
      }
    }
    return replicas;
  }

  private void raftkv(Map<String, Object> fields) {
    ClusterState cluster = status.cluster();
    Map<ShardInfo, ReplicaStatus> replicas = localReplicas();
    String metadataLeader = status.leaderOf(status.metadataGroup());
    fields.put("raftkv_version", Version.current());
    fields.put("node_id", status.nodeId());
    fields.put("cluster_id", cluster.clusterId());
    fields.put("cluster_version", cluster.version());
    fields.put("routing_version", cluster.routing().version());
    fields.put("metadata_leader", metadataLeader == null ? "" : metadataLeader);
    fields.put("nodes", cluster.members().size());
    fields.put("shards", cluster.shards().size());
    fields.put("local_replicas", replicas.size());
    fields.put("local_leaders", replicas.values().stream().filter(ReplicaStatus::leads).count());
    replicas.forEach((shard, replica) -> fields.put("shard_" + shard.id(), describe(replica)));
    new TreeMap<>(status.counters())
        .forEach(
            (name, value) -> {
              if (!STATS.contains(name)) {
                fields.put(name, value);
              }
            });
  }

  private static String describe(ReplicaStatus replica) {
    return "role="
        + (replica.leads() ? "leader" : "follower")
        + ",leader="
        + replica.leader()
        + ",term="
        + replica.term()
        + ",commit="
        + replica.commitIndex()
        + ",applied="
        + replica.appliedIndex()
        + ",keys="
        + replica.keys()
        + ",disk_bytes="
        + replica.diskBytes();
  }
}
