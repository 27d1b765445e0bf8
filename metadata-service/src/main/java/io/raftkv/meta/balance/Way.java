package io.raftkv.meta.balance;

/**
 * From where to where something can move.
 *
 * @param leader true if it is the leadership alone
 * @param shardId of which shard
 * @param from node that has it; empty if nobody is the preferred leader
 * @param to node that gets it
 */
public record Way(boolean leader, String shardId, String from, String to) {}
