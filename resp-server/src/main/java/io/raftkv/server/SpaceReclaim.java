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
  private final Supplier<Admission> room;
  private final Supplier<Collection<Replica>> replicas;
  private final Consumer<Replica> addEntry;

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

  /** To be called again and again, on a thread that may be blocked for minutes. */
  void run() throws IOException {
    for (Replica replica : replicas.get()) {
      if (room.get() != Admission.EVERYTHING && !replica.giveBackSpace()) {
        addEntry.accept(replica);
      }
    }
  }
}
