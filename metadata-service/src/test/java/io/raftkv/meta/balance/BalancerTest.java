package io.raftkv.meta.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.Balancing;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.SlotRange;
import io.raftkv.meta.StateEdit.PutShard;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BalancerTest {
  private static final Map<String, Long> LONG_OFFLINE =
      Map.of("n1", ModelCluster.REBUILD_AFTER.toMillis());

  /** Four nodes, of which the last one has nothing. */
  private final ModelCluster cluster = ModelCluster.of(3, 8, 3);

  private void join(int number) {
    cluster.apply(new MetaCommand.JoinNode(Samples.node(number, 1)));
    cluster.judge("n" + number, NodeState.ONLINE);
  }

  // ---- when nothing is moved ----

  @Test
  void nothingIsDoneWhileItIsOff() {
    join(4);
    cluster.apply(new MetaCommand.SetBalancing(Balancing.OFF));
    cluster.judge("n1", NodeState.OFFLINE);
    assertNothing(rebuild(), "balancing is off");
  }

  @Test
  void nothingIsSpreadWhileItOnlyRepairs() {
    join(4);
    cluster.apply(new MetaCommand.SetBalancing(Balancing.REPAIR));
    assertNothing(cluster.next(), "nothing is to be repaired");
    assertThat(Balancer.moves(cluster.state, cluster.facts(), 100).moves()).hasSize(8);
  }

  @ParameterizedTest
  @EnumSource(names = {"UNHEALTHY", "OFFLINE"})
  void nothingIsSpreadWhileANodeWithReplicasIsInTrouble(NodeState trouble) {
    join(4);
    cluster.judge("n2", trouble);
    assertNothing(cluster.next(), "node n2 is " + trouble.text());
    assertThat(Balancer.moves(cluster.state, cluster.facts(), 100).obstacle())
        .isEqualTo("node n2 is " + trouble.text());
  }

  @Test
  void nothingIsSpreadWhileANodeJoinsOrDoesNotAnswer() {
    join(4);
    cluster.silent.add("n3");
    assertNothing(cluster.next(), "node n3 does not answer");
    cluster.silent.clear();
    cluster.apply(new MetaCommand.JoinNode(Samples.node(5, 1)));
    assertNothing(cluster.next(), "node n5 is joining");
  }

  @Test
  void lostNodeThatHasNothingIsNoTrouble() {
    join(4);
    join(5);
    cluster.judge("n5", NodeState.OFFLINE);
    JobInfo job = cluster.begin(cluster.next());
    assertThat(job.argument("to")).isEqualTo("n4");
  }

  @Test
  void nothingIsSpreadWhileAnotherJobRuns() throws JobRefusedException {
    join(4);
    cluster.apply(JobPlans.transfer(cluster.state, "s1", "n2"));
    assertNothing(cluster.next(), "job j1 goes on");
  }

  @Test
  void nothingIsSpreadWhileAShardIsNotWell() {
    join(4);
    cluster.leaderless.add("s2");
    assertNothing(cluster.next(), "shard s2 has no leader");
    cluster.leaderless.clear();
    cluster.changing.add("s3");
    assertNothing(cluster.next(), "shard s3 has other members than are recorded");
  }

  @Test
  void oneJobAtATimeAndAPauseAfterIt() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    assertNothing(cluster.next(), job.id() + " goes on");
    cluster.finish(job);
    Observed soon = new Observed(9_999, Map.of(), Map.of(), Map.of(), Map.of(), Map.of());
    assertNothing(cluster.next(ModelCluster.SETTINGS, soon), "it pauses");
    assertThat(cluster.next().action()).isPresent();
  }

  @Test
  void shardRestsAfterItsJobAndLongerAfterOneThatFailed() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    String shard = job.shardIds().get(0);
    cluster.end(job, JobState.FAILED, List.of(asBefore(shard)));
    assertThat(cluster.begin(resting(shard, 119_000)).shardIds()).doesNotContain(shard);
  }

  @Test
  void shardThatRestedIsTakenAgain() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    String shard = job.shardIds().get(0);
    cluster.end(job, JobState.FAILED, List.of(asBefore(shard)));
    assertThat(cluster.begin(resting(shard, 120_000)).shardIds()).contains(shard);
  }

  @Test
  void whatWaitsForARestIsTold() {
    join(4);
    Map<String, Long> all = new HashMap<>();
    cluster.state.shards().keySet().forEach(shard -> all.put(shard, 0L));
    assertNothing(
        cluster.next(
            ModelCluster.SETTINGS,
            new Observed(1 << 20, Map.of(), all, Map.of(), Map.of(), Map.of())),
        "n4 0 with 0 MB, when the shard has rested");
  }

  private Verdict resting(String shard, long millis) {
    return cluster.next(
        ModelCluster.SETTINGS,
        new Observed(1 << 20, Map.of(), Map.of(shard, millis), Map.of(), Map.of(), Map.of()));
  }

  private PutShard asBefore(String shardId) {
    ShardInfo shard = cluster.state.shard(shardId).orElseThrow();
    return new PutShard(
        Samples.cluster(3, 8, 3).shard(shardId).orElseThrow().spec(),
        ShardState.ACTIVE,
        shard.version());
  }

  // ---- targets ----

  @Test
  void nodesThatDrainOrAreFullGetNothing() {
    join(4);
    join(5);
    cluster.state = Samples.with(cluster.state, "n4", NodeState.DRAINING);
    assertThat(cluster.begin(cluster.next()).argument("to")).isEqualTo("n5");
  }

  @Test
  void nodeWithoutRoomForTheShardGetsNothing() {
    join(4);
    join(5);
    cluster.noRoom.put("n4", "its disk is nearly full");
    cluster.free.put("n5", 20 * ModelCluster.MEBIBYTE); // for as much again, too
    for (int i = 1; i <= 8; i++) {
      cluster.bytes.put("s" + i, (i == 6 ? 10 : 11) * ModelCluster.MEBIBYTE);
    }
    JobInfo job = cluster.begin(cluster.next());
    assertThat(job.argument("to")).isEqualTo("n5");
    assertThat(job.shardIds()).containsExactly("s6");
    cluster.finish(job);
    cluster.free.put("n5", 0L);
    assertThat(cluster.begin(cluster.next()).kind()).isEqualTo(JobKind.TRANSFER);
  }

  @Test
  void roomIsNeededForWhatIsOnTheDiskThoughThatWeighsNothing() {
    join(4);
    cluster.free.put("n4", 20 * ModelCluster.MEBIBYTE);
    for (int i = 1; i <= 8; i++) {
      cluster.bytes.put("s" + i, (i == 6 ? 10 : 11) * ModelCluster.MEBIBYTE);
      cluster.ownedBytes.put("s" + i, 0L);
    }
    JobInfo job = cluster.begin(cluster.next());
    assertThat(job.shardIds()).containsExactly("s6");
    assertThat(job.argument(JobInfo.REASON)).endsWith("with 0 MB, n4 0 with 0 MB");
  }

  @Test
  void leadershipsDoNotGoToNodesWithoutRoom() {
    ModelCluster three = ModelCluster.of(3, 6, 3);
    for (ShardInfo shard : three.state.shardsPreferring("n1")) {
      three.operations.put(shard.id(), 50_000.0);
    }
    three.noRoom.put("n2", "its disk is nearly full");
    assertThat(three.begin(three.next()).argument("to")).isEqualTo("n3");
    ModelCluster full = ModelCluster.of(3, 6, 3);
    full.operations.putAll(three.operations);
    full.noRoom.put("n2", "its disk is nearly full");
    full.noRoom.put("n3", "its disk is nearly full");
    assertNothing(full.next(), "all is balanced");
  }

  @Test
  void readsThatFollowersAnswerDoNotMoveWithLeaderships() {
    ModelCluster three = ModelCluster.of(3, 6, 3);
    for (ShardInfo shard : three.state.shardsPreferring("n1")) {
      three.followerReads.put(shard.id(), 50_000.0);
    }
    assertNothing(three.next(), "all is balanced");
  }

  @Test
  void moveThatHasNotBeenWorthItForLongWaits() {
    ModelCluster three = ModelCluster.of(3, 6, 3);
    for (ShardInfo shard : three.state.shardsPreferring("n1")) {
      three.operations.put(shard.id(), 50_000.0);
    }
    Set<Way> fresh = Placement.of(three.state, three.facts()).worthwhile();
    assertThat(fresh).hasSize(4).allMatch(Way::leader);
    assertNothing(three.next(ModelCluster.SETTINGS, fresh(fresh)), "has been so for 180 s");
    Way steady = fresh.stream().filter(way -> way.to().equals("n3")).findFirst().orElseThrow();
    JobInfo job =
        three.begin(
            three.next(
                ModelCluster.SETTINGS,
                fresh(
                    fresh.stream()
                        .filter(way -> !way.equals(steady))
                        .collect(Collectors.toSet()))));
    assertThat(job.shardIds()).containsExactly(steady.shardId());
    assertThat(job.argument("to")).isEqualTo("n3");
  }

  private static Observed fresh(Set<Way> ways) {
    return new Observed(1 << 20, Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), ways, Map.of());
  }

  @Test
  void largeShardsAreSpreadByTheirBytes() {
    ModelCluster two = ModelCluster.of(2, 4, 1);
    for (ShardInfo shard : two.state.shardsOn("n1")) {
      two.bytes.put(shard.id(), 10_000 * ModelCluster.MEBIBYTE);
    }
    JobInfo job = two.begin(two.next());
    assertThat(job.argument(JobInfo.FROM)).isEqualTo("n1");
    two.finish(job);
    assertThat(two.next().reason()).isEqualTo("all is balanced");
    assertThat(two.state.shardsOn("n2")).hasSize(3);
  }

  @Test
  void busyShardsHaveTheirLeadersSpread() {
    ModelCluster three = ModelCluster.of(3, 6, 3);
    for (ShardInfo shard : three.state.shardsPreferring("n1")) {
      three.operations.put(shard.id(), 50_000.0);
    }
    JobInfo job = three.begin(three.next());
    assertThat(job.kind()).isEqualTo(JobKind.TRANSFER);
    assertThat(job.argument(JobInfo.REASON))
        .isEqualTo("n1 leads 2 shards with 100000 ops/s, n2 2 with 0 ops/s");
    three.finish(job);
    assertThat(three.begin(three.next()).argument(JobInfo.REASON))
        .isEqualTo("n2 leads 3 shards with 50000 ops/s, n3 2 with 0 ops/s");
  }

  @Test
  void sayWhoAskedForTheJobAndWhy() {
    join(4);
    Verdict verdict = cluster.next();
    JobInfo job = cluster.begin(verdict);
    assertThat(job.isAutomatic()).isTrue();
    assertThat(job.argument(JobInfo.ORIGIN)).isEqualTo(JobInfo.BALANCE);
    assertThat(job.argument(JobInfo.REASON))
        .isEqualTo("n2 has 8 replicas with 0 MB, n4 0 with 0 MB");
    assertThat(verdict.reason()).endsWith(job.argument(JobInfo.REASON));
  }

  // ---- lost nodes ----

  private Verdict rebuild() {
    return cluster.next(ModelCluster.SETTINGS, ModelCluster.observed(LONG_OFFLINE));
  }

  @ParameterizedTest
  @EnumSource(names = {"REPAIR", "ON"})
  void nodeThatIsLostForLongHasItsReplicasMadeAnew(Balancing mode) {
    join(4);
    cluster.apply(new MetaCommand.SetBalancing(mode));
    cluster.judge("n1", NodeState.OFFLINE);
    for (int i = 0; i < 8; i++) {
      JobInfo job = cluster.begin(rebuild());
      assertThat(job.kind()).isEqualTo(JobKind.MIGRATE);
      assertThat(job.argument(JobInfo.ORIGIN)).isEqualTo(JobInfo.REPAIR);
      assertThat(job.argument(JobInfo.FROM)).isEqualTo("n1");
      assertThat(job.argument("to")).isEqualTo("n4");
      cluster.finish(job);
    }
    assertThat(cluster.state.shardsOn("n1")).isEmpty();
    assertThat(cluster.state.shardsOn("n4")).hasSize(8);
  }

  @Test
  void nothingIsMadeAnewTooEarlyOrNeverOrWhileTheNodeIsNotOffline() {
    join(4);
    cluster.judge("n1", NodeState.OFFLINE);
    Observed early = ModelCluster.observed(Map.of("n1", ModelCluster.REBUILD_AFTER.toMillis() - 1));
    assertNothing(
        cluster.next(ModelCluster.SETTINGS, early),
        "node n1 is offline for 29 min, its replicas are made anew after 30 min");
    assertNothing(cluster.next(), "node n1 is offline");
    BalanceSettings never =
        new BalanceSettings(
            Duration.ZERO, Duration.ZERO, BalanceSettings.NO_SPLIT, BalanceSettings.NO_MERGE);
    assertNothing(cluster.next(never, ModelCluster.observed(LONG_OFFLINE)), "node n1 is offline");
    cluster.judge("n1", NodeState.UNHEALTHY);
    assertNothing(rebuild(), "node n1 is unhealthy");
  }

  @Test
  void nothingIsMadeAnewOnNodesThatCannotTakeIt() {
    cluster.judge("n1", NodeState.OFFLINE);
    assertNothing(
        rebuild(), "no node can take a replica of shard s1: n1 has one, n2 has one, n3 has one");
  }

  @Test
  void nothingIsMadeAnewWhileHalfOfTheNodesAreSilent() {
    join(4);
    cluster.judge("n1", NodeState.OFFLINE);
    cluster.judge("n4", NodeState.OFFLINE);
    join(5);
    assertThat(rebuild().action()).as("n4 has nothing, so it does not count").isPresent();
    cluster.silent.add("n2");
    assertNothing(rebuild(), "so are half of the nodes or more");
  }

  @Test
  void spareNodesDoNotMakeUpForHalfOfTheOthers() {
    for (int spare = 4; spare <= 8; spare++) {
      join(spare);
    }
    cluster.judge("n1", NodeState.OFFLINE);
    cluster.silent.add("n2");
    assertNothing(rebuild(), "so are half of the nodes or more");
  }

  @Test
  void repairPrefersMuchRoomToFewReplicas() {
    ModelCluster five = ModelCluster.of(5, 5, 3);
    five.apply(new MetaCommand.JoinNode(Samples.node(6, 1)));
    five.judge("n6", NodeState.ONLINE);
    ShardInfo first = five.state.shard("s1").orElseThrow();
    five.state.shards().keySet().forEach(shard -> five.bytes.put(shard, 100L));
    String lost = first.voters().get(0);
    List<String> others =
        five.state.nodes().keySet().stream()
            .filter(node -> first.replicaOn(node).isEmpty() && !node.equals("n6"))
            .toList();
    five.judge(lost, NodeState.OFFLINE);
    Observed observed = ModelCluster.observed(Map.of(lost, 1L << 30));
    five.state.nodes().keySet().forEach(node -> five.free.put(node, 200L));
    assertThat(target(five.next(ModelCluster.SETTINGS, observed))).isEqualTo("n6");
    five.free.put(others.get(1), 800L);
    assertThat(target(five.next(ModelCluster.SETTINGS, observed))).isEqualTo(others.get(1));
    five.free.replaceAll((node, free) -> 199L);
    assertNothing(
        five.next(ModelCluster.SETTINGS, observed),
        "n6 has no room for its 100 bytes and as much again");
  }

  private static String target(Verdict verdict) {
    MetaCommand.StartJob job = (MetaCommand.StartJob) verdict.action().orElseThrow();
    return job.plan().arguments().get("to");
  }

  @Test
  void whatCannotBeHadAnywhereKeepsNothingElseFromBeingDone() {
    cluster.lack("s4", List.of("n2", "n3"));
    cluster.judge("n1", NodeState.OFFLINE);
    assertNothing(cluster.next(), "n1 is offline");
    ModelCluster three = ModelCluster.of(3, 6, 3);
    three.lackMore("s4", 1);
    assertNothing(three.next(), "all is balanced; there is no node for what lacks s4");
    three.apply(new MetaCommand.SetBalancing(Balancing.REPAIR));
    assertNothing(three.next(), "there is no node for what lacks s4");
    three.apply(new MetaCommand.SetBalancing(Balancing.ON));
    for (ShardInfo shard : three.state.shardsPreferring("n1")) {
      three.operations.put(shard.id(), 50_000.0);
    }
    assertThat(three.begin(three.next()).kind()).isEqualTo(JobKind.TRANSFER);
  }

  @Test
  void nothingIsMadeAnewOfANodeThatAnOperatorEmpties() throws JobRefusedException {
    join(4);
    cluster.judge("n1", NodeState.OFFLINE);
    cluster.apply(JobPlans.drain(cluster.state, "n1"));
    assertNothing(rebuild(), "node n1 is offline");
  }

  @Test
  void shardWithMoreToSpareWaitsForTheOthers() {
    ModelCluster six = ModelCluster.of(7, 2, 5);
    String lost = six.state.shard("s1").orElseThrow().voters().get(0);
    six.lack("s2", Samples.nodeIds(7).stream().filter(n -> !n.equals(lost)).limit(2).toList());
    six.judge(lost, NodeState.OFFLINE);
    JobInfo job =
        six.begin(six.next(ModelCluster.SETTINGS, ModelCluster.observed(Map.of(lost, 1L << 30))));
    assertThat(job.shardIds()).containsExactly("s2");
  }

  @Test
  void shardThatLacksAReplicaGetsOne() {
    cluster.apply(new MetaCommand.SetBalancing(Balancing.REPAIR));
    cluster.lack("s4", List.of("n2", "n3"));
    JobInfo job = cluster.begin(cluster.next());
    assertThat(job.argument("to")).isEqualTo("n1");
    assertThat(job.plan().argument(JobInfo.FROM)).isEmpty();
    assertThat(job.argument(JobInfo.REASON)).isEqualTo("s4 lacks 1 of its replicas");
    cluster.finish(job);
    assertThat(cluster.state.shard("s4").orElseThrow().lacking()).isZero();
    assertNothing(cluster.next(), "nothing is to be repaired");
  }

  @Test
  void shardWithoutAMajorityWaits() {
    join(4);
    cluster.lack("s4", List.of("n2", "n3"));
    cluster.leaderless.add("s4");
    assertNothing(cluster.next(), "s4 lacks 1 of its replicas, but it has no leader");
  }

  // ---- jobs that get nowhere ----

  @Test
  void moveWhoseTargetIsLostIsGivenUpAndSaysWhy() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    cluster.judge("n4", NodeState.OFFLINE);
    Verdict verdict = cluster.next();
    assertThat(verdict.reason()).isEqualTo("j1 is given up: node n4 is offline");
    cluster.apply(verdict.action().orElseThrow());
    JobInfo undoing = cluster.state.job(job.id()).orElseThrow();
    assertThat(undoing.state()).isEqualTo(JobState.UNDOING);
    assertThat(undoing.note()).isEqualTo("node n4 is offline");
    assertNothing(cluster.next(), "j1 goes on");
  }

  @Test
  void jobThatComesNoFurtherIsGivenUpIfItCanBe() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    long patience = Balancer.MOVE_PATIENCE.toMillis();
    assertNothing(stuck(job, patience - 1), "j1 goes on");
    assertThat(stuck(job, patience).action().orElseThrow())
        .isInstanceOf(MetaCommand.AdvanceJob.class);
  }

  private Verdict stuck(JobInfo job, long millis) {
    return cluster.next(
        ModelCluster.SETTINGS,
        new Observed(
            1 << 20, LONG_OFFLINE, Map.of(), Map.of(), Map.of(), Map.of(job.id(), millis)));
  }

  @Test
  void jobOfAShardThatLostItsMajorityKeepsNoOtherFromRepair() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    cluster.leaderless.add(job.shardIds().get(0));
    cluster.judge("n1", NodeState.OFFLINE);
    assertNothing(stuck(job, 59_999), "j1 goes on");
    JobInfo second = cluster.begin(stuck(job, 60_000));
    assertThat(second.argument(JobInfo.ORIGIN)).isEqualTo(JobInfo.REPAIR);
    assertNothing(stuck(job, 60_000), "j2 goes on");
  }

  @Test
  void jobThatIsStuckAndCannotBeGivenUpKeepsNoOtherFromRepair() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    cluster.apply(new MetaCommand.CancelJob(job.id())); // that cannot be cancelled again
    assertNothing(stuck(job, Balancer.MOVE_PATIENCE.toMillis()), "job j1 goes on");
    cluster.judge("n1", NodeState.OFFLINE);
    assertNothing(stuck(job, Balancer.MOVE_PATIENCE.toMillis() - 1), "j1 goes on");
    JobInfo second = cluster.begin(stuck(job, Balancer.MOVE_PATIENCE.toMillis()));
    assertThat(second.argument(JobInfo.ORIGIN)).isEqualTo(JobInfo.REPAIR);
    assertThat(second.shardIds()).isNotEqualTo(job.shardIds());
  }

  @Test
  void hopelessJobIsGivenUpAlsoWhileItIsOff() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    cluster.apply(new MetaCommand.SetBalancing(Balancing.OFF));
    assertThat(Balancer.hasReason(cluster.state)).isTrue();
    assertNothing(cluster.next(), "balancing is off");
    cluster.judge("n4", NodeState.OFFLINE);
    cluster.apply(cluster.next().action().orElseThrow());
    assertThat(cluster.state.job(job.id()).orElseThrow().state()).isEqualTo(JobState.UNDOING);
    cluster.end(job, JobState.FAILED, List.of(asBefore(job.shardIds().get(0))));
    assertThat(Balancer.hasReason(cluster.state)).isFalse();
  }

  @Test
  void shardRestsLongestAfterAJobThatSomebodyCancelled() {
    join(4);
    JobInfo job = cluster.begin(cluster.next());
    String shard = job.shardIds().get(0);
    cluster.apply(new MetaCommand.CancelJob(job.id()));
    cluster.end(job, JobState.CANCELLED, List.of(asBefore(shard)));
    long hour = Duration.ofHours(1).toMillis();
    assertThat(start(resting(shard, hour - 1)).plan().shardIds()).doesNotContain(shard);
    assertThat(start(resting(shard, hour)).plan().shardIds()).contains(shard);
    for (ShardInfo other : cluster.state.shards().values()) {
      if (!other.id().equals(shard)) {
        cluster.leaderless.add(other.id());
      }
    }
    cluster.judge("n1", NodeState.OFFLINE);
    Verdict repair =
        cluster.next(
            ModelCluster.SETTINGS,
            new Observed(
                1 << 20, LONG_OFFLINE, Map.of(shard, 120_000L), Map.of(), Map.of(), Map.of()));
    assertThat(start(repair).plan().shardIds()).as("repair rests for less").contains(shard);
  }

  private static MetaCommand.StartJob start(Verdict verdict) {
    return (MetaCommand.StartJob) verdict.action().orElseThrow();
  }

  @Test
  void jobThatAnOperatorAskedForIsNotGivenUp() throws JobRefusedException {
    join(4);
    cluster.apply(JobPlans.migrate(cluster.state, "s1", Optional.of("n1"), Optional.of("n4")));
    cluster.judge("n4", NodeState.OFFLINE);
    assertThat(cluster.next().action()).isEmpty();
  }

  // ---- splits ----

  private static final BalanceSettings SPLITS =
      new BalanceSettings(
          Duration.ZERO,
          Duration.ZERO,
          new BalanceSettings.Split(1_000, 500, Duration.ofMinutes(5), 9),
          BalanceSettings.NO_MERGE);

  private Verdict large(String shard, long millis) {
    return cluster.next(
        SPLITS, new Observed(0, Map.of(), Map.of(), Map.of(shard, millis), Map.of(), Map.of()));
  }

  @Test
  void shardThatStaysLargeOrBusyIsSplit() {
    cluster.bytes.put("s3", 5_000L);
    assertNothing(large("s3", 299_999), "all is balanced");
    Verdict verdict = large("s3", 300_000);
    assertThat(verdict.reason()).isEqualTo("s3 has 5000 bytes");
    Observed busy = new Observed(0, Map.of(), Map.of(), Map.of(), Map.of("s2", 300_000L), Map.of());
    assertThat(cluster.begin(cluster.next(SPLITS, busy)).shardIds()).contains("s2");
    assertNothing(large("s3", 300_000), "j1 goes on");
  }

  @Test
  void splitIsMadeWhereItsHalvesAreAlikeIfThatIsPossible() {
    cluster.bytes.put("s3", 5_000L);
    Verdict verdict = large("s3", 300_000);
    assertThat(verdict.split()).contains(new Verdict.Split("s3", true));
    ShardInfo shard = cluster.state.shard("s3").orElseThrow();
    int first = shard.slots().get(0).first();
    int last = shard.slots().get(0).last();
    MetaCommand.StartJob better =
        (MetaCommand.StartJob) Balancer.splitAt(cluster.state, verdict, List.of(first + 5));
    assertThat(better.plan().argument("slots")).contains((first + 5) + "-" + last);
    assertThat(better.plan().argument(JobInfo.REASON)).contains(verdict.reason());
    assertThat(better.plan().argument(JobInfo.AFTER)).isPresent();
    for (List<Integer> at : List.of(List.<Integer>of(), List.of(first))) {
      assertThat(Balancer.splitAt(cluster.state, verdict, at))
          .isEqualTo(verdict.action().orElseThrow());
    }
    Observed busy = new Observed(0, Map.of(), Map.of(), Map.of(), Map.of("s2", 300_000L), Map.of());
    assertThat(cluster.next(SPLITS, busy).split()).contains(new Verdict.Split("s2", false));
  }

  @Test
  void moveThatWaitsForARestKeepsNoShardFromBeingSplit() {
    join(4);
    Map<String, Long> rests = new HashMap<>();
    cluster.state.shards().keySet().forEach(shard -> rests.put(shard, 0L));
    rests.remove("s3");
    Set<Way> fresh = Placement.of(cluster.state, cluster.facts()).worthwhile();
    BalanceSettings settings =
        new BalanceSettings(
            Duration.ofMillis(1), Duration.ZERO, SPLITS.split(), BalanceSettings.NO_MERGE);
    Map<String, Long> large = Map.of("s3", 300_000L);
    Verdict verdict =
        cluster.next(
            settings, new Observed(1, Map.of(), rests, large, Map.of(), Map.of(), fresh, Map.of()));
    assertThat(cluster.begin(verdict).kind()).isEqualTo(JobKind.SPLIT);
  }

  @Test
  void nothingIsSplitBeyondTheLargestNumberOfShards() {
    BalanceSettings eight =
        new BalanceSettings(
            Duration.ZERO,
            Duration.ZERO,
            new BalanceSettings.Split(1_000, 0, Duration.ofMinutes(5), 8),
            BalanceSettings.NO_MERGE);
    Observed large =
        new Observed(0, Map.of(), Map.of(), Map.of("s3", 300_000L), Map.of(), Map.of());
    assertNothing(cluster.next(eight, large), "s3 has 0 bytes, but there are 8 shards already");
  }

  // ---- merges ----

  private static final BalanceSettings MERGES =
      new BalanceSettings(
          Duration.ofSeconds(10),
          Duration.ZERO,
          BalanceSettings.NO_SPLIT,
          new BalanceSettings.Merge(1_000, 100, Duration.ofMinutes(5)));

  private Verdict small(Map<Neighbours, Long> millis, Map<String, Long> rests) {
    return cluster.next(
        MERGES,
        new Observed(
            Long.MAX_VALUE, Map.of(), rests, Map.of(), Map.of(), Map.of(), Set.of(), millis));
  }

  @Test
  void neighboursThatStaySmallAreMerged() {
    Neighbours pair = new Neighbours("s2", "s3");
    assertNothing(small(Map.of(pair, 299_999L), Map.of()), "all is balanced");
    assertNothing(small(Map.of(pair, 300_000L), Map.of("s3", 59_999L)), "all is balanced");
    Verdict verdict = small(Map.of(pair, 300_000L), Map.of("s3", 60_000L));
    assertThat(verdict.reason()).isEqualTo("s2 and s3 are small");
    JobInfo job = cluster.begin(verdict);
    assertThat(job.kind()).isEqualTo(JobKind.MERGE);
    assertThat(job.isAutomatic()).isTrue();
    assertThat(job.shardIds()).containsExactly("s2", "s3", "s9");
    assertNothing(small(Map.of(pair, 300_000L), Map.of()), "goes on");
  }

  @Test
  void whatIsNoNeighbourAnyMoreIsNotMerged() {
    assertNothing(small(Map.of(new Neighbours("s1", "s3"), 300_000L), Map.of()), "balanced");
  }

  @Test
  void nothingIsMergedWhenThereIsNoMoreThanAShardForEachNodeOrTwo() {
    Map<Neighbours, Long> pair = Map.of(new Neighbours("s1", "s2"), 300_000L);
    Observed small =
        new Observed(
            Long.MAX_VALUE, Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Set.of(), pair);
    assertNothing(ModelCluster.of(3, 3, 3).next(MERGES, small), "all is balanced");
    assertNothing(ModelCluster.of(1, 2, 1).next(MERGES, small), "all is balanced");
    assertThat(ModelCluster.of(3, 4, 3).next(MERGES, small).reason()).contains("are small");
  }

  @Test
  void neighboursAreOnTheSameNodesAndTheirSlotsAdjoin() {
    Set<Neighbours> all =
        Set.of(
            new Neighbours("s1", "s2"),
            new Neighbours("s2", "s3"),
            new Neighbours("s3", "s4"),
            new Neighbours("s4", "s5"),
            new Neighbours("s5", "s6"),
            new Neighbours("s6", "s7"),
            new Neighbours("s7", "s8"));
    assertThat(Neighbours.of(cluster.state)).isEqualTo(all);
    cluster.lack("s4", List.of("n1", "n2"));
    slots("s1", new SlotRange(0, 9), new SlotRange(20, 29));
    slots("s2", new SlotRange(10, 19), new SlotRange(31, 39));
    slots("s3", new SlotRange(40, 49));
    assertThat(Neighbours.of(cluster.state))
        .containsExactly(
            new Neighbours("s1", "s2"), // once, though they meet twice
            new Neighbours("s2", "s3"),
            new Neighbours("s5", "s6"),
            new Neighbours("s6", "s7"),
            new Neighbours("s7", "s8"));
  }

  private void slots(String shardId, SlotRange... slots) {
    ShardInfo shard = cluster.state.shard(shardId).orElseThrow();
    cluster.state = Samples.withShard(cluster.state, Samples.withSlots(shard, List.of(slots)));
  }

  private static void assertNothing(Verdict verdict, String reason) {
    assertThat(verdict.action()).as(verdict.reason()).isEmpty();
    assertThat(verdict.reason()).contains(reason);
  }
}
