package io.raftkv.server;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelOption;
import io.raftkv.raft.Member;
import io.raftkv.raft.RaftOptions;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.shard.ShardClient;
import io.raftkv.storage.StoreOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What the configuration means for the parts of a node: their options, limits and members. */
final class NodeOptions {
  private static final int MAX_BATCHES_IN_FLIGHT = 8;
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long KEPT_ENTRIES = 1_000;

  /** The rows of a long string count for so many parts more than its bytes, and a part. */
  private static final int SHARE_OF_ROW_OVERHEAD = 16;

  private static final int LINK_CONNECT_MILLIS = 1_000;

  private final ServerConfig config;
  private final List<String> hosts;
  private final int raftPort;

  /**
   * @param hosts to listen on, see {@link ListenHosts}
   * @param raftPort the real one, never 0
   */
  NodeOptions(ServerConfig config, List<String> hosts, int raftPort) {
    this.config = config;
    this.hosts = hosts;
    this.raftPort = raftPort;
  }

  StoreOptions stores() {
    return new StoreOptions(
        config.store().blockCache().bytes(),
        config.store().rowCache().bytes(),
        config.store().writeBuffer().bytes(),
        StoreOptions.defaults().maxOpenFiles(),
        StoreOptions.defaults().backgroundJobs());
  }

  /**
   * How long a leader may be silent before those who miss it elect another one. Heartbeats come
   * twice in the shortest election timeout: two may be lost.
   */
  Duration leaderSilence() {
    return config.raft().electionTimeoutMin().multipliedBy(3).dividedBy(2);
  }

  /**
   * With whom the metadata group begins. Its voters are five of five or more nodes, else three,
   * else all.
   */
  List<Member> metadataMembers() {
    List<ClusterMember> members =
        config.cluster().members().stream()
            .sorted(Comparator.comparing(ClusterMember::id))
            .toList();
    if (members.isEmpty()) {
      return List.of(new Member(config.node().id(), "127.0.0.1:" + raftPort, true));
    }
    int voters = members.size() >= 5 ? 5 : Math.min(members.size(), 3);
    List<Member> all = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      ClusterMember member = members.get(i);
      all.add(new Member(member.id(), member.raftAddress().toString(), i < voters));
    }
    return all;
  }

  RaftOptions raft(Path directory) {
    ServerConfig.Raft raftConfig = config.raft();
    return new RaftOptions(
        config.node().id(),
        hosts,
        raftPort,
        directory,
        raftConfig.electionTimeoutMin(),
        raftConfig.electionTimeoutMax(),
        config.requests().maxEntryBytes(),
        raftConfig.logSegment().bytes(),
        raftConfig.snapshotEntries(),
        raftConfig.snapshotLog().bytes(),
        Math.min(KEPT_ENTRIES, Math.max(1, raftConfig.snapshotEntries() / 10)),
        raftConfig.migrationRate().bytes());
  }

  ShardClient.Limits proposals() {
    return new ShardClient.Limits(
        MAX_BATCHES_IN_FLIGHT,
        (int) config.requests().batchBytes().bytes(),
        config.requests().batchCommands(),
        config.requests().timeout().toNanos(),
        RETRY_NANOS);
  }

  /**
   * What one entry may change and answer. It is held in memory while it is applied, and once more
   * while it is written; so a quarter of the heap, but never less than the largest value takes. A
   * string that is cut into rows, because a part of it changes, takes a little more than its bytes.
   */
  long entryLimitBytes() {
    long value = config.requests().maxValue().bytes();
    return Math.max(
        Runtime.getRuntime().maxMemory() / 4,
        value + value / SHARE_OF_ROW_OVERHEAD + ServerConfig.ENTRY_OVERHEAD_BYTES);
  }

  RespLimits clients() {
    return new RespLimits(
        (int) config.requests().maxValue().bytes(),
        RespLimits.DEFAULT.maxArrayLength(),
        RespLimits.DEFAULT.maxInlineBytes(),
        config.requests().maxCommand().bytes());
  }

  /** A link carries whole batches and their replies as one bulk. */
  RespLimits links() {
    return new RespLimits(
        Integer.MAX_VALUE / 2,
        RespLimits.DEFAULT.maxArrayLength(),
        RespLimits.DEFAULT.maxInlineBytes(),
        Integer.MAX_VALUE);
  }

  /** How this node connects to others. */
  static Bootstrap outgoing(Transport transport) {
    return new Bootstrap()
        .group(transport.loops())
        .channel(transport.channel())
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.SO_KEEPALIVE, true)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, LINK_CONNECT_MILLIS);
  }

  /** The password on links; empty if there is none. */
  String clusterSecret() {
    return config
        .security()
        .clusterSecret()
        .or(() -> config.security().password())
        .map(Secret::value)
        .orElse("");
  }
}
