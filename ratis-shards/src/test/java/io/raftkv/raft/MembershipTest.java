package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.shard.ApplyContext;
import io.raftkv.shard.JournalApplier;
import io.raftkv.storage.StoreBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.util.CodeInjectionForTesting;
import org.apache.ratis.util.ProtoUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Members come and go while the group is written and read. */
@Execution(ExecutionMode.CONCURRENT)
class MembershipTest {
  /** Few enough that the beginning of the log is purged. */
  private static final int SNAPSHOT_ENTRIES = 800;

  private static final long MANY = 1_000_000;
  private static final String APPEND = "RaftServerImpl.appendEntries";

  @TempDir Path directory;
  private TestCluster cluster;
  private ChangingGroup group;

  @AfterEach
  void stop() {
    group.close();
    cluster.close();
  }

  private void start(long snapshotEntries, int... voters) throws IOException {
    start(TestCluster.prepare(directory, 4, snapshotEntries, 2 << 20), voters);
  }

  private void start(TestCluster prepared, int... voters) throws IOException {
    cluster = prepared;
    cluster.nodes().forEach(node -> node.meaning(id -> new Blobs()).start());
    group = new ChangingGroup(cluster, UUID.randomUUID(), voters);
  }

  /** Of the four nodes all but one. */
  private static int[] without(int node) {
    return IntStream.of(0, 1, 2, 3).filter(n -> n != node).toArray();
  }

  // ---- what is refused ----

  @Test
  void onlyTheLeaderChangesMembersAndOnlyTheExpectedOnesAndOneVoterAtATime() throws IOException {
    start(MANY, 0, 1, 2);
    List<Member> now = group.members(0, 1, 2);
    List<Member> next = group.members(0, 1, 2, 3);
    TestCluster.Node leader = group.leader();
    for (TestCluster.Node node : cluster.nodes()) {
      if (node != leader) {
        assertThat(ChangingGroup.get(group.ask(node, now, next)))
            .isEqualTo(MemberChange.NOT_LEADER);
      }
    }
    assertThat(group.change(group.members(0, 1), next)).isEqualTo(MemberChange.UNEXPECTED_MEMBERS);
    assertThat(group.change(now, group.members(0, 1, 3))).isEqualTo(MemberChange.TOO_MANY_AT_ONCE);
    assertThat(group.change(now, group.members(group.leaderNumber())))
        .isEqualTo(MemberChange.TOO_MANY_AT_ONCE);
    assertThat(group.change(List.of(), now)).as("as it is").isEqualTo(MemberChange.DONE);
    assertThatThrownBy(() -> group.ask(leader, now, List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    group.write();
    group.assertWhole(0, 1, 2);
  }

  // ---- adding and removing ----

  /** Large payloads make a store with files larger than a message of gRPC may be. */
  private static final class Blobs extends JournalApplier {
    @Override
    public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
      if (payload.remaining() >= 1 << 20) {
        byte[] blob = new byte[payload.remaining()];
        new Random(context.index()).nextBytes(blob);
        batch.putRecord("blob" + context.index(), blob);
      }
      return super.apply(context, payload, batch);
    }
  }

  /** Writes so much that the beginning of the log is purged: first large entries, then small. */
  private void writeSnapshot(int large, int bytes) {
    for (int i = 0; i < SNAPSHOT_ENTRIES; i++) {
      group.payloadBytes(i < large ? bytes : 16).write();
    }
  }

  @Test
  void replicaComesToAnOldGroupAndAnotherGoesWhileItIsWrittenAndRead() throws IOException {
    start(SNAPSHOT_ENTRIES, 0, 1, 2);
    writeSnapshot(16, 1 << 20);
    group.payloadBytes(16).startLoad();
    group.join(3);
    assertThat(group.change(group.members(0, 1, 2), group.members(0, 1, 2, 3)))
        .isEqualTo(MemberChange.DONE);
    int leaves = group.withoutLeader(0, 1, 2)[0];
    int[] stay = without(leaves);
    assertThat(group.change(group.members(0, 1, 2, 3), group.members(stay)))
        .isEqualTo(MemberChange.DONE);
    long before = group.reads();
    waitUntil("reads", () -> group.reads() > before + 100);
    group.stopLoad();
    group.assertWhole(stay);
    assertThat(DurableFiles.list(cluster.node(3).groupDirectory(group.id()).resolve("current")))
        .noneMatch(file -> file.getFileName().toString().matches("log_(inprogress_)?0(-.*)?"));
    assertThat(group.read(cluster.node(3), 5_000)).isEqualTo(group.acknowledged());
  }

  @Test
  void groupOfOneGrowsToThreeAndShrinksToOneWhileItIsWritten() throws IOException {
    start(MANY, 0);
    group.startLoad();
    group.join(1);
    assertThat(group.change(group.members(0), group.members(0, 1))).isEqualTo(MemberChange.DONE);
    group.join(2);
    assertThat(group.change(group.members(0, 1), group.members(0, 1, 2)))
        .isEqualTo(MemberChange.DONE);
    assertThat(group.change(group.members(0, 1, 2), group.members(1, 2)))
        .isEqualTo(MemberChange.DONE);
    assertThat(group.change(group.members(1, 2), group.members(2))).isEqualTo(MemberChange.DONE);
    group.stopLoad();
    group.assertWhole(2);
  }

  @Test
  void leaderThatIsToLeaveHandsOverFirst() throws IOException {
    start(MANY, 0, 1, 2);
    group.startLoad();
    int leaves = group.leaderNumber();
    int[] stay = group.withoutLeader(0, 1, 2);
    assertThat(
            ChangingGroup.get(
                group.ask(cluster.node(leaves), group.members(0, 1, 2), group.members(stay))))
        .isEqualTo(MemberChange.HANDED_OVER);
    assertThat(group.leaderNumber()).isNotEqualTo(leaves);
    assertThat(group.change(group.members(0, 1, 2), group.members(stay)))
        .isEqualTo(MemberChange.DONE);
    group.stopLoad();
    group.assertWhole(stay);
  }

  @Test
  void leaderThatIsToLeaveHandsOverToTheOneThatIsWanted() throws IOException {
    start(MANY, 0, 1, 2);
    group.write();
    List<Member> all = group.members(0, 1, 2);
    for (int turn = 0; turn < 2; turn++) {
      int leaves = group.leaderNumber();
      int[] stay = group.withoutLeader(0, 1, 2);
      // Once the first of two that have the same, and once the second.
      String wanted = "n" + stay[turn];
      Replica leader = cluster.node(leaves).replica(group.id());
      waitUntil(
          "both have all",
          () ->
              leader.followersHeardWithin(1).size() == 2
                  && leader.followerMatchIndexes().values().stream()
                      .allMatch(match -> match == leader.logEnd().index()));
      assertThat(
              ChangingGroup.get(
                  cluster
                      .node(leaves)
                      .raft()
                      .changeMembers(
                          group.id(),
                          all,
                          group.members(stay),
                          ChangingGroup.heirs(all, wanted),
                          20_000)))
          .isEqualTo(MemberChange.HANDED_OVER);
      waitUntil("leads", () -> group.leader().id().equals(wanted));
    }
  }

  /** It answers and has the whole log, but has just been started. */
  @Test
  void leaderThatIsToLeaveDoesNotHandOverToOneThatIsNotReady() throws IOException {
    start(MANY, 0, 1, 2);
    group.write();
    List<Member> all = group.members(0, 1, 2);
    TestCluster.Node leader = group.leader();
    int[] stay = group.withoutLeader(0, 1, 2);
    List<Member> next = group.members(stay);
    String unready = "n" + stay[0];
    waitUntil(
        "both answer",
        () -> leader.replica(group.id()).followersHeardWithin(1).size() == stay.length);
    assertThat(
            ChangingGroup.get(
                leader
                    .raft()
                    .changeMembers(
                        group.id(), all, next, ChangingGroup.heirs(List.of(), unready), 20_000)))
        .isEqualTo(MemberChange.NOT_HANDED_OVER);
    assertThat(group.leader()).isEqualTo(leader);
    assertThat(
            ChangingGroup.get(
                leader
                    .raft()
                    .changeMembers(
                        group.id(),
                        all,
                        next,
                        ChangingGroup.heirs(group.members(stay[1]), unready),
                        20_000)))
        .isEqualTo(MemberChange.HANDED_OVER);
    waitUntil("leads", () -> group.leader().id().equals("n" + stay[1]));
  }

  @Test
  void deadMemberIsRemovedAndAnotherComesInItsPlace() throws IOException {
    start(MANY, 0, 1, 2);
    group.write();
    int dead = group.withoutLeader(0, 1, 2)[0];
    cluster.node(dead).stop();
    int[] left = IntStream.of(0, 1, 2).filter(n -> n != dead).toArray();
    int[] full = without(dead);
    group.startLoad();
    assertThat(group.change(group.members(0, 1, 2), group.members(left)))
        .isEqualTo(MemberChange.DONE);
    group.join(3);
    assertThat(group.change(group.members(left), group.members(full))).isEqualTo(MemberChange.DONE);
    group.stopLoad();
    group.assertWhole(full);
  }

  @Test
  void sameChangeAgainIsDoneOnce() throws IOException {
    // Who loses its leadership meanwhile does not know what became of the change.
    start(
        TestCluster.prepare(directory, 4, MANY, 2 << 20).electionTimeout(Duration.ofSeconds(2)),
        0,
        1,
        2);
    group.join(3);
    List<Member> from = group.members(0, 1, 2);
    List<Member> to = group.members(0, 1, 2, 3);
    TestCluster.Node leader = group.leader();
    CompletableFuture<MemberChange> one = group.ask(leader, from, to);
    CompletableFuture<MemberChange> two = group.ask(leader, from, to);
    assertThat(List.of(ChangingGroup.get(one), ChangingGroup.get(two)))
        .contains(MemberChange.DONE)
        .isSubsetOf(MemberChange.DONE, MemberChange.UNDER_WAY);
    long end = leader.replica(group.id()).logEnd().index();
    assertThat(group.change(from, to)).isEqualTo(MemberChange.DONE);
    assertThat(leader.replica(group.id()).logEnd().index()).isEqualTo(end);
    group.write();
    group.assertWhole(0, 1, 2, 3);
  }

  /** Nobody answers there: the group goes on, and can be changed when somebody does. */
  @Test
  void newMemberWithoutAReplicaDoesNotCatchUpAndHarmsNobody() throws IOException {
    start(MANY, 0, 1, 2);
    List<Member> from = group.members(0, 1, 2);
    List<Member> to = group.members(0, 1, 2, 3);
    group.startLoad();
    assertThat(
            ChangingGroup.get(
                group
                    .leader()
                    .raft()
                    .changeMembers(group.id(), from, to, ChangingGroup.anyOf(to), 1)))
        .as("too short a time")
        .isEqualTo(MemberChange.UNDER_WAY);
    waitUntil(
        "end of the attempt",
        () -> {
          MemberChange outcome = ChangingGroup.get(group.ask(group.leader(), from, to));
          return outcome == MemberChange.NOT_CAUGHT_UP;
        });
    group.join(3);
    assertThat(group.change(from, to)).isEqualTo(MemberChange.DONE);
    group.stopLoad();
    group.assertWhole(0, 1, 2, 3);
  }

  // ---- killed in the middle ----

  @Test
  void newNodeEndsAndStartsAgainInTheMiddle() throws IOException {
    start(SNAPSHOT_ENTRIES, 0, 1, 2);
    writeSnapshot(200, 50_000);
    group.payloadBytes(16).startLoad();
    for (int delay : delays(60, 0, 20, 150)) {
      List<Member> from = group.members(0, 1, 2);
      List<Member> to = group.members(0, 1, 2, 3);
      group.join(3);
      CompletableFuture<MemberChange> change = group.ask(group.leader(), from, to);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(delay));
      cluster.node(3).stop();
      cluster.node(3).start();
      ChangingGroup.get(change);
      assertThat(group.change(from, to)).isEqualTo(MemberChange.DONE);
      long written = group.acknowledged();
      waitUntil("writes", () -> group.acknowledged() > written + 20);
      assertThat(group.change(to, from)).isEqualTo(MemberChange.DONE);
      cluster.node(3).raft().removeReplica(group.id(), () -> {}).join();
    }
    group.stopLoad();
    group.assertWhole(0, 1, 2);
  }

  /** Three of four are left: whatever they know of the change, one of them leads. */
  @Test
  void leaderEndsInTheMiddleOfAChangeAndTheOthersGoOn() throws IOException {
    start(MANY, 0, 1, 2);
    group.startLoad();
    for (int delay : delays(5, 0, 2, 10, 20, 40)) {
      List<Member> three = group.members(0, 1, 2);
      List<Member> four = group.members(0, 1, 2, 3);
      group.join(3);
      endLeader(three, four, delay);
      int leaves = group.withoutLeader(0, 1, 2)[0];
      List<Member> rest = group.members(without(leaves));
      endLeader(four, rest, delay);
      cluster.node(leaves).raft().removeReplica(group.id(), () -> {}).join();
      group.join(leaves);
      assertThat(group.change(rest, four)).isEqualTo(MemberChange.DONE);
      assertThat(group.change(four, three)).isEqualTo(MemberChange.DONE);
      cluster.node(3).raft().removeReplica(group.id(), () -> {}).join();
    }
    group.stopLoad();
    group.assertWhole(0, 1, 2);
  }

  /** Writes go on before the old leader is back; then the change is completed. */
  private void endLeader(List<Member> from, List<Member> to, int delayMillis) throws IOException {
    TestCluster.Node leader = group.leader();
    CompletableFuture<MemberChange> change = group.ask(leader, from, to);
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(delayMillis));
    leader.stop();
    ChangingGroup.get(change);
    long written = group.acknowledged();
    waitUntil(
        "writes without " + leader + ": " + group.states(),
        () -> group.acknowledged() > written + 5);
    leader.start();
    assertThat(group.change(from, to)).isEqualTo(MemberChange.DONE);
  }

  // ---- who hears first of a change ----

  private static boolean bringsAChange(AppendEntriesRequestProto request, UUID of) {
    return ProtoUtils.toRaftGroupId(request.getServerRequest().getRaftGroupId())
            .getUuid()
            .equals(of)
        && request.getEntriesList().stream()
            .anyMatch(entry -> entry.getConfigurationEntry().getOldPeersCount() > 0);
  }

  @Test
  @ResourceLock(APPEND)
  void whoComesHearsOfAChangeFirstAndWhoGoesNever() throws IOException {
    // Others wait for their turn for half of the shortest timeout, and a busy machine may need
    // that.
    start(
        TestCluster.prepare(directory, 4, MANY, 2 << 20).electionTimeout(Duration.ofSeconds(6)),
        0,
        1,
        2);
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    CodeInjectionForTesting.put(
        APPEND,
        (local, remote, args) -> {
          if (bringsAChange((AppendEntriesRequestProto) args[1], group.id())) {
            heard.add(local.toString());
          }
          return true;
        });
    try {
      group.startLoad();
      group.join(3);
      assertThat(group.change(group.members(0, 1, 2), group.members(0, 1, 2, 3)))
          .isEqualTo(MemberChange.DONE);
      assertThat(heard).first().isEqualTo("n3");
      assertThat(heard).hasSizeGreaterThan(2);
      heard.clear();
      int leaves = group.withoutLeader(0, 1, 2)[0];
      int[] stay = without(leaves);
      assertThat(group.change(group.members(0, 1, 2, 3), group.members(stay)))
          .isEqualTo(MemberChange.DONE);
      assertThat(heard).hasSize(2).doesNotContain("n" + leaves);
      group.stopLoad();
      group.assertWhole(stay);
      assertThat(longestWaitWhileComing(leaves, stay)).isLessThan(1_000);
    } finally {
      CodeInjectionForTesting.remove(APPEND);
    }
  }

  /**
   * Writes wait until the others have heard, too. Nobody reads, which would wake those who send it
   * to them: else they would sleep for up to half of the shortest timeout.
   */
  private long longestWaitWhileComing(int comes, int... others) throws IOException {
    List<Member> three = group.members(others);
    List<Member> four = group.members(0, 1, 2, 3);
    group.longestPauseMillis();
    for (int round = 0; round < 3; round++) {
      cluster.node(comes).raft().removeReplica(group.id(), () -> {}).join();
      group.join(comes);
      group.startWriting();
      assertThat(group.change(three, four)).isEqualTo(MemberChange.DONE);
      group.stopLoad();
      assertThat(group.change(four, three)).isEqualTo(MemberChange.DONE);
    }
    return group.longestPauseMillis();
  }

  /** The worst moment: the new one and one other know of it, and the leader is gone. */
  @Test
  @ResourceLock(APPEND)
  void leaderEndsWhenTheFirstOfTheOthersHasHeardOfANewVoter() throws Exception {
    start(MANY, 0, 1, 2);
    group.write();
    TestCluster.Node leader = group.leader();
    CountDownLatch heard = new CountDownLatch(1);
    CodeInjectionForTesting.put(
        APPEND,
        (local, remote, args) -> {
          if (!local.toString().equals("n3")
              && bringsAChange((AppendEntriesRequestProto) args[1], group.id())) {
            if (heard.getCount() == 0) {
              throw new IllegalStateException("lost"); // for the second one
            }
            heard.countDown();
          }
          return true;
        });
    try {
      group.join(3);
      CompletableFuture<MemberChange> change =
          group.ask(leader, group.members(0, 1, 2), group.members(0, 1, 2, 3));
      assertThat(heard.await(20, TimeUnit.SECONDS)).isTrue();
      leader.stop();
      assertThat(ChangingGroup.get(change)).isNotEqualTo(MemberChange.DONE);
      CodeInjectionForTesting.remove(APPEND);
      group.write();
      leader.start();
      assertThat(group.change(group.members(0, 1, 2), group.members(0, 1, 2, 3)))
          .isEqualTo(MemberChange.DONE);
      group.assertWhole(0, 1, 2, 3);
    } finally {
      CodeInjectionForTesting.remove(APPEND);
    }
  }

  /** Milliseconds until something happens: one moment usually, all in the profile "faults". */
  private static int[] delays(int usual, int... more) {
    return Boolean.getBoolean("raftkv.faults")
        ? IntStream.concat(IntStream.of(usual), IntStream.of(more)).toArray()
        : new int[] {usual};
  }
}
