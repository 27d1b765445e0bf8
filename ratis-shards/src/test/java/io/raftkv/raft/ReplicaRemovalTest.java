package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.GROUP;
import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.raftkv.shard.BatchOutcome;
import io.raftkv.shard.JournalApplier;
import io.raftkv.shard.ProposedBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Replicas that are removed for good, or should be. */
@Execution(ExecutionMode.CONCURRENT)
class ReplicaRemovalTest {
  private static final long MANY = 1_000_000;

  @TempDir Path directory;
  private TestCluster cluster;
  private ChangingGroup group;

  @AfterEach
  void stop() {
    group.close();
    cluster.close();
  }

  private void start(int... voters) throws IOException {
    cluster = TestCluster.start(directory, 4, MANY);
    group = new ChangingGroup(cluster, UUID.randomUUID(), voters);
    group.write();
  }

  /** Removes a voter from the group, but not its replica, and returns its node. */
  private TestCluster.Node removeVoter() {
    int leaves = group.withoutLeader(0, 1, 2)[0];
    assertThat(group.change(group.members(0, 1, 2), group.members(others(leaves))))
        .isEqualTo(MemberChange.DONE);
    return cluster.node(leaves);
  }

  private static int[] others(int node) {
    return Stream.of(0, 1, 2).filter(n -> n != node).mapToInt(n -> n).toArray();
  }

  private List<Path> files(TestCluster.Node node) throws IOException {
    try (Stream<Path> all = Files.walk(node.home())) {
      return all.filter(path -> path.toString().contains(group.id().toString())).toList();
    }
  }

  /** Open files of this process that belong to the group on a node, deleted ones too. */
  private List<String> openFiles(TestCluster.Node node) throws IOException {
    List<String> open = new ArrayList<>();
    for (Path descriptor : DurableFiles.list(Path.of("/proc/self/fd"))) {
      if (Files.isSymbolicLink(descriptor)) {
        String target = Files.readSymbolicLink(descriptor).toString();
        if (target.contains(node.home().toString()) && target.contains(group.id().toString())) {
          open.add(target);
        }
      }
    }
    return open;
  }

  /** Ratis names its threads by node and the end of the group's id. */
  private List<String> threads(TestCluster.Node node) {
    String end = group.id().toString().substring(24).toUpperCase(java.util.Locale.ROOT);
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.contains(node.id() + "@group-" + end))
        .toList();
  }

  @Test
  void nothingIsLeftOfARemovedReplicaAndALaterOneStartsEmpty() throws IOException {
    start(0, 1, 2);
    TestCluster.Node node = removeVoter();
    node.replica(group.id()).withStore(store -> store.checksum()); // it has been read
    assertThat(files(node)).isNotEmpty();
    assertThat(openFiles(node)).isNotEmpty();
    assertThat(threads(node)).isNotEmpty();

    node.raft().removeReplica(group.id(), () -> {}).join();

    assertThat(node.raft().isBeingDeleted(group.id())).isFalse();
    assertThat(node.raft().groups()).containsExactly(GROUP);
    assertThat(files(node)).isEmpty();
    assertThat(DurableFiles.list(node.home().resolve("removing"))).isEmpty();
    assertThat(openFiles(node)).isEmpty();
    waitUntil("end of its threads: " + threads(node), () -> threads(node).isEmpty());
    assertThat(node.replica(group.id())).isNull();
    assertThat(node.raft().replicas()).extracting(Replica::group).containsExactly(GROUP);
    assertThat(node.raft().hasFailed(group.id())).isFalse();
    node.raft().removeReplica(group.id(), () -> {}).join();
    node.stop();
    node.start();
    assertThat(node.raft().replicas()).extracting(Replica::group).containsExactly(GROUP);

    int back = cluster.nodes().indexOf(node);
    group.write();
    group.join(back);
    assertThat(node.replica(group.id()).appliedIndex()).isNegative();
    assertThat(group.change(group.members(others(back)), group.members(0, 1, 2)))
        .isEqualTo(MemberChange.DONE);
    group.write();
    group.assertWhole(0, 1, 2);
  }

  /** Whatever it waits for: here for a reader; else Ratis takes up to a second for it. */
  @Test
  void whileARemovedReplicaStopsOthersAreStarted() throws Exception {
    start(0, 1, 2);
    TestCluster.Node node = removeVoter();
    CompletableFuture<Void> read = new CompletableFuture<>();
    CompletableFuture<Void> reads = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () ->
                node.replica(group.id())
                    .withStore(
                        store -> {
                          reads.complete(null);
                          return read.join();
                        }));
    reader.start();
    reads.get(20, TimeUnit.SECONDS);
    AtomicBoolean stopped = new AtomicBoolean();
    CompletableFuture<CompletableFuture<Void>> removal =
        CompletableFuture.supplyAsync(() -> remove(node, () -> stopped.set(true)));
    try {
      CompletableFuture<Void> deleted = removal.get(20, TimeUnit.SECONDS);
      UUID other = UUID.randomUUID();
      CompletableFuture.runAsync(() -> startAlone(node, other)).get(20, TimeUnit.SECONDS);
      assertThat(node.raft().runs(other)).isTrue();
      assertThat(stopped).isFalse();
      assertThat(deleted).isNotDone();
      assertThat(node.raft().isBeingDeleted(group.id())).isTrue();
      assertThatThrownBy(() -> node.raft().startJoining(group.id(), 1))
          .isInstanceOf(IOException.class);
      node.raft().resume(group.id());
      node.raft().settle(group.id());
      node.raft().suspend(group.id()); // none of them has anything to do with it any more
    } finally {
      read.complete(null);
    }
    removal.join().get(20, TimeUnit.SECONDS);
    assertThat(stopped).isTrue();
    assertThat(files(node)).isEmpty();
    reader.join();
  }

  private CompletableFuture<Void> remove(TestCluster.Node node, Runnable stopped) {
    try {
      return node.raft().removeReplica(group.id(), stopped);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void startAlone(TestCluster.Node node, UUID other) {
    try {
      node.raft().startReplica(other, group.members(cluster.nodes().indexOf(node)));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Test
  void groupThatEveryStartBringsAlongIsNotRemoved() throws IOException {
    start(0, 1, 2);
    assertThatThrownBy(() -> cluster.node(0).raft().removeReplica(GROUP, () -> {}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Each state in which a crash can leave the files behind, from the mark on. */
  @Test
  void replicaThatWasBeingRemovedIsRemovedAtTheNextStartAndNeverStarted() throws Exception {
    start(0, 1, 2);
    TestCluster.Node node = removeVoter();
    for (int gone = 0; gone < 4; gone++) {
      int back = cluster.nodes().indexOf(node);
      node.stop();
      RemovedReplicas removed =
          new RemovedReplicas(
              node.home().resolve("removing"),
              node.home().resolve("groups"),
              node.home().resolve("stores"));
      removed.mark(group.id(), "g");
      Path log = node.groupDirectory(group.id());
      switch (gone) {
        case 0 -> assertThat(log).exists();
        case 1 -> Files.delete(log.resolve("current").resolve("raft-meta"));
        case 2 -> DurableFiles.deleteTree(node.storeDirectory(group.id()));
        default -> {
          DurableFiles.deleteTree(log);
          DurableFiles.deleteTree(node.storeDirectory(group.id()));
        }
      }

      node.start();

      assertThat(node.failures()).as("%d", gone).isEmpty();
      assertThat(node.replica(group.id())).as("%d", gone).isNull();
      assertThat(files(node)).as("%d", gone).isEmpty();
      group.join(back);
      assertThat(group.change(group.members(others(back)), group.members(0, 1, 2)))
          .isEqualTo(MemberChange.DONE);
      group.write();
      group.assertWhole(0, 1, 2);
      if (group.leaderNumber() == back) {
        assertThat(
                ChangingGroup.get(
                    group.ask(node, group.members(0, 1, 2), group.members(others(back)))))
            .isEqualTo(MemberChange.HANDED_OVER);
      }
      assertThat(group.change(group.members(0, 1, 2), group.members(others(back))))
          .isEqualTo(MemberChange.DONE);
    }
  }

  /** It failed half way, for example since the disk did not let it delete: a start finishes it. */
  @Test
  void replicaIsNotStartedOnWhatIsLeftOfARemovedOne() throws IOException {
    start(0, 1, 2);
    TestCluster.Node node = removeVoter();
    int back = cluster.nodes().indexOf(node);
    node.stop();
    Path marks = node.home().resolve("removing");
    node.start();
    new RemovedReplicas(marks, node.home().resolve("groups"), node.home().resolve("stores"))
        .mark(group.id(), "g");
    node.closeReplica(group.id());
    group.join(back);
    assertThat(marks).isEmptyDirectory();
    assertThat(node.replica(group.id()).appliedIndex()).isNegative();
  }

  /** The process ended while it made the directory of a replica that is to be added. */
  @Test
  void directoryThatWasHalfBegunIsBegunAnew() throws IOException {
    start(0, 1, 2);
    TestCluster.Node node = cluster.node(3);
    node.stop();
    Path begun = node.home().resolve("groups").resolve(group.id() + ".begun").resolve("current");
    Files.createDirectories(begun);
    Files.writeString(begun.resolve("raft-meta.restored"), "ter");
    node.start();
    assertThat(node.failures()).isEmpty();
    assertThat(node.replica(group.id())).isNull();
    group.join(3);
    assertThat(group.change(group.members(0, 1, 2), group.members(0, 1, 2, 3)))
        .isEqualTo(MemberChange.DONE);
    group.write();
    group.assertWhole(0, 1, 2, 3);
    assertThat(files(node)).noneMatch(path -> path.toString().contains(".begun"));
  }

  // ---- one that still runs ----

  @Test
  void removedReplicaThatStillRunsNeitherDisturbsNorAnswers() {
    try {
      start(0, 1, 2);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    TestCluster.Node missed = removeVoter();
    group.write();
    Replica removed = missed.replica(group.id());
    long term = group.leader().replica(group.id()).term();
    TestCluster.Node leader = group.leader();
    for (int i = 0; i < 10; i++) {
      removed.standForElection(leader.id()); // as when a process has ended, without a pre-vote
      assertThat(
              missed
                  .append(group.id(), new ProposedBatch(7, 1, JournalApplier.payload(1_000)))
                  .join())
          .isEqualTo(BatchOutcome.NOT_LEADER);
      assertThat(group.read(missed, 100)).isNull();
      group.write();
    }
    await()
        .during(Duration.ofMillis(2_500)) // three times as long as any of them waits for a leader
        .atMost(Duration.ofSeconds(20))
        .until(() -> group.leader() == leader && leader.replica(group.id()).term() == term);
    assertThat(removed.appliedIndex()).isLessThan(leader.replica(group.id()).appliedIndex());
    group.write();
    group.assertWhole(others(cluster.nodes().indexOf(missed)));
  }

  @Test
  void suspendedReplicaTakesNothingAndIsAMemberAgainWhenItIsResumed() throws IOException {
    start(0, 1, 2);
    int follower = group.withoutLeader(0, 1, 2)[0];
    TestCluster.Node node = cluster.node(follower);
    node.raft().suspend(group.id());
    node.raft().suspend(group.id()); // again changes nothing
    assertThat(node.raft().runs(group.id())).isFalse();
    assertThat(node.raft().groups()).contains(group.id());
    long had = node.replica(group.id()).appliedIndex();
    group.write();
    assertThat(node.replica(group.id()).appliedIndex()).isEqualTo(had);
    node.raft().resume(group.id());
    node.raft().resume(group.id());
    assertThat(node.raft().runs(group.id())).isTrue();
    group.write();
    group.assertWhole(0, 1, 2);
  }

  /** It was away when it was removed, and comes back to what it knew. */
  @Test
  void removedReplicaThatComesBackIsNobody() throws IOException {
    start(0, 1, 2);
    int away = group.withoutLeader(0, 1, 2)[0];
    cluster.node(away).stop();
    assertThat(group.change(group.members(0, 1, 2), group.members(others(away))))
        .isEqualTo(MemberChange.DONE);
    group.write();
    long term = group.leader().replica(group.id()).term();
    cluster.node(away).start();
    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(2));
    assertThat(group.read(cluster.node(away), 100)).isNull();
    assertThat(group.leader().replica(group.id()).term()).isEqualTo(term);
    group.write();
    cluster.node(away).raft().removeReplica(group.id(), () -> {}).join();
    assertThat(files(cluster.node(away))).isEmpty();
    group.assertWhole(others(away));
  }

  /** A leader that was cut off takes an empty replica for the voter that was here before. */
  @Test
  void newReplicaDoesNotFollowALeaderOfAnEarlierTerm() throws IOException {
    start(0, 1, 2);
    TestCluster.Node leader = group.leader();
    TestCluster.Node voter = cluster.node(group.withoutLeader(0, 1, 2)[0]);
    long later = leader.replica(group.id()).term() + 5;
    voter.raft().removeReplica(group.id(), () -> {}).join(); // the leader does not know
    voter.raft().startJoining(group.id(), later);
    // It refuses, and the one that is refused gives way to a leader of a later term.
    waitUntil("a leader is followed", () -> voter.replica(group.id()).logEnd().index() >= 0);
    assertThat(group.leader().replica(group.id()).term()).isGreaterThan(later);
    assertThat(voter.replica(group.id()).term()).isGreaterThan(later);
    voter.stop();
    voter.start();
    assertThat(voter.replica(group.id()).term()).isGreaterThanOrEqualTo(later);
  }
}
