package io.raftkv.raft;

/**
 * A node as Raft knows it.
 *
 * @param nodeId its name
 * @param address {@code host:port} of its Raft traffic
 * @param voter false for a listener, which follows the log and has no vote
 */
public record Member(String nodeId, String address, boolean voter) {}
