package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.shard.BatchOutcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinkAppenderTest {
  private static final long MANY = 1_000_000;

  @TempDir Path directory;
  private TestCluster cluster;
  private long written;

  @AfterEach
  void stop() {
    cluster.close();
  }

  private void write(int count) {
    cluster.write(LongStream.range(0, count).map(i -> ++written).toArray());
  }

  /** How many messages go over the links while so many entries are written. */
  private int overLinks(int count) {
    int before = cluster.overLinks();
    write(count);
    return cluster.overLinks() - before;
  }

  private void assertAllWritten() {
    cluster.awaitEqual();
    for (TestCluster.Node node : cluster.running()) {
      assertThat(TestCluster.length(node)).isEqualTo(written);
      assertThat(node.failures()).isEmpty();
    }
  }

  @Test
  void newEntriesGoOverTheLinksToAllFollowersThatKeepUp() {
    cluster = TestCluster.start(directory, 3, MANY);
    TestCluster.waitUntil("both followers linked", () -> overLinks(10) >= 20);
    assertAllWritten();
    int before = cluster.entriesOverLinks();
    write(50);
    assertAllWritten(); // an entry counts when it has come to the slower follower, too
    assertThat(cluster.entriesOverLinks() - before).isEqualTo(100);
  }

  @Test
  void withoutLinksEntriesGoByGrpcAndOverTheLinksAgainWhenTheyAreBack() {
    cluster = TestCluster.start(directory, 3, MANY);
    TestCluster.waitUntil("linked", () -> overLinks(10) >= 20);
    for (int round = 0; round < 3; round++) {
      cluster.linksUp(false);
      assertThat(overLinks(20)).isZero();
      assertAllWritten();
      cluster.linksUp(true);
      TestCluster.waitUntil("linked again", () -> overLinks(10) >= 20);
    }
    assertAllWritten();
  }

  /** A large message would hold up all else that goes to the node. */
  @Test
  void largeEntriesGoByGrpcBetweenSmallOnesInOrder() {
    cluster = TestCluster.start(directory, 3, MANY);
    TestCluster.waitUntil("linked", () -> overLinks(10) >= 20);
    for (int i = 0; i < 5; i++) {
      cluster.writeLarge(++written);
      write(1);
    }
    assertAllWritten();
    TestCluster.waitUntil("linked again", () -> overLinks(10) >= 20);
  }

  /** What is sent again by gRPC has been delivered already. */
  @Test
  void answersThatAreLostLoseNoEntry() {
    cluster = TestCluster.start(directory, 3, MANY);
    for (int round = 0; round < 5; round++) {
      TestCluster.waitUntil("linked", () -> overLinks(10) >= 20);
      cluster.answersLost(true);
      write(20);
      cluster.answersLost(false);
    }
    assertAllWritten();
  }

  /**
   * It has the entry, but the leader did not hear of it, and what the leader sends meanwhile breaks
   * with Ratis' stream: nobody else could acknowledge the entry, and no other comes behind it.
   */
  @Test
  void entryThatAFollowerHadWhenItsProcessEndedIsCommittedWhenItIsBack() throws Exception {
    cluster =
        TestCluster.prepare(directory, 3, MANY, 2 << 20).electionTimeout(Duration.ofSeconds(4));
    for (int node = 0; node < 3; node++) {
      cluster.node(node).start();
    }
    TestCluster.Node leader = cluster.leader();
    TestCluster.Node needed = cluster.followers().get(0);
    cluster.followers().get(1).stop();
    long term = leader.replica().term();
    TestCluster.waitUntil("linked", () -> overLinks(10) >= 10);
    cluster.holdAnswers();
    CompletableFuture<BatchOutcome> outcome = cluster.propose(++written);
    TestCluster.waitUntil(
        "there", () -> needed.replica().logEnd().equals(leader.replica().logEnd()));
    needed.stop();
    cluster.loseHeldAnswers();
    needed.start();
    assertThat(outcome.get(20, TimeUnit.SECONDS)).isEqualTo(BatchOutcome.APPLIED);
    assertThat(leader.replica().term()).isEqualTo(term);
    assertAllWritten();
  }

  /** What an appender learns from an answer it tells those of the other followers. */
  @Test
  void answersThatAreThereAtOnceHoldUpNobody() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    TestCluster.waitUntil("linked", () -> overLinks(10) >= 20);
    Replica leader = cluster.leader().replica();
    List<TestCluster.Node> followers = cluster.followers();
    cluster.answersAtOnce(true);
    AtomicBoolean done = new AtomicBoolean();
    Thread readers =
        new Thread(
            () -> {
              while (!done.get()) {
                followers.forEach(follower -> leader.nudge(follower.id()));
              }
            });
    readers.start();
    try {
      write(200);
    } finally {
      done.set(true);
    }
    readers.join(10_000);
    assertThat(readers.isAlive()).isFalse();
    cluster.answersAtOnce(false);
    assertAllWritten();
  }

  /** As many messages as may be under way are, and readers ask for more all the time. */
  @Test
  void followerThatIsSlowForAWhileCatchesUpThoughReadersWaitThere() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    TestCluster.waitUntil("linked", () -> overLinks(10) >= 20);
    Replica leader = cluster.leader().replica();
    TestCluster.Node slow = cluster.followers().get(0);
    AtomicBoolean done = new AtomicBoolean();
    Thread readers =
        new Thread(
            () -> {
              while (!done.get()) {
                leader.nudge(slow.id());
                LockSupport.parkNanos(100_000);
              }
            });
    readers.start();
    try {
      for (int round = 0; round < 3; round++) {
        cluster.holdLinksTo(slow);
        write(40);
        cluster.releaseLinks();
        int before = cluster.overLinks();
        TestCluster.waitUntil(
            "caught up", () -> slow.replica().appliedIndex() >= leader.commitIndex());
        assertThat(cluster.overLinks() - before).isLessThan(200);
      }
    } finally {
      done.set(true);
      readers.join();
    }
    TestCluster.waitUntil("linked again", () -> overLinks(10) >= 20);
    assertAllWritten();
  }

  @Test
  void followersThatComeAndGoMissNothing() {
    long seed = Long.getLong("raftkv.seed", new Random().nextLong());
    System.out.println("followersThatComeAndGoMissNothing seed=" + seed);
    Random random = new Random(seed);
    cluster = TestCluster.start(directory, 3, 40);
    for (int step = 0; step < 40; step++) {
      switch (random.nextInt(9)) {
        case 0 -> cluster.linksUp(false);
        case 1, 2 -> cluster.linksUp(true);
        case 3 -> {
          TestCluster.Node node = cluster.node(random.nextInt(3));
          node.stop();
          write(random.nextInt(20));
          node.start();
        }
        case 4 -> {
          TestCluster.Node node = cluster.followers().get(0);
          cluster.linksUp(true); // who was away may need a checkpoint, which goes over them
          cluster.awaitEqual(); // else the only two that have it all may not be a majority
          node.stop();
          node.wipe();
          cluster.linksUp(random.nextBoolean());
          node.start();
          cluster.linksUp(true);
          cluster.awaitEqual();
        }
        case 5 -> {
          cluster.answersLost(true);
          write(random.nextInt(10));
          cluster.answersLost(false);
        }
        default -> write(random.nextInt(20));
      }
    }
    cluster.linksUp(true);
    TestCluster.waitUntil("linked", () -> overLinks(10) >= 20);
    assertAllWritten();
  }

  /** One message to each follower is the entry, most of the others tell of its commit. */
  @Test
  void followersWithReadersHearOfCommitsWithoutAsking() {
    cluster = TestCluster.start(directory, 3, MANY);
    TestCluster.waitUntil(
        "told of commits",
        () -> {
          Replica leader = cluster.leader().replica();
          cluster.followers().forEach(follower -> leader.nudge(follower.id()));
          return overLinks(20) > 50;
        });
    assertAllWritten();
  }

  /** Messages for readers end when there is nothing more to say. */
  @Test
  void followersThatKnowTheCommitIndexAreNotTold() {
    cluster = TestCluster.start(directory, 3, MANY);
    TestCluster.waitUntil("linked", () -> overLinks(10) >= 20);
    Replica leader = cluster.leader().replica();
    cluster.followers().forEach(follower -> leader.nudge(follower.id()));
    assertAllWritten();
    TestCluster.waitUntil(
        "silence",
        () -> {
          int before = cluster.overLinks();
          cluster.followers().forEach(follower -> leader.nudge(follower.id()));
          return cluster.overLinks() == before;
        });
  }
}
