package io.raftkv.resp.command.local;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import java.util.concurrent.CompletionStage;

/**
 * WAIT and WAITAOF. A write is only acknowledged when a majority has it on disk, so all there is to
 * wait for is the acknowledgement of the connection's own writes. The reply is the number of
 * replicas beyond the leader that surely have them, a majority less one: more may have them, but
 * nobody promises it, and so asking for more never waits longer. If one of the writes was refused
 * or its outcome is unknown, no replica surely has them all.
 */
final class ReplicaWait {
  private static final Reply NOT_YET = Reply.ZERO;
  private static final Reply NOT_YET_ON_DISK = Reply.array(Reply.ZERO, Reply.ZERO);

  private final NodeStatus status;

  ReplicaWait(NodeStatus status) {
    this.status = status;
  }

  /** WAIT numreplicas timeout. */
  CompletionStage<Reply> await(Args args, Connection connection) {
    args.int64(1);
    long timeoutMillis = timeout(args, 2);
    return whenAnswered(connection, timeoutMillis, Reply.integer(otherCopies()), NOT_YET);
  }

  /** WAITAOF numlocal numreplicas timeout. */
  CompletionStage<Reply> awaitOnDisk(Args args, Connection connection) {
    args.int64(1, 0, 1, LocalErrors.NUM_LOCAL);
    args.int64(2, 0, Long.MAX_VALUE, RespErrors.OUT_OF_RANGE_POSITIVE);
    long timeoutMillis = timeout(args, 3);
    Reply done = Reply.array(Reply.ONE, Reply.integer(otherCopies()));
    return whenAnswered(connection, timeoutMillis, done, NOT_YET_ON_DISK);
  }

  private static long timeout(Args args, int index) {
    long millis = args.int64(index, LocalErrors.TIMEOUT_NOT_INTEGER);
    if (millis < 0) {
      throw new CommandException(LocalErrors.TIMEOUT_NEGATIVE);
    }
    return millis;
  }

  /** Without a timeout the writes' own deadline is the bound. */
  private static CompletionStage<Reply> whenAnswered(
      Connection connection, long timeoutMillis, Reply done, Reply notDone) {
    return connection.writesAnswered(timeoutMillis).thenApply(all -> all ? done : notDone);
  }

  /** Of the shard with the fewest voters: the connection may have written to any. */
  private int otherCopies() {
    ClusterState cluster = status.cluster();
    return cluster.shards().values().stream()
        .filter(shard -> shard.slotCount() > 0)
        .mapToInt(ReplicaWait::majorityBeyondLeader)
        .min()
        .orElse(0);
  }

  private static int majorityBeyondLeader(ShardInfo shard) {
    return shard.voters().size() / 2;
  }
}
