package io.raftkv.resp.command.local;

import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.SlotRange;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.NodeStatus;
import io.raftkv.server.NodeStatus.ReplicaStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/** What RAFTKV.SHARD and RAFTKV.CLUSTER say of shards. Immutable. */
final class ShardReplies {
  private static final Comparator<ReplicaStatus> BY_PROGRESS =
      Comparator.comparing(ReplicaStatus::leads).thenComparingLong(ReplicaStatus::appliedIndex);

  private final NodeStatus status;

  ShardReplies(NodeStatus status) {
    this.status = status;
  }

  Reply list() {
    return Reply.array(
        status.cluster().shards().values().stream().map(shard -> basics(shard).reply()).toList());
  }

  /** One line for each shard. */
  List<String> lines() {
    return status.cluster().shards().values().stream().map(this::line).toList();
  }

  private String line(ShardInfo shard) {
    String leader = status.leaderOf(shard.groupId());
    return String.format(
        "%s %s, slots %s, %s, replicas %s",
        shard.id(),
        AdminCommands.lower(shard.state()),
        slots(shard),
        leader == null ? "no known leader" : "leader " + leader,
        ClusterTopology.whereIs(shard));
  }

  private static String slots(ShardInfo shard) {
    return shard.slots().isEmpty()
        ? "none"
        : shard.slots().stream().map(SlotRange::toString).collect(Collectors.joining(" "));
  }

  private MapReply basics(ShardInfo shard) {
    return new MapReply()
        .put("id", shard.id())
        .put("state", AdminCommands.lower(shard.state()))
        .put("slots", slots(shard))
        .put("slot-count", shard.slotCount())
        .put("leader", status.leaderOf(shard.groupId()))
        .put("replicas", ClusterTopology.whereIs(shard))
        .put("version", shard.version());
  }

  /** The shard and its replicas; those whose nodes do not answer are listed as unreachable. */
  CompletionStage<Reply> status(ShardInfo shard) {
    return status.replicas(shard.groupId()).thenApply(answers -> status(shard, answers));
  }

  private Reply status(ShardInfo shard, Map<String, ReplicaStatus> answers) {
    long committed =
        answers.values().stream().mapToLong(ReplicaStatus::commitIndex).max().orElse(0);
    List<Reply> replicas = new ArrayList<>();
    for (Replica replica : shard.replicas()) {
      replicas.add(replica(replica, answers.get(replica.nodeId()), committed));
    }
    return basics(shard)
        .put("group", shard.groupId().toString())
        .put("preferred-leader", shard.preferredLeader().isEmpty() ? null : shard.preferredLeader())
        .putTime("created", shard.createdAtMillis())
        .put("replicas-missing", shard.lacking())
        .putTime("updated", shard.updatedAtMillis())
        .put(
            "keys",
            answers.values().stream()
                .max(BY_PROGRESS)
                .map(best -> Reply.integer(best.keys()))
                .orElse(Reply.NULL))
        .put("replica-status", Reply.array(replicas))
        .reply();
  }

  /** {@code committed} is the highest index that any replica knows to be committed. */
  private static Reply replica(Replica replica, ReplicaStatus answer, long committed) {
    MapReply reply = new MapReply().put("node", replica.nodeId());
    if (answer == null) {
      return reply.put("role", AdminCommands.lower(replica.role())).put("reachable", false).reply();
    }
    String follower = replica.isVoter() ? "follower" : AdminCommands.lower(replica.role());
    boolean neverHeard = answer.silenceMillis() == Long.MAX_VALUE;
    return reply
        .put("role", answer.leads() ? "leader" : follower)
        .put("reachable", true)
        .put("term", answer.term())
        .put("commit-index", answer.commitIndex())
        .put("applied-index", answer.appliedIndex())
        .put("lag", Math.max(0, committed - answer.appliedIndex()))
        .put("silence-ms", neverHeard ? Reply.NULL : Reply.integer(answer.silenceMillis()))
        .put("keys", answer.keys())
        .put("bytes", answer.diskBytes())
        .put("reads-per-second", Math.round(answer.load().readsPerSecond()))
        .put("writes-per-second", Math.round(answer.load().writesPerSecond()))
        .reply();
  }
}
