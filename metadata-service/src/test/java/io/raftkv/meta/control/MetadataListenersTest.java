package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.control.MetadataListeners.Change;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import io.raftkv.meta.job.Members;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class MetadataListenersTest {
  /** n1, n2 and n3 vote; n4 and n5 have no replicas. */
  private ClusterState state = Samples.online(Samples.cluster(3, 1, 3));

  private final Set<String> silent = new HashSet<>();
  private final Set<String> paused = new HashSet<>();

  private void joins(int node) {
    apply(new MetaCommand.JoinNode(Samples.node(node, 1)));
  }

  private void apply(MetaCommand command) {
    state = MetaApplier.apply(state, command, Samples.TIME).state();
  }

  private static Members members(String... listeners) {
    return new Members(new TreeSet<>(List.of("n1", "n2", "n3")), new TreeSet<>(List.of(listeners)));
  }

  private Optional<Change> next(Members members) {
    return MetadataListeners.next(
        state, members, node -> !silent.contains(node), node -> !paused.contains(node));
  }

  @Test
  void nodesThatJoinAreAddedOneAfterTheOther() {
    joins(4);
    joins(5);
    assertThat(next(members())).contains(new Change("n4", true, members("n4")));
    assertThat(next(members("n4"))).contains(new Change("n5", true, members("n4", "n5")));
    assertThat(next(members("n4", "n5"))).isEmpty();
  }

  @Test
  void oneThatIsSilentOrWasTriedAMomentAgoKeepsNoOtherWaiting() {
    joins(4);
    joins(5);
    silent.add("n4");
    assertThat(next(members())).contains(new Change("n5", true, members("n5")));
    silent.clear();
    paused.add("n4");
    assertThat(next(members())).contains(new Change("n5", true, members("n5")));
  }

  @Test
  void nodeThatIsBeingRemovedIsTakenOutAndNotAddedAgain() throws JobRefusedException {
    joins(4);
    apply(JobPlans.remove(state, "n4", true));
    assertThat(next(members("n4"))).contains(new Change("n4", false, members()));
    assertThat(next(members())).isEmpty();
  }

  /** The change was asked for before it was removed, and came through afterwards. */
  @Test
  void oneThatTheStateDoesNotNameIsTakenOut() {
    joins(4);
    state = Samples.with(state, "n4", NodeState.REMOVED);
    assertThat(next(members("n4"))).contains(new Change("n4", false, members()));
    assertThat(next(members("n9"))).contains(new Change("n9", false, members()));
  }

  @Test
  void votersStay() {
    state = Samples.with(state, "n3", NodeState.OFFLINE);
    assertThat(next(members())).isEmpty();
  }
}
