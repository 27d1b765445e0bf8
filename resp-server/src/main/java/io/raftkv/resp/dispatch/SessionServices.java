package io.raftkv.resp.dispatch;

import io.raftkv.metrics.Metrics;
import io.raftkv.resp.codec.RespLimits;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.ReadConsistency;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

/**
 * What all sessions of a node share. Thread-safe.
 *
 * @param reads the way to read from a shard
 * @param writes the way to write to a shard
 * @param overloaded true while the node holds so much that no client should send more
 * @param movedBytes what all sessions hold of operations whose slots are on their way
 * @param requestTimeout for how long an operation is held at most
 * @param linkLimits what another node may send; a client is held to less
 * @param slowReaderTimeout how long a client may leave a large reply unread
 */
public record SessionServices(
    CommandTable table,
    RoutingFeed routing,
    Dispatcher dispatcher,
    ShardReads reads,
    ShardWrites writes,
    BooleanSupplier overloaded,
    LongAdder movedBytes,
    Duration requestTimeout,
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
