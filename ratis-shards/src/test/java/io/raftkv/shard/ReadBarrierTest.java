package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.raft.LeaderView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ReadBarrierTest {
  private static final UUID G = new UUID(1, 1);
  private static final UUID H = new UUID(2, 2);
  private static final long RETRY = 100;
  private static final long FAR = 1_000_000;
  private static final List<String> ABC = List.of("a", "b", "c");
  private static final List<String> ABCDE = List.of("a", "b", "c", "d", "e");

  private final Map<UUID, Replica> replicas = new HashMap<>();
  private final Wire wire = new Wire();
  private final List<String> heard = new ArrayList<>();
  private long now;
  private final Turns turns = new Turns();
  private final ReadBarrier barrier =
      new ReadBarrier("a", replicas::get, wire, RETRY, turns, () -> now);

  private static final class Replica implements ReadBarrier.Source {
    private LeaderView view;
    private List<String> voters = ABC;
    private String leader;
    private long applied;
    private final List<String> nudged = new ArrayList<>();

    @Override
    public LeaderView view() {
      return view;
    }

    @Override
    public List<String> voters() {
      return voters;
    }

    @Override
    public String leader() {
      return leader;
    }

    @Override
    public long appliedIndex() {
      return applied;
    }

    @Override
    public void nudge(String follower) {
      nudged.add(follower);
    }
  }

  private record Call(String to, TermsCodec.Request request, CompletableFuture<byte[]> answer) {
    void answer(Map<UUID, LeaderView> views) {
      answer.complete(TermsCodec.encodeAnswer(views));
    }
  }

  private static final class Wire implements PeerTransport {
    private final List<Call> calls = new ArrayList<>();

    @Override
    public CompletableFuture<byte[]> call(String nodeId, Kind kind, byte[] request) {
      assertThat(kind).isEqualTo(Kind.TERMS);
      Call call = new Call(nodeId, TermsCodec.decodeRequest(request), new CompletableFuture<>());
      calls.add(call);
      return call.answer;
    }

    @Override
    public boolean isConnected(String nodeId) {
      return true;
    }

    private List<String> asked() {
      return calls.stream().map(Call::to).toList();
    }
  }

  private static LeaderView leader(long term, long commit) {
    return new LeaderView(term, true, commit, ABC, List.of());
  }

  private static LeaderView follower(long term) {
    return new LeaderView(term, false, 0, ABC, List.of());
  }

  private Replica replica(UUID group, LeaderView view) {
    Replica replica = replicas.computeIfAbsent(group, id -> new Replica());
    replica.view = view;
    return replica;
  }

  private void read(String name, long deadline) {
    read(G, name, deadline);
  }

  private void read(UUID group, String name, long deadline) {
    barrier.confirm(
        group,
        deadline,
        new ReadBarrier.Waiter() {
          @Override
          public void confirmed(long commitIndex) {
            heard.add(name + "=" + commitIndex);
          }

          @Override
          public void failed() {
            heard.add(name + " failed");
          }
        });
  }

  private void passes(long nanos) {
    now += nanos;
    barrier.tick();
  }

  private Call call(int i) {
    return wire.calls.get(i);
  }

  // ---- turns of an event loop ----

  @Test
  void readsOfOneTurnShareARoundAndLaterOnesDoNotJoinIt() {
    replica(G, follower(3));
    turns.begin();
    read("r1", FAR);
    read("r2", FAR);
    assertThat(wire.calls).isEmpty();
    turns.end();
    assertThat(wire.asked()).containsExactly("b", "c");
    turns.begin();
    read("r3", FAR);
    turns.end();
    call(0).answer(Map.of(G, leader(3, 7)));
    assertThat(heard).containsExactly("r1=7", "r2=7");
    assertThat(barrier.rounds()).isEqualTo(2);
    call(2).answer(Map.of(G, leader(3, 9)));
    assertThat(heard).last().isEqualTo("r3=9");
  }

  // ---- members that change ----

  /** Our log lags: the leader is new, and so are two of the voters. */
  @Test
  void votersThatOnlyTheLeaderKnowsAreAskedToo() {
    Replica own = replica(G, follower(5));
    own.leader = "d";
    read("r", FAR);
    assertThat(wire.asked()).containsExactly("b", "c", "d");
    call(2).answer(Map.of(G, new LeaderView(5, true, 9, List.of("d", "e", "f"), List.of())));
    assertThat(heard).isEmpty();
    assertThat(wire.asked()).containsExactly("b", "c", "d", "e", "f");
    call(0).answer(Map.of(G, follower(5)));
    call(1).answer(Map.of(G, follower(5)));
    assertThat(heard).as("b and c, and the asker, are voters no more").isEmpty();
    call(4).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("r=9");
  }

  @Test
  void votersThatWereLearntOfAreAskedAgainIfAnAnswerIsLost() {
    Replica own = replica(G, follower(5));
    own.voters = List.of("a", "d");
    read("r", FAR);
    call(0)
        .answer(Map.of(G, new LeaderView(5, true, 9, List.of("d", "e", "f"), List.of("a", "d"))));
    assertThat(wire.asked()).containsExactly("d", "e", "f");
    passes(RETRY + 1);
    assertThat(wire.asked()).containsExactly("d", "e", "f", "d", "e", "f");
  }

  @Test
  void readsOfARemovedReplicaFailAndLaterOnesBeginAnew() {
    Replica own = replica(G, follower(5));
    read("r1", FAR);
    read("r2", FAR);
    barrier.forget(G);
    assertThat(heard).containsExactly("r1 failed", "r2 failed");
    call(0).answer(Map.of(G, leader(5, 9)));
    assertThat(heard).hasSize(2);
    own.view = null;
    read("r3", 10);
    passes(10);
    assertThat(heard).last().isEqualTo("r3 failed");
    own.view = follower(5);
    read("r4", FAR);
    passes(RETRY + 1);
    wire.calls.get(wire.calls.size() - 1).answer(Map.of(G, leader(5, 12)));
    assertThat(heard).last().isEqualTo("r4=12");
    barrier.forget(H);
  }

  // ---- what a set of answers proves ----

  private static long confirmed(Map<String, LeaderView> answers) {
    return ReadBarrier.confirmedCommit(answers);
  }

  @Test
  void ofThreeVotersTwoInTheLeadersTermAreEnough() {
    assertThat(confirmed(Map.of("a", leader(5, 9)))).isEqualTo(-1);
    assertThat(confirmed(Map.of("a", leader(5, 9), "b", follower(5)))).isEqualTo(9);
    assertThat(confirmed(Map.of("b", follower(5), "c", follower(5)))).isEqualTo(-1);
    assertThat(confirmed(Map.of("a", leader(5, 9), "b", follower(4)))).isEqualTo(-1);
    assertThat(confirmed(Map.of("a", leader(5, 9), "b", follower(6)))).isEqualTo(-1);
    assertThat(confirmed(Map.of("a", leader(5, 9), "b", follower(6), "c", follower(5))))
        .isEqualTo(9);
  }

  @Test
  void ofFiveVotersThreeInTheLeadersTermAreEnough() {
    LeaderView leader = new LeaderView(5, true, 9, ABCDE, List.of());
    assertThat(confirmed(Map.of("a", leader, "b", follower(5)))).isEqualTo(-1);
    assertThat(confirmed(Map.of("a", leader, "b", follower(5), "c", follower(6)))).isEqualTo(-1);
    assertThat(confirmed(Map.of("a", leader, "b", follower(5), "e", follower(5)))).isEqualTo(9);
  }

  @Test
  void formerLeaderIsNotConfirmedByThoseOfTheNextTerm() {
    Map<String, LeaderView> answers =
        Map.of("a", leader(5, 9), "b", leader(6, 12), "c", follower(6));
    assertThat(confirmed(answers)).isEqualTo(12);
    assertThat(confirmed(Map.of("a", leader(5, 9), "b", leader(6, 12)))).isEqualTo(-1);
  }

  @Test
  void leaderThatIsNotReadyIsNoBound() {
    LeaderView fresh = new LeaderView(6, false, 30, ABC, List.of());
    assertThat(confirmed(Map.of("a", fresh, "b", follower(6), "c", follower(6)))).isEqualTo(-1);
  }

  @Test
  void listenersAndStrangersDoNotCount() {
    assertThat(confirmed(Map.of("a", leader(5, 9), "x", follower(5), "y", follower(5))))
        .isEqualTo(-1);
  }

  @Test
  void whileTheVotersChangeMajoritiesOfBothSetsAreNeeded() {
    LeaderView joint = new LeaderView(5, true, 9, List.of("a", "d", "e"), ABC);
    assertThat(confirmed(Map.of("a", joint, "d", follower(5)))).isEqualTo(-1);
    assertThat(confirmed(Map.of("a", joint, "b", follower(5)))).isEqualTo(-1);
    assertThat(confirmed(Map.of("a", joint, "b", follower(5), "e", follower(5)))).isEqualTo(9);
    LeaderView leaving = new LeaderView(5, true, 9, List.of("d", "e", "f"), ABC);
    assertThat(
            confirmed(Map.of("a", leaving, "b", follower(5), "d", follower(5), "e", follower(6))))
        .isEqualTo(-1);
    assertThat(
            confirmed(Map.of("a", leaving, "b", follower(5), "d", follower(5), "e", follower(5))))
        .isEqualTo(9);
  }

  @Test
  void leaderOfAGroupOfOneNeedsNobody() {
    LeaderView alone = new LeaderView(1, true, 3, List.of("a"), List.of());
    replica(G, alone).voters = List.of("a");
    read("r", FAR);
    assertThat(heard).containsExactly("r=3");
    assertThat(wire.calls).isEmpty();
  }

  // ---- rounds ----

  @Test
  void leaderIsConfirmedByTheFirstFollowerThatAnswers() {
    replica(G, leader(5, 9));
    read("r", FAR);
    assertThat(wire.asked()).containsExactly("b", "c");
    call(1).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("r=9");
    call(0).answer(Map.of(G, follower(5)));
    assertThat(heard).hasSize(1);
  }

  @Test
  void followerIsConfirmedByTheLeaderAlone() {
    replica(G, follower(5));
    read("r", FAR);
    call(0).answer(Map.of(G, follower(5)));
    assertThat(heard).isEmpty();
    call(1).answer(Map.of(G, leader(5, 9)));
    assertThat(heard).containsExactly("r=9");
  }

  @Test
  void readNeverJoinsARoundThatWasSent() {
    Replica own = replica(G, leader(5, 9));
    read("early", FAR);
    read("late", FAR);
    own.view = leader(5, 10);
    call(0).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("early=9");
    own.view = follower(6); // deposed; c answers what was asked for the first round
    call(1).answer(Map.of(G, follower(5)));
    passes(RETRY + 1);
    assertThat(heard).containsExactly("early=9");
    assertThat(barrier.rounds()).isEqualTo(2);
  }

  @Test
  void readsThatWaitShareTheNextRound() {
    replica(G, leader(5, 9));
    read("r1", FAR);
    read("r2", FAR);
    read("r3", FAR);
    call(0).answer(Map.of(G, follower(5)));
    call(2).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("r1=9", "r2=9", "r3=9");
    assertThat(barrier.rounds()).isEqualTo(2);
    assertThat(barrier.reads()).isEqualTo(3);
  }

  @Test
  void oneMessageCarriesAllGroupsThatWaitForThePeer() {
    replica(G, leader(5, 9));
    replica(H, leader(7, 3));
    read(G, "g", FAR);
    read(H, "h", FAR);
    assertThat(wire.asked()).containsExactly("b", "c");
    assertThat(call(0).request.applied()).containsOnlyKeys(G);
    call(0).answer(Map.of(G, follower(5)));
    assertThat(call(2).request.applied()).containsOnlyKeys(H);
    read(G, "g2", FAR);
    assertThat(wire.calls).hasSize(3);
    call(1).answer(Map.of(G, follower(5)));
    assertThat(call(3).to).isEqualTo("c");
    assertThat(call(3).request.applied()).containsOnlyKeys(G, H);
    call(3).answer(Map.of(G, follower(5), H, follower(7)));
    assertThat(heard).containsExactlyInAnyOrder("g=9", "g2=9", "h=3");
  }

  @Test
  void lostAnswersAreAskedForAgain() {
    replica(G, leader(5, 9));
    read("r", FAR);
    call(0).answer.completeExceptionally(new IllegalStateException("link broke"));
    passes(RETRY);
    assertThat(wire.calls).hasSize(2);
    passes(1);
    assertThat(wire.asked()).containsExactly("b", "c", "b", "c");
    call(2).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("r=9");
  }

  /** All of it was asked after the read came, so it is as good as a quick answer. */
  @Test
  void answersSlowerThanTheRetryStillCount() {
    replica(G, leader(5, 9));
    read("r", FAR);
    passes(RETRY + 1);
    passes(RETRY + 1);
    call(0).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("r=9");
  }

  @Test
  void readThatCameDuringASlowRoundDoesNotJoinItWhenItIsAskedAgain() {
    replica(G, leader(5, 9));
    read("early", FAR);
    passes(RETRY / 2);
    read("late", FAR);
    passes(RETRY);
    call(2).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("early=9");
  }

  @Test
  void leaderThatBecomesReadyLaterIsFoundByAskingAgain() {
    Replica own = replica(G, new LeaderView(6, false, 9, ABC, List.of()));
    read("r", FAR);
    call(0).answer(Map.of(G, follower(6)));
    call(1).answer(Map.of(G, follower(6)));
    own.view = leader(6, 12);
    passes(RETRY + 1);
    assertThat(heard).containsExactly("r=12"); // what the others said still holds
  }

  @Test
  void replicaThatIsNotOpenYetIsAskedAgain() {
    read("r", FAR);
    assertThat(wire.calls).isEmpty();
    replica(G, leader(5, 9));
    passes(RETRY + 1);
    call(0).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("r=9");
  }

  @Test
  void readsFailAtTheirDeadlinesAndLaterOnesGoOn() {
    replica(G, leader(5, 9));
    read("short", 50);
    read("medium", 80);
    read("long", FAR);
    passes(49);
    assertThat(heard).isEmpty();
    passes(1);
    assertThat(heard).containsExactly("short failed");
    passes(30);
    assertThat(heard).containsExactly("short failed", "medium failed");
    passes(RETRY);
    call(0).answer(Map.of(G, follower(5)));
    call(2).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("short failed", "medium failed", "long=9");
  }

  @Test
  void answerThatCannotBeUnderstoodIsLikeNone() {
    replica(G, leader(5, 9));
    read("r", FAR);
    call(0).answer.complete(new byte[] {1, 2, 3});
    call(1).answer(Map.of(H, follower(5)));
    assertThat(heard).isEmpty();
    passes(RETRY + 1);
    call(2).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("r=9");
  }

  @Test
  void readerThatFailsDoesNotKeepOthersFromTheirAnswer() {
    replica(G, leader(5, 9));
    read("first", FAR);
    barrier.confirm(
        G,
        FAR,
        new ReadBarrier.Waiter() {
          @Override
          public void confirmed(long commitIndex) {
            throw new IllegalStateException("event loop is gone");
          }

          @Override
          public void failed() {}
        });
    read("other", FAR);
    call(0).answer(Map.of(G, follower(5)));
    call(2).answer(Map.of(G, follower(5)));
    read("later", FAR);
    call(3).answer(Map.of(G, follower(5)));
    passes(RETRY + 1);
    wire.calls.get(wire.calls.size() - 1).answer(Map.of(G, follower(5)));
    assertThat(heard).containsExactly("first=9", "other=9", "later=9");
  }

  // ---- answering others ----

  @Test
  void askerThatLagsBehindIsToldTheCommitIndexAtOnce() {
    Replica own = replica(G, leader(5, 9));
    Map<UUID, LeaderView> views =
        TermsCodec.decodeAnswer(
            barrier.answer(TermsCodec.encode(new TermsCodec.Request("b", Map.of(G, 8L, H, 1L)))));
    assertThat(views).isEqualTo(Map.of(G, leader(5, 9)));
    assertThat(own.nudged).containsExactly("b");
    barrier.answer(TermsCodec.encode(new TermsCodec.Request("c", Map.of(G, 9L))));
    assertThat(own.nudged).containsExactly("b");
    own.view = follower(5);
    barrier.answer(TermsCodec.encode(new TermsCodec.Request("c", Map.of(G, -1L))));
    assertThat(own.nudged).containsExactly("b");
  }
}
