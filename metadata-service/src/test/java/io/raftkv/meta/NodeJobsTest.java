package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaCommand.AdvanceJob.Progress;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.MetaCommand.ResumeNode;
import io.raftkv.meta.MetaCommand.SetNodeState;
import io.raftkv.meta.MetaCommand.StartJob;
import io.raftkv.meta.MetaReply.Outcome;
import io.raftkv.meta.StateEdit.DrainNode;
import io.raftkv.meta.StateEdit.RemoveNode;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class NodeJobsTest {
  private static final ClusterState CLUSTER = Samples.online(Samples.cluster(4, 8, 3));
  private static final long LATER = CLUSTER.updatedAtMillis() + 5;

  /** n1 is being drained by j1. */
  private static final ClusterState DRAINING = apply(CLUSTER, drain(CLUSTER, "n1")).state();

  @Test
  void drainBeginsWithANodeThatDrains() {
    MetaChange change = apply(CLUSTER, drain(CLUSTER, "n1"));
    assertThat(change.reply().text()).isEqualTo("j1");
    assertThat(change.state().node("n1").orElseThrow().state()).isEqualTo(NodeState.DRAINING);
    assertThat(change.state().jobOfNode("n1")).map(JobInfo::id).contains("j1");
    assertThat(change.events())
        .extracting(HistoryEvent::text)
        .containsExactly("drain of n1", "ONLINE to DRAINING, to become empty: job j1 (drain)");
  }

  /** Whatever was known when it was planned: a drain never runs on a node that takes new things. */
  @Test
  void drainThatWasPlannedBeforeAResumeDrainsAgain() {
    ClusterState drained =
        apply(DRAINING, end(DRAINING.job("j1").orElseThrow(), JobState.DONE)).state();
    StartJob planned = drain(drained, "n1");
    ClusterState resumed = apply(drained, new ResumeNode("n1")).state();
    assertThat(resumed.node("n1").orElseThrow().state()).isEqualTo(NodeState.ONLINE);

    ClusterState again = apply(resumed, planned).state();
    assertThat(again.node("n1").orElseThrow().state()).isEqualTo(NodeState.DRAINING);
    refused(resumed, new StartJob(planned.plan(), List.of()), "it begins without what it is for");
  }

  @Test
  void nodeBelongsToOneJobAtATime() {
    refused(DRAINING, drain(CLUSTER, "n1"), "node n1 is busy with job j1 (drain)");
    assertThat(apply(DRAINING, drain(DRAINING, "n2")).isChange()).isTrue();
    refused(CLUSTER, drainOf("n9"), "no node n9");
    refused(
        Samples.with(apply(CLUSTER, join(5)).state(), "n5", NodeState.REMOVED),
        drainOf("n5"),
        "node n5 was removed");
  }

  @Test
  void resumeUndoesTheJobThatDrains() {
    ClusterState undoing = apply(DRAINING, new ResumeNode("n1")).state();
    assertThat(undoing.job("j1").orElseThrow().state()).isEqualTo(JobState.UNDOING);
    assertThat(apply(undoing, new ResumeNode("n1")).reply().outcome()).isEqualTo(Outcome.UNCHANGED);
    ClusterState undone =
        apply(
                undoing,
                end(undoing.job("j1").orElseThrow(), JobState.CANCELLED, new DrainNode(false)))
            .state();
    assertThat(undone.node("n1").orElseThrow().state()).isEqualTo(NodeState.ONLINE);
  }

  @Test
  void lostNodeDrainsWhileItIsLost() {
    ClusterState lost =
        apply(DRAINING, new SetNodeState("n1", Optional.empty(), NodeState.OFFLINE, "")).state();
    assertThat(lost.node("n1").orElseThrow())
        .returns(NodeState.OFFLINE, NodeInfo::state)
        .returns(true, NodeInfo::draining);
  }

  @Test
  void nodeThatIsToBecomeEmptyGetsNothingNew() throws JobRefusedException {
    ClusterState empty = apply(CLUSTER, drain(CLUSTER, "n4")).state();
    ShardInfo shard =
        CLUSTER.shards().values().stream()
            .filter(one -> one.replicaOn("n4").isEmpty())
            .findFirst()
            .orElseThrow();
    String wrong = "node n4 is to become empty";
    refused(
        empty, JobPlans.migrate(CLUSTER, shard.id(), Optional.empty(), Optional.of("n4")), wrong);
    refused(empty, JobPlans.create(CLUSTER, "s9", List.of("n4"), 1, List.of()), wrong);
    ShardInfo other =
        CLUSTER.shards().values().stream()
            .filter(one -> one.replicaOn("n4").isPresent())
            .filter(one -> !one.preferredLeader().equals("n4"))
            .findFirst()
            .orElseThrow();
    refused(empty, JobPlans.transfer(CLUSTER, other.id(), "n4"), wrong);
    assertThat(
            apply(empty, JobPlans.migrate(CLUSTER, other.id(), Optional.of("n4"), Optional.empty()))
                .isChange())
        .isTrue();
  }

  @Test
  void onlyANodeWithoutReplicasIsRemoved() throws JobRefusedException {
    refused(
        CLUSTER,
        JobPlans.remove(CLUSTER, "n4", false),
        "node n4 still has replicas, of %s: RAFTKV.NODE DRAIN n4 moves them to other nodes"
            .formatted(firstShardsOn("n4")));
    ClusterState joined = apply(apply(CLUSTER, join(5)).state(), join(6)).state();
    assertThatThrownBy(() -> JobPlans.remove(joined, "n5", false))
        .isInstanceOf(JobRefusedException.class)
        .hasMessageStartingWith("node n5 is joining: FORCE removes it nevertheless");
    StartJob remove = JobPlans.remove(joined, "n5", true);
    ClusterState removing = apply(joined, remove).state();
    assertThat(removing.node("n5").orElseThrow().draining()).isTrue();
    refused(removing, remove, "node n5 is busy with job j1 (remove)");
    MetaChange removed =
        apply(removing, end(removing.job("j1").orElseThrow(), JobState.DONE, new RemoveNode()));
    assertThat(removed.state().node("n5").orElseThrow().state()).isEqualTo(NodeState.REMOVED);
    assertThat(removed.events())
        .extracting(HistoryEvent::text)
        .contains("remove done", "JOINING to REMOVED");
    refused(removed.state(), remove, "node n5 was removed");
  }

  /** Its vote was taken from it before; the note of that may be late. */
  @Test
  void removedNodeIsNoVoter() {
    ClusterState without = Samples.withoutShardsOn(CLUSTER, "n1");
    ClusterState removing = apply(without, removeOf("n1")).state();
    ClusterState removed =
        apply(removing, end(removing.job("j1").orElseThrow(), JobState.DONE, new RemoveNode()))
            .state();
    assertThat(removed.hasRemoved("n1")).isTrue();
    assertThat(removed.metadataVoters()).containsExactly("n2", "n3");
    assertThat(removed.wantedMetadataVoters()).isEqualTo(3);
  }

  @Test
  void theOnlyNodeIsNotRemoved() {
    refused(
        Samples.online(Samples.cluster(1, 1, 1)),
        removeOf("n1"),
        "node n1 is the only one of the cluster");
  }

  /** A replica that came although the node was to be empty: a shard's split makes one. */
  @Test
  void nodeThatHasAReplicaAfterAllIsNotRemoved() {
    ShardInfo shard = CLUSTER.shardsOn("n4").get(0);
    ClusterState without = Samples.withoutShardsOn(CLUSTER, "n4");
    ClusterState removing = apply(without, removeOf("n4")).state();
    ClusterState with = Samples.withShard(removing, shard);
    refused(
        with,
        end(with.job("j1").orElseThrow(), JobState.DONE, new RemoveNode()),
        "replica on no member of shard " + shard.id());
  }

  private static String firstShardsOn(String node) {
    List<String> shards = CLUSTER.shardsOn(node).stream().map(ShardInfo::id).toList();
    return String.join(", ", shards.subList(0, Math.min(5, shards.size())))
        + (shards.size() > 5 ? " and others" : "");
  }

  private static StartJob removeOf(String node) {
    return new StartJob(
        new JobInfo.Plan(
            JobKind.REMOVE,
            List.of(),
            new TreeMap<>(Map.of(JobInfo.NODE, node)),
            List.of("leave"),
            1),
        List.of(new DrainNode(true)));
  }

  /** What a leader asks for that does not know the job's end, or another one's move. */
  @Test
  void movesBeginOneByOneAndOnlyForAJobThatRuns() throws JobRefusedException {
    List<ShardInfo> hosted = DRAINING.shardsOn("n1");
    StartJob first = move(DRAINING, hosted.get(0), "n1");
    ClusterState moving = apply(DRAINING, first).state();
    assertThat(moving.job("j2").orElseThrow().worksFor("j1")).isTrue();
    refused(moving, move(DRAINING, hosted.get(1), "n1"), "job j1 has job j2 (migrate) already");

    ClusterState undoing = apply(DRAINING, new CancelJob("j1")).state();
    refused(undoing, first, "job j1 does not run any more");
    ShardInfo foreign = DRAINING.shardsOn("n2").get(0);
    refused(
        DRAINING, move(DRAINING, foreign, "n2"), "job j1 is not for a node that it would leave");
  }

  private static StartJob move(ClusterState state, ShardInfo shard, String from)
      throws JobRefusedException {
    String to =
        state.nodes().keySet().stream()
            .filter(node -> shard.replicaOn(node).isEmpty())
            .findFirst()
            .orElseThrow();
    StartJob move;
    try {
      move = JobPlans.migrate(state, shard.id(), Optional.of(from), Optional.of(to));
    } catch (JobRefusedException toDraining) {
      move = JobPlans.migrate(CLUSTER, shard.id(), Optional.of(from), Optional.of(to));
    }
    TreeMap<String, String> arguments = new TreeMap<>(move.plan().arguments());
    arguments.put(JobInfo.PARENT, "j1");
    return new StartJob(
        new JobInfo.Plan(
            move.plan().kind(), move.plan().shardIds(), arguments, move.plan().steps(), 1),
        move.edits());
  }

  private static MetaCommand join(int number) {
    return new MetaCommand.JoinNode(Samples.node(number, 1));
  }

  private static StartJob drain(ClusterState state, String node) {
    try {
      return JobPlans.drain(state, node);
    } catch (JobRefusedException refused) {
      throw new AssertionError(refused);
    }
  }

  private static StartJob drainOf(String node) {
    return new StartJob(
        new JobInfo.Plan(
            JobKind.DRAIN,
            List.of(),
            new TreeMap<>(Map.of(JobInfo.NODE, node)),
            List.of("move"),
            1),
        List.of(new DrainNode(true)));
  }

  private static AdvanceJob end(JobInfo job, JobState state, StateEdit... edits) {
    return new AdvanceJob(
        job.id(),
        Place.of(job),
        new Progress(new Place(state, job.stepIndex()), 0, 0, ""),
        new TreeMap<>(),
        List.of(edits));
  }

  private static MetaChange apply(ClusterState state, MetaCommand command) {
    return MetaApplier.apply(state, command, LATER);
  }

  private static void refused(ClusterState state, MetaCommand command, String text) {
    MetaChange change = apply(state, command);
    assertThat(change.reply()).isEqualTo(new MetaReply(Outcome.REFUSED, state.version(), text));
    assertThat(change.state()).isSameAs(state);
  }
}
