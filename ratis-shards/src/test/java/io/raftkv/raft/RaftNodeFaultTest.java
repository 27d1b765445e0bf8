package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.GROUP;
import static io.raftkv.raft.TestCluster.length;
import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.shard.ApplyContext;
import io.raftkv.shard.BatchOutcome;
import io.raftkv.shard.JournalApplier;
import io.raftkv.shard.ProposedBatch;
import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.DamagedFileException;
import io.raftkv.storage.Family;
import io.raftkv.storage.OutOfSpaceException;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StorageException;
import io.raftkv.storage.StoreBatch;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.Properties;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Disks that are full, files that are damaged, entries that cannot be applied. */
@Execution(ExecutionMode.CONCURRENT)
class RaftNodeFaultTest {
  private static final long MANY = 1_000_000;
  private static final UUID OTHER = new UUID(0, 2);

  @TempDir Path directory;
  private TestCluster cluster;

  @AfterEach
  void stop() {
    cluster.close();
  }

  /** Fails as long as it is told to. */
  private static final class Failing extends JournalApplier {
    private volatile Throwable fault;
    private volatile boolean met;

    @Override
    public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
      Throwable now = fault;
      if (now != null) {
        met = true;
        if (now instanceof Error error) {
          throw error;
        }
        throw (RuntimeException) now;
      }
      return super.apply(context, payload, batch);
    }
  }

  private static OutOfSpaceException full() {
    return new OutOfSpaceException("no space left", null);
  }

  // ---- full disk, and faults of apply ----

  @Test
  void followerWithAFullDiskWaitsForSpaceAndGoesOnToServeReads() {
    cluster = TestCluster.prepare(directory, 3, MANY, 2 << 20);
    Failing disk = new Failing();
    cluster.node(0).meaning(group -> disk);
    cluster.nodes().forEach(TestCluster.Node::start);
    TestCluster.Node full = cluster.node(0);
    cluster.write(1);
    cluster.awaitEqual();
    handOver(full);
    disk.fault = full();
    cluster.write(2, 3);
    waitUntil("full disk", () -> disk.met);
    assertThat(length(full)).isEqualTo(1);
    assertThat(full.replica().isAlive()).isTrue();
    assertThat(full.failures()).isEmpty();
    disk.fault = null;
    cluster.awaitEqual();
    assertThat(length(full)).isEqualTo(3);
  }

  @Test
  void nodeWithAFullDiskCanBeStoppedAndAppliesEverythingLater() {
    cluster = TestCluster.prepare(directory, 1, MANY, 2 << 20);
    TestCluster.Node node = cluster.node(0);
    Failing disk = new Failing();
    node.meaning(group -> disk).start();
    cluster.write(1);
    disk.fault = full();
    ProposedBatch second = new ProposedBatch(1, 1, JournalApplier.payload(2));
    ProposedBatch third = new ProposedBatch(1, 2, JournalApplier.payload(3));
    CompletableFuture<BatchOutcome> waiting = node.append(GROUP, second);
    CompletableFuture<BatchOutcome> behind = node.append(GROUP, third);
    waitUntil("full disk", () -> disk.met);
    node.stop();
    assertThat(waiting).isCompletedWithValue(BatchOutcome.UNKNOWN);
    assertThat(behind).isCompletedWithValue(BatchOutcome.UNKNOWN);
    assertThat(node.failures()).isEmpty();
    disk.fault = null;
    node.start();
    waitUntil("replay", () -> cluster.leader() == node && length(node) == 3);
  }

  @Test
  void followerWithAFullDiskStillTakesACheckpoint() {
    cluster = TestCluster.prepare(directory, 3, 4, 2 << 20);
    Failing disk = new Failing();
    cluster.node(0).meaning(group -> disk);
    cluster.nodes().forEach(TestCluster.Node::start);
    TestCluster.Node full = cluster.node(0);
    cluster.write(1);
    handOver(full);
    full.stop();
    cluster.writeLarge(LongStream.rangeClosed(2, 20).toArray());
    // The first entry after the store's own is still in some log: the checkpoint comes instead.
    disk.fault = full();
    full.start();
    waitUntil("checkpoint", () -> full.replica().appliedIndex() > 10);
    disk.fault = null;
    cluster.awaitEqual();
    assertThat(full.failures()).isEmpty();
  }

  @Test
  void entryThatCannotBeAppliedStopsThatReplicaAndNoOther() throws Exception {
    cluster = TestCluster.prepare(directory, 3, MANY, 2 << 20);
    Failing broken = new Failing();
    cluster.node(0).meaning(group -> broken);
    cluster.nodes().forEach(TestCluster.Node::start);
    for (TestCluster.Node node : cluster.nodes()) {
      node.raft().startReplica(OTHER, cluster.members());
    }
    TestCluster.Node failing = cluster.node(0);
    cluster.write(1);
    cluster.awaitEqual();
    handOver(failing);
    broken.fault = new StorageException("I/O error");
    cluster.write(2);
    String what = failing.failures().poll(20, TimeUnit.SECONDS);
    assertThat(what)
        .startsWith("g1 cannot apply entry")
        .contains(failing.groupDirectory(GROUP).toString())
        .contains(failing.storeDirectory(GROUP).toString());
    broken.fault = null;
    assertThat(failing.raft().hasFailed(GROUP)).isTrue();
    waitUntil("stop", () -> !failing.replica().isAlive());
    assertThat(failing.replica().view()).isNull();
    Object store = failing.replica().withStore(open -> open);
    assertThat(store).isNull();
    cluster.write(3);
    assertThat(failing.raft().hasFailed(OTHER)).isFalse();
    assertThat(failing.replica(OTHER).isAlive()).isTrue();
    assertThat(failing.failures()).isEmpty();
    // It comes back with the entry that it could not apply.
    failing.stop();
    failing.start();
    cluster.awaitEqual();
    assertThat(length(failing)).isEqualTo(3);
  }

  /**
   * Ratis pauses a replica when it has received a snapshot. If it then cannot put the snapshot into
   * its place nobody says so.
   */
  @Test
  void replicaWhoseSnapshotIsNotInstalledGoesOnWithTheStoreItHas() throws IOException {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1, 2);
    TestCluster.Node follower = cluster.followers().get(0);
    ReplicatedStateMachine machine = follower.raft().machine(GROUP);
    machine.pause();
    cluster.write(3);
    cluster.awaitEqual();
    assertThat(length(follower)).isEqualTo(3);
    machine.pause(); // the leader tries again, and now it works
    machine.reinitialize();
    cluster.write(4);
    cluster.awaitEqual();
    assertThat(follower.failures()).isEmpty();
  }

  /** To remove its files would cure nothing, and on several nodes lose the shard. */
  @Test
  void replicaThatRanOutOfMemoryIsNotToBeRebuilt() throws Exception {
    cluster = TestCluster.prepare(directory, 1, MANY, 2 << 20);
    Failing tooLarge = new Failing();
    TestCluster.Node node = cluster.node(0).meaning(group -> tooLarge).start();
    cluster.write(1);
    tooLarge.fault = new OutOfMemoryError("of a test");
    node.append(GROUP, new ProposedBatch(1, 1, JournalApplier.payload(2)));
    assertThat(node.failures().poll(20, TimeUnit.SECONDS))
        .contains("out of memory")
        .doesNotContain("remove");
    node.stop();
    tooLarge.fault = null;
    node.start();
    waitUntil("replay", () -> cluster.leader() == node && length(node) == 2);
  }

  @Test
  void leaderThatCannotApplyAnEntryStopsAndDoesNotKnowItsFate() throws Exception {
    cluster = TestCluster.start(directory, 1, MANY);
    cluster.write(1);
    TestCluster.Node node = cluster.node(0);
    CompletableFuture<BatchOutcome> outcome =
        node.append(GROUP, new ProposedBatch(1, 1, JournalApplier.payload(JournalApplier.POISON)));
    assertThat(outcome.get(20, TimeUnit.SECONDS)).isEqualTo(BatchOutcome.UNKNOWN);
    assertThat(node.failures().poll(20, TimeUnit.SECONDS)).contains("cannot apply entry");
    waitUntil("stop", () -> !node.replica().isAlive());
    node.stop();
    assertThat(node.failures()).isEmpty();
  }

  @Test
  void leaderThatCannotWriteItsLogIsReplaced() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1);
    TestCluster.Node old = cluster.leader();
    ReplicatedStateMachine machine = old.raft().machine(GROUP);
    machine.notifyLogFailed(new IOException("No space left on device"), null);
    machine.notifyLogFailed(new IOException("No space left on device"), null);
    assertThat(old.failures().poll(20, TimeUnit.SECONDS)).contains("cannot write its Raft log");
    waitUntil("stop", () -> !old.replica().isAlive());
    assertThat(old.failures()).isEmpty();
    cluster.write(2);
    assertThat(cluster.leader()).isNotEqualTo(old);
  }

  private void handOver(TestCluster.Node from) {
    TestCluster.Node to = cluster.nodes().get(1);
    waitUntil(
        "another leader",
        () -> {
          TestCluster.Node leader = cluster.leader();
          return leader != from || leader.raft().transferLeadership(GROUP, to.id(), 5_000).join();
        });
  }

  // ---- damaged files ----

  /** A node with two groups, of which the first is then damaged. */
  private TestCluster.Node stoppedNodeWithTwoGroups() throws IOException {
    cluster = TestCluster.start(directory, 1, MANY);
    TestCluster.Node node = cluster.node(0);
    cluster.write(1, 2, 3, 4, 5);
    node.raft().startReplica(OTHER, cluster.members());
    cluster.leader(OTHER);
    node.crash();
    return node;
  }

  private void assertThatOnlyTheOtherGroupRuns(TestCluster.Node node, Path damaged) {
    node.start();
    assertThat(node.failures().poll())
        .startsWith("g1 cannot start: ")
        .contains(damaged.toString())
        .contains("remove " + node.groupDirectory(GROUP))
        .contains(node.storeDirectory(GROUP).toString());
    assertThat(node.failures()).isEmpty();
    assertThat(node.raft().hasFailed(GROUP)).isTrue();
    assertThat(node.raft().hasFailed(OTHER)).isFalse();
    assertThat(node.replica().isAlive()).isFalse();
    assertThat(node.replica().leader()).isNull();
    cluster.leader(OTHER);
    // Nothing is left locked or open: repaired, it starts in the same process.
    TestCluster.delete(node.groupDirectory(GROUP), node.storeDirectory(GROUP));
    try {
      node.raft().startReplica(GROUP, cluster.members());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    assertThat(cluster.leader()).isEqualTo(node);
    assertThat(node.raft().hasFailed(GROUP)).isFalse();
  }

  @Test
  void damagedLogKeepsItsGroupFromStartingAndNoOther() throws IOException {
    TestCluster.Node node = stoppedNodeWithTwoGroups();
    Path segment = openSegment(node);
    byte[] bytes = Files.readAllBytes(segment);
    bytes[60] ^= 1;
    Files.write(segment, bytes);
    assertThatOnlyTheOtherGroupRuns(node, Path.of(segment + " is damaged from byte"));
  }

  @Test
  void damagedVoteKeepsItsGroupFromStartingAndNoOther() throws IOException {
    TestCluster.Node node = stoppedNodeWithTwoGroups();
    Path vote = node.groupDirectory(GROUP).resolve("current").resolve("raft-meta");
    Files.writeString(vote, "garbage\n");
    assertThatOnlyTheOtherGroupRuns(node, Path.of(vote + " is damaged: no term"));
  }

  @Test
  void damagedStoreKeepsItsGroupFromStartingAndNoOther() throws IOException {
    cluster = TestCluster.start(directory, 1, MANY);
    TestCluster.Node node = cluster.node(0);
    cluster.write(1, 2, 3);
    node.raft().startReplica(OTHER, cluster.members());
    cluster.leader(OTHER);
    node.replica().withStore(ShardStore::flush);
    node.crash();
    Path current = node.storeDirectory(GROUP).resolve("CURRENT");
    Files.delete(current);
    assertThatOnlyTheOtherGroupRuns(node, node.storeDirectory(GROUP));
  }

  /** Each number beyond the first takes half of the rows away that the first one has put. */
  private static final class Rows extends JournalApplier {
    private static final int COUNT = 400;

    @Override
    public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
      boolean first = payload.getLong(payload.position()) == 1;
      Random random = new Random(1);
      for (int i = 0; i < COUNT; i++) {
        byte[] value = new byte[1_000];
        random.nextBytes(value);
        byte[] row = ByteBuffer.allocate(Integer.BYTES).putInt(i).array();
        if (first) {
          batch.put(Family.DATA, row, value);
        } else if (i % 2 == 0) {
          batch.delete(Family.DATA, row);
        }
      }
      return super.apply(context, payload, batch);
    }
  }

  /** A table of a node with two groups has a damaged block; to open the store shows nothing. */
  private Path startWithADamagedTable() throws IOException {
    cluster = TestCluster.prepare(directory, 1, MANY, 2 << 20);
    TestCluster.Node node = cluster.node(0).meaning(group -> new Rows()).start();
    node.raft().startReplica(OTHER, cluster.members());
    cluster.leader(OTHER);
    cluster.write(1);
    node.replica().withStore(ShardStore::flush);
    cluster.write(2);
    node.stop();
    Path table = largestTable(node.storeDirectory(GROUP));
    byte[] bytes = Files.readAllBytes(table);
    bytes[bytes.length / 3] ^= 0x55;
    Files.write(table, bytes);

    node.start();
    assertThat(cluster.leader()).isEqualTo(node);
    assertThat(node.failures()).isEmpty();
    return table;
  }

  /** The looks at the disk come a few times per second. */
  @Test
  void damageThatAReadMeetsStopsThatReplicaAtTheNextLookAtTheDisk() throws Exception {
    Path table = startWithADamagedTable();
    TestCluster.Node node = cluster.node(0);
    assertThat(node.replica().storeIsWritable()).isTrue();
    assertThat(node.failures()).isEmpty();
    assertThatThrownBy(() -> node.replica().withStore(ShardStore::checksum))
        .isInstanceOf(DamagedFileException.class);
    assertThat(node.replica().storeIsWritable()).isTrue();
    assertThat(node.failures()).as("who asked for a checksum was told").isEmpty();
    assertThatThrownBy(() -> node.replica().withStore(RaftNodeFaultTest::readAll))
        .isInstanceOf(DamagedFileException.class);
    assertThat(node.replica().storeIsWritable()).as("of the disk").isTrue();
    assertThat(node.replica().storeIsWritable()).isTrue();
    assertDamageIsTold(node, table);
    assertThat(node.failures()).as("once").isEmpty();
    waitUntil("stop", () -> !node.replica().isAlive());
    assertThat(node.replica(OTHER).isAlive()).isTrue();

    node.stop();
    node.start();
    assertDamageIsTold(node, table);
    assertThat(node.raft().runs(GROUP)).isFalse();
  }

  private static int readAll(ShardStore store) {
    return store.query(
        view -> {
          int rows = 0;
          try (RowCursor cursor = view.cursor(Family.DATA, new byte[0], null, true)) {
            while (cursor.next()) {
              rows++;
            }
          }
          return rows;
        });
  }

  /** RocksDB refuses writes then as for a full disk. */
  @Test
  void damageThatACompactionMeetsStopsThatReplicaForGood() throws Exception {
    Path table = startWithADamagedTable();
    TestCluster.Node node = cluster.node(0);
    assertThatThrownBy(() -> node.replica().giveBackSpace(() -> Long.MAX_VALUE))
        .isInstanceOf(IOException.class)
        .hasCauseInstanceOf(CorruptStoreException.class);
    assertThat(node.replica().storeIsWritable()).as("of the disk").isTrue();
    assertDamageIsTold(node, table);
    waitUntil("stop", () -> !node.replica().isAlive());
    assertThat(node.replica(OTHER).isAlive()).isTrue();
    node.raft().stopStuckStores(Duration.ZERO);
    node.raft().stopStuckStores(Duration.ZERO);
    node.raft().startAfterFullDisk();
    node.raft().settle(GROUP);
    assertThat(node.replica().isAlive()).as("opened anew").isFalse();
    assertThat(node.failures()).isEmpty();

    node.stop();
    node.start();
    assertDamageIsTold(node, table);
    assertThat(node.raft().runs(GROUP)).isFalse();
    waitUntil("the other one", () -> cluster.leader(OTHER) == node);

    node.stop();
    DurableFiles.deleteTree(node.groupDirectory(GROUP));
    DurableFiles.deleteTree(node.storeDirectory(GROUP));
    node.start();
    cluster.write(1);
    assertThat(node.failures()).isEmpty();
  }

  private static void assertDamageIsTold(TestCluster.Node node, Path table) {
    assertThat(node.failures().poll())
        .contains("damaged in " + table.getFileName())
        .contains("remove")
        .contains(node.groupDirectory(GROUP).toString())
        .contains(node.storeDirectory(GROUP).toString());
    assertThat(node.raft().hasFailed(GROUP)).isTrue();
  }

  private static Path largestTable(Path store) throws IOException {
    return DurableFiles.list(store).stream()
        .filter(file -> file.toString().endsWith(DurableFiles.TABLE_SUFFIX))
        .max(Comparator.comparingLong(file -> file.toFile().length()))
        .orElseThrow();
  }

  @Test
  void lostMetadataOfTheLogKeepsItsGroupFromStartingAndNoOther() throws IOException {
    TestCluster.Node node = stoppedNodeWithTwoGroups();
    Path metadata = node.groupDirectory(GROUP).resolve("current").resolve("raft-meta");
    Files.delete(metadata);
    assertThatOnlyTheOtherGroupRuns(node, node.groupDirectory(GROUP));
  }

  // ---- what Ratis moves over its small files when there is no space: nothing ----

  private static void lose(TestCluster.Node node, String file) throws IOException {
    Files.write(metaFile(node, file), new byte[0]);
  }

  private static Path metaFile(TestCluster.Node node, String file) {
    return node.groupDirectory(GROUP).resolve("current").resolve(file);
  }

  private static Properties vote(TestCluster.Node node) throws IOException {
    Properties vote = new Properties();
    try (BufferedReader in = Files.newBufferedReader(metaFile(node, "raft-meta"))) {
      vote.load(in);
    }
    return vote;
  }

  @Test
  void replicaThatCouldNotWriteItsVoteStopsAndKnowsItWhenThereIsSpace() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1);
    cluster.awaitEqual();
    TestCluster.Node node = cluster.followers().get(0);
    Properties vote = vote(node);
    assertThat(vote).containsKeys("term", "votedFor");
    node.raft().stopWithoutVote();
    assertThat(node.replica().isAlive()).isTrue();
    lose(node, "raft-meta");
    node.raft().stopWithoutVote();
    node.raft().stopWithoutVote();
    assertThat(node.failures().poll()).contains("cannot write its vote").contains("disk is full");
    assertThat(node.failures()).isEmpty();
    assertThat(node.replica().isAlive()).isFalse();
    assertThat(vote(node)).isEqualTo(vote);
    cluster.write(2);
    node.raft().startAfterFullDisk();
    cluster.awaitEqual();
    assertThat(length(node)).isEqualTo(2);
    assertThat(node.failures()).isEmpty();
  }

  /** A store whose directory is gone cannot write, and RocksDB does not get over that by itself. */
  @Test
  void storeThatDoesNotWriteAgainIsOpenedAnewAndFilledFromTheLog() throws Exception {
    cluster = TestCluster.start(directory, 1, MANY);
    TestCluster.Node node = cluster.node(0);
    cluster.write(1, 2);
    node.raft().stopStuckStores(Duration.ZERO);
    node.raft().stopStuckStores(Duration.ZERO);
    assertThat(node.replica().isAlive()).isTrue();
    DurableFiles.deleteTree(node.storeDirectory(GROUP));
    assertThatThrownBy(() -> node.replica().withStore(ShardStore::flush))
        .isInstanceOf(StorageException.class);
    node.raft().stopStuckStores(Duration.ofDays(1));
    node.raft().stopStuckStores(Duration.ofDays(1));
    assertThat(node.failures()).as("it has time").isEmpty();
    node.raft().stopStuckStores(Duration.ZERO);
    assertThat(node.failures().poll()).contains("does not write again");
    node.raft().startAfterFullDisk();
    cluster.write(3);
    assertThat(length(node)).isEqualTo(3);
    assertThat(node.failures()).isEmpty();
  }

  /** A directory in the way of the file stands for a disk that is still full. */
  @Test
  void voteIsKeptInMemoryUntilThereIsSpaceForIt() throws Exception {
    cluster = TestCluster.start(directory, 3, MANY);
    cluster.write(1);
    TestCluster.Node node = cluster.followers().get(0);
    Properties vote = vote(node);
    Path inTheWay = Files.createDirectory(metaFile(node, "raft-meta.restored"));
    lose(node, "raft-meta");
    node.raft().stopWithoutVote();
    assertThatThrownBy(() -> node.raft().startAfterFullDisk()).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> node.raft().startReplica(GROUP, cluster.members()))
        .isInstanceOf(IOException.class);
    assertThat(metaFile(node, "raft-meta")).isEmptyFile();
    Files.delete(inTheWay);
    node.stop();
    assertThat(vote(node)).isEqualTo(vote);
    node.start();
    cluster.write(2);
    cluster.awaitEqual();
  }

  @Test
  void voteThatCouldNotBeWrittenIsThereAfterAStop() throws Exception {
    cluster = TestCluster.start(directory, 1, MANY);
    cluster.write(1);
    TestCluster.Node node = cluster.node(0);
    Properties vote = vote(node);
    lose(node, "raft-meta");
    node.stop();
    assertThat(vote(node)).isEqualTo(vote);
    node.start();
    cluster.write(2);
    assertThat(length(node)).isEqualTo(2);
  }

  /** The log has them, but the second snapshot would be behind it. */
  @Test
  void membersThatCouldNotBeWrittenAreReadFromTheLogOrWrittenBeforeItIsPurged() throws Exception {
    cluster = TestCluster.start(directory, 1, MANY);
    TestCluster.Node node = cluster.node(0);
    cluster.write(1);
    node.stop(); // takes a snapshot
    node.start();
    cluster.write(2);
    lose(node, "raft-meta.conf");
    node.crash();
    node.start();
    cluster.write(3);
    assertThat(node.failures()).isEmpty();
    lose(node, "raft-meta.conf");
    node.stop(); // takes a snapshot
    assertThat(metaFile(node, "raft-meta.conf")).isNotEmptyFile();
    node.start();
    cluster.write(4);
    assertThat(length(node)).isEqualTo(4);
    assertThat(node.failures()).isEmpty();
  }

  /** The process was killed while it wrote an entry, which was never acknowledged. */
  @Test
  void entryThatWasNotFullyWrittenIsCutOff() throws IOException {
    TestCluster.Node node = stoppedNodeWithTwoGroups();
    Path segment = openSegment(node);
    byte[] bytes = Files.readAllBytes(segment);
    int end = bytes.length;
    while (bytes[end - 1] == 0) {
      end--;
    }
    for (int i = end - 20; i < end; i++) {
      bytes[i] = 0;
    }
    Files.write(segment, bytes, StandardOpenOption.TRUNCATE_EXISTING);
    node.start();
    assertThat(node.failures()).isEmpty();
    assertThat(cluster.leader()).isEqualTo(node);
    waitUntil("replay", () -> length(node) == 4);
  }

  private static Path openSegment(TestCluster.Node node) throws IOException {
    return DurableFiles.list(node.groupDirectory(GROUP).resolve("current")).stream()
        .filter(file -> file.getFileName().toString().startsWith("log_inprogress_"))
        .findFirst()
        .orElseThrow();
  }
}
