package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A listener leaves its group, and comes back as a voter with a replica that is begun anew. */
@Execution(ExecutionMode.CONCURRENT)
class ListenerToVoterTest {
  private static final long MANY = 1_000_000;

  @TempDir Path directory;
  private TestCluster cluster;
  private ChangingGroup group;
  private TestCluster.Node listener;

  /** Nodes 0, 1 and 2 vote, node 3 listens. */
  @BeforeEach
  void start() throws IOException {
    cluster = TestCluster.start(directory, 4, MANY);
    group = new ChangingGroup(cluster, UUID.randomUUID(), 0, 1, 2);
    listener = cluster.node(3);
    group.write();
    group.join(3);
    assertThat(group.change(group.members(0, 1, 2), withListener())).isEqualTo(MemberChange.DONE);
    waitUntil("a listener", this::listens);
  }

  @AfterEach
  void stop() {
    group.close();
    cluster.close();
  }

  private List<Member> withListener() {
    Member last = cluster.members().get(3);
    List<Member> all = new ArrayList<>(group.members(0, 1, 2));
    all.add(new Member(last.nodeId(), last.address(), false));
    return all;
  }

  private boolean listens() {
    settle();
    RaftNode raft = listener.raft();
    return raft.machine(group.id()).division().getInfo().isListener();
  }

  /** As the node does again and again. */
  private void settle() {
    try {
      listener.raft().settle(group.id());
    } catch (IOException failed) {
      throw new AssertionError(failed);
    }
  }

  private Replica replica() {
    return listener.replica(group.id());
  }

  /** Takes the listener out; from which entry on the group is without it. */
  private long leave() {
    assertThat(group.change(withListener(), group.members(0, 1, 2))).isEqualTo(MemberChange.DONE);
    waitUntil("settled", () -> group.leader().replica(group.id()).settledMembers() != null);
    return group.leader().replica(group.id()).settledMembers().index();
  }

  private void beginAnew(long leftAt) throws IOException {
    listener.raft().startJoining(group.id(), group.leader().replica(group.id()).term(), leftAt);
  }

  private void becomeVoter() {
    assertThat(group.change(group.members(0, 1, 2), group.members(0, 1, 2, 3)))
        .isEqualTo(MemberChange.DONE);
  }

  /** What it voted and heard of before does not matter: it counts as soon as it has all. */
  @Test
  void itsVoteCountsAsSoonAsItHasOne() throws IOException {
    group.startLoad();
    long leftAt = leave();
    beginAnew(leftAt);
    settle();
    becomeVoter();
    settle();
    assertThat(listener.raft().machine(group.id()).division().getInfo().isListener()).isFalse();
    waitUntil("past its beginning", () -> !replica().isBehindItsBeginning());
    group.stopLoad();
    int leader = group.leaderNumber();
    cluster.node(leader).crash();
    waitUntil("another leader, by the new vote", () -> group.leaderNumber() != leader);
    group.write();
    cluster.node(leader).start();
    group.assertWhole(0, 1, 2, 3);
  }

  /** Its files were made, and then something failed: it is asked for again. */
  @Test
  void oneThatWasBegunAndDidNotStartIsStarted() throws IOException {
    UUID other = UUID.randomUUID();
    listener.raft().beginAnew(other, 3, 7);
    assertThat(listener.replica(other)).isNull();
    listener.raft().startJoining(other, 3, 7);
    assertThat(listener.replica(other).isAlive()).isTrue();
    assertThat(listener.replica(other).leftAt()).isEqualTo(7);
    assertThat(listener.raft().hasFailed(other)).isFalse();
  }

  /** The change of members was asked for, and is not committed: it may never be. */
  @Test
  void pastOfANodeDoesNotReachBehindWhatIsCommitted() {
    group.write();
    TestCluster.Node leads = group.leader();
    Replica leader = leads.replica(group.id());
    for (int follower : group.withoutLeader(0, 1, 2)) {
      cluster.node(follower).crash();
    }
    long applied = leader.appliedIndex();
    CompletableFuture<MemberChange> change =
        group.ask(leads, withListener(), group.members(0, 1, 2));
    waitUntil("in the log", () -> leader.membersIndex() > applied || change.isDone());
    assertThat(leader.membersIndex()).isGreaterThan(applied);
    assertThat(leader.pastOf(leader.voters().get(0))).isLessThanOrEqualTo(leader.appliedIndex());
  }

  /** It was asked for long ago, or twice. */
  @Test
  void lateRequestTakesNothingFromAVoter() throws IOException {
    long leftAt = leave();
    beginAnew(leftAt);
    Replica begun = replica();
    beginAnew(leftAt);
    assertThat(replica()).as("asked twice").isSameAs(begun);
    becomeVoter();
    waitUntil("all of the log", () -> replica().appliedIndex() > leftAt);
    beginAnew(leftAt);
    beginAnew(1);
    assertThat(replica()).isSameAs(begun);
    group.assertWhole(0, 1, 2, 3);
  }

  /**
   * It had got a part of the log, in which it is a listener: started with that, it would get its
   * vote only with the last entry of the change.
   */
  @Test
  void oneThatIsStartedWithAPartOfTheLogBeginsOnceMore() throws IOException {
    long leftAt = leave();
    listener.crash();
    Files.writeString(
        listener.groupDirectory(group.id()).resolve("left-at"), Long.toString(leftAt));
    listener.start();
    assertThat(replica().isBehindItsBeginning()).isTrue();
    assertThat(replica().isMember()).isFalse();
    assertThat(replica().logEnd().index()).isEqualTo(-1);
    settle();
    becomeVoter();
    assertThat(listener.raft().machine(group.id()).division().getInfo().isListener()).isFalse();
    assertThat(replica().isMember()).isTrue();
    listener.crash();
    listener.start();
    assertThat(replica().logEnd().index()).as("begins once only").isGreaterThan(leftAt);
    group.assertWhole(0, 1, 2, 3);
  }

  /** It votes for nobody until it has all, though the old leader may be gone by then. */
  @Test
  void voterThatHasLostItsDataIsFilledWithoutAVoteOfItsOwn() throws IOException {
    leave();
    TestCluster.Node lost = cluster.node(group.leaderNumber() == 2 ? 1 : 2);
    lost.crash();
    DurableFiles.deleteTree(lost.groupDirectory(group.id()));
    DurableFiles.deleteTree(lost.storeDirectory(group.id()));
    group.write();
    lost.start();
    int leader = group.leaderNumber();
    long term = group.leader().replica(group.id()).term();
    cluster.node(leader).crash(); // so that it is not filled
    lost.raft().startJoining(group.id(), term, 0);
    lost.crash();
    lost.start();
    assertThat(lost.replica(group.id()).members()).isEmpty();
    cluster.node(leader).start();
    waitUntil("filled", () -> lost.replica(group.id()).isMember());
    group.assertWhole(0, 1, 2);
  }

  /** The process ended between the two moves, and joins when it starts again. */
  @Test
  void beginningThatWasCutOffIsInTheWayOfNoOther() throws IOException {
    listener.crash();
    Path files = listener.groupDirectory(group.id());
    RaftMetaFiles.beginAnew(files, 1, 5);
    DurableFiles.deleteTree(files);
    listener.beforeStart(raft -> raft.beginAnew(group.id(), 7, 9));
    listener.start();
    assertThat(RaftMetaFiles.anew(files)).doesNotExist();
    assertThat(RaftMetaFiles.leftAt(files)).isEqualTo(9);
  }

  /** The process ended when the files before were not deleted, or not all of them. */
  @Test
  void beginningThatWasCutOffIsFinishedAtTheStart() throws IOException {
    long leftAt = leave();
    listener.crash();
    Path files = listener.groupDirectory(group.id());
    RaftMetaFiles.beginAnew(files, 1, leftAt);
    DurableFiles.deleteTree(listener.storeDirectory(group.id()));
    listener.start();
    assertThat(RaftMetaFiles.anew(files)).doesNotExist();
    assertThat(replica().logEnd().index()).isEqualTo(-1);
    beginAnew(leftAt);
    becomeVoter();
    group.assertWhole(0, 1, 2, 3);
  }
}
