package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import io.raftkv.meta.job.Members;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class MetadataVotesTest {
  /** n1, n2 and n3 vote; all shards are on them. */
  private ClusterState state = Samples.online(Samples.cluster(3, 2, 3));

  private Members members = members("n1 n2 n3", "");
  private final Set<String> silent = new HashSet<>();
  private final Set<String> tried = new HashSet<>();

  @Test
  void nodeThatJoinsListensAndVotesIfAVoteIsFree() {
    assertSteps("");
    join(4);
    assertSteps("ADD n4");
    state = Samples.with(state, "n4", NodeState.ONLINE);
    assertSteps("");
    state = Samples.with(state, "n2", NodeState.UNHEALTHY);
    assertSteps("");
    state = Samples.with(state, "n2", NodeState.OFFLINE);
    assertSteps("GIVE_VOTE n4, TAKE_VOTE n2");
    state = Samples.with(state, "n2", NodeState.ONLINE);
    assertSteps("");
    assertThat(members).isEqualTo(members("n1 n3 n4", "n2"));
  }

  @Test
  void votesOfDrainedNodesAreTakenOverWhereThereIsSomebody() {
    state = Samples.with(state, "n1", NodeState.DRAINING);
    assertSteps("");
    join(4);
    state = Samples.with(state, "n4", NodeState.ONLINE);
    assertSteps("ADD n4, GIVE_VOTE n4, TAKE_VOTE n1");
  }

  @Test
  void nodeThatIsRemovedLeavesWhenAnotherVotesInItsPlace() {
    spareNode("n1");
    join(4);
    state = Samples.with(state, "n4", NodeState.ONLINE);
    remove("n1");
    assertSteps("ADD n4, GIVE_VOTE n4, TAKE_OUT n1");
  }

  @Test
  void nodeThatIsRemovedLeavesWithoutAnotherInItsPlaceIfNobodyIsThere() {
    spareNode("n1");
    remove("n1");
    assertSteps("TAKE_OUT n1");
  }

  /** With it goes the majority, if one that counts does not answer. */
  @Test
  void noVoterLeavesWhileTheOthersCannotBeReliedOn() {
    spareNode("n1");
    remove("n1");
    for (NodeState bad : List.of(NodeState.UNHEALTHY, NodeState.OFFLINE, NodeState.DRAINING)) {
      ClusterState before = state;
      state = Samples.with(state, "n2", bad);
      assertSteps("");
      state = before;
    }
    silent.add("n3");
    assertSteps("");
    silent.clear();
    members = members("n1", "n2 n3");
    tried.addAll(Set.of("n2", "n3"));
    assertSteps("");
  }

  @Test
  void attemptThatFailedKeepsNoOtherFromBeingMade() {
    join(4);
    join(5);
    assertSteps("ADD n4, ADD n5");
    members = members("n1 n2 n3", "");
    tried.add("n4");
    assertSteps("ADD n5");
  }

  @Test
  void loneNodeGetsTwoOthersBesideItAtOnce() {
    state = Samples.online(Samples.cluster(1, 1, 1));
    members = members("n1", "");
    join(2);
    state = Samples.with(state, "n2", NodeState.ONLINE);
    assertSteps("ADD n2");
    join(3);
    state = Samples.with(state, "n3", NodeState.ONLINE);
    assertSteps("ADD n3, GIVE_VOTE n2, GIVE_VOTE n3");
  }

  @Test
  void removedNodeThatWasAddedLateIsTakenOutAgain() {
    join(4);
    state = Samples.with(state, "n4", NodeState.REMOVED);
    members = members("n1 n2 n3", "n4");
    assertSteps("TAKE_OUT n4");
    members = members("n1 n2 n3 n4", "");
    assertSteps("TAKE_OUT n4");
  }

  @Test
  void votersAreNotedButNotWhileOneIsBeingReplaced() {
    assertThat(MetadataVotes.toNote(state, members)).isEmpty();
    assertThat(MetadataVotes.toNote(state, members("n1 n2 n3 n4", ""))).isEmpty();
    assertThat(MetadataVotes.toNote(state, members("n2 n10 n3", "")))
        .contains(List.of("n2", "n3", "n10"));
  }

  private void assertSteps(String expected) {
    List<String> steps = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      Optional<MetadataVotes.Change> next =
          MetadataVotes.next(state, members, id -> !silent.contains(id), id -> !tried.contains(id));
      if (next.isEmpty()) {
        break;
      }
      steps.add(next.get().kind() + " " + next.get().nodeId());
      members = next.get().next();
      MetadataVotes.toNote(state, members)
          .ifPresent(voters -> apply(new MetaCommand.NoteVoters(voters)));
    }
    assertThat(String.join(", ", steps)).isEqualTo(expected);
  }

  /** Its shards are gone. */
  private void spareNode(String id) {
    state = Samples.withoutShardsOn(state, id);
  }

  private void join(int number) {
    apply(new MetaCommand.JoinNode(Samples.node(number, 1)));
  }

  private void remove(String node) {
    try {
      apply(JobPlans.remove(state, node, false));
    } catch (JobRefusedException refused) {
      throw new AssertionError(refused);
    }
  }

  private void apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
    state = change.state();
  }

  private static Members members(String voters, String listeners) {
    return new Members(set(voters), set(listeners));
  }

  private static SortedSet<String> set(String names) {
    return names.isEmpty() ? new TreeSet<>() : new TreeSet<>(List.of(names.split(" ")));
  }
}
