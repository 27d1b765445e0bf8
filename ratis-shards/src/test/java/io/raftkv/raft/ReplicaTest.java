package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.GROUP;
import static io.raftkv.raft.TestCluster.length;
import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.raftkv.shard.BatchOutcome;
import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.JournalApplier;
import io.raftkv.shard.ProposedBatch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What a replica says of its leadership, and of entries that it is given. */
@Execution(ExecutionMode.CONCURRENT)
class ReplicaTest {
  private static final long MANY = 1_000_000;
  private static final UUID OTHER = new UUID(0, 2);
  private static final int LARGEST = 5 << 20;

  @TempDir Path directory;
  private TestCluster cluster;

  @AfterEach
  void stop() {
    cluster.close();
  }

  private static ProposedBatch batch(long sequence) {
    return new ProposedBatch(1, sequence, JournalApplier.payload(sequence));
  }

  private static BatchOutcome get(CompletableFuture<BatchOutcome> outcome) throws Exception {
    return outcome.get(30, TimeUnit.SECONDS);
  }

  @Test
  void entryIsRefusedByAReplicaThatDoesNotLead() throws Exception {
    cluster = TestCluster.prepare(directory, 3, MANY, 2 << 20);
    cluster.node(0).start();
    assertThat(get(cluster.node(0).append(GROUP, batch(1)))).isEqualTo(BatchOutcome.NOT_LEADER);
    cluster.node(1).start();
    cluster.node(2).start();
    cluster.write(1);
    TestCluster.Node follower = cluster.followers().get(0);
    waitUntil("refusal", () -> follower.append(GROUP, batch(1)).join() == BatchOutcome.NOT_LEADER);
    Replica replica = follower.replica();
    follower.stop();
    CompletableFuture<BatchOutcome> late = new CompletableFuture<>();
    replica.append(
        EntryCodec.encode(new EntryCodec.Header(1, 1, 1, Long.MAX_VALUE), List.of()),
        late::complete);
    assertThat(get(late)).isEqualTo(BatchOutcome.NOT_LEADER);
  }

  /** Bounded reads rest on it: to know of no leader is not to have heard from one just now. */
  @Test
  void aReplicaThatKnowsOfNoLeaderHasHeardFromNone() {
    cluster = TestCluster.prepare(directory, 3, MANY, 2 << 20);
    Replica lone = cluster.node(0).start().replica();
    await()
        .during(Duration.ofMillis(500)) // as a follower that waits, and as a candidate
        .until(() -> lone.leaderSilenceMillis() == Long.MAX_VALUE);
    cluster.node(1).start();
    cluster.node(2).start();
    cluster.write(1);
    waitUntil("a leader is heard", () -> lone.leaderSilenceMillis() < 5_000);
  }

  /** Without a majority the leader steps down, and cannot know what becomes of its entries. */
  @Test
  void entryOfALeaderThatStepsDownIsOfUnknownFate() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1);
    TestCluster.Node leader = cluster.leader();
    List<TestCluster.Node> followers = cluster.followers();
    followers.get(0).stop();
    Thread stopping = new Thread(followers.get(1)::stop);
    stopping.start();
    List<CompletableFuture<BatchOutcome>> outcomes = new ArrayList<>();
    waitUntil(
        "step down",
        () -> {
          outcomes.add(leader.append(GROUP, batch(outcomes.size() + 1)));
          return !leader.replica().isLeader();
        });
    stopping.join();
    List<BatchOutcome> told = new ArrayList<>();
    for (CompletableFuture<BatchOutcome> outcome : outcomes) {
      told.add(get(outcome));
    }
    assertThat(told).contains(BatchOutcome.UNKNOWN);
    assertThat(told.indexOf(BatchOutcome.UNKNOWN))
        .isGreaterThan(told.lastIndexOf(BatchOutcome.APPLIED));
    assertThat(get(leader.append(GROUP, batch(1)))).isEqualTo(BatchOutcome.NOT_LEADER);
    assertThat(length(leader)).isEqualTo(1 + told.lastIndexOf(BatchOutcome.APPLIED) + 1);
  }

  /** Its successor is down: it is not overloaded, there is nobody who leads. */
  @Test
  void entryIsRefusedByALeaderThatHandsOver() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1);
    TestCluster.Node leader = cluster.leader();
    TestCluster.Node successor = cluster.followers().get(0);
    successor.stop();
    // The leader waits for a successor that lacks an entry; to one that lacks none it sends a
    // request, whose connection may be refused before the hand-over has even begun.
    assertThat(get(leader.append(GROUP, batch(2)))).isEqualTo(BatchOutcome.APPLIED);
    CompletableFuture<Boolean> handedOver =
        leader.raft().transferLeadership(GROUP, successor.id(), 3_000);
    List<BatchOutcome> told = new ArrayList<>();
    while (!handedOver.isDone()) {
      told.add(get(leader.append(GROUP, batch(told.size() + 3))));
    }
    assertThat(told).contains(BatchOutcome.NOT_LEADER).doesNotContain(BatchOutcome.REFUSED);
  }

  /** One byte more than the log takes would make the leader step down. */
  @Test
  void largestEntryIsReplicated() {
    cluster = TestCluster.prepare(directory, 3, MANY, LARGEST);
    cluster.nodes().forEach(TestCluster.Node::start);
    int payload = LARGEST - EntryCodec.HEADER_BYTES - EntryCodec.BATCH_BYTES;
    cluster.write(new ProposedBatch(1, 1, JournalApplier.padded(7, payload)));
    cluster.awaitEqual();
  }

  @Test
  void listenersFollowTheLogAndAreNoVoters() {
    cluster = TestCluster.prepare(directory, 3, MANY, 2 << 20).listener(2);
    cluster.nodes().forEach(TestCluster.Node::start);
    cluster.write(1, 2);
    cluster.awaitEqual();
    TestCluster.Node leader = cluster.leader();
    assertThat(leader.replica().view().voters()).containsExactlyInAnyOrder("n0", "n1");
    assertThat(leader.replica().view().oldVoters()).isEmpty();
    for (TestCluster.Node node : cluster.nodes()) {
      assertThat(node.replica().voters()).containsExactlyInAnyOrder("n0", "n1");
      assertThat(node.replica().members()).containsExactlyInAnyOrder("n0", "n1", "n2");
      assertThat(node.replica().leader()).isEqualTo(leader.id());
    }
    assertThat(length(cluster.node(2))).isEqualTo(2);
    assertThat(cluster.node(2).replica().view().ready()).isFalse();
    assertThat(leader.replica().followerMatchIndexes()).hasSize(2);
  }

  /** A bound for reads must be that of a term which the replica really leads. */
  @Test
  void readinessIsClaimedOnlyByTheOneLeaderOfATerm() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    Map<Long, Set<String>> claims = new ConcurrentHashMap<>();
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<Throwable> fault = new AtomicReference<>();
    List<Thread> pollers = new ArrayList<>();
    for (TestCluster.Node node : cluster.nodes()) {
      Thread poller =
          new Thread(
              () -> {
                while (!done.get()) {
                  LeaderView view = node.replica().view();
                  if (view.ready()) {
                    claims
                        .computeIfAbsent(view.term(), term -> ConcurrentHashMap.newKeySet())
                        .add(node.id());
                  }
                }
              });
      poller.setUncaughtExceptionHandler((thread, thrown) -> fault.set(thrown));
      poller.start();
      pollers.add(poller);
    }
    for (int i = 0; i < 8; i++) {
      TestCluster.Node next = cluster.node(i % 3);
      waitUntil(
          "transfer",
          () -> {
            TestCluster.Node leader = cluster.leader();
            return leader == next
                || leader.raft().transferLeadership(GROUP, next.id(), 3_000).join();
          });
      cluster.write(i);
    }
    done.set(true);
    for (Thread poller : pollers) {
      poller.join();
    }
    assertThat(fault.get()).isNull();
    assertThat(claims.size()).isGreaterThan(5);
    assertThat(claims.values()).allMatch(nodes -> nodes.size() == 1, claims.toString());
  }

  @Test
  void storeMayBeClosedWhileItIsRead() throws Exception {
    cluster = TestCluster.start(directory, 1, MANY);
    cluster.write(1, 2, 3);
    Replica replica = cluster.node(0).replica();
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<Throwable> fault = new AtomicReference<>();
    List<Thread> readers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Thread reader =
          new Thread(
              () -> {
                while (!done.get()) {
                  Long length = replica.withStore(JournalApplier::length);
                  assertThat(length).isIn(3L, null);
                }
              });
      reader.setUncaughtExceptionHandler((thread, thrown) -> fault.set(thrown));
      reader.start();
      readers.add(reader);
    }
    cluster.node(0).stop();
    Object store = replica.withStore(open -> open);
    assertThat(store).isNull();
    done.set(true);
    for (Thread reader : readers) {
      reader.join();
    }
    assertThat(fault.get()).isNull();
  }

  @Test
  void waiterRunsOnceTheIndexIsAppliedAndOneThatFailsHarmsNobody() {
    cluster = TestCluster.start(directory, 1, MANY);
    cluster.write(1);
    Replica replica = cluster.node(0).replica();
    List<String> heard = new ArrayList<>();
    replica.whenApplied(replica.appliedIndex(), () -> heard.add("at once"));
    assertThat(heard).containsExactly("at once");
    long next = replica.appliedIndex() + 1;
    replica.whenApplied(
        next,
        () -> {
          throw new IllegalStateException("event loop is gone");
        });
    CompletableFuture<Long> later = new CompletableFuture<>();
    replica.whenApplied(next, () -> later.complete(replica.appliedIndex()));
    assertThat(later).isNotDone();
    cluster.write(2);
    assertThat(later).isCompletedWithValue(next);
    assertThat(replica.isAlive()).isTrue();
  }

  /** Apply may wait for space on the disk for hours, and readers give up and come again. */
  @Test
  void waitersThatHaveGivenUpAreNotHeld() {
    cluster = TestCluster.start(directory, 1, MANY);
    cluster.write(1);
    Replica replica = cluster.node(0).replica();
    long next = replica.appliedIndex() + 1;
    List<String> heard = new CopyOnWriteArrayList<>();
    replica.whenApplied(next, () -> heard.add("stays"));
    for (int i = 0; i < 10_000; i++) {
      replica.whenApplied(next, () -> heard.add("gave up")).run();
      assertThat(replica.waiting()).isLessThan(3_000);
    }
    cluster.write(2);
    assertThat(heard).containsExactly("stays");
    assertThat(replica.waiting()).isZero();
  }

  /** A crash before the first entry of its log leaves a group that does not know its members. */
  @Test
  void groupThatKnowsNoMembersIsGivenThem() throws Exception {
    cluster = TestCluster.start(directory, 1, MANY);
    TestCluster.Node node = cluster.node(0);
    node.raft().startReplica(OTHER, List.of());
    node.stop();
    node.start();
    assertThat(node.replica(OTHER).members()).isEmpty();
    node.raft().startReplica(OTHER, cluster.members());
    assertThat(cluster.leader(OTHER)).isEqualTo(node);
    Replica running = node.replica(OTHER);
    node.raft().startReplica(OTHER, cluster.members());
    assertThat(node.replica(OTHER)).isSameAs(running);
  }

  @Test
  void replicaThatRatisHasClosedIsStartedAgain() throws Exception {
    cluster = TestCluster.start(directory, 1, MANY);
    cluster.write(1, 2);
    TestCluster.Node node = cluster.node(0);
    node.closeReplica(GROUP);
    assertThat(node.replica().isAlive()).isFalse();
    assertThat(node.replica().isLeader()).isFalse();
    assertThat(node.replica().leader()).isNull();
    node.raft().startReplica(GROUP, cluster.members());
    cluster.write(3);
    assertThat(length(node)).isEqualTo(3);
  }
}
