package io.raftkv.raft;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Settings of this node's Raft server.
 *
 * @param nodeId this node's name, also its Raft peer id
 * @param bindHosts addresses to listen on, all of them this machine's; at least one
 * @param port port of the Raft traffic
 * @param directory holds the logs and snapshots of all groups
 * @param electionTimeoutMin a follower that hears nothing for a time between min and max becomes a
 *     candidate
 * @param electionTimeoutMax see {@code electionTimeoutMin}
 * @param maxEntryBytes largest log entry; the largest value plus room
 * @param segmentBytes size of a log segment file, at least {@link #smallestSegmentBytes}
 * @param snapshotEntries applied entries after which a snapshot is taken and the log purged
 * @param snapshotLogBytes bytes of applied entries after which a snapshot is taken too
 * @param keptEntries entries kept behind a snapshot, so that a replica a little behind needs no
 *     snapshot
 * @param migrationRate bytes per second of snapshots that this node sends, all groups together; 0
 *     for no limit
 */
public record RaftOptions(
    String nodeId,
    List<String> bindHosts,
    int port,
    Path directory,
    Duration electionTimeoutMin,
    Duration electionTimeoutMax,
    int maxEntryBytes,
    long segmentBytes,
    long snapshotEntries,
    long snapshotLogBytes,
    long keptEntries,
    long migrationRate) {
  /** Room of a message or buffer beyond the largest entry. */
  static final int OVERHEAD_BYTES = 1 << 20;

  /** What always fits into a message. */
  static final int APPENDER_MIN_BYTES = 4 << 20;

  public RaftOptions {
    bindHosts = List.copyOf(bindHosts);
    if (bindHosts.isEmpty()) {
      throw new IllegalArgumentException("a Raft server has to listen somewhere");
    }
    if (segmentBytes < smallestSegmentBytes(maxEntryBytes)) {
      throw new IllegalArgumentException(
          "a log segment of " + segmentBytes + " bytes is too small for the largest entry");
    }
  }

  /** What the appender sends at a time: the largest entry, as Ratis wraps it, fits. */
  static int appenderBytes(int maxEntryBytes) {
    return Math.max(APPENDER_MIN_BYTES, maxEntryBytes + OVERHEAD_BYTES);
  }

  /** A buffer for that. */
  static int bufferBytes(int maxEntryBytes) {
    return appenderBytes(maxEntryBytes) + OVERHEAD_BYTES;
  }

  /**
   * The size of a log segment below which the largest entry might not fit, in whole mebibytes.
   *
   * @param maxEntryBytes largest log entry
   */
  public static long smallestSegmentBytes(int maxEntryBytes) {
    long mebibyte = 1 << 20;
    return (bufferBytes(maxEntryBytes) + mebibyte - 1) / mebibyte * mebibyte;
  }
}
