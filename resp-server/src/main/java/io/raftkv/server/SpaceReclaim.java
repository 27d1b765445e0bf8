package io.raftkv.server;

import io.raftkv.raft.Replica;
import io.raftkv.shard.Admission;
import java.io.IOException;
import java.util.Collection;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * While the disk is short of room, has the replicas give back what was deleted. With enough room
 * that comes by itself, in time: as more is written, and as snapshots are taken.
 */
final class SpaceReclaim {
  /** So often once more when there is room again: what was deleted meanwhile is not given back. */
  private static final int ROUNDS_AFTERWARDS = 2;

  private final Supplier<Admission> room;
  private final Supplier<Collection<Replica>> replicas;
  private final Consumer<Replica> addEntry;
  private int rounds;

  /**
   * @param room what the disk has room for
   * @param addEntry has something written to the replica's log that changes nothing
   */
  SpaceReclaim(
      Supplier<Admission> room,
      Supplier<Collection<Replica>> replicas,
      Consumer<Replica> addEntry) {
    this.room = room;
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
    for (Replica replica : replicas.get()) {
      if (!replica.giveBackSpace()) {
        addEntry.accept(replica);
      }
    }
  }
}
