package io.raftkv.server.http;

/**
 * The state of one replica.
 *
 * @param role leader, follower, candidate or listener
 * @param leader id of the node that leads; null if none is known
 * @param detail why it is not ready; null if it is
 */
public record ShardHealth(
    String shard,
    String role,
    boolean ready,
    String leader,
    long term,
    long commitIndex,
    long appliedIndex,
    String detail) {}
