package io.raftkv.server;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.RoutingTable;
import io.raftkv.meta.ShardInfo;
import io.raftkv.resp.dispatch.Routing;
import io.raftkv.storage.Slot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** One version of the cluster's routing, in the form in which requests look it up. Immutable. */
final class RoutingSnapshot implements Routing {
  private final long version;
  private final Shard[] bySlot = new Shard[Slot.COUNT];
  private final int[] lastOfRun = new int[Slot.COUNT];
  private final List<Shard> shards = new ArrayList<>();

  RoutingSnapshot(ClusterState state) {
    this.version = state.routing().version();
    Map<String, Shard> byId = new HashMap<>();
    for (RoutingTable.Entry entry : state.routing().entries()) {
      ShardInfo info = state.shards().get(entry.shardId());
      Shard shard =
          byId.computeIfAbsent(
              info.id(),
              id -> {
                Shard made = new Shard(info.groupId(), id);
                shards.add(made);
                return made;
              });
      for (int slot = entry.range().first(); slot <= entry.range().last(); slot++) {
        bySlot[slot] = shard;
      }
    }
    for (int slot = Slot.COUNT - 1; slot >= 0; slot--) {
      boolean ends = slot == Slot.COUNT - 1 || !Objects.equals(bySlot[slot], bySlot[slot + 1]);
      lastOfRun[slot] = ends ? slot : lastOfRun[slot + 1];
    }
  }

  @Override
  public long version() {
    return version;
  }

  @Override
  public Shard shardOf(int slot) {
    return bySlot[slot];
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
