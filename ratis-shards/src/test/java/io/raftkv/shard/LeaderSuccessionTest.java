package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.raft.LogPosition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Who stands for election when n1 has ended, and when. */
class LeaderSuccessionTest {
  private static final UUID GROUP = new UUID(0, 0);
  private static final long SILENCE = 1_500;

  private List<String> voters = List.of("n1", "n2", "n3");

  private final Map<String, Heir> heirs = new TreeMap<>();
  private final Set<String> unreachable = new HashSet<>();

  /** What was done, as {@code node@milliseconds}. */
  private final List<String> candidatures = new ArrayList<>();

  /** One node with its replica of the only group. */
  private final class Heir implements LeaderSuccession.Follower {
    private final String id;
    private final LogPosition end;
    private final LeaderSuccession succession;
    private final TreeMap<Long, Runnable> later = new TreeMap<>();
    private String leader = "n1";
    private long silence;
    private long now;

    private Heir(String id, LogPosition end) {
      this.id = id;
      this.end = end;
      PeerTransport network =
          new PeerTransport() {
            @Override
            public CompletableFuture<byte[]> call(String to, Kind kind, byte[] request) {
              assertThat(kind).isEqualTo(Kind.LOG_END);
              return unreachable.contains(to)
                  ? CompletableFuture.failedFuture(new IOException("cut off"))
                  : CompletableFuture.completedFuture(heirs.get(to).succession.answer(request));
            }

            @Override
            public boolean isConnected(String nodeId) {
              return !unreachable.contains(nodeId);
            }
          };
      this.succession =
          new LeaderSuccession(
              id, () -> List.of(this), group -> this, network, later::put, SILENCE);
    }

    /** What was due in this time is done. */
    private void passes(long millis) {
      now += millis;
      while (!later.isEmpty() && later.firstKey() <= now) {
        later.pollFirstEntry().getValue().run();
      }
    }

    @Override
    public UUID group() {
      return GROUP;
    }

    @Override
    public String name() {
      return "s1";
    }

    @Override
    public String leader() {
      return leader;
    }

    @Override
    public List<String> voters() {
      return voters;
    }

    @Override
    public LogPosition logEnd() {
      return end;
    }

    @Override
    public long leaderSilenceMillis() {
      return silence;
    }

    @Override
    public boolean standForElection(String gone) {
      if (!gone.equals(leader)) {
        return false;
      }
      candidatures.add(id + "@" + now);
      return true;
    }
  }

  private void heir(String id, long term, long index) {
    heirs.put(id, new Heir(id, new LogPosition(term, index)));
  }

  private void gone(String node) {
    heirs.values().forEach(heir -> heir.succession.nodeGone(node));
    heirs.values().forEach(heir -> heir.passes(0));
    for (int step = 0; step < 10; step++) {
      heirs.values().forEach(heir -> heir.passes(100));
    }
  }

  @Test
  void theOneWithMoreInItsLogStandsAtOnceAndTheOtherNotAtAll() {
    heir("n2", 3, 10);
    heir("n3", 3, 11);
    gone("n1");
    assertThat(candidatures).containsExactly("n3@0");
  }

  @Test
  void aLaterTermIsMoreThanAHigherIndex() {
    heir("n2", 4, 5);
    heir("n3", 3, 11);
    gone("n1");
    assertThat(candidatures).containsExactly("n2@0");
  }

  @Test
  void equalsStandOneAfterTheOther() {
    heir("n2", 3, 11);
    heir("n3", 3, 11);
    gone("n1");
    assertThat(candidatures).containsExactly("n2@0", "n3@500");
  }

  @Test
  void theSecondDoesNotStandIfTheFirstHasWon() {
    heir("n2", 3, 11);
    heir("n3", 3, 11);
    heirs.values().forEach(heir -> heir.succession.nodeGone("n1"));
    heirs.get("n2").passes(0);
    heirs.get("n3").leader = "n2";
    heirs.get("n3").passes(1_000);
    assertThat(candidatures).containsExactly("n2@0");
  }

  @Test
  void whoHearsNothingFromTheOtherStands() {
    heir("n2", 3, 10);
    heir("n3", 3, 11);
    unreachable.add("n3");
    heirs.get("n2").succession.nodeGone("n1");
    heirs.get("n2").passes(0);
    assertThat(candidatures).containsExactly("n2@0");
  }

  @Test
  void aReplicaThatDoesNotRunSaysNothingAndDoesNothing() {
    heir("n2", 3, 10);
    heirs.put("n3", new Heir("n3", null));
    gone("n1");
    assertThat(candidatures).containsExactly("n2@0");
  }

  @Test
  void theEndOfAnotherNodeIsNoConcernOfTheGroup() {
    heir("n2", 3, 11);
    heir("n3", 3, 11);
    gone("n4");
    assertThat(candidatures).isEmpty();
  }

  private void silence(String id, long millis) {
    heirs.get(id).silence = millis;
  }

  private void tick() {
    heirs.values().forEach(heir -> heir.succession.tick());
    heirs.values().forEach(heir -> heir.passes(0));
  }

  @Test
  void aLeaderThatAMajorityMissesIsSucceeded() {
    heir("n2", 3, 11);
    heir("n3", 3, 11);
    unreachable.add("n1");
    silence("n2", SILENCE - 1);
    silence("n3", SILENCE);
    tick();
    assertThat(candidatures).as("n2 has heard from it").isEmpty();
    silence("n2", SILENCE);
    tick();
    assertThat(candidatures).containsExactly("n2@0");
    heirs.get("n3").passes(499);
    assertThat(candidatures).hasSize(1);
    heirs.get("n3").passes(1);
    assertThat(candidatures).containsExactly("n2@0", "n3@500");
  }

  @Test
  void ofThoseWhoMissItTheOneWithMoreInItsLogStands() {
    heir("n2", 3, 10);
    heir("n3", 3, 11);
    silence("n2", SILENCE);
    silence("n3", SILENCE);
    tick();
    assertThat(candidatures).containsExactly("n3@0");
  }

  /** Unlike one that knows that the leader's process has ended. */
  @Test
  void whoIsCutOffItselfDoesNotStand() {
    heir("n2", 3, 11);
    heir("n3", 3, 11);
    silence("n2", 10 * SILENCE);
    unreachable.addAll(List.of("n1", "n3"));
    heirs.get("n2").succession.tick();
    heirs.get("n2").passes(1_000);
    assertThat(candidatures).isEmpty();
  }

  @Test
  void nobodyStandsAgainstALeaderThatIsHeardAgain() {
    heir("n2", 3, 11);
    heir("n3", 3, 11);
    silence("n2", SILENCE);
    silence("n3", SILENCE);
    heirs.get("n3").succession.tick(); // it stands second
    silence("n3", 10);
    heirs.get("n3").passes(1_000);
    assertThat(candidatures).isEmpty();
  }

  @Test
  void twoOfFiveAreNoMajority() {
    voters = List.of("n1", "n2", "n3", "n4", "n5");
    for (String id : List.of("n2", "n3", "n4", "n5")) {
      heir(id, 3, 11);
    }
    silence("n2", SILENCE);
    silence("n3", SILENCE);
    tick();
    assertThat(candidatures).isEmpty();
    silence("n4", SILENCE);
    tick();
    assertThat(candidatures).containsExactly("n2@0");
  }

  @Test
  void whoKnowsNoLeaderDoesNotStandButMissesIt() {
    heir("n2", 3, 11);
    heir("n3", 3, 11);
    heirs.get("n3").leader = null;
    silence("n3", Long.MAX_VALUE);
    silence("n2", SILENCE);
    tick();
    assertThat(candidatures).containsExactly("n2@0");
  }
}
