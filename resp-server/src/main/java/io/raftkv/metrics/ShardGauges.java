package io.raftkv.metrics;

import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Where the metrics of one shard's local replica are read at each scrape, on the scraping thread.
 * None may block for long; all must stay callable until the shard is removed from {@link Metrics}.
 *
 * @param leads whether this replica leads
 * @param diskUsageBytes what log, store and snapshots take; what these share counts once
 * @param reads commands that were to be answered from it so far
 * @param writes commands that it has applied so far
 * @param store RocksDB's properties by name, such as {@code rocksdb.block-cache-usage}; the names
 *     are always the same, but none while the store is away
 */
public record ShardGauges(
    BooleanSupplier leads,
    LongSupplier term,
    LongSupplier commitIndex,
    LongSupplier appliedIndex,
    LongSupplier diskUsageBytes,
    LongSupplier reads,
    LongSupplier writes,
    Supplier<Map<String, Long>> store) {}
