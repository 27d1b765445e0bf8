package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.shard.PeerTransport;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PeerMonitorTest {
  private static final long TIME = 1_700_000_000_000L;
  private static final long LIMIT = 500;

  /** What each other node's clock differs from the true time; null while it is away. */
  private final Map<String, Long> offsets = new HashMap<>();

  private static final ControlRequests.Greeting GREETING =
      new ControlRequests.Greeting("c-1", "n1", 7);

  /**
   * Clusters of nodes that are of another one; nodes that say that n1 was removed; who was heard.
   */
  private final Map<String, String> clusters = new HashMap<>();

  private final List<String> removing = new ArrayList<>();
  private final List<String> removedBy = new ArrayList<>();
  private final Map<String, String> announced = new HashMap<>();
  private final Map<String, CompletableFuture<byte[]>> slow = new HashMap<>();
  private long passedMillis;
  private long ownOffset;
  private long transitMillis = 2;
  private final PeerMonitor monitor =
      new PeerMonitor(
          "n1",
          new Network(),
          new PeerMonitor.Membership() {
            @Override
            public ControlRequests.Greeting greeting() {
              return GREETING;
            }

            @Override
            public void removed(String by) {
              removedBy.add(by);
            }
          },
          LIMIT,
          () -> TIME + passedMillis + ownOffset,
          () -> TimeUnit.MILLISECONDS.toNanos(77_000 + passedMillis));

  private final class Network implements PeerTransport {
    @Override
    public CompletableFuture<byte[]> call(String nodeId, Kind kind, byte[] request) {
      assertThat(kind).isEqualTo(Kind.CONTROL);
      assertThat(request).isEqualTo(ControlRequests.heartbeat(GREETING));
      CompletableFuture<byte[]> held = slow.get(nodeId);
      if (held != null) {
        return held;
      }
      if (offsets.get(nodeId) == null) {
        return CompletableFuture.failedFuture(new IOException("no connection"));
      }
      passedMillis += transitMillis / 2;
      byte[] answer = clockOf(nodeId);
      passedMillis += transitMillis / 2;
      return CompletableFuture.completedFuture(answer);
    }

    @Override
    public boolean isConnected(String nodeId) {
      return true;
    }
  }

  private byte[] clockOf(String nodeId) {
    return ControlRequests.encode(
        new ControlRequests.Heartbeat(
            TIME + passedMillis + offsets.get(nodeId),
            clusters.getOrDefault(nodeId, GREETING.clusterId()),
            removing.contains(nodeId),
            Optional.ofNullable(announced.get(nodeId))));
  }

  private void beat(String... nodes) {
    for (int i = 0; i < 2; i++) { // judged by the answers of the beat before
      passedMillis += 500;
      monitor.beat(List.of(nodes));
    }
  }

  private long stampError() {
    return monitor.stampMillis() - (TIME + passedMillis);
  }

  @Test
  void onlyANodeOfTheSameClusterIsHeardAndCanSayThatThisOneWasRemoved() {
    offsets.putAll(Map.of("n2", 0L, "n3", 0L, "n4", 0L));
    removing.addAll(List.of("n2", "n3", "n4"));
    clusters.putAll(Map.of("n2", "another", "n3", ""));
    beat("n1", "n2", "n3");
    assertThat(removedBy).isEmpty();
    assertThat(monitor.lastHeard()).as("n3 is of no cluster yet").containsOnlyKeys("n1", "n3");
    beat("n1", "n2", "n3", "n4");
    assertThat(removedBy).contains("n4").doesNotContain("n2", "n3");
  }

  @Test
  void clocksThatAgreeAreLeftAlone() {
    offsets.putAll(Map.of("n2", 100L, "n3", -200L));
    ownOffset = 50;
    beat("n1", "n2", "n3");
    assertThat(stampError()).isEqualTo(50);
    assertThat(monitor.lastHeard()).containsOnlyKeys("n1", "n2", "n3");
  }

  @Test
  void aClockThatStraysIsCorrectedToTheMajority() {
    offsets.putAll(Map.of("n2", 0L, "n3", 10L));
    ownOffset = 60_000;
    beat("n1", "n2", "n3");
    assertThat(stampError()).isBetween(0L, 10L);
    ownOffset = -60_000;
    assertThat(stampError()).isBetween(0L, 10L);
    ownOffset = 20;
    assertThat(stampError()).as("agrees again").isEqualTo(20);
  }

  @Test
  void anotherNodesWrongClockDoesNotMatter() {
    offsets.putAll(Map.of("n2", 3_600_000L, "n3", 5L));
    beat("n1", "n2", "n3");
    assertThat(stampError()).isZero();
    offsets.put("n2", -3_600_000L);
    beat("n1", "n2", "n3");
    assertThat(stampError()).isZero();
  }

  @Test
  void aJumpIsNotStampedNotEvenBeforeTheNextBeat() {
    offsets.putAll(Map.of("n2", 0L, "n3", 0L));
    beat("n1", "n2", "n3");
    ownOffset = 3_600_000;
    assertThat(stampError()).isBetween(-2L, 2L);
    beat("n1", "n2", "n3");
    assertThat(stampError()).isBetween(-2L, 2L);
    beat("n1", "n2", "n3");
    assertThat(stampError()).isBetween(-2L, 2L);
  }

  @Test
  void aJumpWhileAnAnswerIsOnItsWayDoesNotSpoilIt() {
    offsets.putAll(Map.of("n2", 0L, "n3", 0L));
    slow.put("n2", new CompletableFuture<>());
    slow.put("n3", new CompletableFuture<>());
    monitor.beat(List.of("n1", "n2", "n3"));
    ownOffset = 3_600_000;
    slow.get("n2").complete(clockOf("n2"));
    slow.get("n3").complete(clockOf("n3"));
    slow.clear();
    monitor.beat(List.of("n1", "n2", "n3"));
    assertThat(stampError()).isBetween(-2L, 2L);
  }

  @Test
  void ofTwoNodesNeitherIsTheMajority() {
    offsets.put("n2", 60_000L);
    beat("n1", "n2");
    assertThat(stampError()).isZero();
    ownOffset = 60_000;
    assertThat(stampError()).as("followed when a person sets it").isEqualTo(60_000);
  }

  @Test
  void aClockThatStraysIsNotBelievedAgainWhenAnotherNodeGoesAway() {
    offsets.putAll(Map.of("n2", 0L, "n3", 0L));
    ownOffset = 86_400_000;
    beat("n1", "n2", "n3");
    offsets.put("n3", null);
    beat("n1", "n2", "n3");
    assertThat(stampError()).isBetween(-2L, 2L);
    ownOffset = 30;
    beat("n1", "n2", "n3");
    assertThat(stampError()).as("mended meanwhile").isEqualTo(30);
  }

  @Test
  void clocksThatAreSetTogetherWhileANodeIsAwayAreFollowed() {
    offsets.putAll(Map.of("n2", 0L, "n3", 0L));
    beat("n1", "n2", "n3");
    offsets.put("n3", null);
    offsets.put("n2", 60_000L);
    ownOffset = 60_000;
    beat("n1", "n2", "n3");
    assertThat(stampError()).isEqualTo(60_000);
  }

  @Test
  void aNodeThatHasLeftHasNoVote() {
    offsets.putAll(Map.of("n2", 60_000L, "n3", 60_000L));
    beat("n1", "n2", "n3");
    beat("n1", "n2");
    assertThat(stampError()).isZero();
  }

  @Test
  void slowAnswersAreHeardButNotUsedForTheClock() {
    offsets.putAll(Map.of("n2", 60_000L, "n3", 60_000L));
    transitMillis = LIMIT * 2;
    beat("n1", "n2", "n3");
    assertThat(stampError()).isZero();
    assertThat(monitor.lastHeard()).containsKeys("n2", "n3");
  }

  @Test
  void hostsForClientsAreThoseLastHeardOf() {
    offsets.putAll(Map.of("n2", 0L, "n3", 0L));
    announced.put("n2", "two.example.com");
    beat("n1", "n2", "n3");
    assertThat(monitor.announcedHost("n2")).contains("two.example.com");
    assertThat(monitor.announcedHost("n3")).as("announces nothing").isEmpty();
    assertThat(monitor.announcedHost("n4")).as("never heard of").isEmpty();
    offsets.put("n2", null);
    beat("n1", "n2", "n3");
    assertThat(monitor.announcedHost("n2")).as("away").contains("two.example.com");
    offsets.put("n2", 0L);
    announced.remove("n2");
    beat("n1", "n2", "n3");
    assertThat(monitor.announcedHost("n2")).as("started again without").isEmpty();
  }

  @Test
  void whoIsNotHeardOfKeepsTheOldTime() {
    offsets.put("n2", 0L);
    beat("n1", "n2");
    long heard = monitor.lastHeard().get("n2");
    offsets.put("n2", null);
    beat("n1", "n2");
    assertThat(monitor.lastHeard()).containsEntry("n2", heard);
    assertThat(monitor.lastHeard().get("n1")).isGreaterThan(heard);
  }
}
