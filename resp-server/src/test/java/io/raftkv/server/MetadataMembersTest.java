package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import io.raftkv.meta.job.Members;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class MetadataMembersTest {
  private static final NodeInfo KNOWN =
      new NodeInfo(
          new NodeSpec("n4", "h", 7004, 17004, 0, "", 1), NodeState.JOINING, false, 9, 0, 0);

  private static NodeFacts facts(
      boolean open, long memberSince, boolean arrived, String... voters) {
    Members members = new Members(new TreeSet<>(Set.of(voters)), new TreeSet<>());
    return new NodeFacts(
        1,
        memberSince,
        arrived,
        "",
        Map.of(
            MetadataGroup.GROUP,
            new ReplicaFacts(open, false, 1, members, false, 0, SlotFacts.UNKNOWN)),
        Map.of());
  }

  @Test
  void replicaOfTheNodeThatWasAdmittedIsAddedIfItRuns() {
    assertThat(MetadataMembers.isReady(facts(true, 9, false), KNOWN)).isTrue();
    assertThat(MetadataMembers.isReady(facts(false, 9, false), KNOWN)).isFalse();
    assertThat(MetadataMembers.isReady(null, KNOWN)).isFalse();
  }

  /** It was sent a part of the log, by which it is a voter, as the node with its id before. */
  @Test
  void whatItsLogSaysDoesNotMatter() {
    for (String[] voters : new String[][] {{"n1", "n2", "n3"}, {"n4", "n2"}, {"n4"}}) {
      assertThat(MetadataMembers.isReady(facts(true, 9, false, voters), KNOWN)).isTrue();
    }
  }

  @Test
  void processOfANodeThatWasRemovedIsNotTakenForTheNewOne() {
    assertThat(MetadataMembers.isReady(facts(true, 8, true), KNOWN)).isFalse();
    assertThat(MetadataMembers.isReady(facts(true, 0, true), KNOWN)).isFalse();
  }
}
