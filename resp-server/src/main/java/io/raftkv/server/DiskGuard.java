package io.raftkv.server;

import io.raftkv.shard.Admission;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses writes while the disk is nearly full, before they reach the log: a log that cannot be
 * written takes its node out of the cluster. Below the first bound only those that store something,
 * so that a disk full of our own data can be emptied; below the second one all, for deleting takes
 * log, too. Opens again by itself. Thread-safe.
 *
 * <p>What the stores may write unasked before they give anything back is not free for the first
 * bound: a compaction that finds no room stops its store, and it starts when it likes to.
 */
final class DiskGuard {
  private static final Logger LOG = LoggerFactory.getLogger(DiskGuard.class);

  /** Beyond the bound by this part of it, writes go on: at the bound itself they would flicker. */
  private static final int MARGIN_PART = 16;

  /** This part of the first bound is the second one. */
  private static final int FLOOR_PART = 4;

  /** Tells how much of a disk is free. */
  @FunctionalInterface
  interface FreeSpace {
    long bytes() throws IOException;
  }

  private final Path directory;
  private final FreeSpace freeSpace;
  private final long minFreeBytes;
  private final LongSupplier storesOwn;
  private final BooleanSupplier storesWritable;
  private volatile Admission admission = Admission.EVERYTHING;
  private volatile boolean space = true;
  private boolean full; // of the one thread that looks

  /**
   * @param directory for the log
   * @param storesOwn bytes that the stores may write by themselves
   * @param storesWritable whether the disk lets RocksDB write; may block
   */
  DiskGuard(
      Path directory,
      FreeSpace freeSpace,
      long minFreeBytes,
      LongSupplier storesOwn,
      BooleanSupplier storesWritable) {
    this.directory = directory;
    this.freeSpace = freeSpace;
    this.minFreeBytes = minFreeBytes;
    this.storesOwn = storesOwn;
    this.storesWritable = storesWritable;
  }

  /** What may go on. */
  Admission admission() {
    return admission;
  }

  /** Whether there is room for everything, be the stores able to use it or not. */
  boolean hasSpace() {
    return space;
  }

  /** How much may be written before there is room for nothing more; changes all the time. */
  long roomBytes() {
    try {
      return Math.max(0, freeSpace.bytes() - minFreeBytes / FLOOR_PART);
    } catch (IOException unknown) {
      LOG.warn("cannot tell how much is free dir={}", directory, unknown);
      return 0;
    }
  }

  /** How much may be written before only writes that store nothing go on; changes all the time. */
  long spareBytes() {
    return Math.max(
        0, roomBytes() - storesOwn.getAsLong() - (minFreeBytes - minFreeBytes / FLOOR_PART));
  }

  /** Looks at the disk; to be called a few times per second, on a thread that may block. */
  void check() throws IOException {
    long free = freeSpace.bytes();
    long own = storesOwn.getAsLong();
    Admission before = admission;
    // Each bound by itself: before may be a store's fault, which says nothing of the disk.
    full = isBelow(free, minFreeBytes / FLOOR_PART, full);
    boolean nearlyFull = isBelow(free - own, minFreeBytes, !space);
    Admission now =
        full || !storesWritable.getAsBoolean()
            ? Admission.NOTHING
            : nearlyFull ? Admission.NO_GROWTH : Admission.EVERYTHING;
    space = !nearlyFull;
    admission = now;
    if (now != before) {
      tell(now, free, own);
    }
  }

  private static boolean isBelow(long free, long bound, boolean already) {
    return free < bound + (already ? bound / MARGIN_PART : 0);
  }

  private void tell(Admission now, long free, long own) {
    switch (now) {
      case EVERYTHING -> LOG.info("disk has {} bytes free under {}, writes go on", free, directory);
      case NO_GROWTH ->
          LOG.error(
              "disk is nearly full, only writes that store nothing go on: {} bytes are free under"
                  + " {}, at least {} must be and {} for compactions",
              free,
              directory,
              minFreeBytes,
              own);
      case NOTHING -> {
        if (full) {
          LOG.error(
              "disk is full, writes are refused: {} bytes are free under {}, at least {} must be"
                  + " to delete, {} for all else",
              free,
              directory,
              minFreeBytes / FLOOR_PART,
              minFreeBytes);
        } else {
          LOG.error(
              "a store cannot write to its disk, writes are refused: {} bytes are free under {}",
              free,
              directory);
        }
      }
    }
  }
}
