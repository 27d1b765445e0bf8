package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A split of s1, slots 0-8191 on n1 to n3, into s3 that gets those from 4096 on. */
class SplitStepsTest extends CutStepsFixture {
  private static final UUID CHILD = DerivedIds.groupId(Samples.CLUSTER, "s3", 1);
  private static final List<SlotRange> WHOLE = List.of(new SlotRange(0, 8_191));
  private static final List<SlotRange> KEPT = List.of(new SlotRange(0, 4_095));
  private static final List<SlotRange> MOVED = List.of(new SlotRange(4_096, 8_191));
  private static final List<SlotRange> ALL_BUT_MOVED =
      List.of(new SlotRange(0, 4_095), new SlotRange(8_192, 16_383));

  private final UUID parent = shard("s1").groupId();
  private final String leader = nodes.get(0);

  /** The first node leads the parent, and its child. */
  SplitStepsTest() {
    super(Samples.online(Samples.cluster(4, 2, 3)), "s1", CHILD);
    leaders.put(parent, leader);
    leaders.put(CHILD, leader);
    parent(slots(7, false, 0, ALL));
  }

  @Test
  void eachStepFollowsFromTheOneBefore() {
    start();
    assertThat(shard("s1").state()).isEqualTo(ShardState.SPLITTING);
    assertThat(job().plan().steps()).containsExactly("note", "cut", "open", "release");

    advance();
    assertThat(job().argument("epoch")).isEqualTo("7");
    JobAction fence = new JobAction.Fence(leader, parent, 7, CHILD, MOVED);
    assertThat(next()).isEqualTo(fence);
    assertThat(next()).as("as often as it takes").isEqualTo(fence);

    parent(slots(8, true, 5, ALL_BUT_MOVED));
    nodes.subList(0, 2).forEach(node -> cuts.put(node, Set.of(parent)));
    assertThat(next()).isEqualTo(seeds(List.of(parent), nodes.get(0), nodes.get(1)));
    seed(nodes.get(0));
    seed(nodes.get(1));
    assertThat(next())
        .isEqualTo(await("node " + nodes.get(2) + " has not come to where the slots are cut off"));
    cuts.put(nodes.get(2), Set.of(parent));
    seed(nodes.get(2));
    advance();
    assertThat(shard("s3").state()).isEqualTo(ShardState.CREATING);
    assertThat(shard("s3").groupId()).isEqualTo(CHILD);
    assertThat(shard("s3").slots()).isEmpty();
    assertThat(shard("s3").voters()).isEqualTo(nodes);
    assertThat(shard("s3").preferredLeader()).isEqualTo(shard("s1").preferredLeader());

    long routing = state.routing().version();
    assertThat(next()).isEqualTo(await("too few nodes have started their replica of shard s3"));
    slots.put(CHILD, slots(8, true, 5, ALL_BUT_MOVED));
    leaders.remove(CHILD);
    assertThat(next()).isEqualTo(new JobAction.Lead(shard("s1").preferredLeader(), CHILD));
    leaders.put(CHILD, leader);
    assertThat(next()).isEqualTo(new JobAction.Keep(leader, CHILD, 8, routing + 1, MOVED));
    slots.put(CHILD, slots(9, false, 0, MOVED));
    assertThat(job().canBeCancelled()).isTrue();
    advance();
    assertThat(job().canBeCancelled()).isFalse();
    assertThat(shard("s3").slots()).as("the parent has them still").isEmpty();

    assertThat(next()).isEqualTo(new JobAction.Keep(leader, parent, 8, routing + 1, KEPT));
    parent(slots(9, false, 0, KEPT));
    assertThat(state.routing().version()).isEqualTo(routing);
    advance();
    assertThat(state.routing().version()).isEqualTo(routing + 1);
    assertThat(state.routing().slotsOf("s3")).isEqualTo(MOVED);
    assertThat(state.routing().slotsOf("s1")).isEqualTo(KEPT);
    assertThat(job().state()).isEqualTo(JobState.DONE);
    assertThat(job().note()).isEmpty();
    assertThat(shard("s1").state()).isEqualTo(ShardState.ACTIVE);
    assertThat(shard("s3").state()).isEqualTo(ShardState.ACTIVE);
  }

  @Test
  void aNodeNeedNotBeAskedToMakeItsReplicaWhileTheJobCuts() {
    start();
    assertThat(unasked(Set.of(parent))).as("not before").isEmpty();
    advance();
    assertThat(unasked(Set.of(parent)))
        .contains(new JobAction.Seed(nodes.get(0), List.of(CHILD), List.of(parent)));
    assertThat(unasked(Set.of())).as("without a cut").isEmpty();
    assertThat(JobRunner.seed(state, nodes.get(0), parent, Set.of(parent))).isEmpty();
    parent(slots(8, true, 5, ALL_BUT_MOVED));
    nodes.forEach(this::seed);
    advance();
    assertThat(unasked(Set.of(parent))).as("who is not there now").isEmpty();
  }

  @Test
  void aNodeMakesNoReplicaForAJobThatIsBeingUndone() {
    startAndFence(SplitSteps.PATIENCE_MILLIS);
    assertThat(unasked(Set.of(parent))).isPresent();
    advance();
    assertThat(job().state()).isEqualTo(JobState.UNDOING);
    assertThat(unasked(Set.of(parent))).isEmpty();
  }

  private Optional<JobAction.Seed> unasked(Set<UUID> cuts) {
    return JobRunner.seed(state, nodes.get(0), CHILD, cuts);
  }

  @Test
  void aMajorityIsEnoughAfterASecondAndTheNoteNamesWhoIsMissing() {
    startAndFence(900);
    seed(nodes.get(0));
    seed(nodes.get(1));
    assertThat(next()).isInstanceOf(JobAction.Await.class);
    parent(slots(8, true, SplitSteps.CUT_MILLIS, ALL_BUT_MOVED));
    advance();
    assertThat(shard("s3").voters()).isEqualTo(nodes.subList(0, 2));
    slots.put(CHILD, slots(9, false, 0, MOVED));
    advance();
    parent(slots(9, false, 0, KEPT));
    advance();
    assertThat(job().note())
        .isEqualTo("shard s3 has no replica on " + nodes.get(2) + ", which had none ready then");
  }

  @Test
  void nobodyWaitsForANodeThatIsDown() {
    startAndFence(5);
    silent.add(nodes.get(2));
    seed(nodes.get(0));
    seed(nodes.get(1));
    advance();
    assertThat(shard("s3").voters()).isEqualTo(nodes.subList(0, 2));
  }

  @Test
  void nobodyWaitsForANodeThatIsOffline() {
    startAndFence(5);
    state = Samples.with(state, nodes.get(2), NodeState.OFFLINE);
    unheard.add(nodes.get(2));
    seed(nodes.get(0));
    seed(nodes.get(1));
    advance();
    assertThat(shard("s3").voters()).isEqualTo(nodes.subList(0, 2));
  }

  /** The new shard would begin with a replica less, and a whole copy would have to be sent. */
  @Test
  void aNodeThatMissesAQuestionIsWaitedFor() {
    startAndFence(SplitSteps.CUT_MILLIS);
    seed(nodes.get(0));
    seed(nodes.get(1));
    unheard.add(nodes.get(2));
    assertThat(next()).isEqualTo(await("node " + nodes.get(2) + " does not answer"));
    parent(slots(8, true, 2 * SplitSteps.CUT_MILLIS, ALL_BUT_MOVED));
    assertThat(next()).as("not for ever").isInstanceOf(JobAction.Advance.class);
    parent(slots(8, true, 5, ALL_BUT_MOVED));
    unheard.clear();
    seed(nodes.get(2));
    advance();
    assertThat(shard("s3").voters()).isEqualTo(nodes);
  }

  /** It would fail again, and clients wait meanwhile. */
  @Test
  void aNodeThatCannotMakeItsReplicaIsNotWaitedForNorAskedAgain() {
    startAndFence(5);
    nodes.forEach(node -> cuts.put(node, Set.of(parent)));
    seed(nodes.get(0));
    failed.add(nodes.get(1));
    assertThat(next()).isEqualTo(seeds(List.of(parent), nodes.get(2)));
    failed.add(nodes.get(2));
    assertThat(nextNote()).isEqualTo("node " + nodes.get(1) + ": its disk is broken");
    failed.remove(nodes.get(2));
    seed(nodes.get(2));
    advance();
    assertThat(shard("s3").voters()).containsExactly(nodes.get(0), nodes.get(2));
  }

  @Test
  void withoutAMajorityItIsUndoneInTime() {
    startAndFence(5);
    seed(nodes.get(0));
    parent(slots(8, true, SplitSteps.PATIENCE_MILLIS - 1, ALL_BUT_MOVED));
    assertThat(next()).isInstanceOf(JobAction.Await.class);
    parent(slots(8, true, SplitSteps.PATIENCE_MILLIS, ALL_BUT_MOVED));
    advance();
    assertThat(job().state()).isEqualTo(JobState.UNDOING);
    assertThat(next()).isEqualTo(unfence(parent, 8));
    parent(slots(9, false, 0, ALL));
    long routing = state.routing().version();
    advance();
    assertThat(state.routing().version()).as("the same, anew").isEqualTo(routing + 1);
    assertThat(job().state()).isEqualTo(JobState.FAILED);
    assertThat(job().note()).isEqualTo("too few replicas were there when the slots were cut off");
    assertThat(shard("s1").slots()).isEqualTo(WHOLE);
    assertThat(shard("s1").state()).isEqualTo(ShardState.ACTIVE);
  }

  @Test
  void aChildThatGetsNoLeaderIsGivenUp() {
    startAndFence(5);
    nodes.forEach(this::seed);
    advance();
    parent(slots(8, true, SplitSteps.PATIENCE_MILLIS, ALL_BUT_MOVED));
    advance();
    assertThat(job().state()).isEqualTo(JobState.UNDOING);
    assertThat(JobRunner.beginnings(state)).as("files of it stay until then").contains(CHILD);
    advance();
    assertThat(state.shards()).doesNotContainKey("s3");
    assertThat(job().state()).isEqualTo(JobState.UNDOING);
    assertThat(next()).isEqualTo(unfence(parent, 8));
    parent(slots(9, false, 0, ALL));
    advance();
    assertThat(job().state()).isEqualTo(JobState.FAILED);
    assertThat(JobRunner.beginnings(state)).isEmpty();
    assertThat(state.nextShardIds(1).get(0)).as("its number is not given again").isEqualTo("s4");
  }

  /** An order for a fence may still be on its way: its epoch has to pass before the job ends. */
  @Test
  void cancelledBeforeTheFenceItHasTheEpochPass() {
    start();
    advance();
    apply(new CancelJob("j1"));
    assertThat(next()).isEqualTo(unfence(parent, 7));
    parent(slots(8, true, 5, ALL_BUT_MOVED)); // the fence was faster
    assertThat(next()).isEqualTo(unfence(parent, 8));
    parent(slots(9, false, 0, ALL));
    advance();
    assertThat(job().state()).isEqualTo(JobState.CANCELLED);
  }

  @Test
  void cancelledBeforeAnythingWasOrderedItIsOver() {
    start();
    apply(new CancelJob("j1"));
    advance();
    assertThat(job().state()).isEqualTo(JobState.CANCELLED);
    assertThat(shard("s1").state()).isEqualTo(ShardState.ACTIVE);
  }

  /** A driver that knows only of an old job must not touch the fence of a newer one. */
  @Test
  void ordersNameTheJobsOwnEpochs() {
    startAndFence(5);
    UUID other = new UUID(5, 5);
    parent(new SlotFacts(12, Optional.of(other), 5, ALL_BUT_MOVED));
    assertThat(next()).as("the job is long over").isInstanceOf(JobAction.Advance.class);
    apply(new CancelJob("j1"));
    assertThat(next()).isInstanceOf(JobAction.Advance.class);
  }

  @Test
  void slotsThatAreNotInTheStoreCannotMove() {
    start();
    parent(SlotFacts.UNKNOWN);
    assertThat(next()).isEqualTo(await("the store of shard s1 is not open"));
    parent(slots(7, false, 0, KEPT));
    advance();
    assertThat(job().state()).isEqualTo(JobState.UNDOING);
    advance();
    assertThat(job().note()).isEqualTo("the store of shard s1 has not all these slots");
  }

  @Test
  void onlyFencesOfJobsThatWereUndoneAreTakenAway() {
    ClusterState before = state;
    startAndFence(5);
    assertThat(JobRunner.repairs(state, facts())).as("it is needed").isEmpty();
    assertThat(JobRunner.repairs(before, facts())).as("this state is too old").isEmpty();
    parent(slots(9, false, 0, ALL));
    apply(new CancelJob("j1"));
    advance();
    assertThat(job().state()).isEqualTo(JobState.CANCELLED);
    parent(slots(8, true, 5, ALL_BUT_MOVED));
    assertThat(JobRunner.repairs(state, facts()))
        .contains(new JobAction.Unfence(leader, parent, 8, state.routing().version()));
  }

  @Test
  void partsOfAShardCanBeSplitAgain() throws JobRefusedException {
    ShardInfo s1 = shard("s1");
    List<SlotRange> parts =
        List.of(new SlotRange(5, 5), new SlotRange(10, 19), SlotRange.parse("30"));
    state = Samples.withShard(state, Samples.withSlots(s1, parts));
    assertThat(moving()).isEqualTo("15-19 30");
    assertThat(moving(10)).isEqualTo("10-19 30");
    assertThat(moving(30)).isEqualTo("30");
    for (int outside : new int[] {5, 4, 20, 31}) {
      assertThatThrownBy(() -> moving(outside))
          .isInstanceOf(JobRefusedException.class)
          .hasMessage("slot " + outside + " is not inside of shard s1, which has 5 10-19 30");
    }
  }

  /** What belongs to all of them, and what to each. */
  @Test
  void severalChildrenBeginWithOneFenceAndGetTheirSlotsTogether() throws JobRefusedException {
    UUID second = DerivedIds.groupId(Samples.CLUSTER, "s4", 1);
    UUID third = DerivedIds.groupId(Samples.CLUSTER, "s5", 1);
    children = List.of(CHILD, second, third);
    apply(JobPlans.split(state, "s1", List.of("s3", "s4", "s5"), List.of(), false));
    assertThat(SplitSteps.childrenOf(job())).isEqualTo(children);
    assertThat(JobRunner.beginnings(state)).containsExactlyInAnyOrderElementsOf(children);
    advance();
    List<SlotRange> moved = List.of(new SlotRange(2_048, 8_191));
    List<SlotRange> rest = List.of(new SlotRange(0, 2_047), new SlotRange(8_192, 16_383));
    assertThat(next()).isEqualTo(new JobAction.Fence(leader, parent, 7, CHILD, moved));
    parent(slots(8, true, 5, rest));
    nodes.forEach(node -> cuts.put(node, Set.of(parent)));
    assertThat(next()).isEqualTo(seeds(List.of(parent), nodes.toArray(String[]::new)));
    inPart.put(nodes.get(0), Set.of(second, third)); // it stopped in the middle
    seed(nodes.get(1));
    seed(nodes.get(2));
    assertThat(next()).isEqualTo(seeds(List.of(parent), nodes.get(0)));
    parent(slots(8, true, 2 * SplitSteps.CUT_MILLIS, rest));
    assertThat(JobRunner.mayBeSeeded(state, children)).isTrue();
    advance();
    assertThat(JobRunner.mayBeSeeded(state, children)).isFalse();
    for (String id : List.of("s3", "s4", "s5")) {
      assertThat(shard(id).voters()).isEqualTo(nodes.subList(1, 3));
      assertThat(shard(id).lacking()).isOne();
      assertThat(shard(id).slots()).isEmpty();
    }

    inPart.clear();
    List<SlotRange> last = List.of(new SlotRange(6_144, 8_191));
    children.forEach(group -> slots.put(group, slots(8, true, 5, rest)));
    leaders.put(second, nodes.get(1));
    leaders.put(CHILD, nodes.get(1));
    long routing = state.routing().version() + 1;
    parent(slots(8, true, 900, rest));
    assertThat(next())
        .isEqualTo(
            together(
                new JobAction.Keep(
                    nodes.get(1), CHILD, 8, routing, List.of(new SlotRange(2_048, 4_095))),
                new JobAction.Keep(
                    nodes.get(1), second, 8, routing, List.of(new SlotRange(4_096, 6_143))),
                new JobAction.Lead(nodes.get(1), third)));
    slots.put(CHILD, slots(9, false, 0, List.of(new SlotRange(2_048, 4_095))));
    slots.put(second, slots(9, false, 0, List.of(new SlotRange(4_096, 6_143))));
    leaders.put(third, nodes.get(2));
    assertThat(next()).isEqualTo(new JobAction.Keep(nodes.get(2), third, 8, routing, last));

    ClusterState before = state;
    parent(slots(8, true, SplitSteps.PATIENCE_MILLIS, rest));
    assertThat(nextNote()).isEqualTo("shard s5 did not begin in time");
    advance();
    advance();
    assertThat(state.shards().keySet()).as("all go, in one step").containsExactly("s1", "s2");
    assertThat(next()).isEqualTo(unfence(parent, 8));

    state = before;
    parent(slots(8, true, 900, rest));
    slots.put(third, slots(9, false, 0, last));
    advance();
    List<SlotRange> kept = List.of(new SlotRange(0, 2_047));
    assertThat(next()).isEqualTo(new JobAction.Keep(leader, parent, 8, routing, kept));
    parent(slots(9, false, 0, kept));
    advance();
    assertThat(job().state()).isEqualTo(JobState.DONE);
    assertThat(job().note())
        .isEqualTo(
            "shards s3, s4, s5 have no replica on " + nodes.get(0) + ", which had none ready then");
    assertThat(state.routing().version()).isEqualTo(routing);
    assertThat(state.routing().slotsOf("s1")).isEqualTo(kept);
    assertThat(state.routing().slotsOf("s4")).containsExactly(new SlotRange(4_096, 6_143));
    assertThat(state.routing().slotsOf("s5")).isEqualTo(last);
  }

  /** As an older version has written it. */
  @Test
  void aJobOfOneChildIsReadAsBefore() throws JobRefusedException {
    start();
    assertThat(job().plan().arguments())
        .containsEntry("group", CHILD.toString())
        .containsEntry("slots", "4096-8191");
    assertThat(SplitSteps.partsOf(job())).containsExactly(MOVED);
  }

  private String moving(Integer... at) throws JobRefusedException {
    return JobPlans.split(state, "s1", List.of(), List.of(at), false)
        .plan()
        .arguments()
        .get("slots");
  }

  @Test
  void aShardWithoutTwoSlotsOrAMajorityIsNotSplit() {
    ShardInfo s1 = shard("s1");
    ClusterState whole = state;
    state = Samples.withShard(whole, Samples.withSlots(s1, List.of(new SlotRange(9, 9))));
    assertRefused("shard s1 has one slot only: that cannot be split");
    state = Samples.withShard(whole, Samples.withSlots(s1, List.of()));
    assertRefused("shard s1 has no slots: that cannot be split");
    state = Samples.withShard(whole, Samples.withState(s1, ShardState.MIGRATING));
    assertRefused("shard s1 is migrating");
    state = Samples.with(whole, nodes.get(0), NodeState.UNHEALTHY);
    state = Samples.with(state, nodes.get(1), NodeState.OFFLINE);
    assertRefused("of 3 replicas of shard s1 only 1 are on nodes that are online");
  }

  private void assertRefused(String why) {
    assertThatThrownBy(() -> moving()).isInstanceOf(JobRefusedException.class).hasMessage(why);
  }

  private void start() {
    try {
      apply(JobPlans.split(state, "s1", List.of(), List.of(4_096), false));
    } catch (JobRefusedException refused) {
      throw new AssertionError(refused);
    }
  }

  private void startAndFence(long millis) {
    start();
    advance();
    parent(slots(8, true, millis, ALL_BUT_MOVED));
  }

  private void parent(SlotFacts has) {
    slots.put(parent, has);
  }

  private static SlotFacts slots(long epoch, boolean fenced, long millis, List<SlotRange> owned) {
    return new SlotFacts(epoch, fenced ? Optional.of(CHILD) : Optional.empty(), millis, owned);
  }
}
