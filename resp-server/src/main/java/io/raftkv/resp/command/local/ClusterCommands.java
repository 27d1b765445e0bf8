package io.raftkv.resp.command.local;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.RoutingTable;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.SlotRange;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.NodeStatus;
import io.raftkv.server.NodeStatus.ReplicaStatus;
import io.raftkv.storage.Slot;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** CLUSTER: the cluster as Redis clients picture it, see {@link ClusterTopology}. Immutable. */
public final class ClusterCommands {
  private static final String PER_NODE = "O(n) for n nodes and shards";

  private final NodeStatus status;
  private final InstantSource clock;
  private final Executor readers;

  /**
   * @param readers runs commands that read files or stores
   */
  public ClusterCommands(NodeStatus status, InstantSource clock, Executor readers) {
    this.status = status;
    this.clock = clock;
    this.readers = readers;
  }

  /** The entries for the command table. */
  public List<CommandSpec> all() {
    Subcommands cluster =
        new Subcommands(
            "CLUSTER", Group.CLUSTER, "3.0.0", "Tells of the cluster.", Flag.LOADING, Flag.STALE);
    addSlots(cluster);
    addNodes(cluster);
    return cluster
        .refuse(
            LocalErrors.SLOTS_ARE_MANAGED,
            "ADDSLOTS",
            "ADDSLOTSRANGE",
            "BUMPEPOCH",
            "DELSLOTS",
            "DELSLOTSRANGE",
            "FAILOVER",
            "FLUSHSLOTS",
            "FORGET",
            "MEET",
            "REPLICATE",
            "RESET",
            "SAVECONFIG",
            "SET-CONFIG-EPOCH",
            "SETSLOT")
        .refuse(LocalErrors.NO_KEYS_IN_SLOT, "GETKEYSINSLOT")
        .all();
  }

  private void addSlots(Subcommands cluster) {
    cluster
        .add(
            "INFO",
            2,
            "3.0.0",
            PER_NODE,
            "Return the state of the cluster.",
            (args, connection) -> text(info()))
        .add(
            "SLOTS",
            2,
            "3.0.0",
            PER_NODE,
            "Return the ranges of slots, each with its master and replicas:",
            (args, connection) -> slots(connection.localHost()),
            "start, end, then host, port and id of each node.")
        .addAsync(
            "SHARDS",
            2,
            "7.0.0",
            PER_NODE,
            "Return the shards, each with its slots and nodes.",
            this::shardsOffLoop)
        .add(
            "KEYSLOT <key>",
            3,
            "3.0.0",
            "O(n) for n bytes",
            "Return the slot of a key.",
            (args, connection) -> Reply.integer(Slot.of(args.bytes(2))))
        .addAsync(
            "COUNTKEYSINSLOT <slot>",
            3,
            "3.0.0",
            "O(1)",
            "Return the number of keys in a slot of this node.",
            this::countKeysInSlot);
  }

  private void addNodes(Subcommands cluster) {
    cluster
        .add(
            "NODES",
            2,
            "3.0.0",
            PER_NODE,
            "Return a line for each node:",
            (args, connection) -> text(nodes(connection.localHost())),
            "<id> <host:port@port> <flags> <master> <ping> <pong> <epoch> <link> <slot> ...")
        .add(
            "MYID",
            2,
            "3.0.0",
            "O(1)",
            "Return the id of this node.",
            (args, connection) -> Reply.bulk(redisId(status.nodeId())))
        .add(
            "MYSHARDID",
            2,
            "7.2.0",
            PER_NODE,
            "Return the id of the first shard this node leads, or else follows.",
            (args, connection) -> Reply.bulk(myShardId()))
        .add(
            "REPLICAS <node-id>",
            3,
            "5.0.0",
            PER_NODE,
            "Return the lines of the replicas of a master.",
            (args, connection) -> replicas(args, connection.localHost()))
        .add(
            "SLAVES <node-id>",
            3,
            "3.0.0",
            PER_NODE,
            "As REPLICAS.",
            (args, connection) -> replicas(args, connection.localHost()))
        .add(
            "LINKS",
            2,
            "7.0.0",
            PER_NODE,
            "Return the connections of this node to others.",
            (args, connection) -> links());
  }

  private ClusterTopology topology() {
    return new ClusterTopology(status.cluster(), status::leaderOf);
  }

  private String redisId(String nodeId) {
    return status.cluster().redisNodeId(nodeId);
  }

  /**
   * Where a client is sent for a node.
   *
   * @param cameBy the address of this node that it came by
   */
  private String host(NodeInfo node, String cameBy) {
    return status.clientHost(node).orElse(cameBy);
  }

  private static Reply text(String text) {
    return new Reply.Verbatim("txt", text.getBytes(StandardCharsets.UTF_8));
  }

  // ---- slots ----

  private String info() {
    ClusterTopology topology = topology();
    ClusterState state = topology.state();
    int assigned = state.routing().assignedSlots();
    int leaderless =
        state.shards().values().stream()
            .filter(this::isKnownLeaderless)
            .mapToInt(ShardInfo::slotCount)
            .sum();
    boolean ok = state.routing().isComplete() && leaderless == 0;
    long epoch = state.routing().version();
    return String.join(
        "\r\n",
        "cluster_state:" + (ok ? "ok" : "fail"),
        "cluster_slots_assigned:" + assigned,
        "cluster_slots_ok:" + (assigned - leaderless),
        "cluster_slots_pfail:0",
        "cluster_slots_fail:" + leaderless,
        "cluster_known_nodes:" + state.members().size(),
        "cluster_size:" + topology.mastersWithSlots(),
        "cluster_current_epoch:" + epoch,
        "cluster_my_epoch:" + epoch,
        "cluster_stats_messages_sent:0",
        "cluster_stats_messages_received:0",
        "total_cluster_links_buffer_limit_exceeded:0",
        "");
  }

  /** Only a replica can tell that nobody leads; a node without one is simply not told. */
  private boolean isKnownLeaderless(ShardInfo shard) {
    return status.leaderOf(shard.groupId()) == null && shard.replicaOn(status.nodeId()).isPresent();
  }

  private Reply slots(String cameBy) {
    ClusterTopology topology = topology();
    List<Reply> ranges = new ArrayList<>();
    for (RoutingTable.Entry entry : topology.state().routing().entries()) {
      ShardInfo shard = topology.state().shards().get(entry.shardId());
      List<Reply> range = new ArrayList<>();
      range.add(Reply.integer(entry.range().first()));
      range.add(Reply.integer(entry.range().last()));
      range.add(endpoint(topology.masterOf(shard), cameBy));
      for (NodeInfo replica : topology.replicasOf(shard)) {
        // As in Redis, a client is not sent to a replica that is known to be gone.
        if (replica.state() != NodeState.OFFLINE) {
          range.add(endpoint(replica, cameBy));
        }
      }
      ranges.add(Reply.array(range));
    }
    return Reply.array(ranges);
  }

  private Reply endpoint(NodeInfo node, String cameBy) {
    return Reply.array(
        Reply.bulk(host(node, cameBy)),
        Reply.integer(node.respPort()),
        Reply.bulk(redisId(node.id())),
        Reply.map(List.of()));
  }

  private CompletionStage<Reply> shardsOffLoop(Args args, Connection connection) {
    String cameBy = connection.localHost();
    return OffLoop.on(readers, words -> shards(cameBy)).run(args, connection);
  }

  private Reply shards(String cameBy) {
    ClusterTopology topology = topology();
    List<Reply> shards = new ArrayList<>();
    for (ShardInfo shard : topology.state().shards().values()) {
      List<Reply> slots = new ArrayList<>();
      for (SlotRange range : shard.slots()) {
        slots.add(Reply.integer(range.first()));
        slots.add(Reply.integer(range.last()));
      }
      List<Reply> nodes = new ArrayList<>();
      nodes.add(member(shard, topology.masterOf(shard), "master", cameBy));
      topology.replicasOf(shard).forEach(node -> nodes.add(member(shard, node, "replica", cameBy)));
      shards.add(
          new MapReply().put("slots", Reply.array(slots)).put("nodes", Reply.array(nodes)).reply());
    }
    return Reply.array(shards);
  }

  private Reply member(ShardInfo shard, NodeInfo node, String role, String cameBy) {
    String host = host(node, cameBy);
    return new MapReply()
        .put("id", redisId(node.id()))
        .put("port", node.respPort())
        .put("ip", host)
        .put("endpoint", host)
        .put("role", role)
        .put("replication-offset", offset(shard, node))
        .put("health", node.state() == NodeState.OFFLINE ? "failed" : "online")
        .reply();
  }

  /** The last index applied; 0 for the replicas of other nodes, which would have to be asked. */
  private long offset(ShardInfo shard, NodeInfo node) {
    ReplicaStatus replica =
        node.id().equals(status.nodeId()) ? status.localReplica(shard.groupId()) : null;
    return replica == null ? 0 : Math.max(0, replica.appliedIndex());
  }

  /** Not on the event loop: while entries are applied it may have to ask the disk. */
  private CompletionStage<Reply> countKeysInSlot(Args args, Connection connection) {
    int database = connection.database();
    return OffLoop.on(readers, words -> countKeysInSlot(words, database)).run(args, connection);
  }

  private Reply countKeysInSlot(Args args, int database) {
    int slot = (int) args.int64(2);
    if (args.int64(2) != slot || slot < 0 || slot >= Slot.COUNT) {
      throw new CommandException(LocalErrors.INVALID_SLOT);
    }
    ShardInfo shard = status.cluster().shardOfSlot(slot);
    if (shard == null) {
      return Reply.ZERO;
    }
    long keys = status.keysInSlot(slot, database);
    if (keys < 0) {
      throw new CommandException(LocalErrors.noReplicaOfSlot(slot, ClusterTopology.whereIs(shard)));
    }
    return Reply.integer(keys);
  }

  // ---- nodes ----

  private String nodes(String cameBy) {
    ClusterTopology topology = topology();
    StringBuilder text = new StringBuilder();
    for (NodeInfo node : topology.state().members()) {
      text.append(line(topology, node, cameBy)).append('\n');
    }
    return text.toString();
  }

  /** A node in CLUSTER NODES, without the line's end. */
  private String line(ClusterTopology topology, NodeInfo node, String cameBy) {
    boolean self = node.id().equals(status.nodeId());
    boolean connected = self || status.isConnected(node.id());
    String master = topology.followedBy(node.id()).map(this::redisId).orElse("-");
    StringBuilder line = new StringBuilder();
    line.append(redisId(node.id()))
        .append(' ')
        .append(host(node, cameBy))
        .append(':')
        .append(node.respPort())
        .append('@')
        .append(node.raftPort())
        .append(' ')
        .append(self ? "myself," : "")
        .append(master.equals("-") ? "master" : "slave")
        .append(self ? "" : failure(node))
        .append(' ')
        .append(master)
        .append(" 0 ")
        .append(connected && !self ? clock.millis() : 0)
        .append(' ')
        .append(topology.state().routing().version())
        .append(connected ? " connected" : " disconnected");
    topology.slotsLedBy(node.id()).forEach(range -> line.append(' ').append(range));
    return line.toString();
  }

  private static String failure(NodeInfo node) {
    return switch (node.state()) {
      case OFFLINE -> ",fail";
      case UNHEALTHY -> ",fail?";
      case JOINING, ONLINE, DRAINING, REMOVED -> "";
    };
  }

  private Reply replicas(Args args, String cameBy) {
    ClusterTopology topology = topology();
    NodeInfo node =
        topology
            .state()
            .nodeByRedisId(args.text(2))
            .filter(known -> known.state() != NodeState.REMOVED)
            .orElseThrow(() -> new CommandException(LocalErrors.unknownRedisNode(args.text(2))));
    if (topology.followedBy(node.id()).isPresent()) {
      throw new CommandException(LocalErrors.NOT_A_MASTER);
    }
    return Reply.array(
        topology.followersOf(node.id()).stream()
            .map(follower -> Reply.bulk(line(topology, follower, cameBy)))
            .toList());
  }

  /** Shards have 40 digits of their own: no node id begins like theirs. */
  private String myShardId() {
    String clusterId = status.cluster().clusterId();
    return topology()
        .shardShownFor(status.nodeId())
        .map(shard -> DerivedIds.redisNodeId(clusterId, "shard/" + shard.id()))
        .orElseGet(() -> redisId(status.nodeId()));
  }

  private Reply links() {
    List<Reply> links = new ArrayList<>();
    for (NodeInfo node : status.cluster().members()) {
      if (!node.id().equals(status.nodeId()) && status.isConnected(node.id())) {
        links.add(
            new MapReply()
                .put("direction", "to")
                .put("node", redisId(node.id()))
                .put("create-time", 0)
                .put("events", "rw")
                .put("send-buffer-allocated", 0)
                .put("send-buffer-used", 0)
                .reply());
      }
    }
    return Reply.array(links);
  }
}
