package io.raftkv.resp.dispatch;

import io.raftkv.storage.Slot;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/** A routing table for tests. Shards are named; slots are given to them in ranges. */
final class SlotMap implements Routing {
  private final Shard[] owners = new Shard[Slot.COUNT];
  private final int[] lastOfRun = new int[Slot.COUNT];
  private List<Shard> shards = List.of();
  private long version = 1;

  /** Without any owner. */
  SlotMap() {
    Arrays.fill(lastOfRun, Slot.COUNT - 1);
  }

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
    Shard owner = shard(id);
    for (int slot = first; slot <= last; slot++) {
      owners[slot] = owner;
    }
    for (int slot = Slot.COUNT - 1; slot >= 0; slot--) {
      boolean ends = slot == Slot.COUNT - 1 || !Objects.equals(owners[slot], owners[slot + 1]);
      lastOfRun[slot] = ends ? slot : lastOfRun[slot + 1];
    }
    shards = Arrays.stream(owners).filter(Objects::nonNull).distinct().toList();
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
    return shards;
  }

  @Override
  public int lastSlotOfRun(int slot) {
    return lastOfRun[slot];
  }
}
