package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaCommand.AdvanceJob.Progress;
import io.raftkv.meta.MetaCommand.CancelJob;
import io.raftkv.meta.MetaCommand.StartJob;
import io.raftkv.meta.MetaReply.Outcome;
import io.raftkv.meta.StateEdit.DropShard;
import io.raftkv.meta.StateEdit.PutShard;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class JobApplierTest {
  private static final ClusterState CLUSTER = Samples.cluster(4, 8, 3);
  private static final long LATER = Samples.TIME + 5;

  /** A job on s1 that has begun. */
  private static final ClusterState BUSY = start(CLUSTER, "s1").state();

  private static final Place FIRST = new Place(JobState.RUNNING, 0);

  @Test
  void jobBeginsWithWhatItChanges() {
    ShardSpec moving = withReplica(spec("s1"), Replica.listener("n4"));
    MetaChange change =
        apply(
            CLUSTER,
            new StartJob(
                Samples.plan("s1"), List.of(new PutShard(moving, ShardState.MIGRATING, 1))));

    assertThat(change.reply()).isEqualTo(new MetaReply(Outcome.CHANGED, 2, "j1"));
    JobInfo job = change.state().job("j1").orElseThrow();
    assertThat(job)
        .isEqualTo(
            new JobInfo("j1", Samples.plan("s1"), JobState.RUNNING, 0, 0, 0, "", LATER, LATER));
    ShardInfo shard = change.state().shard("s1").orElseThrow();
    assertThat(shard.spec()).isEqualTo(moving);
    assertThat(shard.state()).isEqualTo(ShardState.MIGRATING);
    assertThat(shard.version()).isEqualTo(2);
    assertThat(shard.createdAtMillis()).isEqualTo(Samples.TIME);
    assertThat(shard.updatedAtMillis()).isEqualTo(LATER);
    assertThat(change.routing()).as("its slots are the same").isEmpty();
    assertThat(change.events())
        .containsExactly(new HistoryEvent(2, LATER, EventKind.JOB_STARTED, "j1", "migrate of s1"));
  }

  @Test
  void aShardBelongsToOneJobAtATime() {
    assertRefused(
        BUSY,
        new StartJob(Samples.plan("s2", "s1"), List.of()),
        "shard s1 is busy with job j1 (migrate)");
    assertThat(start(BUSY, "s2").isChange()).isTrue();

    ClusterState undoing = apply(BUSY, new CancelJob("j1")).state();
    assertRefused(
        undoing,
        new StartJob(Samples.plan("s1"), List.of()),
        "shard s1 is busy with job j1 (migrate)");

    ClusterState ended =
        apply(undoing, end(new Place(JobState.UNDOING, 0), JobState.CANCELLED)).state();
    assertThat(start(ended, "s1").reply().text()).isEqualTo("j2");
  }

  @Test
  void aJobChangesNoShardsButItsOwn() {
    StateEdit foreign = new PutShard(spec("s2"), ShardState.MIGRATING, 1);
    String wrong = "shard s2 does not belong to job j1 (migrate)";
    assertRefused(CLUSTER, new StartJob(Samples.plan("s1"), List.of(foreign)), wrong);
    assertRefused(BUSY, step(FIRST, new Place(JobState.RUNNING, 1), foreign), wrong);
    assertRefused(BUSY, step(FIRST, new Place(JobState.RUNNING, 1), new DropShard("s2", 1)), wrong);
  }

  @Test
  void eachStepIsTakenOnce() {
    AdvanceJob step = step(FIRST, new Place(JobState.RUNNING, 1));
    MetaChange taken = apply(BUSY, step);
    assertThat(taken.state().job("j1").orElseThrow().stepIndex()).isEqualTo(1);
    assertThat(taken.events())
        .containsExactly(
            new HistoryEvent(3, LATER, EventKind.JOB_ADVANCED, "j1", "migrate step promote"));
    // A second leader saw the job where the first one did.
    assertRefused(taken.state(), step, "job j1 is RUNNING at step 1, not RUNNING at step 0");
  }

  @Test
  void progressWithinAStepIsNoNews() {
    MetaChange moved =
        apply(
            BUSY,
            new AdvanceJob(
                "j1", FIRST, new Progress(FIRST, 10, 30, ""), new TreeMap<>(), List.of()));
    JobInfo job = moved.state().job("j1").orElseThrow();
    assertThat(job.bytesDone()).isEqualTo(10);
    assertThat(job.bytesTotal()).isEqualTo(30);
    assertThat(moved.events()).isEmpty();
  }

  @Test
  void whatAStepFindsOutIsKept() {
    AdvanceJob step =
        new AdvanceJob(
            "j1",
            FIRST,
            new Progress(new Place(JobState.RUNNING, 1), 0, 0, ""),
            new TreeMap<>(Map.of("fence", "300")),
            List.of());
    JobInfo job = apply(BUSY, step).state().job("j1").orElseThrow();
    assertThat(job.argument("fence")).isEqualTo("300");
    assertThat(job.argument("from")).isEqualTo("n1");
  }

  @Test
  void cancelledJobIsUndoneAndThenOver() {
    MetaChange cancelled = apply(BUSY, new CancelJob("j1"));
    assertThat(cancelled.state().job("j1").orElseThrow().state()).isEqualTo(JobState.UNDOING);
    assertThat(cancelled.events())
        .extracting(HistoryEvent::text)
        .containsExactly("migrate being undone at step add");
    assertNothing(
        apply(cancelled.state(), new CancelJob("j1")),
        cancelled.state(),
        Outcome.UNCHANGED,
        "job j1 is being undone already");
    // The leader that drove it forward does not go on.
    assertRefused(
        cancelled.state(),
        step(FIRST, new Place(JobState.RUNNING, 1)),
        "job j1 is UNDOING at step 0, not RUNNING at step 0");

    MetaChange ended =
        apply(cancelled.state(), end(new Place(JobState.UNDOING, 0), JobState.CANCELLED));
    assertThat(ended.events())
        .extracting(HistoryEvent::kind, HistoryEvent::text)
        .containsExactly(tuple(EventKind.JOB_ENDED, "migrate cancelled"));
    assertRefused(ended.state(), new CancelJob("j1"), "job j1 has ended");
    assertRefused(
        ended.state(),
        step(new Place(JobState.CANCELLED, 0), FIRST),
        "job j1 is CANCELLED at step 0, not CANCELLED at step 0");
  }

  @Test
  void beyondItsPointOfNoReturnAJobGoesOn() {
    ClusterState beyond = apply(BUSY, step(FIRST, new Place(JobState.RUNNING, 2))).state();
    assertRefused(
        beyond, new CancelJob("j1"), "job j1 is beyond the step from which it can be undone");
  }

  @Test
  void newShardsGetNumbersThatNoShardHad() {
    StateEdit dropped = new DropShard("s8", 1);
    ClusterState without =
        apply(CLUSTER, new StartJob(Samples.plan("s8"), List.of(dropped))).state();
    assertThat(without.shards()).doesNotContainKey("s8");
    assertRefused(
        without,
        new StartJob(Samples.plan("s8", "s9"), List.of(put("s9"), put("s8"))),
        "shard s8 is busy with job j1 (migrate)");
    ClusterState free = apply(without, end(FIRST, JobState.DONE)).state();
    assertRefused(
        free,
        new StartJob(Samples.plan("s8"), List.of(put("s8"))),
        "a new shard's number must be from 9 to 1008, not s8");
    assertRefused(
        free,
        new StartJob(Samples.plan("s1009"), List.of(put("s1009"))),
        "a new shard's number must be from 9 to 1008, not s1009");
    ClusterState made = apply(free, new StartJob(Samples.plan("s20"), List.of(put("s20")))).state();
    assertThat(made.shard("s20").orElseThrow().version()).isEqualTo(1);
    assertThat(made.counters().lastShard()).isEqualTo(20);
  }

  /** What a job leaves behind under a name is never taken for something of another job. */
  @Test
  void numbersOfShardsThatAJobIsToMakeAreItsOwnFromTheBeginning() {
    ClusterState two = start(CLUSTER, "s1", "s10").state();
    assertThat(two.nextShardIds(1).get(0)).isEqualTo("s11");
    assertRefused(
        two,
        new StartJob(Samples.plan("s9"), List.of(put("s9"))),
        "a new shard's number must be from 11 to 1010, not s9");
    assertRefused(
        two,
        new StartJob(Samples.plan("s10"), List.of(put("s10"))),
        "shard s10 is busy with job j1 (migrate)");
    ClusterState more = apply(two, new StartJob(Samples.plan("s20"), List.of(put("s20")))).state();
    assertThat(apply(more, step(FIRST, FIRST, put("s10"))).state().shards())
        .containsKeys("s10", "s20");

    ClusterState undoing = apply(more, new CancelJob("j1")).state();
    Place place = new Place(JobState.UNDOING, 0);
    assertRefused(
        undoing, step(place, place, put("s10")), "job j1 (migrate) cannot make shard s10 any more");
    ClusterState ended = apply(undoing, end(place, JobState.CANCELLED)).state();
    assertRefused(
        ended,
        new StartJob(Samples.plan("s2", "s10"), List.of()),
        "a new shard's number must be from 21 to 1020, not s10");
  }

  @Test
  void aShardThatAJobHasEndedDoesNotComeBack() {
    ClusterState dropped = apply(BUSY, step(FIRST, FIRST, new DropShard("s1", 1))).state();
    assertRefused(
        dropped, step(FIRST, FIRST, put("s1")), "job j1 (migrate) cannot make shard s1 any more");
  }

  @Test
  void slotsThatChangeHandsMakeANewTable() {
    ShardSpec whole = spec("s1");
    SlotRange range = whole.slots().get(0);
    ShardSpec half = withSlots(whole, List.of(new SlotRange(range.first(), range.first() + 9)));
    ShardSpec rest =
        new ShardSpec(
            "s9",
            new UUID(9, 9),
            List.of(new SlotRange(range.first() + 10, range.last())),
            whole.replicas(),
            "");
    MetaChange change =
        apply(
            CLUSTER,
            new StartJob(
                Samples.plan("s1", "s9"),
                List.of(
                    new PutShard(half, ShardState.ACTIVE, 1),
                    new PutShard(rest, ShardState.ACTIVE, 0))));
    assertThat(change.state().routing().version()).isEqualTo(2);
    assertThat(change.state().shardOfSlot(range.first() + 10).id()).isEqualTo("s9");
    assertThat(change.routing().orElseThrow().moves())
        .containsExactly(
            new RoutingChange.Move(new SlotRange(range.first() + 10, range.last()), "s1", "s9"));
  }

  /** Whatever is proposed, the state keeps its invariants, and no replica stops. */
  @Test
  void editsThatContradictTheStateAreRefused() {
    ShardSpec s1 = spec("s1");
    assertRefused(
        BUSY,
        step(
            FIRST,
            FIRST,
            new PutShard(withReplica(s1, Replica.listener("n77")), ShardState.ACTIVE, 1)),
        "replica on no member of shard s1");
    assertRefused(
        BUSY,
        step(
            FIRST,
            FIRST,
            new PutShard(withSlots(s1, List.of(new SlotRange(0, 16_383))), ShardState.ACTIVE, 1)),
        "slot 2048 is claimed by s1 and s2");
    ShardSpec other =
        new ShardSpec("s1", new UUID(7, 7), s1.slots(), s1.replicas(), s1.preferredLeader());
    assertRefused(
        BUSY,
        step(FIRST, FIRST, new PutShard(other, ShardState.ACTIVE, 1)),
        "shard s1 keeps its Raft group");
    ClusterState two = start(CLUSTER, "s1", "s9").state();
    ShardSpec twin = new ShardSpec("s9", s1.groupId(), List.of(), s1.replicas(), "");
    assertRefused(
        two,
        step(FIRST, FIRST, new PutShard(twin, ShardState.CREATING, 0)),
        "Raft group used twice by s9");
    assertRefused(two, step(FIRST, FIRST, new DropShard("s9", 0)), "no shard s9");
    assertRefused(BUSY, step(FIRST, new Place(JobState.RUNNING, 4)), "job j1 is at step 4");
    assertRefused(BUSY, new CancelJob("j9"), "no job j9");
    assertRefused(
        BUSY,
        new AdvanceJob("j9", FIRST, new Progress(FIRST, 0, 0, ""), new TreeMap<>(), List.of()),
        "no job j9");
  }

  /** A node that is behind plans from what it knows; what it does not know must not be undone. */
  @Test
  void editsFromAnOldRecordAreRefused() {
    PutShard moving =
        new PutShard(withReplica(spec("s1"), Replica.listener("n4")), ShardState.ACTIVE, 1);
    ClusterState moved = apply(BUSY, step(FIRST, FIRST, moving)).state();
    assertThat(moved.shard("s1").orElseThrow().version()).isEqualTo(2);
    assertRefused(moved, step(FIRST, FIRST, moving), "shard s1 has version 2, not 1");
    assertRefused(
        moved, step(FIRST, FIRST, new DropShard("s1", 1)), "shard s1 has version 2, not 1");
    ClusterState free = apply(moved, end(FIRST, JobState.DONE)).state();
    assertRefused(
        free, new StartJob(Samples.plan("s1"), List.of(moving)), "shard s1 has version 2, not 1");
  }

  @Test
  void oldJobsAreForgotten() {
    ClusterState state = CLUSTER;
    for (int i = 1; i <= JobApplier.MAX_ENDED_JOBS + 5; i++) {
      state = start(state, "s1").state();
      AdvanceJob done =
          new AdvanceJob(
              "j" + i,
              FIRST,
              new Progress(new Place(JobState.DONE, 3), 0, 0, ""),
              new TreeMap<>(),
              List.of());
      state = apply(state, done).state();
    }
    assertThat(state.jobs()).hasSize(JobApplier.MAX_ENDED_JOBS + 1);
    assertThat(state.jobs().firstKey()).isEqualTo("j5");
  }

  private static ShardSpec spec(String id) {
    return CLUSTER.shard(id).orElseThrow().spec();
  }

  private static ShardSpec withReplica(ShardSpec spec, Replica more) {
    List<Replica> replicas = new ArrayList<>(spec.replicas());
    replicas.add(more);
    return new ShardSpec(spec.id(), spec.groupId(), spec.slots(), replicas, spec.preferredLeader());
  }

  private static ShardSpec withSlots(ShardSpec spec, List<SlotRange> slots) {
    return new ShardSpec(spec.id(), spec.groupId(), slots, spec.replicas(), spec.preferredLeader());
  }

  private static StateEdit put(String id) {
    return new PutShard(
        new ShardSpec(
            id,
            DerivedIds.groupId(Samples.CLUSTER, id, 1),
            List.of(),
            List.of(Replica.voter("n1")),
            ""),
        ShardState.CREATING,
        0);
  }

  private static MetaChange start(ClusterState state, String... shards) {
    return apply(state, new StartJob(Samples.plan(shards), List.of()));
  }

  private static AdvanceJob step(Place seen, Place next, StateEdit... edits) {
    return new AdvanceJob(
        "j1", seen, new Progress(next, 0, 0, ""), new TreeMap<>(), List.of(edits));
  }

  private static AdvanceJob end(Place seen, JobState state) {
    return step(seen, new Place(state, seen.stepIndex()));
  }

  private static MetaChange apply(ClusterState state, MetaCommand command) {
    return MetaApplier.apply(state, command, LATER);
  }

  private static void assertRefused(ClusterState state, MetaCommand command, String text) {
    assertNothing(apply(state, command), state, Outcome.REFUSED, text);
  }

  private static void assertNothing(
      MetaChange change, ClusterState state, Outcome outcome, String text) {
    assertThat(change.reply()).isEqualTo(new MetaReply(outcome, state.version(), text));
    assertThat(change.state()).isSameAs(state);
    assertThat(change.events()).isEmpty();
    assertThat(change.routing()).isEmpty();
  }
}
