package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.HistoryEvent;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.RoutingChange;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.meta.job.ClusterFacts.ReplicaLoad;
import io.raftkv.metrics.CommandStats;
import io.raftkv.resp.command.Connection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/**
 * What commands about the node and the cluster can ask. Thread-safe; nothing blocks unless it
 * returns a stage.
 */
public interface NodeStatus {
  /**
   * One replica of a shard, as its node sees it.
   *
   * @param leader name of the leader's node as that replica knows it; empty if unknown
   * @param leads true if it leads and is ready
   * @param silenceMillis since it last heard from the leader; 0 on the leader
   * @param load what it is asked for
   * @param databases what is in each database
   */
  record ReplicaStatus(
      String nodeId,
      String leader,
      boolean leads,
      long term,
      long commitIndex,
      long appliedIndex,
      long silenceMillis,
      long diskBytes,
      ReplicaLoad load,
      List<DatabaseSize> databases) {
    /** Number of keys, dead ones included until they are swept. */
    public long keys() {
      return databases.stream().mapToLong(DatabaseSize::keys).sum();
    }
  }

  /**
   * One database in one replica.
   *
   * @param keys number of keys, dead ones included until they are swept
   * @param expiring how many of them have an expiry
   * @param averageTtlMillis how long those live on, guessed from a few
   */
  record DatabaseSize(long keys, long expiring, long averageTtlMillis) {
    /** The same database in two shards. */
    public DatabaseSize plus(DatabaseSize other) {
      long total = expiring + other.expiring;
      double weight = total == 0 ? 0 : (double) other.expiring / total;
      double average = averageTtlMillis + weight * (other.averageTtlMillis - averageTtlMillis);
      return new DatabaseSize(keys + other.keys, total, (long) average);
    }
  }

  /** What the halves of a shard are to have in common. */
  enum SplitBy {
    LOAD,
    SIZE
  }

  /** Digest of a replica's rows at a log index. */
  record ReplicaChecksum(long appliedIndex, String sha256) {}

  String nodeId();

  ServerConfig config();

  /** The newest state that this node has applied. */
  ClusterState cluster();

  /**
   * How long ago a majority of the metadata group last confirmed that {@link #cluster} is all that
   * was committed: milliseconds; -1 if that has not been since this process began. If it was not
   * lately, asks for it, for a second or two; does not fail.
   */
  CompletionStage<Long> metadataAgeMillis();

  /** Leader of a group (a shard's or {@link #metadataGroup}) as this node knows it, or null. */
  String leaderOf(UUID group);

  UUID metadataGroup();

  /** This node's replica, or null if it has none. */
  ReplicaStatus localReplica(UUID group);

  /** All replicas of a group whose nodes answer in time, by node. */
  CompletionStage<Map<String, ReplicaStatus>> replicas(UUID group);

  /**
   * How evenly the cluster is loaded, as the leader of the metadata group sees it; fails if that
   * does not answer.
   *
   * @param maxMoves no more moves than so many
   */
  CompletionStage<BalanceReport> balance(int maxMoves);

  /**
   * Where a shard comes apart in parts that have about as much of its load, as far as clients of
   * all nodes have used it lately, or of its bytes on the leader's disk. Fails if no node answers.
   *
   * @param shard with as many slots at least
   * @param parts two at least
   * @return the first slot of each part but the lowest one, ascending; empty if there is too little
   *     of it to tell
   */
  CompletionStage<List<Integer>> splitPoints(ShardInfo shard, int parts, SplitBy by);

  /** Digest of this node's replica; fails if there is none. Reads everything. */
  CompletionStage<ReplicaChecksum> checksum(UUID group);

  /**
   * Number of keys in a slot, dead ones included until they are swept, by this node's replica; -1
   * if it has none.
   */
  long keysInSlot(int slot, int database);

  /**
   * The host that clients are to reach a node by; empty if that is the address they came to this
   * node by.
   */
  Optional<String> clientHost(NodeInfo node);

  /** True if this node is connected to the other one now. */
  boolean isConnected(String nodeId);

  /** The newest events, newest first. */
  List<HistoryEvent> events(int limit);

  /** The newest changes of the routing table, newest first. */
  List<RoutingChange> routingChanges(int limit);

  /** Open connections, those of other nodes among them. */
  Collection<? extends Connection> connections();

  /** Closes a connection; false if there is none with this id. */
  boolean kill(long connectionId);

  /** How many connections clients have; those of other nodes are not counted. */
  int clients();

  /** What was called how often, and which errors there were. */
  CommandStats commandStats();

  /**
   * Counters and gauges of this process by name, for INFO: under Redis' own name where Redis has
   * the figure ({@code total_commands_processed}), else under ours. What nobody counts is not
   * there.
   */
  Map<String, Long> counters();

  /** When this process started, milliseconds since the epoch. */
  long startedAtMillis();
}
