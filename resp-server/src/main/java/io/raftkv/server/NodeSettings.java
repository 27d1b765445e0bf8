package io.raftkv.server;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.ToIntFunction;

/** What a node is, where it is found, who may talk to it, and what it says. */
final class NodeSettings {
  private static final int RAFT_PORT_OFFSET = 10_000;
  private static final int HTTP_PORT_OFFSET = 2_000;
  private static final int DEFAULT_PORT = 6379;
  private static final int DEFAULT_REPLICAS = 3;

  private static final SettingSection NODE_GROUP = new SettingSection(SettingGroup.NODE);
  private static final SettingSection NETWORK_GROUP = new SettingSection(SettingGroup.NETWORK);
  private static final SettingSection CLUSTER_GROUP = new SettingSection(SettingGroup.CLUSTER);
  private static final SettingSection SECURITY_GROUP = new SettingSection(SettingGroup.SECURITY);
  private static final SettingSection LOGGING_GROUP = new SettingSection(SettingGroup.LOGGING);

  // Node

  static final Setting<Optional<Path>> CONFIG =
      NODE_GROUP.derived(
          "config",
          ValueType.OPTIONAL_FILE,
          "none",
          values -> Optional.empty(),
          "Read settings from this file: lines of 'name value', # begins a comment line.",
          config -> config.node().configFile());

  static final Setting<String> NODE_ID =
      NODE_GROUP.constant(
          "node-id",
          ValueType.NODE_ID,
          "n1",
          "Name of this node, unique in the cluster. A data directory belongs to one node id for"
              + " good.",
          config -> config.node().id());

  static final Setting<Path> DATA_DIR =
      NODE_GROUP.constant(
          "data-dir",
          ValueType.PATH,
          "./raftkv-data",
          "Directory of the Raft logs and stores; created if missing, used by one process.",
          config -> config.node().dataDir());

  // Network

  static final Setting<List<BindAddress>> BIND =
      NETWORK_GROUP.constant(
          "bind",
          ValueType.BIND,
          "127.0.0.1 -::1",
          "Addresses that every port listens on. One with a leading '-' may be missing on this"
              + " machine. '*' is every IPv4 address, '::*' every address. See protected-mode.",
          config -> config.listen().bind());

  static final Setting<Integer> PORT =
      NETWORK_GROUP.derived(
          "port",
          ValueType.PORT,
          "own entry in --cluster, else 6379",
          values -> own(values, ClusterMember::respPort, DEFAULT_PORT),
          "Port for clients and for the links between nodes. 0 takes a free one (one node only).",
          config -> config.listen().port());

  static final Setting<Integer> RAFT_PORT =
      NETWORK_GROUP.derived(
          "raft-port",
          ValueType.PORT,
          "own entry in --cluster, else port + 10000",
          values -> own(values, ClusterMember::raftPort, above(values, RAFT_PORT_OFFSET)),
          "Port for replication between nodes. 0 takes a free one (one node only).",
          config -> config.listen().raftPort());

  static final Setting<OptionalInt> HTTP_PORT =
      NETWORK_GROUP.derived(
          "http-port",
          ValueType.PORT_OR_OFF,
          "port + 2000",
          values -> OptionalInt.of(above(values, HTTP_PORT_OFFSET)),
          "Port for /metrics, /health/live and /health/ready. 0 takes a free one.",
          config -> config.listen().httpPort());

  static final Setting<Optional<String>> ANNOUNCE_HOST =
      NETWORK_GROUP.derived(
          "announce-host",
          ValueType.OPTIONAL_HOST,
          "own entry in --cluster, else the address the client came by",
          values -> ownMember(values).map(ClusterMember::host),
          "Host that CLUSTER SLOTS, SHARDS and NODES tell clients to reach this node by. Nodes reach"
              + " each other by the hosts of cluster, and one that joins by this, else by the address"
              + " that it comes from.",
          config -> config.listen().announceHost());

  // Cluster

  static final Setting<List<ClusterMember>> CLUSTER =
      CLUSTER_GROUP.constant(
          "cluster",
          ValueType.MEMBERS,
          "",
          "All nodes of a new cluster, this one included, the same on every node. Empty: a single"
              + " node.",
          config -> config.cluster().members());

  static final Setting<Optional<HostPort>> JOIN =
      CLUSTER_GROUP.derived(
          "join",
          ValueType.OPTIONAL_HOST_PORT,
          "none",
          values -> Optional.empty(),
          "Become part of a running cluster: the client address of any node of it. Needs an empty"
              + " data directory. Leave it in place: a node that has lost its data joins again by it.",
          config -> config.cluster().join());

  static final Setting<Integer> SHARDS =
      CLUSTER_GROUP.derived(
          "shards",
          ValueType.integer("COUNT", 1, 1024),
          "number of nodes",
          values -> nodes(values),
          "Shards that a new cluster begins with. With exactly one, commands over any keys work as"
              + " on a standalone Redis.",
          config -> config.cluster().shards());

  static final Setting<Integer> REPLICATION_FACTOR =
      CLUSTER_GROUP.derived(
          "replication-factor",
          ValueType.integer("COUNT", 1, 9),
          "3, or the number of nodes if that is less",
          values -> Math.min(DEFAULT_REPLICAS, nodes(values)),
          "Replicas of each shard. A majority of them must be up for the shard to answer.",
          config -> config.cluster().replicationFactor());

  // Security

  static final Setting<Optional<Secret>> REQUIREPASS =
      SECURITY_GROUP.secret(
          "requirepass",
          "none",
          values -> Optional.empty(),
          "Password that clients must AUTH with.",
          config -> config.security().password());

  static final Setting<Optional<Secret>> CLUSTER_SECRET =
      SECURITY_GROUP.secret(
          "cluster-secret",
          "requirepass",
          values -> values.get(REQUIREPASS),
          "Password on the links between nodes; the same on every node.",
          config -> config.security().clusterSecret());

  static final Setting<Boolean> PROTECTED_MODE =
      SECURITY_GROUP.constant(
          "protected-mode",
          ValueType.YES_NO,
          "yes",
          "Refuse to listen beyond this machine without a password. 'no' only on a network where"
              + " everybody may read and write everything.",
          config -> config.security().protectedMode());

  // Logging

  static final Setting<LogFormat> LOG_FORMAT =
      LOGGING_GROUP.constant(
          "log-format",
          ValueType.oneOf(LogFormat.class),
          "human",
          "Log lines for people, or one JSON object per line. The log goes to standard output.",
          config -> config.logging().format());

  static final Setting<LogLevel> LOG_LEVEL =
      LOGGING_GROUP.constant(
          "log-level",
          ValueType.oneOf(LogLevel.class),
          "info",
          "Least severe events that are logged.",
          config -> config.logging().level());

  /** All of these. */
  static final List<Setting<?>> ALL =
      SettingSection.join(NODE_GROUP, NETWORK_GROUP, CLUSTER_GROUP, SECURITY_GROUP, LOGGING_GROUP);

  private NodeSettings() {}

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
}
