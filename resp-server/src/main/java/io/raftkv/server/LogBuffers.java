package io.raftkv.server;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.raftkv.raft.RaftOptions;
import java.lang.management.ManagementFactory;

/**
 * The direct memory that replicas take for their log buffers, as soon as they are started. A
 * process that lacks it for one ends, and again whenever it is started: so what would start several
 * replicas on all nodes at once asks before. Immutable.
 */
final class LogBuffers {
  private final long bytes;

  /**
   * @param maxEntryBytes largest log entry, for which each buffer has room
   */
  LogBuffers(int maxEntryBytes) {
    this.bytes = RaftOptions.smallestSegmentBytes(maxEntryBytes);
  }

  /**
   * Why this process can have no such number of replicas more; empty if it can. What those have
   * left behind that are gone does not count: it is collected when it is wanted.
   *
   * @param there replicas that it has
   */
  String noRoom(int there, int more) {
    return noRoom(there, more, limit());
  }

  /** The same; as much as one buffer takes is left to everything else. */
  String noRoom(int there, int more, long limit) {
    long room = Math.max(0, limit / bytes - 1 - there);
    return room >= more
        ? ""
        : "it has direct memory for the log buffers of %d more replicas, not of %d, %d MB each"
            .formatted(room, more, bytes >> 20);
  }

  /** As large as the heap if it is not set. */
  private static long limit() {
    HotSpotDiagnosticMXBean options =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long set = Long.parseLong(options.getVMOption("MaxDirectMemorySize").getValue());
    return set == 0 ? Runtime.getRuntime().maxMemory() : set;
  }
}
