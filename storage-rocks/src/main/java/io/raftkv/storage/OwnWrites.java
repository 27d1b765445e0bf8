package io.raftkv.storage;

/**
 * What a store may write to its disk unasked, before it gives anything back.
 *
 * @param bufferedBytes of rows that are in memory only; a flush writes no more than that
 * @param compactionBytes of the largest compaction, whose inputs stay until it has ended
 */
public record OwnWrites(long bufferedBytes, long compactionBytes) {}
