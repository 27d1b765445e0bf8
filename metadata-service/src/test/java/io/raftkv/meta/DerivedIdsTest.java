package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DerivedIdsTest {
  /** Clients remember these across restarts and upgrades: they never change. */
  @Test
  void redisNodeIdIsPinned() {
    assertThat(DerivedIds.redisNodeId("c", "n1"))
        .matches("[0-9a-f]{40}")
        .isEqualTo("95c7a388a329c7acbf3e545598f92341d21f7bf0");
  }

  /** The names of the groups' directories on disk. */
  @Test
  void groupIdIsPinned() {
    UUID id = DerivedIds.groupId("c", "s1", 1);
    assertThat(id).hasToString("c2193bca-2388-8e6b-93be-a621fd19a539");
    assertThat(id.version()).isEqualTo(8);
    assertThat(id.variant()).isEqualTo(2);
  }

  @Test
  void everyPartOfTheNameCounts() {
    Set<UUID> ids = new HashSet<>();
    for (String cluster : new String[] {"c", "cs", "d"}) {
      for (String shard : new String[] {"s1", "1", "s11"}) {
        for (long incarnation : new long[] {1, 2, 11}) {
          ids.add(DerivedIds.groupId(cluster, shard, incarnation));
        }
      }
    }
    assertThat(ids).hasSize(27);
  }
}
