package io.raftkv.meta.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.StateEdit.PutShard;
import io.raftkv.meta.job.ClusterFacts.Leader;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SplitSimulationTest {
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 1_001, 2_001})
  void everySplitEndsDoneOrAsBefore(int first) {
    SplitRuns runs = SplitRuns.of(first, false);
    runs.assertEnds(JobKind.SPLIT, JobState.DONE, 40);
    runs.assertEnds(JobKind.SPLIT, JobState.CANCELLED, 20);
    runs.assertEnds(JobKind.SPLIT, JobState.FAILED, 0);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faults")
  void faultsAreFound(String name, int first, SplitBrain broken) {
    SplitRuns.assertFound(name, first, broken, false);
  }

  static Stream<Object[]> faults() {
    return Stream.of(
        fault("routes before the child has let go", 1, SplitSimulationTest::routeFirst),
        fault("begins without a majority", 1, SplitSimulationTest::beginWithOne),
        fault("takes away any fence when it is undone", 38, SplitSimulationTest::unfenceAny),
        fault("keeps at whatever epoch it sees", 161, SplitSimulationTest::keepAtAnyEpoch),
        fault("fences at whatever epoch it sees", 3, SplitSimulationTest::fenceAtAnyEpoch),
        fault("keeps by the routing in force", 1, SplitSimulationTest::keepByOldRouting),
        fault("unfences by the routing in force", 1, SplitSimulationTest::unfenceByOldRouting),
        new Object[] {
          "takes away fences of jobs that it does not know",
          22,
          new SplitBrain() {
            @Override
            public List<JobAction> repairs(ClusterState state, ClusterFacts facts) {
              return unfenceUnknown(state, facts);
            }
          }
        });
  }

  @FunctionalInterface
  private interface Driving {
    JobAction next(ClusterState state, JobInfo job, ClusterFacts facts);
  }

  private static Object[] fault(String name, int first, Driving driving) {
    return new Object[] {
      name,
      first,
      new SplitBrain() {
        @Override
        public JobAction next(ClusterState state, JobInfo job, ClusterFacts facts) {
          return driving.next(state, job, facts);
        }
      }
    };
  }

  private static Scene scene(ClusterState state, JobInfo job, ClusterFacts facts) {
    return new Scene(state, job, facts);
  }

  private static JobAction routeFirst(ClusterState state, JobInfo job, ClusterFacts facts) {
    JobAction right = JobRunner.next(state, job, facts);
    if (!job.step().equals(SplitSteps.OPEN) || !(right instanceof JobAction.Keep)) {
      return right;
    }
    Scene scene = scene(state, job, facts);
    ShardInfo child = scene.shard(job.shardIds().get(1));
    List<SlotRange> moving = SlotRange.parseAll(job.argument(SplitSteps.SLOTS));
    return scene.taken(
        put(scene.shard(), SlotRange.subtract(scene.shard().slots(), moving), ShardState.SPLITTING),
        put(child, moving, ShardState.ACTIVE));
  }

  private static PutShard put(ShardInfo shard, List<SlotRange> slots, ShardState state) {
    return new PutShard(
        new ShardSpec(shard.id(), shard.groupId(), slots, shard.replicas(), ""),
        state,
        shard.version());
  }

  private static JobAction beginWithOne(ClusterState state, JobInfo job, ClusterFacts facts) {
    JobAction right = JobRunner.next(state, job, facts);
    UUID child = SplitSteps.childOf(job);
    Optional<String> seeded =
        state.nodes().keySet().stream()
            .filter(node -> facts.replica(node, child).isPresent())
            .findFirst();
    boolean cuts = job.state() == JobState.RUNNING && job.step().equals(SplitSteps.CUT);
    if (!cuts || seeded.isEmpty()) {
      return right;
    }
    return scene(state, job, facts)
        .taken(
            new PutShard(
                new ShardSpec(
                    job.shardIds().get(1),
                    child,
                    List.of(),
                    List.of(Replica.voter(seeded.get())),
                    ""),
                ShardState.CREATING,
                0));
  }

  private static JobAction unfenceAny(ClusterState state, JobInfo job, ClusterFacts facts) {
    JobAction right = JobRunner.next(state, job, facts);
    Optional<Leader> leader = scene(state, job, facts).leader();
    boolean undoes = job.state() == JobState.UNDOING && leader.isPresent();
    return undoes && leader.get().replica().slots().fenceTarget().isPresent()
        ? new JobAction.Unfence(
            leader.get().nodeId(),
            leader.get().group(),
            leader.get().replica().slots().epoch(),
            state.routing().version() + 1)
        : right;
  }

  private static JobAction keepAtAnyEpoch(ClusterState state, JobInfo job, ClusterFacts facts) {
    JobAction right = JobRunner.next(state, job, facts);
    Scene scene = scene(state, job, facts);
    if (!job.step().equals(SplitSteps.RELEASE) || scene.leader().isEmpty()) {
      return right;
    }
    SlotFacts slots = scene.leader().get().replica().slots();
    List<SlotRange> moving = SlotRange.parseAll(job.argument(SplitSteps.SLOTS));
    List<SlotRange> kept = SlotRange.subtract(scene.shard().slots(), moving);
    return slots.owned().equals(kept)
        ? right
        : new JobAction.Keep(
            scene.leader().get().nodeId(),
            scene.leader().get().group(),
            slots.epoch(),
            state.routing().version() + 1,
            kept);
  }

  private static JobAction keepByOldRouting(ClusterState state, JobInfo job, ClusterFacts facts) {
    return JobRunner.next(state, job, facts) instanceof JobAction.Keep keep
        ? new JobAction.Keep(
            keep.leader(), keep.group(), keep.epoch(), state.routing().version(), keep.slots())
        : JobRunner.next(state, job, facts);
  }

  private static JobAction unfenceByOldRouting(
      ClusterState state, JobInfo job, ClusterFacts facts) {
    return JobRunner.next(state, job, facts) instanceof JobAction.Unfence unfence
        ? new JobAction.Unfence(
            unfence.leader(), unfence.group(), unfence.epoch(), state.routing().version())
        : JobRunner.next(state, job, facts);
  }

  private static JobAction fenceAtAnyEpoch(ClusterState state, JobInfo job, ClusterFacts facts) {
    Scene scene = scene(state, job, facts);
    Optional<Leader> leader = scene.leader();
    boolean cuts = job.state() == JobState.RUNNING && job.step().equals(SplitSteps.CUT);
    return cuts && leader.isPresent() && leader.get().replica().slots().fenceTarget().isEmpty()
        ? new JobAction.Fence(
            leader.get().nodeId(),
            leader.get().group(),
            leader.get().replica().slots().epoch(),
            SplitSteps.childOf(job),
            SlotRange.parseAll(job.argument(SplitSteps.SLOTS)))
        : JobRunner.next(state, job, facts);
  }

  private static List<JobAction> unfenceUnknown(ClusterState state, ClusterFacts facts) {
    return state.shards().values().stream()
        .flatMap(shard -> facts.leader(shard.groupId()).stream())
        .filter(leader -> leader.replica().slots().fenceTarget().isPresent())
        .filter(
            leader ->
                !JobRunner.beginnings(state).contains(leader.replica().slots().fenceTarget().get()))
        .map(
            leader ->
                (JobAction)
                    new JobAction.Unfence(
                        leader.nodeId(),
                        leader.group(),
                        leader.replica().slots().epoch(),
                        state.routing().version() + 1))
        .toList();
  }

  @Test
  void aSeedRepeats() {
    SplitSimulation one = new SplitSimulation(7, SplitBrain.REAL);
    SplitSimulation two = new SplitSimulation(7, SplitBrain.REAL);
    assertThat(one.run()).isEqualTo(two.run());
    assertThat(one.clients().writes()).isEqualTo(two.clients().writes());
  }
}
