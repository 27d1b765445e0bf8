package io.raftkv.server;

import io.raftkv.raft.Replica;
import io.raftkv.shard.Admission;
import io.raftkv.storage.StorageException;
import java.io.IOException;
import java.util.Collection;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * While the disk is short of room, has the replicas give back what was deleted. With enough room
 * that comes by itself, in time: as more is written, and as snapshots are taken.
 */
final class SpaceReclaim {
  /** So often once more when there is room again: what was deleted meanwhile is not given back. */
  private static final int ROUNDS_AFTERWARDS = 2;

  private final Supplier<Admission> room;
  private final LongSupplier roomBytes;
  private final Supplier<Collection<Replica>> replicas;
  private final Consumer<Replica> addEntry;
  private int rounds;

  /**
   * @param room what the disk has room for
   * @param roomBytes how much may be written before anything is given back
   * @param addEntry has something written to the replica's log that changes nothing
   */
  SpaceReclaim(
      Supplier<Admission> room,
      LongSupplier roomBytes,
      Supplier<Collection<Replica>> replicas,
      Consumer<Replica> addEntry) {
    this.room = room;
    this.roomBytes = roomBytes;
    this.replicas = replicas;
    this.addEntry = addEntry;
  }

  /** To be called again and again, on one thread, which may be blocked for minutes. */
  void run() throws IOException {
    if (room.get() != Admission.EVERYTHING) {
      rounds = 1 + ROUNDS_AFTERWARDS;
    }
    if (rounds == 0) {
      return;
    }
    rounds--;
    IOException failed = null;
    for (Replica replica : replicas.get()) {
      try {
        if (!replica.giveBackSpace(roomBytes)) {
          addEntry.accept(replica);
        }
      } catch (IOException | StorageException fault) {
        // What the others give back may be all that this one lacks.
        if (failed == null) {
          failed = new IOException("no space given back by shard " + replica.name(), fault);
        } else {
          failed.addSuppressed(fault);
        }
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
