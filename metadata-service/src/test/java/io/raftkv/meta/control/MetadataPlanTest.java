package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.SetMetadataVoters;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.control.MetadataPlan.Change;
import io.raftkv.meta.control.MetadataPlan.Kind;
import io.raftkv.meta.control.MetadataPlan.Note;
import io.raftkv.meta.control.MetadataPlan.Step;
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
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MetadataPlanTest {
  /** n1, n2 and n3 vote; others have no replicas. */
  private ClusterState state = Samples.online(Samples.cluster(3, 1, 3));

  private Members members = members("n1 n2 n3", "");
  private final Set<String> silent = new HashSet<>();
  private final Set<String> paused = new HashSet<>();
  private final Set<String> noVote = new HashSet<>();

  private void joins(int node) {
    apply(new MetaCommand.JoinNode(Samples.node(node, 1)));
  }

  /** A node that joins and listens. */
  private void listens(int node) {
    joins(node);
    judged("n" + node, NodeState.ONLINE);
    members = members.withListener("n" + node);
  }

  private void judged(String node, NodeState next) {
    state = Samples.with(state, node, next);
  }

  private void drains(String node) {
    try {
      apply(JobPlans.drain(state, node));
    } catch (JobRefusedException refused) {
      throw new AssertionError(refused);
    }
  }

  private void removes(String node) {
    state = Samples.withoutShardsOn(state, node);
    try {
      apply(JobPlans.remove(state, node, true));
    } catch (JobRefusedException refused) {
      throw new AssertionError(refused);
    }
  }

  private void apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    assertThat(change.isChange()).as("%s: %s", command, change.reply()).isTrue();
    state = change.state();
  }

  private static Members members(String voters, String listeners) {
    return new Members(names(voters), names(listeners));
  }

  private static SortedSet<String> names(String list) {
    return list.isEmpty() ? new TreeSet<>() : new TreeSet<>(List.of(list.split(" ")));
  }

  private Optional<Step> next() {
    return MetadataPlan.next(
        state,
        members,
        node -> !silent.contains(node),
        (node, kind) -> !paused.contains(node) && !(kind == Kind.VOTES && noVote.contains(node)));
  }

  /** Takes steps until there is none; what they were. */
  private List<String> run() {
    List<String> steps = new ArrayList<>();
    for (Optional<Step> step = next(); step.isPresent(); step = next()) {
      assertThat(steps).as("steps").hasSizeLessThan(50);
      if (step.get() instanceof Change change) {
        steps.add(change.kind() + " " + change.nodeId());
        members = change.next();
        if (change.kind() == Kind.VOTES) {
          assertThat(state.metadataVoters()).as("noted before").contains(change.nodeId());
        }
      } else {
        SetMetadataVoters noted = ((Note) step.get()).command();
        apply(noted);
        steps.add("NOTE " + String.join(" ", noted.next()));
      }
    }
    assertThat(state.metadataVoters()).containsExactlyInAnyOrderElementsOf(members.voters());
    return steps;
  }

  private String obstacle(String node) {
    return MetadataPlan.obstacle(state, node, members.voters(), id -> !silent.contains(id));
  }

  // ---- who has to wait for its vote ----

  /** It did not get its vote after it was taken out for it: it must hear of what goes on. */
  @Test
  void whoIsOutsideAndCannotVoteNowListens() {
    listens(4);
    drains("n1");
    apply(((Note) next().orElseThrow()).command());
    members = members.without("n4");
    assertThat(next()).contains(new Change("n4", Kind.VOTES, members("n1 n2 n3 n4", "")));
    noVote.add("n4");
    assertThat(next()).contains(new Change("n4", Kind.LISTENS, members("n1 n2 n3", "n4")));
    members = members.withListener("n4");
    assertThat(next()).as("its note stays").isEmpty();
    noVote.clear();
    assertThat(run()).startsWith("LEAVES n4", "VOTES n4");
  }

  /** Two of four that would vote are silent: no vote can be given. */
  @Test
  void whoIsToVoteListensWhileThereIsNoMajorityForIt() {
    listens(4);
    drains("n1");
    members = members.without("n4");
    silent.addAll(List.of("n2", "n3"));
    assertThat(next()).contains(new Change("n4", Kind.LISTENS, members("n1 n2 n3", "n4")));
  }

  // ---- who listens ----

  @Test
  void nodesThatJoinAreAddedOneAfterTheOther() {
    joins(4);
    joins(5);
    assertThat(run()).containsExactly("LISTENS n4", "LISTENS n5");
    assertThat(members).isEqualTo(members("n1 n2 n3", "n4 n5"));
  }

  @Test
  void oneThatIsSilentOrWasTriedAMomentAgoKeepsNoOtherWaiting() {
    joins(4);
    joins(5);
    silent.add("n4");
    assertThat(next()).contains(new Change("n5", Kind.LISTENS, members("n1 n2 n3", "n5")));
    silent.clear();
    paused.add("n4");
    assertThat(next()).contains(new Change("n5", Kind.LISTENS, members("n1 n2 n3", "n5")));
  }

  @Test
  void nodeThatIsBeingRemovedIsTakenOutAndNotAddedAgain() {
    listens(4);
    removes("n4");
    assertThat(run()).containsExactly("LEAVES n4");
  }

  /** The change was asked for before it was removed, and came through afterwards. */
  @Test
  void oneThatTheStateDoesNotNameIsTakenOut() {
    listens(4);
    judged("n4", NodeState.REMOVED);
    assertThat(next()).contains(new Change("n4", Kind.LEAVES, members("n1 n2 n3", "")));
    members = members("n1 n2 n3 n4", "");
    assertThat(next()).contains(new Change("n4", Kind.LEAVES, members("n1 n2 n3", "")));
    members = members("n1 n2 n3", "n9");
    assertThat(next()).contains(new Change("n9", Kind.LEAVES, members("n1 n2 n3", "")));
  }

  // ---- who votes ----

  @Test
  void votesStayWithThoseThatCanBeReliedOn() {
    listens(4);
    assertThat(run()).isEmpty();
    judged("n3", NodeState.UNHEALTHY);
    assertThat(run()).isEmpty();
  }

  /** First noted, then given, then taken, then noted. */
  @Test
  void voteOfANodeThatDrainsGoesToAnotherOne() {
    listens(4);
    listens(5);
    drains("n1");
    assertThat(obstacle("n1")).isEqualTo("waits for node n4 to get a vote of the metadata group");
    assertThat(MetadataPlan.staysVoter(state, "n1", members.voters(), any -> true)).isFalse();
    assertThat(run())
        .containsExactly(
            "NOTE n1 n2 n3 n4",
            "LEAVES n4",
            "VOTES n4",
            "LEAVES n1",
            "NOTE n2 n3 n4",
            "LISTENS n1");
    assertThat(members).isEqualTo(members("n2 n3 n4", "n1 n5"));
  }

  /** Each attempt may have the leader hand over, and then nothing is written. */
  @Test
  void voteThatCouldNotBeTakenAMomentAgoIsNotAskedForAgain() {
    listens(4);
    removes("n1");
    members = members("n1 n2 n3 n4", "");
    apply(new SetMetadataVoters(state.metadataVoters(), List.of("n1", "n2", "n3", "n4")));
    assertThat(next()).contains(new Change("n1", Kind.LEAVES, members("n2 n3 n4", "")));
    paused.add("n1");
    assertThat(next()).isEmpty();
  }

  @Test
  void voteOfALostNodeGoesToAnotherOneIfThereIsOne() {
    judged("n3", NodeState.OFFLINE);
    silent.add("n3");
    assertThat(run()).isEmpty();
    assertThat(obstacle("n3"))
        .isEqualTo(
            "no node can take the vote of node n3 in the metadata group: n1 has one, n2 has one");
    listens(4);
    assertThat(run())
        .containsExactly("NOTE n1 n2 n3 n4", "LEAVES n4", "VOTES n4", "LEAVES n3", "NOTE n1 n2 n4");
  }

  @Test
  void allThreeAreReplacedOneByOne() {
    for (int i = 1; i <= 3; i++) {
      listens(i + 3);
      drains("n" + i);
      run();
      assertThat(members.voters()).hasSize(3).doesNotContain("n" + i).contains("n" + (i + 3));
    }
    assertThat(members.voters()).containsExactly("n4", "n5", "n6");
  }

  @Test
  void nodeThatIsRemovedLosesItsVoteAlsoIfNobodyTakesIt() {
    removes("n3");
    silent.add("n2");
    assertThat(next()).isEmpty();
    assertThat(obstacle("n3"))
        .isEqualTo(
            "the vote of node n3 in the metadata group cannot be taken while no majority of those"
                + " left has a running replica of it: n1 has one, n2 has none");
    silent.clear();
    assertThat(obstacle("n3"))
        .isEqualTo("waits for the vote of node n3 in the metadata group to be taken");
    assertThat(run()).containsExactly("LEAVES n3", "NOTE n1 n2");
    // It is made up for when there is somebody.
    listens(4);
    assertThat(run()).containsExactly("NOTE n1 n2 n4", "LEAVES n4", "VOTES n4");
  }

  @Test
  void lastVoteIsNotTaken() {
    state = Samples.online(Samples.cluster(1, 1, 1));
    members = members("n1", "");
    joins(2);
    judged("n2", NodeState.OFFLINE);
    drains("n1");
    assertThat(run()).isEqualTo(List.of("LISTENS n2")); // heard of, but not relied on
    assertThat(obstacle("n1"))
        .isEqualTo("no node can take the vote of node n1 in the metadata group: n2 is offline");
    judged("n2", NodeState.ONLINE);
    assertThat(run())
        .containsExactly(
            "NOTE n1 n2", "LEAVES n2", "VOTES n2", "LEAVES n1", "NOTE n2", "LISTENS n1");
  }

  @Test
  void ofTwoVotersTheOneThatDrainsIsTakenOut() {
    state = Samples.online(Samples.cluster(2, 1, 2));
    members = members("n1 n2", "");
    assertThat(run()).isEmpty();
    drains("n1");
    assertThat(run()).containsExactly("LEAVES n1", "NOTE n2", "LISTENS n1");
  }

  /** Two would be lost with either. */
  @Test
  void clusterOfOneGetsTwoMoreVotesWhenThereAreTwoMoreNodes() {
    state = Samples.online(Samples.cluster(1, 1, 1));
    members = members("n1", "");
    assertThat(state.wantedMetadataVoters()).isEqualTo(3);
    listens(2);
    assertThat(run()).isEmpty();
    listens(3);
    run();
    assertThat(members).isEqualTo(members("n1 n2 n3", ""));
    listens(4);
    assertThat(run()).isEmpty();
  }

  @Test
  void clusterOfFiveKeepsFiveVotes() {
    state =
        Samples.online(
            MetaApplier.apply(
                    ClusterState.EMPTY,
                    new MetaCommand.Bootstrap(
                        Samples.CLUSTER,
                        Samples.bootstrap(6, 1, 3).nodes(),
                        Samples.bootstrap(6, 1, 3).shards(),
                        Samples.nodeIds(5)),
                    Samples.TIME)
                .state());
    members = members("n1 n2 n3 n4 n5", "n6");
    assertThat(state.wantedMetadataVoters()).isEqualTo(5);
    drains("n2");
    run();
    assertThat(members).isEqualTo(members("n1 n3 n4 n5 n6", "n2"));
  }

  @Test
  void oneThatIsResumedBeforeItsVoteWasTakenKeepsIt() {
    listens(4);
    drains("n1");
    members = members("n1 n2 n3 n4", "");
    apply(new SetMetadataVoters(List.of("n1", "n2", "n3"), List.of("n1", "n2", "n3", "n4")));
    apply(new MetaCommand.CancelJob("j1"));
    state = Samples.with(state, "n1", NodeState.OFFLINE);
    state = Samples.with(state, "n1", NodeState.ONLINE);
    run();
    assertThat(members.voters()).hasSize(3);
  }

  /** It was asked for by a leader that was replaced, when things were otherwise. */
  @Test
  void voteThatIsNotNotedIsNotedFirst() {
    members = members("n1 n2 n3 n4", "");
    joins(4);
    judged("n4", NodeState.ONLINE);
    assertThat(next())
        .contains(
            new Note(
                new SetMetadataVoters(List.of("n1", "n2", "n3"), List.of("n1", "n2", "n3", "n4"))));
  }

  @Test
  void nobodyGetsAVoteWhoIsSilentOrFailedAMomentAgo() {
    listens(4);
    listens(5);
    drains("n1");
    paused.add("n4");
    assertThat(next())
        .contains(
            new Note(
                new SetMetadataVoters(List.of("n1", "n2", "n3"), List.of("n1", "n2", "n3", "n5"))));
    silent.add("n5");
    assertThat(next()).isEmpty();
    silent.clear();
    assertThat(run())
        .containsExactly(
            "NOTE n1 n2 n3 n5",
            "LEAVES n5",
            "VOTES n5",
            "LEAVES n1",
            "NOTE n2 n3 n5",
            "LISTENS n1");
  }

  /** Its vote failed when it was noted already. */
  @Test
  void voteThatIsNotedAndFailedGoesToAnotherOne() {
    listens(4);
    listens(5);
    drains("n1");
    apply(((Note) next().orElseThrow()).command());
    assertThat(state.metadataVoters()).contains("n4");
    noVote.add("n4");
    assertThat(run())
        .containsExactly(
            "NOTE n1 n2 n3 n4 n5",
            "LEAVES n5",
            "VOTES n5",
            "NOTE n1 n2 n3 n5",
            "LEAVES n1",
            "NOTE n2 n3 n5",
            "LISTENS n1");
  }

  /** The one that would come first can be tried again when another one has been chosen. */
  @Test
  void whoIsNotedGetsTheVote() {
    listens(4);
    listens(5);
    drains("n1");
    paused.add("n4");
    apply(((Note) next().orElseThrow()).command());
    paused.clear();
    assertThat(run()).startsWith("LEAVES n5", "VOTES n5", "LEAVES n1");
    assertThat(members.voters()).containsExactly("n2", "n3", "n5");
  }

  /** Its process answers, but not its replica: it would have to wait for as long as that lasts. */
  @Test
  void voteGoesPastAListenerThatIsSilent() {
    listens(4);
    listens(5);
    drains("n1");
    silent.add("n4");
    assertThat(run()).startsWith("NOTE n1 n2 n3 n5", "LEAVES n5", "VOTES n5", "LEAVES n1");
  }

  /** A process may answer, and its replica have failed for good. */
  @Test
  void memberIsHeardOfByItsReplicaAndAnotherNodeByItsProcess() {
    Predicate<String> heard =
        MetadataPlan.heard(
            members("n1 n2 n3", "n4 n5"), Set.of("n1", "n2", "n4"), node -> !node.equals("n7"));
    assertThat(Stream.of("n1", "n2", "n3", "n4", "n5", "n6", "n7").filter(heard))
        .containsExactly("n1", "n2", "n4", "n6");
  }

  /** The leader was lost in the middle of a change: others may be, too. */
  @Test
  void nothingIsChangedWithoutAMajority() {
    listens(4);
    drains("n1");
    silent.addAll(Set.of("n2", "n3"));
    assertThat(next()).isEmpty();
  }
}
