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
import io.raftkv.meta.StateEdit;
import io.raftkv.meta.StateEdit.PutShard;
import io.raftkv.meta.job.ClusterFacts.Leader;
import io.raftkv.meta.job.ClusterFacts.SlotFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
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
        fault("takes away any fence when it is undone", 42, SplitSimulationTest::unfenceAny),
        fault("keeps at whatever epoch it sees", 173, SplitSimulationTest::keepAtAnyEpoch),
        fault("fences at whatever epoch it sees", 3, SplitSimulationTest::fenceAtAnyEpoch),
        fault("keeps by the routing in force", 1, SplitSimulationTest::keepByOldRouting),
        fault("unfences by the routing in force", 2, SplitSimulationTest::unfenceByOldRouting),
        fault("begins with who has one of the replicas", 5, SplitSimulationTest::beginInPart),
        fault("routes when one child has let go", 1, SplitSimulationTest::openOne),
        fault("has each child keep all that goes", 1, SplitSimulationTest::keepAll),
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
    boolean opens = right instanceof JobAction.Keep || right instanceof JobAction.Together;
    if (!takes(job, SplitSteps.OPEN) || !opens) {
      return right;
    }
    Scene scene = scene(state, job, facts);
    List<StateEdit> edits = new ArrayList<>();
    edits.add(put(scene.shard(), kept(scene), ShardState.SPLITTING));
    for (List<SlotRange> part : SplitSteps.partsOf(job)) {
      edits.add(put(scene.shard(job.shardIds().get(edits.size())), part, ShardState.ACTIVE));
    }
    return scene.taken(edits.toArray(StateEdit[]::new));
  }

  private static boolean takes(JobInfo job, String step) {
    return job.state() == JobState.RUNNING && job.step().equals(step);
  }

  private static List<SlotRange> moving(JobInfo job) {
    return SlotRange.normalize(SplitSteps.partsOf(job).stream().flatMap(List::stream).toList());
  }

  private static List<SlotRange> kept(Scene scene) {
    return SlotRange.subtract(scene.shard().slots(), moving(scene.job()));
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
    return takes(job, SplitSteps.CUT) && seeded.isPresent()
        ? begin(scene(state, job, facts), List.of(seeded.get()))
        : right;
  }

  private static JobAction begin(Scene scene, List<String> nodes) {
    List<StateEdit> edits = new ArrayList<>();
    for (UUID child : SplitSteps.childrenOf(scene.job())) {
      edits.add(
          new PutShard(
              new ShardSpec(
                  scene.job().shardIds().get(edits.size() + 1),
                  child,
                  List.of(),
                  nodes.stream().map(Replica::voter).toList(),
                  ""),
              ShardState.CREATING,
              0));
    }
    return scene.taken(edits.toArray(StateEdit[]::new));
  }

  /** It made that one, and stopped. */
  private static JobAction beginInPart(ClusterState state, JobInfo job, ClusterFacts facts) {
    List<UUID> children = SplitSteps.childrenOf(job);
    Scene scene = scene(state, job, facts);
    List<String> some =
        state.nodes().keySet().stream()
            .filter(node -> children.stream().anyMatch(one -> facts.replica(node, one).isPresent()))
            .toList();
    return takes(job, SplitSteps.CUT) && 2 * some.size() > scene.shard().voters().size()
        ? begin(scene, some)
        : JobRunner.next(state, job, facts);
  }

  private static JobAction openOne(ClusterState state, JobInfo job, ClusterFacts facts) {
    if (takes(job, SplitSteps.OPEN)) {
      List<UUID> children = SplitSteps.childrenOf(job);
      for (int i = 0; i < children.size(); i++) {
        List<SlotRange> part = SplitSteps.partsOf(job).get(i);
        if (facts
            .leader(children.get(i))
            .filter(leader -> leader.replica().slots().owned().equals(part))
            .isPresent()) {
          return scene(state, job, facts).taken();
        }
      }
    }
    return JobRunner.next(state, job, facts);
  }

  private static JobAction keepAll(ClusterState state, JobInfo job, ClusterFacts facts) {
    JobAction right = JobRunner.next(state, job, facts);
    if (!takes(job, SplitSteps.OPEN)) {
      return right;
    }
    Scene scene = scene(state, job, facts);
    boolean all =
        SplitSteps.childrenOf(job).stream()
                .flatMap(child -> facts.leader(child).stream())
                .filter(child -> child.replica().slots().owned().equals(moving(job)))
                .count()
            == SplitSteps.childrenOf(job).size();
    return all
        ? scene.taken()
        : each(
            right,
            part ->
                part instanceof JobAction.Keep keep
                    ? new JobAction.Keep(
                        keep.leader(),
                        keep.group(),
                        keep.epoch(),
                        keep.routingVersion(),
                        moving(job))
                    : part);
  }

  private static JobAction each(JobAction right, UnaryOperator<JobAction> change) {
    return right instanceof JobAction.Together together
        ? new JobAction.Together(together.parts().stream().map(change).toList())
        : change.apply(right);
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
    List<SlotRange> kept = kept(scene);
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
    return each(
        JobRunner.next(state, job, facts),
        part ->
            part instanceof JobAction.Keep keep
                ? new JobAction.Keep(
                    keep.leader(),
                    keep.group(),
                    keep.epoch(),
                    state.routing().version(),
                    keep.slots())
                : part);
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
            moving(job))
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
