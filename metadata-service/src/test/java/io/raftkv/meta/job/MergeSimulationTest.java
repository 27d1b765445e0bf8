package io.raftkv.meta.job;

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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A {@link SplitSimulation} in which shards that were split are merged again. */
class MergeSimulationTest {
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 1_001, 2_001})
  void everyMergeEndsDoneOrAsBefore(int first) {
    SplitRuns runs = SplitRuns.of(first, true);
    runs.assertEnds(JobKind.MERGE, JobState.DONE, 10);
    runs.assertEnds(JobKind.MERGE, JobState.CANCELLED, 0);
    runs.assertEnds(JobKind.MERGE, JobState.FAILED, 0);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("faults")
  void faultsAreFound(String name, int first, Driving broken) {
    SplitBrain brain =
        new SplitBrain() {
          @Override
          public JobAction next(ClusterState state, JobInfo job, ClusterFacts facts) {
            JobAction right = JobRunner.next(state, job, facts);
            return job.kind() == JobKind.MERGE
                ? broken.next(new Scene(state, job, facts), right)
                : right;
          }
        };
    SplitRuns.assertFound(name, first, brain, true);
  }

  /** What a driver does in place of what is right. */
  @FunctionalInterface
  interface Driving {
    JobAction next(Scene scene, JobAction right);
  }

  static Stream<Object[]> faults() {
    return Stream.of(
        fault("routes before the child has leave to answer", 1, MergeSimulationTest::routeFirst),
        fault("begins without a majority", 1, MergeSimulationTest::beginWithOne),
        fault("takes the cut of one shard for all", 1, MergeSimulationTest::seedOne),
        fault("fences some of the slots only", 46, MergeSimulationTest::fenceSome),
        fault("fences at whatever epoch it sees", 39, MergeSimulationTest::fenceAtAnyEpoch),
        fault("takes away any fence when it is undone", 65, MergeSimulationTest::unfenceAny),
        fault("gives shards back that it has not noted", 558, MergeSimulationTest::giveBackUnnoted),
        fault("routes anew before a shard is back", 22, MergeSimulationTest::renewEarly),
        fault("is undone when one shard has no fence", 46, MergeSimulationTest::undoneEarly),
        fault("unfences by the routing in force", 22, MergeSimulationTest::unfenceByOldRouting));
  }

  private static Object[] fault(String name, int first, Driving driving) {
    return new Object[] {name, first, driving};
  }

  private static boolean takes(Scene scene, String step) {
    return scene.job().state() == JobState.RUNNING && scene.job().step().equals(step);
  }

  private static List<ShardInfo> sources(Scene scene) {
    List<String> ids = scene.job().shardIds();
    return ids.subList(0, ids.size() - 1).stream().map(scene::shard).toList();
  }

  private static String childId(Scene scene) {
    return scene.job().shardIds().get(scene.job().shardIds().size() - 1);
  }

  private static PutShard put(ShardInfo shard, List<SlotRange> slots, ShardState state) {
    return new PutShard(
        new ShardSpec(shard.id(), shard.groupId(), slots, shard.replicas(), ""),
        state,
        shard.version());
  }

  private static JobAction routeFirst(Scene scene, JobAction right) {
    if (!takes(scene, MergeSteps.OPEN) || !(right instanceof JobAction.Keep keep)) {
      return right;
    }
    List<StateEdit> edits = new ArrayList<>();
    edits.add(put(scene.shard(childId(scene)), keep.slots(), ShardState.ACTIVE));
    sources(scene).forEach(shard -> edits.add(put(shard, List.of(), ShardState.DELETING)));
    return scene.taken(edits.toArray(StateEdit[]::new));
  }

  private static JobAction beginWithOne(Scene scene, JobAction right) {
    UUID child = SplitSteps.childOf(scene.job());
    Optional<String> seeded =
        scene.state().nodes().keySet().stream()
            .filter(node -> scene.facts().replica(node, child).isPresent())
            .findFirst();
    if (!takes(scene, MergeSteps.CUT) || seeded.isEmpty()) {
      return right;
    }
    return scene.taken(
        new PutShard(
            new ShardSpec(
                childId(scene), child, List.of(), List.of(Replica.voter(seeded.get())), ""),
            ShardState.CREATING,
            0));
  }

  private static JobAction seedOne(Scene scene, JobAction right) {
    return each(
        right,
        part ->
            part instanceof JobAction.Seed seed
                ? new JobAction.Seed(seed.node(), seed.targets(), seed.sources().subList(0, 1))
                : part);
  }

  private static JobAction fenceSome(Scene scene, JobAction right) {
    return each(
        right,
        part ->
            part instanceof JobAction.Fence fence
                ? new JobAction.Fence(
                    fence.leader(),
                    fence.group(),
                    fence.epoch(),
                    fence.target(),
                    fence.slots().subList(0, 1))
                : part);
  }

  private static JobAction fenceAtAnyEpoch(Scene scene, JobAction right) {
    if (!takes(scene, MergeSteps.CUT)) {
      return right;
    }
    List<JobAction> fences = new ArrayList<>();
    for (ShardInfo shard : sources(scene)) {
      Optional<Leader> leader = scene.facts().leader(shard.groupId());
      leader
          .filter(one -> one.replica().slots().fenceTarget().isEmpty())
          .ifPresent(
              one ->
                  fences.add(
                      new JobAction.Fence(
                          one.nodeId(),
                          one.group(),
                          one.replica().slots().epoch(),
                          SplitSteps.childOf(scene.job()),
                          shard.slots())));
    }
    return fences.isEmpty() ? right : new JobAction.Together(fences);
  }

  private static JobAction unfenceAny(Scene scene, JobAction right) {
    if (scene.job().state() != JobState.UNDOING) {
      return right;
    }
    List<JobAction> orders = new ArrayList<>();
    for (ShardInfo shard : sources(scene)) {
      Optional<Leader> leader = scene.facts().leader(shard.groupId());
      leader
          .filter(one -> one.replica().slots().fenceTarget().isPresent())
          .ifPresent(one -> orders.add(unfence(scene, one, 1)));
    }
    return orders.isEmpty() ? right : new JobAction.Together(orders);
  }

  private static JobAction unfence(Scene scene, Leader leader, int ahead) {
    SlotFacts slots = leader.replica().slots();
    return new JobAction.Unfence(
        leader.nodeId(), leader.group(), slots.epoch(), scene.state().routing().version() + ahead);
  }

  private static JobAction undoneEarly(Scene scene, JobAction right) {
    boolean onlyFences =
        right instanceof JobAction.Together together
            && together.parts().stream().allMatch(JobAction.Unfence.class::isInstance)
            && together.parts().size() < sources(scene).size();
    if (scene.job().state() != JobState.UNDOING || !onlyFences) {
      return right;
    }
    return scene.undone(
        sources(scene).stream()
            .map(shard -> put(shard, shard.slots(), ShardState.ACTIVE))
            .toArray(StateEdit[]::new));
  }

  /** Those without a leader now may have got an order, by the version that is made now. */
  private static JobAction giveBackUnnoted(Scene scene, JobAction right) {
    boolean begun = scene.argument(MergeSteps.EPOCHS).isPresent();
    if (scene.job().state() != JobState.UNDOING
        || !begun
        || scene.state().shard(childId(scene)).isPresent()) {
      return right;
    }
    String[] epochs = scene.job().argument(MergeSteps.EPOCHS).split(" ", -1);
    List<JobAction> orders = new ArrayList<>();
    List<StateEdit> edits = new ArrayList<>();
    edits.add(new StateEdit.RenewRouting());
    int left = 0;
    for (int i = 0; i < epochs.length; i++) {
      ShardInfo shard = sources(scene).get(i);
      Optional<Leader> leader = scene.facts().leader(shard.groupId());
      boolean waits = shard.state() == ShardState.MERGING && leader.isEmpty();
      left += waits ? 1 : 0;
      edits.add(put(shard, shard.slots(), waits ? ShardState.MERGING : ShardState.ACTIVE));
      if (shard.state() == ShardState.MERGING && leader.isPresent()) {
        SlotFacts slots = leader.get().replica().slots();
        boolean fenced = slots.isFencedFor(SplitSteps.childOf(scene.job()));
        if (fenced || slots.epoch() <= Long.parseLong(epochs[i])) {
          orders.add(unfence(scene, leader.get(), 1));
        }
      }
    }
    if (!orders.isEmpty()) {
      return new JobAction.Together(orders);
    }
    if (left == 0) {
      edits.remove(0);
      return scene.undone(edits.toArray(StateEdit[]::new));
    }
    return left < epochs.length ? scene.undoneInPart(edits.toArray(StateEdit[]::new)) : right;
  }

  private static JobAction renewEarly(Scene scene, JobAction right) {
    if (scene.job().state() != JobState.UNDOING || !(right instanceof JobAction.Together)) {
      return right;
    }
    List<StateEdit> edits = new ArrayList<>();
    edits.add(new StateEdit.RenewRouting());
    List<ShardInfo> sources = sources(scene);
    for (int i = 0; i < sources.size(); i++) {
      boolean last = i == sources.size() - 1;
      ShardInfo shard = sources.get(i);
      edits.add(put(shard, shard.slots(), last ? ShardState.MERGING : ShardState.ACTIVE));
    }
    return scene.undoneInPart(edits.toArray(StateEdit[]::new));
  }

  private static JobAction unfenceByOldRouting(Scene scene, JobAction right) {
    return each(
        right,
        part ->
            part instanceof JobAction.Unfence unfence
                ? new JobAction.Unfence(
                    unfence.leader(),
                    unfence.group(),
                    unfence.epoch(),
                    scene.state().routing().version())
                : part);
  }

  private static JobAction each(JobAction right, UnaryOperator<JobAction> change) {
    return right instanceof JobAction.Together together
        ? new JobAction.Together(together.parts().stream().map(change).toList())
        : change.apply(right);
  }
}
