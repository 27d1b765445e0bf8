package io.raftkv.resp.dispatch;

import io.raftkv.metrics.Metrics;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.ReadConsistency;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What all sessions of a node share. Thread-safe.
 *
 * @param reads the way to read from a shard
 * @param writes the way to write to a shard
 * @param overloaded true while the node holds so much that no client should send more
 * @param linkLimits what another node may send; a client is held to less
 * @param slowReaderTimeout how long a client may leave a large reply unread
 */
public record SessionServices(
    CommandTable table,
    Dispatcher dispatcher,
    ShardReads reads,
    ShardWrites writes,
    BooleanSupplier overloaded,
    Metrics metrics,
    ReadConsistency defaultConsistency,
    boolean needsPassword,
    RespLimits linkLimits,
    Duration slowReaderTimeout) {

  void write(Routing.Shard shard, List<DataOp> ops) {
    writes.submit(shard.group(), ops);
  }

  boolean isSaturated() {
    return overloaded.getAsBoolean();
  }
}
