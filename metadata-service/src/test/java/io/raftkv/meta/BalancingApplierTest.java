package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.SetBalancing;
import io.raftkv.meta.MetaCommand.StartJob;
import io.raftkv.meta.MetaReply.Outcome;
import io.raftkv.meta.StateEdit.PutShard;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What may begin by itself, and what a shard lacks. */
class BalancingApplierTest {
  private static final ClusterState CLUSTER = Samples.online(Samples.cluster(4, 8, 3));

  @Test
  void balancingIsSetAndTold() {
    assertThat(CLUSTER.balancing()).isEqualTo(Balancing.REPAIR);
    MetaChange on = apply(CLUSTER, new SetBalancing(Balancing.ON));
    assertThat(on.state().balancing()).isEqualTo(Balancing.ON);
    assertThat(on.events())
        .containsExactly(
            new HistoryEvent(
                on.state().version(),
                on.state().updatedAtMillis(),
                EventKind.BALANCING_CHANGED,
                Samples.CLUSTER,
                "balancing repair to on"));
    assertThat(apply(on.state(), new SetBalancing(Balancing.ON)).isChange()).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void balancingIsStoredOnceItWasSaid(Balancing mode) {
    MapRecords records = new MapRecords();
    MetaChange founded =
        MetaApplier.apply(ClusterState.EMPTY, Samples.bootstrap(3, 3, 3), Samples.TIME);
    new MetaStore(records).save(ClusterState.EMPTY, founded);
    assertThat(records.get("balancing")).as("a release without it wrote none").isNull();
    assertThat(new MetaStore(records).load()).isEqualTo(founded.state());
    MetaChange set = apply(founded.state(), new SetBalancing(mode));
    new MetaStore(records).save(founded.state(), set);
    assertThat(new MetaStore(records).load().balancing()).isEqualTo(mode);
  }

  @ParameterizedTest
  @CsvSource({
    "OFF, repair, balancing is off",
    "OFF, balance, balancing is off",
    "REPAIR, balance, balancing is repair",
    "REPAIR, repair,",
    "ON, balance,",
    "ON, repair,"
  })
  void whatIsNotWantedDoesNotBeginByItself(Balancing mode, String origin, String refusal) {
    ClusterState state = apply(CLUSTER, new SetBalancing(mode)).state();
    MetaReply reply = apply(state, automatic(origin, "", "s1")).reply();
    assertThat(reply.outcome()).isEqualTo(refusal == null ? Outcome.CHANGED : Outcome.REFUSED);
    assertThat(reply.text()).isEqualTo(refusal == null ? "j1" : refusal);
  }

  @Test
  void whatWasFoundRightBeforeAnotherJobBeganDoesNotBegin() {
    MetaChange first = apply(CLUSTER, automatic(JobInfo.REPAIR, "", "s1"));
    assertThat(first.events().get(0).text()).isEqualTo("migrate of s1 by itself: n1 is lost");
    MetaChange late = apply(first.state(), automatic(JobInfo.REPAIR, "", "s2"));
    assertThat(late.reply().text()).isEqualTo("another job has begun meanwhile");
    assertThat(apply(first.state(), automatic(JobInfo.REPAIR, "j1", "s2")).isChange()).isTrue();
    StartJob asked = new StartJob(Samples.plan("s2"), List.of());
    assertThat(apply(first.state(), asked).isChange()).as("an operator may").isTrue();
  }

  private static StartJob automatic(String origin, String after, String shard) {
    TreeMap<String, String> arguments =
        new TreeMap<>(
            Map.of(JobInfo.ORIGIN, origin, JobInfo.REASON, "n1 is lost", JobInfo.AFTER, after));
    return new StartJob(Samples.plan(shard).withArguments(arguments), List.of());
  }

  // ---- what shards lack ----

  @Test
  void shardThatIsMadeFromALargerOneLacksTheRest() {
    ClusterState splitting = begin(CLUSTER, JobKind.SPLIT, Map.of(), "s1", "s9");
    ShardSpec child = new ShardSpec("s9", new UUID(1, 9), List.of(), voters("n1", "n2"), "n1");
    ClusterState made = step(splitting, child, 0);
    assertThat(made.shard("s9").orElseThrow().lacking()).isEqualTo(1);
    assertThat(made.shard("s1").orElseThrow().lacking()).isZero();
    ClusterState done = step(made, child, 1);
    assertThat(done.shard("s9").orElseThrow().lacking()).as("it stays so").isEqualTo(1);
  }

  @Test
  void shardThatIsMadeByAnOperatorLacksNothing() {
    ShardSpec spec = new ShardSpec("s9", new UUID(1, 9), List.of(), voters("n1"), "n1");
    MetaChange change =
        apply(
            CLUSTER,
            new StartJob(
                plan(JobKind.CREATE, Map.of(), "s9"),
                List.of(new PutShard(spec, ShardState.CREATING, 0))));
    assertThat(change.state().shard("s9").orElseThrow().lacking()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "'', n4, n1 n2 n3 n4, 2, 1", // one more of what it lacks
    "'', n4, n1 n2 n3 n4, 0, 0", // one more than it had
    "n1, '', n2 n3, 0, 0", // one less, as somebody wants it
    "n1, '', n2 n3, 1, 0", // so it wants no more
    "n1, '', n1 n2 n3, 1, 1", // on its way, or undone
    "n1, n4, n2 n3 n4, 1, 1", // one moves
    "n1, n4, n1 n2 n3 n4, 1, 1", // on its way
    "'', n4, n1 n2 n3, 1, 1" // undone
  })
  void movesFillUpWhatAShardLacks(String from, String to, String after, int lacking, int expected) {
    ShardInfo known = CLUSTER.shard("s1").orElseThrow();
    ShardSpec spec = known.spec();
    ShardSpec before =
        new ShardSpec("s1", spec.groupId(), spec.slots(), voters("n1", "n2", "n3"), "");
    ClusterState state =
        Samples.withShard(
            CLUSTER,
            new ShardInfo(before, lacking, ShardState.MIGRATING, known.version() + 1, 0, 0));
    TreeMap<String, String> arguments = new TreeMap<>();
    if (!from.isEmpty()) {
      arguments.put(JobInfo.FROM, from);
    }
    if (!to.isEmpty()) {
      arguments.put("to", to);
    }
    ClusterState begun = begin(state, JobKind.MIGRATE, arguments, "s1");
    ShardSpec next =
        new ShardSpec("s1", spec.groupId(), spec.slots(), voters(after.split(" ")), "");
    assertThat(step(begun, next, 2).shard("s1").orElseThrow().lacking()).isEqualTo(expected);
  }

  @Test
  void shardThatLosesReplicasByAnotherJobLacksThem() {
    ClusterState merging = begin(CLUSTER, JobKind.MERGE, Map.of(), "s1");
    ShardSpec spec = CLUSTER.shard("s1").orElseThrow().spec();
    ShardSpec next = new ShardSpec("s1", spec.groupId(), spec.slots(), voters("n1", "n2"), "n1");
    assertThat(step(merging, next, 1).shard("s1").orElseThrow().lacking()).isEqualTo(1);
  }

  private static List<Replica> voters(String... nodes) {
    return List.of(nodes).stream().map(Replica::voter).toList();
  }

  private static JobInfo.Plan plan(JobKind kind, Map<String, String> arguments, String... shards) {
    return new JobInfo.Plan(
        kind, List.of(shards), new TreeMap<>(arguments), List.of("a", "b", "c"), 3);
  }

  private static ClusterState begin(
      ClusterState state, JobKind kind, Map<String, String> arguments, String... shards) {
    MetaChange change = apply(state, new StartJob(plan(kind, arguments, shards), List.of()));
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
    return change.state();
  }

  private static ClusterState step(ClusterState state, ShardSpec next, long version) {
    JobInfo job = state.job("j1").orElseThrow();
    long seen = state.shard(next.id()).map(ShardInfo::version).orElse(0L);
    assertThat(seen).isEqualTo(version);
    MetaChange change =
        apply(
            state,
            new AdvanceJob(
                "j1",
                AdvanceJob.Place.of(job),
                new AdvanceJob.Progress(
                    new AdvanceJob.Place(JobState.RUNNING, job.stepIndex() + 1), 0, 0, ""),
                new TreeMap<>(),
                List.of(new PutShard(next, ShardState.ACTIVE, seen))));
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
    return change.state();
  }

  private static MetaChange apply(ClusterState state, MetaCommand command) {
    return MetaApplier.apply(state, command, Samples.TIME);
  }
}
