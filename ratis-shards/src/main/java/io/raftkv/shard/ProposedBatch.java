package io.raftkv.shard;

/**
 * Proposals of one node that travel and are applied together.
 *
 * @param proposer names the stream of batches of one node's process for one shard
 * @param sequence 1, 2, 3 … in that stream; a store applies each exactly once and in order
 * @param payload the concatenated proposals; nobody changes it
 */
public record ProposedBatch(long proposer, long sequence, byte[] payload) {}
