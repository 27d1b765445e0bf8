package io.raftkv.resp.dispatch;

import io.netty.util.concurrent.EventExecutor;
import io.raftkv.resp.command.ReadConsistency;
import java.util.List;

/** The way to read from shards, wherever their replicas are. Thread-safe; never blocks. */
@FunctionalInterface
interface ShardReads {
  /**
   * Answers the operations, all of one connection and shard, in any order.
   *
   * @param turn of these operations; done, on the loop, when all of them have their reply
   */
  void read(
      Routing.Shard shard,
      List<DataOp> ops,
      ReadConsistency consistency,
      EventExecutor loop,
      ReadTurn turn);
}
