package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.GROUP;
import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.shard.Applier;
import io.raftkv.shard.ApplyContext;
import io.raftkv.shard.BatchOutcome;
import io.raftkv.shard.JournalApplier;
import io.raftkv.shard.ProposedBatch;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.SlotChanges;
import io.raftkv.storage.SlotOwnership;
import io.raftkv.storage.SlotSet;
import io.raftkv.storage.StoreBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A group that begins with what another one had at a certain entry. */
@Execution(ExecutionMode.CONCURRENT)
class StoreCutsTest {
  private static final long MANY = 1_000_000;
  private static final UUID CHILD = new UUID(7, 7);
  private static final SlotSet SLOTS = SlotSet.of(0, 99);

  /** Another group, which has other slots. */
  private static final UUID OTHER = new UUID(8, 8);

  private static final SlotSet OTHER_SLOTS = SlotSet.of(100, 199);

  /** A proposal of this value sets the fence. */
  private static final long FENCE = -77;

  @TempDir Path directory;
  private TestCluster cluster;

  /** A journal in which slots can be fenced. */
  private static final class FencingJournal implements Applier {
    private final JournalApplier journal = new JournalApplier();
    private final SlotSet slots;

    private FencingJournal(UUID group) {
      slots = group.equals(OTHER) ? OTHER_SLOTS : SLOTS;
    }

    @Override
    public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
      if (payload.remaining() == Long.BYTES && payload.getLong(payload.position()) == FENCE) {
        payload.position(payload.limit());
        SlotChanges.fence(batch, CHILD, slots);
        return new Object[0];
      }
      return journal.apply(context, payload, batch);
    }

    @Override
    public boolean grows(ByteBuffer payload) {
      return false;
    }

    @Override
    public long bytes(Object[] results) {
      return journal.bytes(results);
    }

    @Override
    public byte[] encode(Object[] results) {
      return journal.encode(results);
    }

    @Override
    public Object[] decode(byte[] results) {
      return journal.decode(results);
    }
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private void start() {
    cluster = TestCluster.prepare(directory, 3, MANY, 2 << 20);
    cluster.nodes().forEach(node -> node.meaning(FencingJournal::new).start());
  }

  private static Set<UUID> cuts(TestCluster.Node node) {
    return node.raft().cuts().keySet();
  }

  private void awaitCuts() {
    waitUntil(
        "all have cut", () -> cluster.nodes().stream().allMatch(n -> cuts(n).contains(CHILD)));
  }

  private static long length(TestCluster.Node node, UUID group) {
    return node.replica(group).withStore(JournalApplier::length);
  }

  private static void seed(TestCluster.Node node) throws IOException {
    seed(node, List.of(GROUP), () -> true);
  }

  private static void seed(TestCluster.Node node, List<UUID> sources, BooleanSupplier wanted)
      throws IOException {
    seed(node, List.of(CHILD), sources, wanted);
  }

  private static void seed(
      TestCluster.Node node, List<UUID> targets, List<UUID> sources, BooleanSupplier wanted)
      throws IOException {
    try {
      node.raft().seed(targets, sources, wanted).get(20, TimeUnit.SECONDS);
    } catch (ExecutionException failed) {
      throw (IOException) failed.getCause();
    } catch (InterruptedException | TimeoutException late) {
      throw new AssertionError(late);
    }
  }

  private void begin(TestCluster.Node... nodes) throws IOException {
    List<Member> members =
        cluster.members().stream()
            .filter(member -> List.of(nodes).stream().anyMatch(n -> n.id().equals(member.nodeId())))
            .toList();
    for (TestCluster.Node node : nodes) {
      seed(node);
      seed(node); // again does nothing
      node.raft().startReplica(CHILD, members);
    }
  }

  private void lead(TestCluster.Node node) {
    waitUntil(
        "a leader",
        () -> node.replica(CHILD).leader() != null || node.replica(CHILD).standAsFirst());
  }

  private void write(long number) throws Exception {
    write(CHILD, number, number);
  }

  private void write(UUID group, long sequence, long number) throws Exception {
    ProposedBatch batch = new ProposedBatch(99, sequence, JournalApplier.payload(number));
    assertThat(cluster.leader(group).append(group, batch).get(20, TimeUnit.SECONDS))
        .isEqualTo(BatchOutcome.APPLIED);
  }

  @Test
  void aGroupBeginsWithWhatAnotherHadAtItsFence() throws Exception {
    start();
    cluster.write(1, 2, 3);
    assertThat(cluster.node(0).replica().fenceMillis()).isZero();
    cluster.write(FENCE);
    cluster.write(4, 5);
    awaitCuts();
    assertThat(cluster.leader().replica().fenceMillis()).isPositive();
    begin(cluster.node(0), cluster.node(1), cluster.node(2));
    assertThat(cluster.nodes()).allSatisfy(node -> assertThat(cuts(node)).isEmpty());
    lead(cluster.node(1));
    write(1);
    cluster.awaitEqual(CHILD);
    for (TestCluster.Node node : cluster.nodes()) {
      assertThat(length(node, CHILD)).as("what was there at the fence, and one").isEqualTo(4);
      assertThat(node.replica(CHILD).withStore(ShardStore::ownership).fence().target())
          .isEqualTo(CHILD);
      waitUntil("the parent went on", () -> length(node, GROUP) == 5);
    }

    // What it began with is there after a crash, and one that lost it gets it from the others.
    cluster.nodes().forEach(TestCluster.Node::stop);
    TestCluster.Node wiped = cluster.node(2);
    TestCluster.delete(wiped.groupDirectory(CHILD), wiped.storeDirectory(CHILD));
    cluster.nodes().forEach(TestCluster.Node::start);
    wiped.raft().startReplica(CHILD, cluster.members());
    write(2);
    cluster.awaitEqual(CHILD);
    assertThat(length(wiped, CHILD)).isEqualTo(5);
    assertThat(cluster.nodes())
        .as("a replay cuts again, but not what has begun")
        .allSatisfy(node -> assertThat(node.raft().runs(CHILD)).isTrue());
  }

  @Test
  void twoOfThreeAreEnoughToBeginWith() throws Exception {
    start();
    cluster.write(1);
    TestCluster.Node down = cluster.followers().get(0);
    down.stop();
    cluster.write(FENCE);
    List<TestCluster.Node> up = cluster.running();
    up.forEach(node -> waitUntil("cut", () -> cuts(node).contains(CHILD)));
    begin(up.get(0), up.get(1));
    lead(up.get(0));
    write(1);
    assertThat(cluster.leader(CHILD).replica(CHILD).voters())
        .containsExactlyInAnyOrder(up.get(0).id(), up.get(1).id());
    down.start();
    waitUntil("it cuts, too, when it comes to that entry", () -> cuts(down).contains(CHILD));
    assertThat(down.raft().hasFiles(CHILD)).isFalse();
    down.raft().dropCut(CHILD);
    assertThat(cuts(down)).isEmpty();
    assertThatThrownBy(() -> seed(down))
        .isInstanceOf(IOException.class)
        .hasMessage("no cut of group " + GROUP + " for group " + CHILD);
  }

  /** The node ends when its files are there, and the group has not begun. */
  @Test
  void whatWasSeededIsNotLostByARestart() throws Exception {
    start();
    TestCluster.Node node = cluster.node(0);
    List<UUID> told = new CopyOnWriteArrayList<>();
    node.raft().onCut(told::add);
    cluster.write(1, 2);
    cluster.write(FENCE);
    awaitCuts();
    waitUntil("told of its cut", () -> told.equals(List.of(CHILD)));
    seed(node);
    assertThat(node.storeDirectory(CHILD)).as("for its start to find").isNotEmptyDirectory();
    Files.createDirectories(node.home().resolve("cuts").resolve(CHILD + ".unfinished"));
    cluster.nodes().forEach(TestCluster.Node::stop);
    cluster.nodes().forEach(TestCluster.Node::start);
    assertThat(node.raft().groups()).contains(CHILD);
    begin(cluster.node(0), cluster.node(1), cluster.node(2));
    lead(node);
    write(1);
    cluster.awaitEqual(CHILD);
    assertThat(length(node, CHILD)).isEqualTo(3);
  }

  /** One node ends when it has made one of two replicas. */
  @Test
  void severalGroupsBeginWithTheSameCut() throws Exception {
    start();
    cluster.write(1, 2, 3);
    cluster.write(FENCE);
    awaitCuts();
    UUID second = new UUID(7, 8);
    List<UUID> both = List.of(CHILD, second);
    TestCluster.Node node = cluster.node(0);
    AtomicInteger asked = new AtomicInteger();
    assertThatThrownBy(() -> seed(node, both, List.of(GROUP), () -> asked.incrementAndGet() < 2))
        .isInstanceOf(IOException.class)
        .hasMessage("no replica is wanted any more of group " + CHILD);
    assertThat(node.raft().hasFiles(second)).isTrue();
    assertThat(node.raft().hasFiles(CHILD)).isFalse();
    assertThat(cuts(node)).as("it is needed").contains(CHILD);
    Path left = node.home().resolve("cuts").resolve(second + ".merging");
    assertThat(left).doesNotExist();
    Files.createDirectories(left.resolve("current"));
    node.stop();
    node.start();
    assertThat(left).doesNotExist();
    assertThat(node.raft().groups()).contains(second);
    for (TestCluster.Node one : cluster.nodes()) {
      seed(one, both, List.of(GROUP), () -> true);
      seed(one, both, List.of(GROUP), () -> true); // again does nothing
      assertThat(cuts(one)).isEmpty();
      for (UUID group : both) {
        one.raft().startReplica(group, cluster.members());
      }
    }
    for (UUID group : both) {
      waitUntil(
          "a leader",
          () -> node.replica(group).leader() != null || node.replica(group).standAsFirst());
    }
    write(CHILD, 1, 7);
    write(second, 1, 8);
    write(second, 2, 9);
    for (UUID group : both) {
      cluster.awaitEqual(group);
      assertThat(node.replica(group).withStore(ShardStore::ownership).fence().target())
          .as("the same fence")
          .isEqualTo(CHILD);
    }
    for (TestCluster.Node one : cluster.nodes()) {
      assertThat(length(one, CHILD)).isEqualTo(4);
      assertThat(length(one, second)).as("each goes its own way").isEqualTo(5);
    }
    cluster.nodes().forEach(TestCluster.Node::stop);
    cluster.nodes().forEach(TestCluster.Node::start);
    write(CHILD, 2, 3);
    write(second, 3, 3);
    cluster.awaitEqual(CHILD);
    cluster.awaitEqual(second);
    assertThat(length(node, CHILD)).isEqualTo(5);
    assertThat(length(node, second)).isEqualTo(6);
    assertThatThrownBy(() -> node.raft().seed(both, List.of(GROUP, OTHER), () -> true))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** One node ends while it makes one store of two, and finds a part of that when it starts. */
  @Test
  void aGroupBeginsWithWhatTwoOthersHad() throws Exception {
    start();
    for (TestCluster.Node node : cluster.nodes()) {
      node.raft().startReplica(OTHER, cluster.members());
    }
    cluster.write(1, 2, 3);
    for (int number = 1; number <= 6; number++) {
      write(OTHER, number, number);
    }
    cluster.write(FENCE);
    awaitCuts();
    TestCluster.Node node = cluster.node(0);
    assertThatThrownBy(() -> seed(node, List.of(GROUP, OTHER), () -> true))
        .isInstanceOf(IOException.class)
        .hasMessage("no cut of group " + OTHER + " for group " + CHILD);
    write(OTHER, 7, FENCE);
    waitUntil(
        "all have cut both",
        () -> cluster.nodes().stream().allMatch(one -> sources(one).equals(Set.of(GROUP, OTHER))));
    assertThatThrownBy(() -> seed(node, List.of(GROUP, OTHER), () -> false))
        .isInstanceOf(IOException.class)
        .hasMessage("stores are not to be merged any more for group " + CHILD);
    Path left = node.home().resolve("cuts").resolve(CHILD + ".merging");
    assertThat(left).doesNotExist();
    Files.createDirectories(left.resolve("merged"));
    node.stop();
    node.start();
    assertThat(left).doesNotExist();
    assertThat(sources(node)).containsExactlyInAnyOrder(GROUP, OTHER);

    for (TestCluster.Node one : cluster.nodes()) {
      seed(one, List.of(OTHER, GROUP), () -> true);
      seed(one, List.of(OTHER, GROUP), () -> true); // again does nothing
      assertThat(cuts(one)).isEmpty();
      one.raft().startReplica(CHILD, cluster.members());
    }
    lead(node);
    SlotOwnership begun = node.replica(CHILD).withStore(ShardStore::ownership);
    assertThat(begun.epoch()).isEqualTo(1);
    assertThat(begun.fence()).isEqualTo(new SlotOwnership.Fence(CHILD, SLOTS.union(OTHER_SLOTS)));
    assertThat(begun.away()).isEqualTo(SLOTS.union(OTHER_SLOTS).complement());
    write(CHILD, 8, 1); // the first one's proposers came along
    cluster.awaitEqual(CHILD);
    for (TestCluster.Node one : cluster.nodes()) {
      assertThat(length(one, CHILD)).as("the first one's records came along").isEqualTo(7);
    }
    cluster.nodes().forEach(TestCluster.Node::stop);
    cluster.nodes().forEach(TestCluster.Node::start);
    write(CHILD, 9, 2);
    cluster.awaitEqual(CHILD);
  }

  /** One node, with cuts of both groups. */
  private TestCluster.Node cutBoth() throws Exception {
    cluster = TestCluster.prepare(directory, 1, MANY, 2 << 20);
    TestCluster.Node node = cluster.node(0);
    node.meaning(FencingJournal::new).start();
    node.raft().startReplica(OTHER, cluster.members());
    cluster.write(1, 2, 3);
    write(OTHER, 1, 1);
    cluster.write(FENCE);
    write(OTHER, 2, FENCE);
    waitUntil("both are cut", () -> sources(node).equals(Set.of(GROUP, OTHER)));
    return node;
  }

  /** Stands still when it is asked for the second time, and then is as it is told. */
  private static final class Halt implements BooleanSupplier {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CompletableFuture<Boolean> told = new CompletableFuture<>();
    private final AtomicInteger asked = new AtomicInteger();

    @Override
    public boolean getAsBoolean() {
      if (asked.incrementAndGet() == 1) {
        return true;
      }
      reached.countDown();
      return told.orTimeout(20, TimeUnit.SECONDS).join();
    }

    private void await() throws InterruptedException {
      assertThat(reached.await(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void whileOneGroupIsSeededTheOthersGoOnAndItIsSeededOnce() throws Exception {
    TestCluster.Node node = cutBoth();
    Halt halt = new Halt();
    CompletableFuture<Void> seeding = node.raft().seed(List.of(CHILD), List.of(GROUP, OTHER), halt);
    halt.await();
    assertThat(node.raft().seeding()).containsExactly(CHILD);
    assertThat(node.raft().seed(List.of(CHILD), List.of(GROUP, OTHER), () -> true))
        .isSameAs(seeding);
    assertThat(sources(node)).containsExactlyInAnyOrder(GROUP, OTHER);
    UUID third = new UUID(3, 3);
    node.raft().startReplica(third, cluster.members());
    node.raft().suspend(third);
    assertThat(node.raft().hasFiles(CHILD)).isFalse();
    halt.told.complete(true);
    seeding.get(20, TimeUnit.SECONDS);
    assertThat(node.raft().seeding()).isEmpty();
    assertThat(node.raft().groups()).contains(CHILD);
    assertThat(sources(node)).isEmpty();
    assertThat(node.home().resolve("cuts").resolve(CHILD + ".merging")).doesNotExist();
  }

  @Test
  void aSeedThatNobodyWantsAnyMoreLeavesNothingAndCanBeAskedForAgain() throws Exception {
    TestCluster.Node node = cutBoth();
    for (int looks = 1; looks <= 3; looks++) {
      int until = looks;
      AtomicInteger asked = new AtomicInteger();
      assertThatThrownBy(
              () -> seed(node, List.of(GROUP, OTHER), () -> asked.incrementAndGet() < until))
          .isInstanceOf(IOException.class);
      assertThat(asked).as("it is looked at to the end").hasValue(until);
      assertThat(node.raft().seeding()).isEmpty();
      assertThat(node.raft().groups()).doesNotContain(CHILD);
      assertThat(node.raft().hasFiles(CHILD)).isFalse();
      assertThat(node.home().resolve("cuts").resolve(CHILD + ".merging")).doesNotExist();
    }
    assertThatThrownBy(() -> seed(node, List.of(GROUP), () -> false))
        .hasMessage("no replica is wanted any more of group " + CHILD);
    assertThat(sources(node)).as("its cuts stay").containsExactlyInAnyOrder(GROUP, OTHER);
    seed(node, List.of(GROUP, OTHER), () -> true); // no store is open that would be in its way
    node.raft().startReplica(CHILD, cluster.members());
    lead(node);
    assertThat(length(node, CHILD)).isEqualTo(3);
  }

  /** What another job has begun meanwhile is not replaced. */
  @Test
  void aReplicaThatWasToJoinMeanwhileStays() throws Exception {
    TestCluster.Node node = cutBoth();
    Halt halt = new Halt();
    CompletableFuture<Void> seeding = node.raft().seed(List.of(CHILD), List.of(GROUP, OTHER), halt);
    halt.await();
    node.raft().startJoining(CHILD, 77);
    halt.told.complete(true);
    seeding.get(20, TimeUnit.SECONDS);
    assertThat(node.replica(CHILD).view().term()).isEqualTo(77);
    assertThat(node.replica(CHILD).<Long>withStore(ShardStore::appliedIndex)).isEqualTo(-1);
    node.stop();
    node.start();
    assertThat(node.replica(CHILD).<Long>withStore(ShardStore::appliedIndex)).isEqualTo(-1);
  }

  /** The node ends, in order, while stores are being merged. */
  @Test
  void whatIsBeingSeededEndsWithTheNode() throws Exception {
    TestCluster.Node node = cutBoth();
    Halt halt = new Halt();
    CompletableFuture<Void> seeding = node.raft().seed(List.of(CHILD), List.of(GROUP, OTHER), halt);
    halt.await();
    CompletableFuture<Void> stopped = CompletableFuture.runAsync(node::stop);
    halt.told.complete(true);
    stopped.get(20, TimeUnit.SECONDS);
    waitUntil("it has ended", seeding::isDone);
    node.start();
    if (seeding.isCompletedExceptionally()) {
      assertThat(node.raft().hasFiles(CHILD)).isFalse();
      assertThat(sources(node)).containsExactlyInAnyOrder(GROUP, OTHER);
      seed(node, List.of(GROUP, OTHER), () -> true);
    }
    node.raft().startReplica(CHILD, cluster.members());
    lead(node);
    assertThat(length(node, CHILD)).isEqualTo(3);
  }

  private static Set<UUID> sources(TestCluster.Node node) {
    return node.raft().cuts().getOrDefault(CHILD, Set.of());
  }
}
