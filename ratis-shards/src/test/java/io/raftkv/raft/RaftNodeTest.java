package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.GROUP;
import static io.raftkv.raft.TestCluster.length;
import static io.raftkv.raft.TestCluster.timesApplied;
import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.shard.JournalApplier;
import io.raftkv.storage.ShardStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Three replicas: replication, restarts, snapshots, changes of the leader. */
@Execution(ExecutionMode.CONCURRENT)
class RaftNodeTest {
  private static final long MANY = 1_000_000;

  @TempDir Path directory;
  private TestCluster cluster;

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Test
  void writesAreAppliedOnAllReplicasAlikeAndReplayedAfterARestart() {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1, 2, 3);
    cluster.awaitEqual();
    cluster.nodes().forEach(TestCluster.Node::stop);
    cluster.nodes().forEach(TestCluster.Node::start);
    cluster.write(4);
    cluster.awaitEqual();
    for (TestCluster.Node node : cluster.nodes()) {
      assertThat(length(node)).isEqualTo(4);
      assertThat(node.failures()).isEmpty();
    }
  }

  /** The log is replayed from the last snapshot, and the store has more than that. */
  @Test
  void crashAfterAFlushWithoutSnapshotIsReplayed() {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1, 2, 3);
    cluster.awaitEqual();
    for (TestCluster.Node node : cluster.nodes()) {
      node.replica().withStore(ShardStore::flush);
    }
    cluster.write(4, 5);
    cluster.awaitEqual();
    cluster.nodes().forEach(TestCluster.Node::crash);
    cluster.nodes().forEach(TestCluster.Node::start);
    cluster.write(6);
    cluster.awaitEqual();
    for (TestCluster.Node node : cluster.nodes()) {
      assertThat(length(node)).isEqualTo(6);
      assertThat(node.failures()).isEmpty();
    }
  }

  /** The leader's log does not reach back far enough, and it is idle when the follower comes. */
  @Test
  void wipedFollowerCatchesUpByACheckpointAndAgainAfterFurtherOnes() {
    cluster = TestCluster.start(directory, 3, 4);
    cluster.writeLarge(LongStream.rangeClosed(1, 16).toArray());
    TestCluster.Node follower = cluster.followers().get(0);
    for (int round = 1; round <= 2; round++) {
      follower.stop();
      follower.wipe();
      cluster.writeLarge(LongStream.rangeClosed(1, 12).map(i -> 100 + i).toArray());
      follower.start();
      cluster.awaitEqual();
      assertThat(segments(follower)).noneMatch(name -> name.matches("log_(inprogress_)?0(-.*)?"));
      cluster.write(round);
      cluster.awaitEqual();
    }
    assertThat(length(follower)).isEqualTo(16 + 2 * 13);
    follower.crash();
    follower.start();
    cluster.write(3);
    cluster.awaitEqual();
    cluster.nodes().forEach(node -> assertThat(node.failures()).isEmpty());
  }

  /** The leader sends a snapshot as soon as it reaches the node, which still opens its store. */
  @Test
  void snapshotThatComesWhileAReplicaStartsDoesNoHarm() {
    cluster = TestCluster.start(directory, 3, 4);
    cluster.writeLarge(LongStream.rangeClosed(1, 6).toArray());
    cluster.awaitEqual();
    TestCluster.Node follower = cluster.followers().get(0);
    follower.stop();
    cluster.writeLarge(LongStream.rangeClosed(7, 26).toArray());
    follower.meaning(group -> new SlowToOpen()).start();
    assertThat(follower.failures()).isEmpty();
    cluster.awaitEqual();
    assertThat(length(follower)).isEqualTo(26);
  }

  /** Takes many times as long as the leader needs to try once more. */
  private static final class SlowToOpen extends JournalApplier {
    @Override
    public void opened(ShardStore store) {
      super.opened(store);
      LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
    }
  }

  /** Behind, but not empty: the store is replaced while it is open and read. */
  @Test
  void followerThatIsTooFarBehindGetsACheckpointWhileItIsRead() throws Exception {
    cluster = TestCluster.start(directory, 3, 4);
    cluster.writeLarge(LongStream.rangeClosed(1, 6).toArray());
    cluster.awaitEqual();
    TestCluster.Node follower = cluster.followers().get(0);
    follower.stop();
    cluster.writeLarge(LongStream.rangeClosed(7, 26).toArray());
    follower.start();
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<Throwable> fault = new AtomicReference<>();
    List<Thread> readers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Thread reader =
          new Thread(
              () -> {
                while (!done.get()) {
                  follower.replica().withStore(JournalApplier::length);
                }
              });
      reader.setUncaughtExceptionHandler((thread, thrown) -> fault.set(thrown));
      reader.start();
      readers.add(reader);
    }
    cluster.awaitEqual();
    cluster.write(100);
    cluster.awaitEqual();
    done.set(true);
    for (Thread reader : readers) {
      reader.join();
    }
    assertThat(fault.get()).isNull();
    assertThat(length(follower)).isEqualTo(27);
    assertThat(segments(follower)).noneMatch(name -> name.matches("log_(inprogress_)?0(-.*)?"));
  }

  @Test
  void fewLargeEntriesAreASnapshotWorthToo() {
    cluster = TestCluster.start(directory, 1, MANY);
    long entries = TestCluster.SNAPSHOT_LOG_BYTES >> 20;
    cluster.writeLarge(LongStream.rangeClosed(1, entries + 1).toArray());
    waitUntil(
        "purge",
        () -> segments(cluster.node(0)).stream().noneMatch(name -> name.startsWith("log_0-")));
    assertThat(cluster.node(0).failures()).isEmpty();
  }

  /** For a disk that is short of room: neither old entries nor old snapshots are kept. */
  @Test
  void giveBackSpaceLeavesOneSnapshotAndOneLogFile() throws IOException {
    cluster = TestCluster.start(directory, 1, MANY);
    TestCluster.Node node = cluster.node(0);
    cluster.writeLarge(LongStream.rangeClosed(1, 10).toArray());
    assertThat(node.replica().giveBackSpace(() -> Long.MAX_VALUE)).isTrue();
    cluster.writeLarge(LongStream.rangeClosed(11, 20).toArray());
    assertThat(segments(node)).hasSizeGreaterThan(2);

    assertThat(node.replica().giveBackSpace(() -> Long.MAX_VALUE)).isTrue();

    waitUntil("purge", () -> segments(node).size() == 1);
    assertThat(snapshots(node)).hasSize(1);
    assertThat(node.replica().giveBackSpace(() -> Long.MAX_VALUE)).as("nothing is new").isTrue();
    node.crash();
    node.start();
    waitUntil("replay", () -> cluster.leader() == node && length(node) == 20);
  }

  private static List<String> snapshots(TestCluster.Node node) throws IOException {
    return DurableFiles.list(node.groupDirectory(GROUP).resolve("sm")).stream()
        .map(file -> file.getFileName().toString())
        .toList();
  }

  private static List<String> segments(TestCluster.Node node) {
    try {
      return DurableFiles.list(node.groupDirectory(GROUP).resolve("current")).stream()
          .map(file -> file.getFileName().toString())
          .filter(name -> name.startsWith("log_"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void whenTheLeaderIsGoneAnotherGoesOnAndARepeatedBatchIsAppliedOnce() {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.writeBatch(1, 11);
    cluster.writeBatch(2, 12);
    TestCluster.Node old = cluster.leader();
    old.crash();
    TestCluster.Node next = cluster.leader();
    assertThat(next).isNotEqualTo(old);
    cluster.writeBatch(2, 12);
    cluster.writeBatch(3, 13);
    old.start();
    cluster.awaitEqual();
    for (TestCluster.Node node : cluster.nodes()) {
      assertThat(timesApplied(node, 12)).isEqualTo(1);
      assertThat(length(node)).isEqualTo(3);
    }
  }

  /**
   * What the others have acknowledged together with the voter that lost its log may be on the one
   * that is down: those two alone must not elect a leader. It is said why there is none.
   */
  @Test
  void voterThatLostItsLogDoesNotMakeAMajorityUntilItIsRefilled() {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1, 2, 3);
    cluster.awaitEqual();
    TestCluster.Node down = cluster.leader();
    TestCluster.Node wiped = cluster.followers().get(0);
    TestCluster.Node witness = cluster.followers().get(1);
    wiped.stop();
    wiped.wipe();
    down.stop(); // last, or the two others would elect a leader in between
    try (LogLines log = LogLines.of(ReplicatedStateMachine.class)) {
      wiped.start();
      waitUntil(
          "warning",
          () -> log.all().stream().anyMatch(line -> line.startsWith("WARN no leader for long")));
    }
    assertThat(witness.replica().view().ready()).isFalse();
    assertThat(wiped.replica().view().ready()).isFalse();
    assertThat(wiped.replica().appliedIndex()).isNegative();

    down.start();
    cluster.write(4);
    cluster.awaitEqual();
    assertThat(length(wiped)).isEqualTo(4);
  }

  @Test
  void leadershipIsHandedOverOnRequest() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1);
    cluster.awaitEqual();
    TestCluster.Node old = cluster.leader();
    TestCluster.Node next = cluster.followers().get(0);
    assertThat(old.replica().followerMatchIndexes())
        .containsOnlyKeys(cluster.followers().stream().map(TestCluster.Node::id).toList());
    waitUntil(
        "transfer",
        () -> {
          TestCluster.Node leader = cluster.leader();
          return leader == next || leader.raft().transferLeadership(GROUP, next.id(), 5_000).join();
        });
    assertThat(cluster.leader()).isEqualTo(next);
    cluster.write(2);
    cluster.awaitEqual();
  }

  /**
   * It is only believed to be gone here: the one that was elected in its place makes it a follower.
   */
  @Test
  void followerStandsForElectionAtOnceIfItIsToldThatItsLeaderIsGone() {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1);
    cluster.awaitEqual();
    TestCluster.Node old = cluster.leader();
    TestCluster.Node next = cluster.followers().get(0);
    TestCluster.Node other = cluster.followers().get(1);
    assertThat(next.replica().standForElection(other.id())).as("follows another").isFalse();
    assertThat(old.replica().standForElection(old.id())).as("leads itself").isFalse();

    assertThat(next.replica().standForElection(old.id())).isTrue();
    waitUntil("change of leader", () -> cluster.leader() == next);
    assertThat(other.replica().standForElection(old.id())).as("has another leader").isFalse();
    cluster.write(2);
    cluster.awaitEqual();
  }
}
