package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.control.LeaderSpreader.Transfer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** At most one transfer a second; five to arrive; thirty before a shard is tried again. */
class LeaderSpreaderTest {
  private static final ClusterState STATE = Samples.online(Samples.cluster(3, 6, 3));
  private static final LeaderSpreader.Lag CAUGHT_UP = (shard, node) -> OptionalLong.of(0);

  private final LeaderSpreader spreader =
      new LeaderSpreader(
          new LeaderSpreader.Settings(
              Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(30), 100));

  @Test
  void nothingIsMovedWhenAllIsAsPreferred() {
    assertThat(spreader.next(STATE, preferred(STATE), CAUGHT_UP, 0)).isEmpty();
  }

  @Test
  void leadershipsGoHomeOneByOneUntilAllAreThere() {
    Map<String, String> leaders = new HashMap<>();
    STATE.shards().keySet().forEach(id -> leaders.put(id, "n1"));
    int moves = 0;
    for (int second = 0; second < 20; second++) {
      Optional<Transfer> next = spreader.next(STATE, leaders, CAUGHT_UP, seconds(second));
      if (next.isPresent()) {
        Transfer transfer = next.get();
        ShardInfo shard = STATE.shard(transfer.shardId()).orElseThrow();
        assertThat(transfer.from()).isEqualTo("n1");
        assertThat(transfer.to()).isEqualTo(shard.preferredLeader());
        assertThat(transfer.groupId()).isEqualTo(shard.groupId());
        leaders.put(transfer.shardId(), transfer.to());
        moves++;
      }
    }
    assertThat(leaders).isEqualTo(preferred(STATE));
    assertThat(moves).isEqualTo(4);
  }

  @Test
  void nextTransferWaitsForTheOneBeforeAndForTheInterval() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.put("s2", "n1");
    leaders.put("s3", "n1");
    assertThat(next(leaders, 0)).isEqualTo("s2");
    assertThat(next(leaders, 4)).as("s2 has not arrived").isNull();
    leaders.put("s2", "n2");
    assertThat(next(leaders, 4)).isEqualTo("s3");
    leaders.put("s3", "n3");
    leaders.put("s5", "n1");
    assertThat(spreader.next(STATE, leaders, CAUGHT_UP, seconds(4) + 1)).isEmpty();
    assertThat(next(leaders, 5)).isEqualTo("s5");
  }

  /** Clients have just waited for the split: they need not wait for a hand-over, too. */
  @Test
  void aShardThatWasJustBegunRests() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.put("s2", "n1");
    for (ShardState held : List.of(ShardState.CREATING, ShardState.SPLITTING, ShardState.MERGING)) {
      LeaderSpreader one =
          new LeaderSpreader(
              new LeaderSpreader.Settings(Duration.ZERO, Duration.ZERO, Duration.ZERO, 100));
      ClusterState begun =
          Samples.withShard(STATE, Samples.withState(STATE.shards().get("s2"), held));
      assertThat(one.next(begun, leaders, CAUGHT_UP, seconds(5))).isEmpty();
      assertThat(one.next(STATE, leaders, CAUGHT_UP, seconds(8) - 1)).isEmpty();
      assertThat(one.next(STATE, leaders, CAUGHT_UP, seconds(8))).isPresent();
    }
  }

  @Test
  void transferThatFailsGivesWayAndIsTriedAgainLater() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.put("s2", "n1");
    leaders.put("s3", "n1");
    assertThat(next(leaders, 0)).isEqualTo("s2");
    assertThat(next(leaders, 5)).isEqualTo("s3");
    leaders.put("s3", "n3");
    assertThat(next(leaders, 29)).isNull();
    assertThat(next(leaders, 30)).isEqualTo("s2");
  }

  @Test
  void replicaThatIsBehindOrUnknownDoesNotGetTheLead() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.put("s2", "n1");
    assertThat(spreader.next(STATE, leaders, (s, n) -> OptionalLong.of(101), 0)).isEmpty();
    assertThat(spreader.next(STATE, leaders, (s, n) -> OptionalLong.empty(), 0)).isEmpty();
    assertThat(spreader.next(STATE, leaders, (s, n) -> OptionalLong.of(100), 0)).isPresent();
  }

  /** A node that has just been started says so when it is asked. */
  @Test
  void whoIsNotReadyIsAskedAgainSoonAndKeepsNobodyWaiting() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.put("s2", "n1");
    leaders.put("s3", "n1");
    Transfer first = spreader.next(STATE, leaders, CAUGHT_UP, 0).orElseThrow();
    assertThat(first.shardId()).isEqualTo("s2");
    spreader.refused(first, 1);
    Transfer second = spreader.next(STATE, leaders, CAUGHT_UP, 2).orElseThrow();
    assertThat(second.shardId()).as("the other one goes at once").isEqualTo("s3");
    leaders.put("s3", "n3");
    long again = LeaderSpreader.REFUSAL_REST.toNanos() + 1;
    assertThat(spreader.next(STATE, leaders, CAUGHT_UP, again - 1)).isEmpty();
    assertThat(spreader.next(STATE, leaders, CAUGHT_UP, again)).contains(first);
  }

  /** The answer that comes when the transfer has been given up says nothing of the next one. */
  @Test
  void aLateRefusalDoesNotStopTheTransferThatCameAfter() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.put("s2", "n1");
    leaders.put("s3", "n1");
    Transfer first = spreader.next(STATE, leaders, CAUGHT_UP, 0).orElseThrow();
    assertThat(next(leaders, 5)).isEqualTo("s3");
    assertThat(spreader.isDue(first, STATE, seconds(6))).as("nor is it made then").isFalse();
    spreader.refused(first, seconds(6));
    assertThat(next(leaders, 9)).as("s3 is under way, and s2 counts as tried").isNull();
  }

  @Test
  void noTransferIsAddedToAPauseThatBeganWhileItsNodeWasAsked() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.put("s2", "n1");
    Transfer transfer = spreader.next(STATE, leaders, CAUGHT_UP, 0).orElseThrow();
    assertThat(spreader.isDue(transfer, STATE, 1)).isTrue();
    ClusterState split =
        Samples.withShard(STATE, Samples.withState(STATE.shards().get("s2"), ShardState.SPLITTING));
    assertThat(spreader.isDue(transfer, split, 2)).isFalse();
    assertThat(spreader.isDue(transfer, STATE, 3)).as("clients have just waited").isFalse();
  }

  @Test
  void whoIsToBecomeEmptyGivesToAnotherOneIfTheFirstIsNotReady() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    ClusterState state = Samples.with(STATE, "n2", NodeState.DRAINING);
    Transfer first = spreader.next(state, leaders, CAUGHT_UP, 0).orElseThrow();
    spreader.refused(first, 0);
    Transfer second = spreader.next(state, leaders, CAUGHT_UP, 0).orElseThrow();
    assertThat(second.shardId()).isEqualTo(first.shardId());
    assertThat(List.of(first.to(), second.to())).containsExactlyInAnyOrder("n1", "n3");
  }

  @Test
  void nodeThatIsNotOnlineDoesNotGetTheLead() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.values().removeIf("n2"::equals);
    leaders.put("s2", "n1");
    for (NodeState bad : new NodeState[] {NodeState.UNHEALTHY, NodeState.DRAINING}) {
      ClusterState state = Samples.with(STATE, "n2", bad);
      assertThat(spreader.next(state, leaders, CAUGHT_UP, 0)).isEmpty();
    }
  }

  @Test
  void nodeThatIsToBecomeEmptyGivesAwayWhatItLeads() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    ClusterState state = Samples.with(STATE, "n2", NodeState.DRAINING);
    assertThat(spreader.next(state, leaders, (s, n) -> lagOf("n3", n), 0))
        .map(Transfer::to)
        .contains("n1");
    leaders.put("s2", "n1");
    assertThat(spreader.next(state, leaders, CAUGHT_UP, seconds(1)))
        .map(Transfer::from)
        .as("what was given away stays there, the next one goes")
        .contains("n2");
    assertThat(spreader.next(state, leaders, (s, n) -> OptionalLong.empty(), seconds(40)))
        .as("nobody is known to have caught up")
        .isEmpty();
  }

  private static OptionalLong lagOf(String behind, String node) {
    return OptionalLong.of(node.equals(behind) ? 101 : 0);
  }

  @Test
  void shardThatIsBeingWorkedOnKeepsItsLeader() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.put("s2", "n1");
    ClusterState state =
        Samples.withShard(STATE, Samples.withState(STATE.shards().get("s2"), ShardState.MIGRATING));
    assertThat(spreader.next(state, leaders, CAUGHT_UP, 0)).isEmpty();
  }

  @Test
  void shardWithoutALeaderIsLeftToItsElection() {
    Map<String, String> leaders = new HashMap<>(preferred(STATE));
    leaders.remove("s2");
    assertThat(spreader.next(STATE, leaders, CAUGHT_UP, 0)).isEmpty();
  }

  private String next(Map<String, String> leaders, int second) {
    return spreader
        .next(STATE, leaders, CAUGHT_UP, seconds(second))
        .map(Transfer::shardId)
        .orElse(null);
  }

  private static Map<String, String> preferred(ClusterState state) {
    Map<String, String> leaders = new HashMap<>();
    state.shards().values().forEach(shard -> leaders.put(shard.id(), shard.preferredLeader()));
    return leaders;
  }

  private static long seconds(int seconds) {
    return Duration.ofSeconds(seconds).toNanos();
  }
}
