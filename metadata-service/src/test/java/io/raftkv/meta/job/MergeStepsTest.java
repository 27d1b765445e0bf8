package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.Replica;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.StateEdit;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A merge of the first and the last third of all slots, s1 and s3, on three nodes, into s4. */
class MergeStepsTest extends CutStepsFixture {
  private static final UUID CHILD = DerivedIds.groupId(Samples.CLUSTER, "s4", 1);
  private static final long MB = 1 << 20;

  private final List<SlotRange> lowSlots = shard("s1").slots();
  private final List<SlotRange> highSlots = shard("s3").slots();
  private final List<SlotRange> bothSlots = List.of(lowSlots.get(0), highSlots.get(0));
  private final UUID low = shard("s1").groupId();
  private final UUID high = shard("s3").groupId();

  MergeStepsTest() {
    super(Samples.online(Samples.cluster(3, 3, 3)), "s1", CHILD);
    leaders.put(low, nodes.get(0));
    leaders.put(high, nodes.get(1));
    leaders.put(CHILD, nodes.get(2));
    slots.put(low, open(7, ALL));
    slots.put(high, open(20, highSlots));
    bytes.put(low, 3 * MB);
    bytes.put(high, 5 * MB);
  }

  @Test
  void eachStepFollowsFromTheOneBefore() {
    start();
    assertThat(shard("s1").state()).isEqualTo(ShardState.MERGING);
    assertThat(shard("s3").state()).isEqualTo(ShardState.MERGING);
    assertThat(job().plan().steps()).containsExactly("note", "cut", "open", "close");

    advance();
    assertThat(job().argument("epochs")).isEqualTo("7 20");
    assertThat(job().argument("base")).as("the larger one").isEqualTo("s3");
    assertThat(job().holdsRouting()).isTrue();
    assertThat(next()).isEqualTo(together(fence(low, 7, lowSlots), fence(high, 20, highSlots)));
    slots.put(high, fenced(21, 5));
    assertThat(next())
        .as("the one that has none, without delay")
        .isEqualTo(together(new JobAction.Fence(nodes.get(0), low, 7, CHILD, lowSlots, true)));
    slots.put(low, fenced(8, 5));
    assertThat(next())
        .isEqualTo(await("node " + nodes.get(0) + " has not come to where the shards stop"));

    nodes.forEach(node -> cuts.put(node, Set.of(low)));
    cuts.put(nodes.get(1), Set.of(low, high));
    assertThat(next()).as("who has all cuts").isEqualTo(seeds(List.of(high, low), nodes.get(1)));
    busy.add(nodes.get(1));
    nodes.forEach(node -> cuts.put(node, Set.of(low, high)));
    assertThat(next())
        .as("the others at the same time")
        .isEqualTo(seeds(List.of(high, low), nodes.get(0), nodes.get(2)));
    busy.addAll(nodes);
    assertThat(next()).isEqualTo(await("node " + nodes.get(0) + " is making its replica"));
    nodes.forEach(this::seed);
    assertThat(JobRunner.mayBeSeeded(state, CHILD)).isTrue();
    advance();
    assertThat(JobRunner.mayBeSeeded(state, CHILD)).as("who is not there now").isFalse();
    assertThat(shard("s4").state()).isEqualTo(ShardState.CREATING);
    assertThat(shard("s4").groupId()).isEqualTo(CHILD);
    assertThat(shard("s4").slots()).isEmpty();
    assertThat(shard("s4").voters()).isEqualTo(nodes);
    assertThat(shard("s4").preferredLeader()).isEqualTo(shard("s3").preferredLeader());

    long routing = state.routing().version();
    slots.put(CHILD, fenced(21, 0));
    assertThat(next())
        .as("at the highest epoch")
        .isEqualTo(new JobAction.Keep(nodes.get(2), CHILD, 21, routing + 1, bothSlots));
    slots.put(CHILD, open(22, bothSlots));
    assertThat(job().canBeCancelled()).isTrue();
    advance();
    assertThat(job().canBeCancelled()).isFalse();
    assertThat(job().holdsRouting()).isFalse();
    assertThat(state.routing().version()).isEqualTo(routing + 1);
    assertThat(state.routing().slotsOf("s4")).isEqualTo(bothSlots);
    assertThat(shard("s4").state()).isEqualTo(ShardState.ACTIVE);
    assertThat(shard("s1").slots()).isEmpty();
    assertThat(shard("s1").state()).isEqualTo(ShardState.DELETING);

    unaware.add(nodes.get(2));
    assertThat(next())
        .isEqualTo(await("node " + nodes.get(2) + " may still send clients to the old shards"));
    unaware.clear();
    assertThat(next()).isEqualTo(await("shard s1 stays until all that it did is answered"));
    slots.put(low, fenced(8, MergeSteps.ANSWER_MILLIS));
    slots.put(high, fenced(21, MergeSteps.ANSWER_MILLIS));
    advance();
    assertThat(job().state()).isEqualTo(JobState.DONE);
    assertThat(job().note()).isEmpty();
    assertThat(state.shards()).containsOnlyKeys("s2", "s4");
    assertThat(state.routing().version()).isEqualTo(routing + 1);
  }

  @Test
  void aNodeNeedNotBeAskedToMakeItsReplicaWhenItHasAllCuts() {
    start();
    advance();
    assertThat(JobRunner.seed(state, nodes.get(0), CHILD, Set.of(low))).isEmpty();
    assertThat(JobRunner.seed(state, nodes.get(0), CHILD, Set.of(low, high)))
        .as("the larger one first, as all nodes do")
        .contains(new JobAction.Seed(nodes.get(0), List.of(CHILD), List.of(high, low)));
  }

  @Test
  void aSourceWithoutALeaderStaysForLonger() {
    startAndFence(5);
    nodes.forEach(this::seed);
    advance();
    slots.put(CHILD, open(22, bothSlots));
    advance();
    slots.put(low, fenced(8, MergeSteps.ANSWER_MILLIS));
    slots.put(high, fenced(21, MergeSteps.LEADERLESS_MILLIS - 1));
    leaders.remove(high);
    assertThat(next()).isInstanceOf(JobAction.Await.class);
    slots.put(high, fenced(21, MergeSteps.LEADERLESS_MILLIS));
    advance();
    assertThat(job().state()).isEqualTo(JobState.DONE);
  }

  @Test
  void aMajorityIsEnoughAndTheNoteNamesWhoIsMissing() {
    startAndFence(MergeSteps.CUT_MILLIS - 1);
    seed(nodes.get(0));
    seed(nodes.get(1));
    assertThat(next()).isInstanceOf(JobAction.Await.class);
    slots.put(low, fenced(8, MergeSteps.CUT_MILLIS));
    cuts.put(nodes.get(2), Set.of(low, high));
    assertThat(next())
        .as("who has only to copy is waited for")
        .isInstanceOf(JobAction.Together.class);
    busy.add(nodes.get(2));
    slots.put(low, fenced(8, MergeSteps.COPY_MILLIS - 1));
    assertThat(next()).isInstanceOf(JobAction.Await.class);
    slots.put(low, fenced(8, MergeSteps.COPY_MILLIS));
    advance();
    assertThat(shard("s4").voters()).isEqualTo(nodes.subList(0, 2));
    leaders.put(CHILD, nodes.get(0));
    slots.put(CHILD, open(22, bothSlots));
    advance();
    slots.put(low, fenced(8, MergeSteps.ANSWER_MILLIS));
    slots.put(high, fenced(21, MergeSteps.ANSWER_MILLIS));
    advance();
    assertThat(job().note())
        .isEqualTo("shard s4 has no replica on " + nodes.get(2) + ", which had none ready then");
  }

  @Test
  void whatTakesTooLongIsUndone() {
    startAndFence(MergeSteps.PATIENCE_MILLIS);
    cuts.put(nodes.get(0), Set.of(low, high));
    advance();
    assertThat(job().state()).isEqualTo(JobState.UNDOING);
    advance();
    assertThat(next()).isEqualTo(together(unfence(low, 8), unfence(high, 21)));
    slots.put(low, open(9, ALL));
    leaders.remove(high);
    assertThat(next())
        .as("its order may be on its way")
        .isEqualTo(await("no leader is known of shard s3"));
    leaders.put(high, nodes.get(1));
    slots.put(high, open(22, highSlots));
    long routing = state.routing().version();
    advance();
    assertThat(job().state()).isEqualTo(JobState.FAILED);
    assertThat(job().note()).isEqualTo("the stores could not be merged in time");
    assertThat(state.routing().version()).as("the same, anew").isEqualTo(routing + 1);
    assertThat(shard("s1").slots()).isEqualTo(lowSlots);
    assertThat(shard("s3").state()).isEqualTo(ShardState.ACTIVE);
  }

  /** One shard must not stand still for long because another one cannot. */
  @Test
  void shardsThatCannotAllBeStoppedGoOn() {
    start();
    advance();
    slots.put(low, fenced(8, MergeSteps.PATIENCE_MILLIS));
    leaders.remove(high);
    advance();
    assertThat(job().state()).isEqualTo(JobState.UNDOING);
    advance();
    assertThat(next()).isEqualTo(together(unfence(low, 8)));
    JobAction orders = next();
    long routing = state.routing().version();
    leaders.put(high, nodes.get(1));
    assertThat(next()).as("not by a version that may be in force when it comes").isEqualTo(orders);
    leaders.remove(high);
    slots.put(low, open(9, ALL));
    JobAction anew = next();
    advance();
    assertThat(job().state()).isEqualTo(JobState.UNDOING);
    assertThat(state.routing().version()).as("it answers").isEqualTo(routing + 1);
    assertThat(state.routing().entries()).isEqualTo(Samples.cluster(3, 3, 3).routing().entries());
    assertThat(shard("s1").state()).isEqualTo(ShardState.ACTIVE);
    assertThat(shard("s3").state()).isEqualTo(ShardState.MERGING);
    assertThat(
            MetaApplier.apply(state, ((JobAction.Advance) anew).command(), Samples.TIME).isChange())
        .as("a second one of the same facts")
        .isFalse();
    leaders.remove(low);
    assertThat(next()).isEqualTo(await("no leader is known of shard s3"));
    leaders.put(high, nodes.get(1));
    advance();
    assertThat(next()).as("its fence may be on its way").isEqualTo(together(unfence(high, 20)));
    slots.put(high, open(21, highSlots));
    advance();
    assertThat(job().state()).isEqualTo(JobState.FAILED);
    assertThat(state.routing().version()).isEqualTo(routing + 2);
    assertThat(shard("s3").state()).isEqualTo(ShardState.ACTIVE);
  }

  /** Two leaders of the metadata group, of which one has seen less: what it proposes comes late. */
  @Test
  void whatIsGivenBackIsNotedOnce() {
    startAndFence(5);
    apply(new CancelJob("j1"));
    JobAction both = next();
    leaders.remove(high);
    advance();
    assertThat(
            MetaApplier.apply(state, ((JobAction.Advance) both).command(), Samples.TIME).isChange())
        .isFalse();
    assertThat(next()).isEqualTo(together(unfence(low, 8)));
  }

  @Test
  void theRoutingIsMadeAnewOnlyByAJobThatHoldsIt() {
    start();
    JobAction early = new Scene(state, job(), facts()).undoneInPart(new StateEdit.RenewRouting());
    assertThat(
            MetaApplier.apply(state, ((JobAction.Advance) early).command(), Samples.TIME)
                .isChange())
        .isFalse();
    advance();
    long routing = state.routing().version();
    JobAction held = new Scene(state, job(), facts()).undoneInPart(new StateEdit.RenewRouting());
    apply(((JobAction.Advance) held).command());
    assertThat(state.routing().version()).isEqualTo(routing + 1);
  }

  @Test
  void aNodeThatMissesAQuestionIsWaitedFor() {
    startAndFence(MergeSteps.COPY_MILLIS - 1);
    seed(nodes.get(0));
    seed(nodes.get(1));
    unheard.add(nodes.get(2));
    assertThat(next()).isEqualTo(await("node " + nodes.get(2) + " does not answer"));
    slots.put(low, fenced(8, MergeSteps.COPY_MILLIS));
    assertThat(next()).isInstanceOf(JobAction.Advance.class);
    slots.put(low, fenced(8, 5));
    assertThat(next()).isInstanceOf(JobAction.Await.class);
    silent.add(nodes.get(2));
    advance();
    assertThat(shard("s4").voters()).isEqualTo(nodes.subList(0, 2));
  }

  /** As many as the one of the sources that lacks most. */
  @Test
  void theNewShardLacksWhatAnyOfThemLacked() {
    state = Samples.withShard(state, lacking("s3", 2));
    startAndFence(MergeSteps.CUT_MILLIS);
    seed(nodes.get(0));
    seed(nodes.get(1));
    silent.add(nodes.get(2));
    advance();
    assertThat(shard("s4").lacking()).isEqualTo(3);
  }

  private ShardInfo lacking(String id, int lacking) {
    ShardInfo shard = shard(id);
    return new ShardInfo(shard.spec(), lacking, ShardState.ACTIVE, 1, 1, 1);
  }

  @Test
  void aChildThatGetsNoLeaderIsGivenUp() {
    startAndFence(5);
    nodes.forEach(this::seed);
    advance();
    slots.put(high, fenced(21, MergeSteps.PATIENCE_MILLIS));
    advance();
    assertThat(JobRunner.isGivenUp(state, CHILD)).isTrue();
    assertThat(JobRunner.mayBeSeeded(state, CHILD)).isFalse();
    assertThat(JobRunner.beginnings(state)).as("files of it stay until then").contains(CHILD);
    advance();
    assertThat(state.shards()).doesNotContainKey("s4");
    advance();
    assertThat(next()).isEqualTo(together(unfence(low, 8), unfence(high, 21)));
  }

  /** Else clients of the shard that it leads would wait until all others are given back. */
  @Test
  void whoMissesAQuestionWhenItIsUndoneIsWaitedFor() {
    startAndFence(5);
    apply(new CancelJob("j1"));
    unheard.add(nodes.get(0)); // leads s1
    assertThat(next()).isEqualTo(await("node " + nodes.get(0) + " does not answer"));
    silent.add(nodes.get(0));
    advance();
    assertThat(job().argument("given-back")).isEqualTo("s3");
  }

  @Test
  void cancelledBeforeAnythingWasOrderedItIsOver() {
    start();
    apply(new CancelJob("j1"));
    advance();
    assertThat(job().state()).isEqualTo(JobState.CANCELLED);
    assertThat(shard("s1").state()).isEqualTo(ShardState.ACTIVE);
    assertThat(shard("s3").state()).isEqualTo(ShardState.ACTIVE);
  }

  @Test
  void whatWouldTakeTooLongOrHasNoRoomIsNotBegun() {
    start();
    bytes.put(low, MergeSteps.MAX_COPY_BYTES + 1);
    bytes.put(high, MergeSteps.MAX_COPY_BYTES + 2);
    assertThat(nextNote())
        .isEqualTo(
            "about 128 MB would have to be copied, for which clients would have to wait; 128 may be");
    bytes.put(low, MergeSteps.MAX_COPY_BYTES);
    assertThat(nextNote()).isEmpty();
    free.put(nodes.get(1), 2 * MergeSteps.MAX_COPY_BYTES - 1);
    assertThat(nextNote())
        .isEqualTo(
            "node "
                + nodes.get(1)
                + " cannot make a replica: it has room for 255 MB more, and should have it for 257");
    free.put(nodes.get(1), 2 * MergeSteps.MAX_COPY_BYTES);
    assertThat(nextNote()).isEmpty();
    full = nodes.get(2);
    assertThat(nextNote())
        .isEqualTo("node " + full + " cannot make a replica: its disk is nearly full");
    slots.put(low, open(7, List.of(new SlotRange(0, 99))));
    assertThat(nextNote()).isEqualTo("the store of shard s1 has not all its slots");
    slots.put(low, SlotFacts.UNKNOWN);
    assertThat(next()).isEqualTo(await("the store of shard s1 is not open"));
  }

  @Test
  void onlyFencesOfJobsThatWereUndoneAreTakenAway() {
    startAndFence(5);
    assertThat(JobRunner.repairs(state, facts())).as("it is needed").isEmpty();
    slots.put(low, open(9, ALL));
    slots.put(high, open(22, highSlots));
    apply(new CancelJob("j1"));
    advance();
    advance();
    assertThat(job().state()).isEqualTo(JobState.CANCELLED);
    slots.put(high, fenced(21, 5));
    assertThat(JobRunner.repairs(state, facts()))
        .contains(new JobAction.Unfence(nodes.get(1), high, 21, state.routing().version()));
  }

  @Test
  void whatCannotBeMergedIsRefused() {
    assertRefused("to merge takes two different shards, or more", "s1");
    assertRefused("to merge takes two different shards, or more", "s1", "s1");
    assertRefused(
        "8 shards at most are merged at a time: clients of all of them wait",
        "s1",
        "s2",
        "s3",
        "s4",
        "s5",
        "s6",
        "s7",
        "s8",
        "s9");
    assertRefused("no shard s9", "s1", "s9");
    ClusterState whole = state;
    state = Samples.withShard(whole, Samples.withSlots(shard("s3"), List.of()));
    assertRefused("shard s3 has no slots: RAFTKV.SHARD DELETE ends it", "s1", "s3");
    state = Samples.withShard(whole, Samples.withState(shard("s3"), ShardState.MIGRATING));
    assertRefused("shard s3 is migrating", "s1", "s3");
    state = whole;
    assertThatThrownBy(() -> JobPlans.merge(state, List.of("s1", "s3"), Optional.of("s2")))
        .hasMessage("shard s2 exists: what shards are merged into is a new one");
  }

  @Test
  void replicasThatAreElsewhereHaveToMoveFirst() {
    state = Samples.online(Samples.cluster(5, 3, 3));
    state = on("s1", "n1", "n2", "n3");
    state = on("s2", "n1", "n2", "n3");
    state = on("s3", "n3", "n4", "n5");
    assertRefused(
        "the replicas are not on the same nodes; to move them: RAFTKV.SHARD MIGRATE s3 FROM n4 TO"
            + " n1, RAFTKV.SHARD MIGRATE s3 FROM n5 TO n2",
        "s1",
        "s2",
        "s3");
    state = on("s3", "n1", "n2");
    assertRefused(
        "the replicas are not on the same nodes; to move them: RAFTKV.SHARD MIGRATE s3 TO n3",
        "s1",
        "s3");
  }

  private ClusterState on(String id, String... hosts) {
    ShardInfo shard = shard(id);
    return Samples.withShard(
        state,
        new ShardInfo(
            new ShardSpec(
                id,
                shard.groupId(),
                shard.slots(),
                List.of(hosts).stream().map(Replica::voter).toList(),
                ""),
            0,
            ShardState.ACTIVE,
            1,
            1,
            1));
  }

  private void assertRefused(String why, String... ids) {
    assertThatThrownBy(() -> JobPlans.merge(state, List.of(ids), Optional.empty()))
        .isInstanceOf(JobRefusedException.class)
        .hasMessage(why);
  }

  // ---- the job and its surroundings ----

  private void start() {
    try {
      apply(JobPlans.merge(state, List.of("s1", "s3"), Optional.empty()));
    } catch (JobRefusedException refused) {
      throw new AssertionError(refused);
    }
  }

  private void startAndFence(long millis) {
    start();
    advance();
    slots.put(low, fenced(8, millis));
    slots.put(high, fenced(21, 5));
  }

  private SlotFacts fenced(long epoch, long millis) {
    return fenced(epoch, millis, List.of());
  }

  private JobAction fence(UUID group, long epoch, List<SlotRange> of) {
    return new JobAction.Fence(leaders.get(group), group, epoch, CHILD, of);
  }
}
