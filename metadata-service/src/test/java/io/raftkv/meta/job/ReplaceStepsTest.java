package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.StartJob;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.control.MetadataPlan;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ReplaceStepsTest {
  /** n1, n2 and n3 have everything. */
  private ClusterState state = Samples.online(Samples.cluster(3, 1, 3));

  private Members metadata = new Members(new TreeSet<>(Set.of("n1", "n2", "n3")), new TreeSet<>());

  /** Nodes whose replica of the metadata group does not run. */
  private final Set<String> withoutMetadata = new HashSet<>();

  ReplaceStepsTest() {
    for (int node = 4; node <= 5; node++) {
      apply(new MetaCommand.JoinNode(Samples.node(node, 1)));
      state = Samples.with(state, "n" + node, NodeState.ONLINE);
      metadata = metadata.withListener("n" + node);
    }
  }

  /** Of n4 and n5 the first one would be taken for each of it. */
  @Test
  void allGoesToTheNodeThatIsNamedAndThenTheOldOneGoes() throws JobRefusedException {
    apply(JobPlans.replace(state, "n1", "n5", false));
    assertThat(state.node("n1").orElseThrow().draining()).isTrue();
    StartJob move = (StartJob) ((JobAction.Propose) next()).command();
    assertThat(move.plan().arguments())
        .containsEntry("from", "n1")
        .containsEntry("to", "n5")
        .containsEntry("for", "j1");

    state = Samples.withoutShardsOn(state, "n1");
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo("waits for node n5 to get a vote of the metadata group");
    changeMetadataMembers();
    assertThat(metadata.voters()).containsExactly("n2", "n3", "n5");
    take(1, JobState.RUNNING);
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo("node n1 is still a member of the metadata group");
    changeMetadataMembers();
    take(2, JobState.DONE);
    assertThat(state.hasRemoved("n1")).isTrue();
  }

  /** Its process answers, and without n3 and it there is no majority. */
  @Test
  void voteIsNotTakenIfThereIsNoMajorityOfRunningReplicasLeft() throws JobRefusedException {
    state = Samples.withoutShardsOn(state, "n3");
    apply(JobPlans.remove(state, "n3", true));
    withoutMetadata.addAll(Set.of("n1", "n4", "n5"));
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo(
            "the vote of node n3 in the metadata group cannot be taken while no majority of those"
                + " left has a running replica of it: n1 has none, n2 has one");
  }

  @Test
  void whatHasGoneStaysWhenItIsUndone() throws JobRefusedException {
    apply(JobPlans.replace(state, "n1", "n5", false));
    apply(((JobAction.Propose) next()).command());
    apply(new MetaCommand.CancelJob("j1"));
    assertThat(next()).isEqualTo(new JobAction.Propose(new MetaCommand.CancelJob("j2")));
    apply(new MetaCommand.CancelJob("j2"));
    apply(((JobAction.Advance) next()).command());
    assertThat(state.job("j1").orElseThrow().state()).isEqualTo(JobState.CANCELLED);
    assertThat(state.node("n1").orElseThrow().draining()).isFalse();
  }

  /** n4 could, but is not to. */
  @Test
  void nodesThatCouldTakeAReplicaAreNotNamedAmongThoseThatCannot() throws JobRefusedException {
    apply(JobPlans.replace(state, "n1", "n5", false));
    state = Samples.with(state, "n5", NodeState.OFFLINE);
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo(
            "no node can take a replica of shard s1: n1 has one, n2 has one, n3 has one, n5 is offline");
  }

  @Test
  void nodeThatDoesNotAnswerIsReplacedByForce() throws JobRefusedException {
    state = Samples.with(state, "n1", NodeState.OFFLINE);
    assertThatThrownBy(() -> JobPlans.replace(state, "n1", "n5", false))
        .hasMessageStartingWith("node n1 is offline: FORCE removes it nevertheless");
    apply(JobPlans.replace(state, "n1", "n5", true));
    assertThat(next()).isInstanceOf(JobAction.Propose.class);
    assertThatThrownBy(() -> JobPlans.replace(state, "n2", "n1", true))
        .hasMessage("node n1 is offline");
    assertThatThrownBy(() -> JobPlans.replace(state, "n2", "n2", true))
        .hasMessage("node n2 cannot replace itself");
  }

  private void changeMetadataMembers() {
    for (Optional<MetadataPlan.Step> step = step(); step.isPresent(); step = step()) {
      if (step.get() instanceof MetadataPlan.Change change) {
        metadata = change.next();
      } else {
        apply(((MetadataPlan.Note) step.get()).command());
      }
    }
  }

  private Optional<MetadataPlan.Step> step() {
    return MetadataPlan.next(state, metadata, node -> true, (node, kind) -> true);
  }

  private void take(int step, JobState end) {
    apply(((JobAction.Advance) next()).command());
    assertThat(state.job("j1").orElseThrow())
        .returns(step, JobInfo::stepIndex)
        .returns(end, JobInfo::state);
  }

  private JobAction next() {
    Map<String, NodeFacts> said = new TreeMap<>();
    for (String node : state.nodes().keySet()) {
      Map<UUID, ReplicaFacts> replicas = new HashMap<>();
      for (ShardInfo shard : state.shardsOn(node)) {
        boolean leads = node.equals(shard.voters().get(0));
        Members voters = new Members(new TreeSet<>(shard.voters()), new TreeSet<>());
        replicas.put(
            shard.groupId(), new ReplicaFacts(true, leads, 1, voters, false, 0, SlotFacts.UNKNOWN));
      }
      replicas.put(
          DerivedIds.METADATA_GROUP,
          new ReplicaFacts(
              !withoutMetadata.contains(node),
              node.equals("n2"),
              1,
              metadata,
              false,
              0,
              SlotFacts.UNKNOWN));
      said.put(node, new NodeFacts(state.version(), 0, true, "", replicas, Map.of()));
    }
    return JobRunner.next(state, state.job("j1").orElseThrow(), new ClusterFacts(said));
  }

  private void apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    assertThat(change.isChange()).as("%s: %s", command, change.reply()).isTrue();
    state = change.state();
  }
}
