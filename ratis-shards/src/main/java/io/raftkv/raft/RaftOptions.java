package io.raftkv.raft;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of this node's Raft server.
 *
 * @param nodeId this node's name, also its Raft peer id
 * @param bindHost address to listen on
 * @param port port of the Raft traffic
 * @param directory holds the logs and snapshots of all groups
 * @param electionTimeoutMin a follower that hears nothing for a time between min and max becomes a
 *     candidate
 * @param electionTimeoutMax see {@code electionTimeoutMin}
 * @param maxEntryBytes largest log entry; the largest value plus room
 * @param segmentBytes size of a log segment file
 * @param snapshotEntries applied entries after which a snapshot is taken and the log purged
 * @param snapshotLogBytes bytes of applied entries after which a snapshot is taken too
 * @param keptEntries entries kept behind a snapshot, so that a replica a little behind needs no
 *     snapshot
 */
public record RaftOptions(
    String nodeId,
    String bindHost,
    int port,
    Path directory,
    Duration electionTimeoutMin,
    Duration electionTimeoutMax,
    int maxEntryBytes,
    long segmentBytes,
    long snapshotEntries,
    long snapshotLogBytes,
    long keptEntries) {}
