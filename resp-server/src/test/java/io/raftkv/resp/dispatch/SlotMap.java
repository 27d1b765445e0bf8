package io.raftkv.resp.dispatch;

import io.raftkv.storage.Slot;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/** A routing table for tests. Shards are named; slots are given to them in ranges. */
final class SlotMap implements Routing {
  private final Shard[] owners = new Shard[Slot.COUNT];
  private long version = 1;

  static Shard shard(String id) {
    return new Shard(UUID.nameUUIDFromBytes(id.getBytes(StandardCharsets.US_ASCII)), id);
  }

  /** All slots in equal parts to these shards, in order. */
  static SlotMap evenly(String... ids) {
    SlotMap map = new SlotMap();
    for (int i = 0; i < ids.length; i++) {
      map.give(i * Slot.COUNT / ids.length, (i + 1) * Slot.COUNT / ids.length - 1, ids[i]);
    }
    return map;
  }

  SlotMap give(int first, int last, String id) {
    for (int slot = first; slot <= last; slot++) {
      owners[slot] = shard(id);
    }
    return this;
  }

  /** As it is after a change: this one stays as it is. */
  SlotMap next(int first, int last, String id) {
    SlotMap next = new SlotMap();
    System.arraycopy(owners, 0, next.owners, 0, owners.length);
    next.version = version + 1;
    return next.give(first, last, id);
  }

  @Override
  public long version() {
    return version;
  }

  @Override
  public Shard shardOf(int slot) {
    return owners[slot];
  }

  @Override
  public List<Shard> shards() {
    List<Shard> shards = new ArrayList<>();
    for (Shard owner : owners) {
      if (owner != null && !shards.contains(owner)) {
        shards.add(owner);
      }
    }
    return shards;
  }

  @Override
  public int lastSlotOfRun(int slot) {
    int last = slot;
    while (last + 1 < Slot.COUNT && Objects.equals(owners[last + 1], owners[slot])) {
      last++;
    }
    return last;
  }
}
