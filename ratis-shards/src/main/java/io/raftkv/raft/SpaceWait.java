package io.raftkv.raft;

import io.raftkv.storage.OutOfSpaceException;
import io.raftkv.storage.StorageException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the apply thread does when the disk is full: nothing is lost by waiting, and reads go on, so
 * it tries the same entry again until there is space. Every other fault is passed on.
 */
final class SpaceWait {
  private static final Logger LOG = LoggerFactory.getLogger(SpaceWait.class);

  /** Sleeps between two tries. */
  @FunctionalInterface
  interface Pause {
    void pause() throws InterruptedException;
  }

  private final BooleanSupplier hasSpace;
  private final BooleanSupplier wanted;
  private final Pause pause;

  /**
   * @param hasSpace tries to write to disk, and says whether that works again
   * @param wanted false when the replica stops or gets a snapshot: then waiting ends
   */
  SpaceWait(BooleanSupplier hasSpace, BooleanSupplier wanted, Pause pause) {
    this.hasSpace = hasSpace;
    this.wanted = wanted;
    this.pause = pause;
  }

  /**
   * Runs {@code work}, which leaves nothing behind when it fails, until it does not lack space.
   *
   * @return false if it was not done, since it is not wanted any more
   */
  boolean run(String name, Runnable work) {
    boolean waited = false;
    while (true) {
      try {
        work.run();
        if (waited) {
          LOG.info("disk has space again, applying goes on shard={}", name);
        }
        return true;
      } catch (OutOfSpaceException full) {
        if (!waited) {
          LOG.error("disk is full, applying waits for space shard={}", name, full);
          waited = true;
        }
        if (!await()) {
          return false;
        }
      }
    }
  }

  private boolean await() {
    do {
      if (!wanted.getAsBoolean()) {
        return false;
      }
      try {
        pause.pause();
      } catch (InterruptedException stopping) {
        Thread.currentThread().interrupt();
        throw new StorageException("interrupted while waiting for disk space", stopping);
      }
    } while (!hasSpace.getAsBoolean());
    return wanted.getAsBoolean();
  }
}
