package io.raftkv.meta.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.Balancing;
import io.raftkv.meta.ClusterState;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobKind;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardSpec;
import io.raftkv.meta.SlotRange;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BalanceWatchTest {
  private static final long START = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(20); // it wraps
  private static final BalanceSettings SETTINGS =
      new BalanceSettings(
          Duration.ofSeconds(10),
          Duration.ofMinutes(30),
          new BalanceSettings.Split(1_000, 100, Duration.ofMinutes(5), 100),
          new BalanceSettings.Merge(500, 50, Duration.ofMinutes(5)));

  private final ModelCluster cluster = ModelCluster.of(4, 8, 3);
  private final BalanceWatch watch = new BalanceWatch(SETTINGS, START);

  private Observed look(long second) {
    return watch.look(cluster.state, cluster.facts(), START + TimeUnit.SECONDS.toNanos(second));
  }

  @Test
  void timeOfflineBeginsWithTheFirstLook() {
    cluster.judge("n1", NodeState.OFFLINE);
    assertThat(look(10).offlineMillis()).isEqualTo(Map.of("n1", 0L));
    assertThat(look(40).offlineMillis()).isEqualTo(Map.of("n1", 30_000L));
  }

  @Test
  void nodeThatWasBackBetweenTwoLooksCountsAnew() {
    cluster.judge("n1", NodeState.OFFLINE);
    look(10);
    cluster.judge("n1", NodeState.ONLINE);
    cluster.judge("n1", NodeState.OFFLINE);
    assertThat(look(20).offlineMillis()).isEqualTo(Map.of("n1", 0L));
    cluster.silent.clear();
    assertThat(look(30).offlineMillis()).as("it answers").isEmpty();
  }

  @Test
  void whoHasSleptBeginsAnew() {
    cluster.judge("n1", NodeState.OFFLINE);
    look(10);
    assertThat(look(41).offlineMillis()).isEqualTo(Map.of("n1", 0L));
    assertThat(look(50).quietMillis()).isEqualTo(9_000);
  }

  @Test
  void quietAndRestBeginWhenAJobOfItsOwnEnds() {
    assertThat(look(10).quietMillis()).isEqualTo(10_000);
    cluster.apply(new MetaCommand.JoinNode(Samples.node(5, 1)));
    cluster.judge("n5", NodeState.ONLINE);
    JobInfo job = cluster.begin(cluster.next());
    assertThat(look(15).stuckMillis()).isEqualTo(Map.of(job.id(), 0L));
    assertThat(look(20).stuckMillis()).isEqualTo(Map.of(job.id(), 5_000L));
    cluster.finish(job);
    look(25);
    Observed later = look(27);
    assertThat(later.quietMillis()).isEqualTo(2_000);
    assertThat(later.restMillis()).isEqualTo(Map.of(job.shardIds().get(0), 2_000L));
    assertThat(later.stuckMillis()).isEmpty();
  }

  private void burst(String node) {
    cluster.operations.clear();
    cluster
        .state
        .shardsPreferring(node)
        .forEach(shard -> cluster.operations.put(shard.id(), 50_000.0));
  }

  private Verdict next(long second) {
    return cluster.next(SETTINGS, look(second));
  }

  @Test
  void loadsThatSwingMoveNothing() {
    for (int second = 0; second < 3_600; second += 5) {
      burst(second / 150 % 2 == 0 ? "n1" : "n2");
      Verdict verdict = next(second);
      assertThat(verdict.action()).as("second %s: %s", second, verdict.reason()).isEmpty();
    }
  }

  @Test
  void loadThatStaysMovesALeadershipWhenItHasStayedForLong() {
    burst("n1");
    for (int second = 0; second < 180; second += 5) {
      cluster.silent.clear();
      if (second % 50 == 5) {
        cluster.silent.add("n4"); // a lost answer is no change
      }
      assertThat(next(second).action()).as("second %s", second).isEmpty();
    }
    cluster.silent.clear();
    assertThat(cluster.begin(next(180)).kind()).isEqualTo(JobKind.TRANSFER);
  }

  @Test
  void lostNodeThatHasNothingKeepsNoMoveFromWaiting() {
    cluster.apply(new MetaCommand.JoinNode(Samples.node(5, 1)));
    cluster.judge("n5", NodeState.OFFLINE);
    burst("n1");
    for (int second = 0; second < 180; second += 20) {
      assertThat(next(second).action()).as("second %s", second).isEmpty();
    }
    assertThat(next(180).action()).isPresent();
  }

  @Test
  void whatIsWorthMovingIsForgottenWhileItIsNotOn() {
    burst("n1");
    assertThat(look(0).fresh()).isNotEmpty();
    cluster.apply(new MetaCommand.SetBalancing(Balancing.REPAIR));
    assertThat(look(25).fresh()).isEmpty();
    cluster.apply(new MetaCommand.SetBalancing(Balancing.ON));
    for (int second = 50; second < 230; second += 20) {
      assertThat(next(second).action()).as("second %s", second).isEmpty();
    }
    assertThat(next(230).action()).isPresent();
  }

  @Test
  void shardIsLargeOrBusyWithoutABreakAndWithTheSameSlots() {
    cluster.bytes.put("s1", 1_000L);
    cluster.bytes.put("s2", 999L);
    cluster.bytes.put("s4", 5_000L); // its files, for a part of it was split off
    cluster.ownedBytes.put("s4", 500L);
    cluster.operations.put("s3", 100.0);
    look(10);
    Observed seen = look(20);
    assertThat(seen.largeMillis()).isEqualTo(Map.of("s1", 10_000L));
    assertThat(seen.busyMillis()).isEqualTo(Map.of("s3", 10_000L));
    cluster.operations.clear();
    cluster.state =
        Samples.withShard(
            cluster.state,
            Samples.withSlots(
                cluster.state.shard("s1").orElseThrow(), List.of(new SlotRange(0, 5))));
    seen = look(30);
    assertThat(seen.largeMillis()).isEqualTo(Map.of("s1", 0L));
    assertThat(seen.busyMillis()).isEmpty();
  }

  @Test
  void neighboursAreSmallWhileBothTogetherAreSmallAndQuietAndTheSame() {
    cluster.state.shards().keySet().forEach(shard -> cluster.bytes.put(shard, 251L));
    cluster.bytes.put("s1", 249L);
    cluster.bytes.put("s4", 249L);
    cluster.operations.put("s4", 51.0);
    Neighbours pair = new Neighbours("s1", "s2");
    cluster.state = alike("s1", "s2", "s3", "s4", "s5");
    look(10);
    assertThat(look(20).smallMillis()).isEqualTo(Map.of(pair, 10_000L));
    cluster.silent.add("n2");
    cluster.bytes.put("s1", 250L); // which nobody can know
    assertThat(look(25).smallMillis()).isEqualTo(Map.of(pair, 15_000L));
    cluster.silent.clear();
    assertThat(look(30).smallMillis()).isEmpty();
    cluster.bytes.put("s1", 249L);
    look(40);
    cluster.apply(new MetaCommand.SetBalancing(Balancing.REPAIR));
    assertThat(look(50).smallMillis()).isEmpty();
  }

  /** The state with these shards on the nodes of the first one. */
  private ClusterState alike(String... shards) {
    ClusterState state = cluster.state;
    ShardSpec model = state.shard(shards[0]).orElseThrow().spec();
    for (String id : shards) {
      ShardInfo shard = state.shard(id).orElseThrow();
      ShardSpec spec =
          new ShardSpec(
              id, shard.groupId(), shard.slots(), model.replicas(), model.preferredLeader());
      state =
          Samples.withShard(
              state, new ShardInfo(spec, 0, shard.state(), shard.version() + 1, 0, 0));
    }
    return state;
  }
}
