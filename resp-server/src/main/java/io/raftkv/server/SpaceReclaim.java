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
  /**
   * So often once more when there is room again, counted anew from each round that gave some: what
   * is deleted meanwhile, and what the last snapshot held on to, comes with a later one.
   */
  private static final int ROUNDS_AFTERWARDS = 2;

  /** A round that adds less than this part to the most room there was has given nothing. */
  private static final int WORTH_PART = 16;

  /** Has all replicas give back what they can. */
  @FunctionalInterface
  interface Round {
    void giveBack() throws IOException;
  }

  private final Supplier<Admission> room;
  private final LongSupplier roomBytes;
  private final Round round;
  private int rounds;
  private long mostRoomBytes;

  /**
   * @param room what the disk has room for
   * @param roomBytes how much may be written before anything is given back
   */
  SpaceReclaim(Supplier<Admission> room, LongSupplier roomBytes, Round round) {
    this.room = room;
    this.roomBytes = roomBytes;
    this.round = round;
  }

  /** To be called again and again, on one thread, which may be blocked for minutes. */
  void run() throws IOException {
    if (room.get() != Admission.EVERYTHING) {
      rounds = 1 + ROUNDS_AFTERWARDS;
    }
    if (rounds == 0) {
      mostRoomBytes = 0;
      return;
    }
    rounds--;
    round.giveBack();
    long now = roomBytes.getAsLong();
    if (now > mostRoomBytes + mostRoomBytes / WORTH_PART) {
      mostRoomBytes = now;
      rounds = Math.max(rounds, ROUNDS_AFTERWARDS);
    }
  }

  /**
   * A round over some replicas.
   *
   * @param addEntry has something written to the replica's log that changes nothing
   */
  static Round over(
      Supplier<Collection<Replica>> replicas, LongSupplier roomBytes, Consumer<Replica> addEntry) {
    return () -> {
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
    };
  }
}
