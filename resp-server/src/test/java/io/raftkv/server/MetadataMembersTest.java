package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import io.raftkv.meta.job.Members;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class MetadataMembersTest {
  private static boolean mayBeAdded(boolean open, String... voters) {
    Members members = new Members(new TreeSet<>(Set.of(voters)), new TreeSet<>());
    return MetadataMembers.mayBeAdded(
        new ReplicaFacts(open, false, 1, members, false, 0, SlotFacts.UNKNOWN), "n4");
  }

  @Test
  void replicaThatRunsIsAdded() {
    assertThat(mayBeAdded(true)).isTrue();
    assertThat(mayBeAdded(false)).isFalse();
  }

  /** It was sent a part of the log, and then the leader that was adding it ended. */
  @Test
  void replicaThatWasHalfAddedIsAddedByTheNextLeader() {
    assertThat(mayBeAdded(true, "n1", "n2", "n3")).isTrue();
  }

  @Test
  void replicaOfAClusterOfItsOwnIsNot() {
    assertThat(mayBeAdded(true, "n4")).isFalse();
  }
}
