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
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.Replica;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.job.ClusterFacts.NodeFacts;
import io.raftkv.meta.job.ClusterFacts.ReplicaFacts;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A merge of the first and the last third of all slots, s1 and s3, on three nodes, into s4. */
class MergeStepsTest {
  private static final UUID CHILD = DerivedIds.groupId(Samples.CLUSTER, "s4", 1);
  private static final List<SlotRange> ALL = List.of(new SlotRange(0, 16_383));
  private static final long MB = 1 << 20;

  private ClusterState state = Samples.online(Samples.cluster(3, 3, 3));
  private final List<SlotRange> lowSlots = shard("s1").slots();
  private final List<SlotRange> highSlots = shard("s3").slots();
  private final List<SlotRange> bothSlots = List.of(lowSlots.get(0), highSlots.get(0));
  private final UUID low = shard("s1").groupId();
  private final UUID high = shard("s3").groupId();
  private final List<String> nodes = shard("s1").voters();

  /** By group what all its replicas say; the first node leads the first one, the next the other. */
  private final Map<UUID, SlotFacts> slots = new HashMap<>();

  private final Map<UUID, Long> bytes = new HashMap<>();
  private final Map<UUID, String> leaders = new HashMap<>();
  private final Map<String, Set<UUID>> cuts = new TreeMap<>();
  private final Set<String> seeded = new HashSet<>();
  private final Set<String> unaware = new HashSet<>();
  private String full = "";

  MergeStepsTest() {
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
    assertThat(next())
        .as("who has all cuts")
        .isEqualTo(together(new JobAction.Seed(nodes.get(1), CHILD, List.of(high, low))));
    nodes.forEach(node -> cuts.put(node, Set.of(low, high)));
    nodes.forEach(this::seed);
    advance();
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
    assertThat(next()).isEqualTo(together(unfence(low, 8), unfence(high, 21)));
    slots.put(low, open(9, ALL));
    leaders.remove(high);
    assertThat(next()).isEqualTo(await("no leader is known of shard s3"));
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
    assertThat(next()).isEqualTo(together(unfence(low, 8)));
    leaders.put(high, nodes.get(1));
    assertThat(next())
        .as("its fence may be on its way")
        .isEqualTo(together(unfence(low, 8), unfence(high, 20)));
  }

  @Test
  void aChildThatGetsNoLeaderIsGivenUp() {
    startAndFence(5);
    nodes.forEach(this::seed);
    advance();
    slots.put(high, fenced(21, MergeSteps.PATIENCE_MILLIS));
    advance();
    assertThat(JobRunner.isGivenUp(state, CHILD)).isTrue();
    assertThat(JobRunner.beginnings(state)).as("files of it stay until then").contains(CHILD);
    advance();
    assertThat(state.shards()).doesNotContainKey("s4");
    assertThat(next()).isEqualTo(together(unfence(low, 8), unfence(high, 21)));
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
    assertThat(((JobAction.Advance) next()).command().next().note())
        .isEqualTo(
            "about 128 MB would have to be copied, for which clients would have to wait; 128 may be");
    bytes.put(low, MergeSteps.MAX_COPY_BYTES);
    assertThat(((JobAction.Advance) next()).command().next().note()).isEmpty();
    full = nodes.get(2);
    assertThat(((JobAction.Advance) next()).command().next().note())
        .isEqualTo("node " + full + " cannot make a replica: its disk is nearly full");
    slots.put(low, open(7, List.of(new SlotRange(0, 99))));
    assertThat(((JobAction.Advance) next()).command().next().note())
        .isEqualTo("the store of shard s1 has not all its slots");
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

  private void seed(String node) {
    cuts.remove(node);
    seeded.add(node);
  }

  private static SlotFacts open(long epoch, List<SlotRange> owned) {
    return new SlotFacts(epoch, Optional.empty(), 0, owned);
  }

  private static SlotFacts fenced(long epoch, long millis) {
    return new SlotFacts(epoch, Optional.of(CHILD), millis, List.of());
  }

  private JobAction fence(UUID group, long epoch, List<SlotRange> of) {
    return new JobAction.Fence(leaders.get(group), group, epoch, CHILD, of);
  }

  /** From then on only what the next routing sends there is done. */
  private JobAction unfence(UUID group, long epoch) {
    return new JobAction.Unfence(leaders.get(group), group, epoch, state.routing().version() + 1);
  }

  private static JobAction together(JobAction... parts) {
    return new JobAction.Together(List.of(parts));
  }

  private static JobAction await(String reason) {
    return new JobAction.Await(reason, 0, 0);
  }

  private JobInfo job() {
    return state.jobs().get("j1");
  }

  private ShardInfo shard(String id) {
    return state.shards().get(id);
  }

  private JobAction next() {
    return JobRunner.next(state, job(), facts());
  }

  private void advance() {
    JobAction action = next();
    assertThat(action).isInstanceOf(JobAction.Advance.class);
    apply(((JobAction.Advance) action).command());
  }

  private void apply(MetaCommand command) {
    MetaChange change = MetaApplier.apply(state, command, Samples.TIME);
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
    state = change.state();
  }

  private ClusterFacts facts() {
    Map<String, NodeFacts> said = new TreeMap<>();
    for (String node : nodes) {
      Map<UUID, ReplicaFacts> replicas = new HashMap<>();
      slots.forEach(
          (group, has) -> {
            if (!group.equals(CHILD) || seeded.contains(node)) {
              replicas.put(
                  group,
                  replica(node.equals(leaders.get(group)), bytes.getOrDefault(group, 0L), has));
            }
          });
      if (seeded.contains(node)) {
        replicas.putIfAbsent(CHILD, replica(false, 0, SlotFacts.UNKNOWN));
      }
      said.put(
          node,
          new NodeFacts(
              state.version() - (unaware.contains(node) ? 1 : 0),
              0,
              true,
              node.equals(full) ? "its disk is nearly full" : "",
              replicas,
              cuts.containsKey(node) ? Map.of(CHILD, cuts.get(node)) : Map.of()));
    }
    return new ClusterFacts(said);
  }

  private ReplicaFacts replica(boolean leads, long owned, SlotFacts has) {
    Members members = new Members(new TreeSet<>(nodes), new TreeSet<>());
    return new ReplicaFacts(true, leads, 3, members, false, 9, owned, has);
  }
}
