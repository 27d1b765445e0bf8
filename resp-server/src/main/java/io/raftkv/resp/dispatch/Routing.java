package io.raftkv.resp.dispatch;

import java.util.List;
import java.util.UUID;

/** Which shard owns which slot, as this node knows it now. An immutable snapshot. */
public interface Routing {
  /** A shard as requests see it. */
  record Shard(UUID group, String id) {}

  /** Goes up with every change. */
  long version();

  /** The owner of a slot, or null while there is none. */
  Shard shardOf(int slot);

  /** All shards that own slots, in the order of their first slot. */
  List<Shard> shards();

  /** The last slot of the run of slots from {@code slot} on that belong to one shard. */
  int lastSlotOfRun(int slot);
}
