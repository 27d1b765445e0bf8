package io.raftkv.shard;

/**
 * Where and when a proposal is applied; equal on every replica.
 *
 * @param index log index of the entry
 * @param timeMillis shard time of the entry, milliseconds since the epoch
 * @param seed random seed of this proposal
 * @param routingVersion version of the routing table that the leader knew when it made the entry
 */
public record ApplyContext(long index, long timeMillis, long seed, long routingVersion) {}
