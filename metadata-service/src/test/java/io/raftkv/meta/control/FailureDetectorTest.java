package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand.RegisterNode;
import io.raftkv.meta.MetaCommand.SetNodeState;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Unhealthy after 3 s, offline after 10 s, well again after 5 s; judged once a second. */
class FailureDetectorTest {
  private static final FailureDetector.Thresholds THRESHOLDS =
      new FailureDetector.Thresholds(
          Duration.ofSeconds(3), Duration.ofSeconds(10), Duration.ofSeconds(5));

  /** The clock of nanoTime may start anywhere, overflow included. */
  private static final long START = Long.MAX_VALUE - Duration.ofSeconds(4).toNanos();

  /**
   * A row is a node's life: one character per second, * heard of, . silent; then the states it went
   * through with the second each began.
   */
  @ParameterizedTest(name = "{0} {1}")
  @CsvSource({
    "JOINING,   *****,                      1 ONLINE",
    "JOINING,   .........,                  ''",
    "JOINING,   ..........,                 10 OFFLINE",
    "JOINING,   .....*,                     6 ONLINE",
    "ONLINE,    ****..*..*,                 ''",
    "ONLINE,    ****..,                     ''",
    "ONLINE,    ****...,                    7 UNHEALTHY",
    "ONLINE,    ****..........,             7 UNHEALTHY;14 OFFLINE",
    "ONLINE,    *...*****,                  4 UNHEALTHY",
    "ONLINE,    *...******,                 4 UNHEALTHY;10 ONLINE",
    "ONLINE,    *...**...******,            4 UNHEALTHY;15 ONLINE",
    "ONLINE,    *...*.*.*.*,                4 UNHEALTHY;10 ONLINE",
    "UNHEALTHY, ******,                     6 ONLINE",
    "UNHEALTHY, ..........,                 10 OFFLINE",
    "OFFLINE,   *****,                      ''",
    "OFFLINE,   ******,                     6 ONLINE",
    "OFFLINE,   ...............,            ''",
    "DRAINING,  ......******,               3 UNHEALTHY;12 ONLINE",
    "DRAINING,  ....................******, 3 UNHEALTHY;10 OFFLINE;26 ONLINE",
    "REMOVED,   *****............,          ''",
  })
  void nodeGoesThroughStates(NodeState first, String life, String expected) {
    ClusterState state = Samples.with(spareNode(), "n4", NodeState.OFFLINE);
    if (first == NodeState.JOINING) {
      state = spareNode();
    } else if (first != NodeState.OFFLINE) {
      state = Samples.with(state, "n4", first);
    }
    FailureDetector detector = new FailureDetector(THRESHOLDS, START);
    Map<String, Long> heard = new HashMap<>();
    List<String> seen = new ArrayList<>();
    for (int second = 1; second <= life.length(); second++) {
      long now = START + Duration.ofSeconds(second).toNanos();
      for (String id : state.nodes().keySet()) {
        if (!id.equals("n4") || life.charAt(second - 1) == '*') {
          heard.put(id, now);
        }
      }
      for (SetNodeState verdict : detector.judge(state, heard, now)) {
        if (verdict.nodeId().equals("n4")) {
          seen.add(second + " " + verdict.next());
          state = apply(state, verdict);
        }
      }
    }
    assertThat(String.join(";", seen)).isEqualTo(expected);
    assertThat(state.node("n4").orElseThrow().draining())
        .as("an operator's word stays")
        .isEqualTo(first == NodeState.DRAINING || first == NodeState.REMOVED);
  }

  @Test
  void verdictIsForTheStateItWasMadeIn() {
    ClusterState state = Samples.cluster(3, 1, 3);
    FailureDetector detector = new FailureDetector(THRESHOLDS, 0);
    List<SetNodeState> verdicts = detector.judge(state, Map.of("n2", 5L), 10);
    assertThat(verdicts)
        .containsExactly(
            new SetNodeState("n2", Optional.of(NodeState.JOINING), NodeState.ONLINE, "heard of"));
    assertThat(detector.judge(state, Map.of("n2", 5L), 11))
        .as("again until the state shows it")
        .isEqualTo(verdicts);
  }

  @Test
  void silenceIsNotCountedFromBeforeTheDetectorBegan() {
    ClusterState state = Samples.online(Samples.cluster(3, 1, 3));
    long begin = Duration.ofHours(1).toNanos();
    FailureDetector detector = new FailureDetector(THRESHOLDS, begin);
    Map<String, Long> longAgo = Map.of("n1", 0L, "n2", 0L, "n3", 0L);
    for (int second = 0; second < 3; second++) {
      assertThat(detector.judge(state, longAgo, begin + seconds(second))).isEmpty();
    }
    assertThat(detector.judge(state, longAgo, begin + seconds(3)))
        .hasSize(3)
        .allMatch(verdict -> verdict.next() == NodeState.UNHEALTHY)
        .allMatch(verdict -> verdict.reason().equals("silent for 3000 ms"));
  }

  /** A laptop lid, a stopped container, a long collection: the others did not go away. */
  @Test
  void detectorThatSleptAccusesNobody() {
    ClusterState state = Samples.online(Samples.cluster(3, 1, 3));
    FailureDetector detector = new FailureDetector(THRESHOLDS, 0);
    Map<String, Long> heard = Map.of("n1", seconds(1), "n2", seconds(1), "n3", seconds(1));
    assertThat(detector.judge(state, heard, seconds(1))).isEmpty();
    assertThat(detector.judge(state, heard, seconds(100))).isEmpty();
    assertThat(detector.judge(state, heard, seconds(102))).isEmpty();
    assertThat(detector.judge(state, heard, seconds(103))).hasSize(3);
  }

  @Test
  void gapBetweenTwoRunsBreaksTheRecovery() {
    ClusterState state = Samples.with(spareNode(), "n4", NodeState.OFFLINE);
    FailureDetector detector = new FailureDetector(THRESHOLDS, 0);
    for (int second = 1; second <= 4; second++) {
      assertThat(next(detector, state, seconds(second), seconds(second))).isNull();
    }
    // Beats at 4 s and 7 s, runs at 4 s, 5.5 s and 7 s: no run saw three seconds of silence.
    assertThat(next(detector, state, seconds(4), Duration.ofMillis(5_500).toNanos())).isNull();
    assertThat(next(detector, state, seconds(7), seconds(7))).isNull();
    for (int second = 8; second <= 11; second++) {
      assertThat(next(detector, state, seconds(second), seconds(second))).isNull();
    }
    assertThat(next(detector, state, seconds(12), seconds(12))).isEqualTo(NodeState.ONLINE);
  }

  /** Whatever the heartbeats, proposals are accepted and a steady node ends up as it should. */
  @Test
  void randomLivesEndInTheRightState() {
    for (long seed = 1; seed <= 50; seed++) {
      Random random = new Random(seed);
      ClusterState state = Samples.cluster(5, 1, 3);
      FailureDetector detector = new FailureDetector(THRESHOLDS, 0);
      Map<String, Long> heard = new HashMap<>();
      for (int second = 1; second <= 100; second++) {
        boolean chaos = second <= 80;
        for (int n = 1; n <= 5; n++) {
          if (chaos ? random.nextInt(3) == 0 : n != 5) {
            heard.put("n" + n, seconds(second));
          }
        }
        for (SetNodeState verdict : detector.judge(state, heard, seconds(second))) {
          state = apply(state, verdict);
        }
      }
      assertThat(state.nodes().values())
          .as("seed %s", seed)
          .filteredOn(node -> node.state() == NodeState.ONLINE)
          .hasSize(4);
      assertThat(state.node("n5").orElseThrow().state())
          .as("seed %s", seed)
          .isEqualTo(NodeState.OFFLINE);
    }
  }

  @Test
  void thresholdsInTheWrongOrderAreRefused() {
    Duration one = Duration.ofSeconds(1);
    assertThatThrownBy(() -> new FailureDetector.Thresholds(one, one, one))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new FailureDetector.Thresholds(Duration.ZERO, one, one))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> new FailureDetector.Thresholds(one, Duration.ofSeconds(2), one.negated()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Three founding nodes hold everything; n4 is free to be in any state. */
  private static ClusterState spareNode() {
    ClusterState state = Samples.online(Samples.cluster(3, 1, 3));
    return MetaApplier.apply(state, new RegisterNode(Samples.node(4, 1)), Samples.TIME).state();
  }

  private static ClusterState apply(ClusterState state, SetNodeState verdict) {
    var change = MetaApplier.apply(state, verdict, Samples.TIME);
    assertThat(change.isChange()).as("%s", change.reply()).isTrue();
    return change.state();
  }

  private static NodeState next(
      FailureDetector detector, ClusterState state, long heardNanos, long nowNanos) {
    Map<String, Long> heard =
        Map.of("n1", nowNanos, "n2", nowNanos, "n3", nowNanos, "n4", heardNanos);
    List<SetNodeState> verdicts = detector.judge(state, heard, nowNanos);
    return verdicts.isEmpty() ? null : verdicts.get(0).next();
  }

  private static long seconds(int seconds) {
    return Duration.ofSeconds(seconds).toNanos();
  }
}
