package io.raftkv.server;

import io.raftkv.resp.reply.RespErrors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses writes while the disk is nearly full, before they reach the log: a log that cannot be
 * written takes its node out of the cluster. Opens again by itself. Thread-safe.
 */
final class DiskGuard {
  private static final Logger LOG = LoggerFactory.getLogger(DiskGuard.class);

  /** Beyond the bound by this part of it, writes go on: at the bound itself they would flicker. */
  private static final int MARGIN_PART = 16;

  /** Tells how much of a disk is free. */
  @FunctionalInterface
  interface FreeSpace {
    long bytes() throws IOException;
  }

  private final Path directory;
  private final FreeSpace freeSpace;
  private final long minFreeBytes;
  private final BooleanSupplier storesWritable;
  private volatile boolean closed;

  /**
   * @param directory for the log
   * @param storesWritable whether RocksDB can write; may block
   */
  DiskGuard(
      Path directory, FreeSpace freeSpace, long minFreeBytes, BooleanSupplier storesWritable) {
    this.directory = directory;
    this.freeSpace = freeSpace;
    this.minFreeBytes = minFreeBytes;
    this.storesWritable = storesWritable;
  }

  /** The error line for writes, or null if they may go on. */
  String readOnlyReason() {
    return closed ? RespErrors.DISK_FULL : null;
  }

  /** Looks at the disk; to be called a few times per second, on a thread that may block. */
  void check() throws IOException {
    long free = freeSpace.bytes();
    boolean full = free < minFreeBytes + (closed ? minFreeBytes / MARGIN_PART : 0);
    boolean now = full || !storesWritable.getAsBoolean();
    if (now == closed) {
      return;
    }
    closed = now;
    if (!now) {
      LOG.info("disk has {} bytes free under {}, writes go on", free, directory);
    } else if (full) {
      LOG.error(
          "disk is full, writes are refused: {} bytes are free under {}, at least {} must be",
          free,
          directory,
          minFreeBytes);
    } else {
      LOG.error(
          "a store cannot write to its disk, writes are refused: {} bytes are free under {}",
          free,
          directory);
    }
  }
}
