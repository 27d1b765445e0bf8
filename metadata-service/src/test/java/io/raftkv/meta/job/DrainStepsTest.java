package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaChange;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.MetaCommand.StartJob;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
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

class DrainStepsTest {
  /** s1 and s2 are on n1, each on two others. */
  private ClusterState state = Samples.online(Samples.cluster(5, 2, 3));

  private final Map<String, String> noRoom = new HashMap<>();
  private final Set<String> stopped = new HashSet<>();
  private boolean leaders = true;
  private boolean changing;

  /** Nodes whose replica of the metadata group does not run. */
  private final Set<String> withoutMetadata = new HashSet<>();

  /** Of the metadata group: the vote of n1 has gone already. */
  private Members metadata = voters("n2", "n3", "n4");

  DrainStepsTest() throws JobRefusedException {
    for (ShardInfo shard : state.shards().values()) {
      assertThat(shard.replicaOn("n1")).as("%s", shard).isPresent();
    }
    apply(JobPlans.drain(state, "n1"));
  }

  @Test
  void replicasGoOneByOneToWhereThereIsLeast() {
    StartJob move = (StartJob) ((JobAction.Propose) next()).command();
    assertThat(move.plan().arguments()).containsEntry("from", "n1").containsEntry("for", "j1");
    assertThat(move.plan().arguments().get("to")).isEqualTo(freest(move.plan().shardIds().get(0)));
    apply(move);
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo("job j2 moves shard s1 to node " + move.plan().arguments().get("to"));
  }

  private String freest(String shard) {
    return state.nodes().keySet().stream()
        .filter(id -> state.shard(shard).orElseThrow().replicaOn(id).isEmpty())
        .min((a, b) -> state.shardsOn(a).size() - state.shardsOn(b).size())
        .orElseThrow();
  }

  @Test
  void whoCannotTakeAReplicaIsNamedWithTheReason() {
    judged("n5", NodeState.OFFLINE);
    state.nodes().keySet().forEach(node -> noRoom.put(node, "its disk is nearly full"));
    String note = ((JobAction.Await) next()).reason();
    assertThat(note)
        .contains("no node can take a replica of shard s1: ")
        .contains("its disk is nearly full")
        .contains("n5 is offline")
        .contains("n1 has one")
        .contains("; no node can take a replica of shard s2: ");
    noRoom.clear();
    assertThat(next()).isInstanceOf(JobAction.Propose.class);
  }

  @Test
  void shardThatIsBusyOrWithoutLeaderKeepsNoOtherFromMoving() throws JobRefusedException {
    String to = freest("s1");
    apply(JobPlans.migrate(state, "s1", Optional.empty(), Optional.of(to)));
    StartJob move = (StartJob) ((JobAction.Propose) next()).command();
    assertThat(move.plan().shardIds()).containsExactly("s2");
    leaders = false;
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo("shard s1 is busy with job j2; no leader is known of shard s2");
  }

  /** Such a shard may wait for lost nodes as long as it takes, and nothing of it has to be kept. */
  @Test
  void shardThatIsBeingDeletedIsNotWaitedFor() throws JobRefusedException {
    apply(JobPlans.delete(state, "s1", true));
    apply(JobPlans.delete(state, "s2", true));
    AdvanceJob end = ((JobAction.Advance) next()).command();
    assertThat(end.next().place().state()).isEqualTo(JobState.DONE);
  }

  private static Members voters(String... nodes) {
    return new Members(new TreeSet<>(Set.of(nodes)), new TreeSet<>());
  }

  @Test
  void voteInTheMetadataGroupIsWaitedForUnlessNobodyCanTakeIt() throws JobRefusedException {
    apply(JobPlans.delete(state, "s1", true));
    apply(JobPlans.delete(state, "s2", true));
    metadata = voters("n1", "n2", "n3");
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo("waits for node n4 to get a vote of the metadata group");
    metadata = voters("n1", "n2", "n3", "n4");
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo("waits for the vote of node n1 in the metadata group to be taken");
    metadata = voters("n1", "n2", "n3");
    judged("n4", NodeState.OFFLINE);
    judged("n5", NodeState.UNHEALTHY);
    AdvanceJob end = ((JobAction.Advance) next()).command();
    assertThat(end.next().place().state()).isEqualTo(JobState.DONE);
    assertThat(end.next().note())
        .isEqualTo(
            "no node can take the vote of node n1 in the metadata group: n2 has one, n3 has one,"
                + " n4 is offline, n5 is unhealthy");
  }

  /** Their processes answer: n4 would be waited for for ever. */
  @Test
  void voteIsNotWaitedForIfThoseWhoCouldTakeItHaveNoReplicaThatRuns() throws JobRefusedException {
    apply(JobPlans.delete(state, "s1", true));
    apply(JobPlans.delete(state, "s2", true));
    metadata = voters("n1", "n2", "n3");
    withoutMetadata.add("n4");
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo("waits for node n5 to get a vote of the metadata group");
    judged("n5", NodeState.OFFLINE);
    AdvanceJob end = ((JobAction.Advance) next()).command();
    assertThat(end.next().place().state()).isEqualTo(JobState.DONE);
    assertThat(end.next().note())
        .isEqualTo(
            "no node can take the vote of node n1 in the metadata group: n2 has one, n3 has one,"
                + " n4 is online without a running replica of it, n5 is offline");
  }

  /** A node that is just getting its vote has no replica for a moment. */
  @Test
  void voteIsWaitedForWhileItIsBeingGiven() throws JobRefusedException {
    apply(JobPlans.delete(state, "s1", true));
    apply(JobPlans.delete(state, "s2", true));
    metadata = voters("n1", "n2", "n3");
    withoutMetadata.addAll(Set.of("n4", "n5"));
    changing = true;
    assertThat(((JobAction.Await) next()).reason())
        .isEqualTo("the members of the metadata group are being changed");
  }

  @Test
  void moveToALostNodeIsGivenUp() {
    StartJob move = (StartJob) ((JobAction.Propose) next()).command();
    apply(move);
    judged(move.plan().arguments().get("to"), NodeState.OFFLINE);
    assertThat(next()).isEqualTo(new JobAction.Propose(new CancelJob("j2")));
    apply(new CancelJob("j2"));
    assertThat(next()).isInstanceOf(JobAction.Await.class);
  }

  @Test
  void moveToANodeThatIsFullByNowIsGivenUpUnlessItsReplicaRuns() {
    StartJob move = (StartJob) ((JobAction.Propose) next()).command();
    apply(move);
    String to = move.plan().arguments().get("to");
    noRoom.put(to, "its disk is nearly full");
    assertThat(next()).isInstanceOf(JobAction.Await.class);
    stopped.add(to);
    assertThat(next()).isEqualTo(new JobAction.Propose(new CancelJob("j2")));
  }

  @Test
  void undoGivesUpTheMoveAndThenTheWish() {
    StartJob move = (StartJob) ((JobAction.Propose) next()).command();
    apply(move);
    apply(new MetaCommand.ResumeNode("n1"));
    assertThat(next()).isEqualTo(new JobAction.Propose(new CancelJob("j2")));
    apply(new CancelJob("j2"));
    leaders = false; // the move is undone when there is one again
    apply(((JobAction.Advance) next()).command());
    assertThat(state.job("j1").orElseThrow().state()).isEqualTo(JobState.CANCELLED);
    assertThat(state.node("n1").orElseThrow().state()).isEqualTo(NodeState.ONLINE);
  }

  private JobAction next() {
    return next("j1");
  }

  private JobAction next(String id) {
    JobInfo job = state.job(id).orElseThrow();
    return JobRunner.next(state, job, facts());
  }

  private ClusterFacts facts() {
    Map<String, NodeFacts> said = new TreeMap<>();
    for (String node : state.nodes().keySet()) {
      Map<UUID, ReplicaFacts> replicas = new HashMap<>();
      for (ShardInfo shard : state.shardsOn(node)) {
        Members voters = new Members(new TreeSet<>(shard.voters()), new TreeSet<>());
        replicas.put(
            shard.groupId(),
            new ReplicaFacts(
                !stopped.contains(node),
                leaders && node.equals(shard.voters().get(0)),
                1,
                voters,
                false,
                0,
                SlotFacts.UNKNOWN));
      }
      if (!withoutMetadata.contains(node)) {
        replicas.put(
            DerivedIds.METADATA_GROUP,
            new ReplicaFacts(true, node.equals("n2"), 1, metadata, changing, 0, SlotFacts.UNKNOWN));
      }
      said.put(
          node,
          new NodeFacts(
              state.version(), 0, true, noRoom.getOrDefault(node, ""), replicas, Map.of()));
    }
    return new ClusterFacts(said);
  }

  private void judged(String node, NodeState next) {
    apply(new MetaCommand.SetNodeState(node, Optional.empty(), next, ""));
  }

  private void apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
    state = change.state();
  }
}
