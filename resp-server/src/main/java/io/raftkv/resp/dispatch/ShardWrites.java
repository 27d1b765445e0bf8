package io.raftkv.resp.dispatch;

import java.util.List;
import java.util.UUID;

/** The way to write to shards, wherever their leaders are. Thread-safe; never blocks. */
@FunctionalInterface
interface ShardWrites {
  /** Queues operations for a shard's log: in this order, after all that were submitted before. */
  void submit(UUID shard, List<DataOp> ops);
}
