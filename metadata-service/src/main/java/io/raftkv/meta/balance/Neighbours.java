package io.raftkv.meta.balance;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.Members;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Two shards on the same nodes, of which one has the slots that follow on some of the other's: they
 * could be one.
 *
 * @param first the shard with the lower slots, where they meet first
 * @param second the other one
 */
public record Neighbours(String first, String second) {
  private record Run(SlotRange slots, ShardInfo shard) {}

  /** All that are active, in the order of their slots. */
  static Set<Neighbours> of(ClusterState state) {
    List<Run> runs = new ArrayList<>();
    for (ShardInfo shard : state.shards().values()) {
      if (shard.state() == ShardState.ACTIVE) {
        shard.slots().forEach(slots -> runs.add(new Run(slots, shard)));
      }
    }
    runs.sort(Comparator.comparingInt(run -> run.slots.first()));
    Set<Neighbours> all = new LinkedHashSet<>();
    for (int i = 1; i < runs.size(); i++) {
      Run lower = runs.get(i - 1);
      Run upper = runs.get(i);
      String one = lower.shard.id();
      String other = upper.shard.id();
      if (lower.slots.last() + 1 == upper.slots.first()
          && Members.of(lower.shard.spec()).equals(Members.of(upper.shard.spec()))
          && !one.equals(other)
          && !all.contains(new Neighbours(other, one))) {
        all.add(new Neighbours(one, other));
      }
    }
    return all;
  }
}
