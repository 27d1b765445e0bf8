package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.GROUP;
import static io.raftkv.raft.TestCluster.length;
import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.raft.CheckpointCodec.Answer;
import io.raftkv.raft.CheckpointCodec.Ask;
import io.raftkv.raft.CheckpointCodec.Begin;
import io.raftkv.raft.CheckpointCodec.Begun;
import io.raftkv.raft.CheckpointCodec.Has;
import io.raftkv.raft.CheckpointCodec.Install;
import io.raftkv.raft.CheckpointCodec.Piece;
import io.raftkv.raft.CheckpointCodec.Refusal;
import io.raftkv.raft.CheckpointCodec.Refused;
import io.raftkv.raft.CheckpointCodec.Request;
import io.raftkv.raft.CheckpointCodec.Transfer;
import io.raftkv.shard.ApplyContext;
import io.raftkv.shard.JournalApplier;
import io.raftkv.storage.StoreBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Checkpoints on their way between three nodes, while the link, a node or the leader fails. */
@Execution(ExecutionMode.CONCURRENT)
class CheckpointTransferTest {
  private static final int BLOB_BYTES = 1 << 20;

  /** Another leader has other files, however alike the data is. */
  private static final Duration LEADER_STAYS = Duration.ofSeconds(3);

  @TempDir Path directory;
  private TestCluster cluster;
  private TestCluster.Node follower;

  @AfterEach
  void stop() {
    cluster.checkpoints(message -> message);
    cluster.close();
  }

  /** Each large entry is as large in the store, too. */
  private static final class Blobs extends JournalApplier {
    @Override
    public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
      if (payload.remaining() >= BLOB_BYTES) {
        byte[] blob = new byte[BLOB_BYTES];
        new Random(context.index()).nextBytes(blob);
        batch.putRecord("blob" + context.index(), blob);
      }
      return super.apply(context, payload, batch);
    }
  }

  private static Request request(byte[] message) {
    try {
      return CheckpointCodec.decodeRequest(message);
    } catch (IOException malformed) {
      throw new UncheckedIOException(malformed);
    }
  }

  /** What is lost. */
  private void lose(Predicate<Request> lost) {
    cluster.checkpoints(message -> lost.test(request(message)) ? null : message);
  }

  /** A follower that is down, whose data is gone, and whose log the others do not have any more. */
  private void wipeFollower(long rate) {
    cluster =
        TestCluster.prepare(directory, 3, 4, 2 << 20)
            .electionTimeout(LEADER_STAYS)
            .migrationRate(rate);
    cluster.nodes().forEach(node -> node.meaning(group -> new Blobs()).start());
    cluster.writeLarge(LongStream.rangeClosed(1, 12).toArray());
    cluster.awaitEqual();
    follower = cluster.followers().get(0);
    follower.stop();
    follower.wipe();
    cluster.write(13, 14, 15, 16);
  }

  private List<String> checkpoints(TestCluster.Node node) throws IOException {
    return DurableFiles.list(node.groupDirectory(GROUP).resolve("sm")).stream()
        .map(path -> path.getFileName().toString())
        .toList();
  }

  private long sentBytes() {
    return cluster.running().stream().mapToLong(node -> node.raft().checkpointBytesSent()).sum();
  }

  private long latestBytes(TestCluster.Node node) {
    return node.raft().machine(GROUP).getLatestSnapshot().getFiles().stream()
        .mapToLong(file -> file.getFileSize())
        .sum();
  }

  private void assertNothingFailed() {
    cluster.nodes().forEach(node -> assertThat(node.failures()).isEmpty());
  }

  /**
   * Seen from outside: the rate, that the others go on meanwhile, and that the checkpoint and the
   * log stay for so long and no longer.
   */
  @Test
  void checkpointIsSentAtTheRateAndHeldMeanwhileAndEntriesGoOn() throws Exception {
    long rate = 8 << 20;
    wipeFollower(rate);
    TestCluster.Node leader = cluster.leader();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch looked = new CountDownLatch(1);
    List<Long> sent = new ArrayList<>();
    cluster.checkpoints(
        message -> {
          if (request(message) instanceof Piece piece) {
            sent.add(piece.transfer().checkpointIndex());
            begun.countDown();
            if (sent.size() == 10) {
              await(looked); // however slow this machine is
            }
          }
          return message;
        });
    long start = System.nanoTime();
    follower.start();
    assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
    List<String> before = checkpoints(leader);
    long latest = leader.raft().machine(GROUP).getLatestSnapshot().getIndex();
    cluster.write(LongStream.range(100, 150).toArray());
    assertThat(follower.replica().appliedIndex()).as("it is still being sent").isNegative();
    assertThat(checkpoints(leader)).isEqualTo(before);
    assertThat(leader.raft().machine(GROUP).division().getRaftLog().getStartIndex())
        .isLessThanOrEqualTo(latest + 1);
    looked.countDown();

    cluster.awaitEqual();
    double seconds = (System.nanoTime() - start) / 1e9;
    assertThat(sentBytes()).isGreaterThan(12L * BLOB_BYTES);
    assertThat(sentBytes() / seconds).isLessThan(rate * 1.1);
    assertThat(sent).as("one checkpoint").containsOnly(latest);
    assertThat(length(follower)).isEqualTo(66);

    cluster.writeLarge(LongStream.range(200, 210).toArray());
    waitUntil(
        "a newer snapshot",
        () -> leader.raft().machine(GROUP).getLatestSnapshot().getIndex() > latest);
    cluster.awaitEqual();
    assertNothingFailed();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  @Test
  void afterABreakOfTheLinkAndAfterAKillOnlyTheRestIsSent() throws Exception {
    wipeFollower(0);
    TestCluster.Node leader = cluster.leader();
    AtomicInteger pieces = new AtomicInteger();
    CountDownLatch cut = new CountDownLatch(1);
    lose(
        request -> {
          boolean lost = request instanceof Piece && pieces.incrementAndGet() > 30;
          if (lost) {
            cut.countDown();
          }
          return lost;
        });
    follower.start();
    assertThat(cut.await(20, TimeUnit.SECONDS)).isTrue();
    follower.crash();
    List<Transfer> transfers = new CopyOnWriteArrayList<>();
    lose(request -> request instanceof Begin && !transfers.add(request.transfer()));
    follower.start();
    cluster.awaitEqual();
    assertThat(sentBytes())
        .as("%s", transfers)
        .isBetween(latestBytes(leader) - (1 << 20), latestBytes(leader) + (1 << 20));
    assertThat(follower.groupDirectory(GROUP).resolve("tmp").resolve("snapshot-arriving"))
        .doesNotExist();
    assertNothingFailed();
  }

  /** Ratis' own message has been handled, and the leader does not know. */
  @Test
  void installedCheckpointIsNotSentAgainWhenTheAnswerIsLost() throws Exception {
    wipeFollower(0);
    AtomicInteger installs = new AtomicInteger();
    cluster.checkpoints(
        message -> {
          if (request(message) instanceof Install && installs.getAndIncrement() == 0) {
            follower.raft().takeCheckpoint(message).join();
            return null;
          }
          return message;
        });
    follower.start();
    cluster.awaitEqual();
    assertThat(installs).hasValue(1);
    assertThat(sentBytes()).isLessThan(14L * BLOB_BYTES);
    assertNothingFailed();
  }

  /** The files went to a replica that was started again, or replaced, before the last message. */
  @Test
  void onlyTheReplicaThatTookTheFilesInstallsThem() throws Exception {
    wipeFollower(0);
    CountDownLatch ready = new CountDownLatch(1);
    List<byte[]> install = new ArrayList<>();
    cluster.checkpoints(
        message -> {
          if (!(request(message) instanceof Install)) {
            return message;
          }
          install.add(message);
          ready.countDown();
          return null;
        });
    follower.start();
    assertThat(ready.await(20, TimeUnit.SECONDS)).isTrue();
    lose(request -> true);
    follower.stop();
    follower.start();
    waitUntil("started", () -> follower.replica().term() == cluster.leader().replica().term());
    assertThat(ask(install.get(0)))
        .isInstanceOfSatisfying(
            Refused.class, no -> assertThat(no.why()).isEqualTo(Refusal.OTHER_TRANSFER));
    assertThat(follower.replica().appliedIndex()).isNegative();
    lose(request -> false);
    cluster.awaitEqual();
    assertThat(sentBytes()).as("no file twice").isLessThan(14L * BLOB_BYTES);
  }

  private Answer ask(byte[] message) throws IOException {
    return CheckpointCodec.decodeAnswer(follower.raft().takeCheckpoint(message).join());
  }

  /**
   * Ratis would take over the members of such a message, though it then refuses the leader: with
   * those of an old leader the follower could vote, or count votes, in a group that is no more.
   */
  @Test
  void nothingOfAnEarlierTermReachesRatis() throws Exception {
    cluster = TestCluster.start(directory, 3, 1_000_000);
    cluster.write(1, 2);
    cluster.awaitEqual();
    follower = cluster.followers().get(0);
    long term = follower.replica().term();
    List<String> members = follower.replica().members();
    for (long of : new long[] {term - 1, term, term + 1}) {
      Transfer transfer = new Transfer(GROUP, of, 1, 1_000, CheckpointCodec.NOBODY);
      Answer begun = ask(CheckpointCodec.encode(new Begin(transfer, Map.of("000001.log", 0L))));
      if (begun instanceof Refused refused) {
        assertThat(of).isLessThan(term);
        assertThat(refused.why()).isEqualTo(Refusal.OTHER_TERM);
        transfer = new Transfer(GROUP, term, 1, 1_000, CheckpointCodec.NOBODY);
        begun = ask(CheckpointCodec.encode(new Begin(transfer, Map.of("000001.log", 0L))));
      }
      transfer = new Transfer(GROUP, transfer.term(), 1, 1_000, ((Begun) begun).receiver());
      Has file =
          (Has) ask(CheckpointCodec.encode(new Piece(transfer, "000001.log", 0, new byte[0])));
      // What is sent says one term, and what is in it another one; or the term is not here yet.
      byte[] message = installMessage(of == term ? term - 1 : of);
      String digest = FileDigest.ofAll(Map.of("000001.log", file.digest()));
      assertThat(ask(CheckpointCodec.encode(new Install(transfer, digest, message))))
          .isInstanceOfSatisfying(
              Refused.class, no -> assertThat(no.why()).isEqualTo(Refusal.OTHER_TERM));
    }
    assertThat(follower.replica().members()).isEqualTo(members);
    cluster.write(3);
    cluster.awaitEqual();
    assertNothingFailed();
  }

  private static byte[] installMessage(long term) {
    return InstallSnapshotRequestProto.newBuilder()
        .setLeaderTerm(term)
        .setLastRaftConfigurationLogEntryProto(
            LogEntryProto.newBuilder()
                .setTerm(term)
                .setIndex(1)
                .setConfigurationEntry(RaftConfigurationProto.getDefaultInstance()))
        .build()
        .toByteArray();
  }

  /** And the next leader goes on; it has other files, but for those that are alike. */
  @Test
  void leaderThatStopsWhileItSendsHoldsNothing() throws Exception {
    wipeFollower(1 << 20);
    TestCluster.Node old = cluster.leader();
    CountDownLatch begun = new CountDownLatch(1);
    lose(
        request -> {
          begun.countDown();
          return false;
        });
    long latest = old.raft().machine(GROUP).getLatestSnapshot().getIndex();
    follower.start();
    assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
    cluster.write(100, 101);
    assertThat(old.raft().machine(GROUP).getLatestSnapshot().getIndex()).isEqualTo(latest);
    long start = System.nanoTime();
    old.stop();
    assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)).isLessThan(10);
    assertThat(checkpointsAfter(old, latest)).as("taken at the stop").isOne();
    assertNothingFailed();
  }

  /** A hold outlasts the leadership by nothing: else a follower would keep its log for a minute. */
  @Test
  void leaderThatLeadsNoMoreHoldsNothing() throws Exception {
    wipeFollower(1 << 20);
    TestCluster.Node old = cluster.leader();
    TestCluster.Node next =
        cluster.followers().stream().filter(node -> node != follower).findFirst().orElseThrow();
    CountDownLatch begun = new CountDownLatch(1);
    lose(
        request -> {
          if (request instanceof Ask) {
            begun.countDown();
          }
          return false;
        });
    long latest = old.raft().machine(GROUP).getLatestSnapshot().getIndex();
    follower.start();
    assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
    lose(request -> true);
    assertThat(old.raft().transferLeadership(GROUP, next.id(), 10_000).join()).isTrue();
    cluster.write(LongStream.range(100, 110).toArray());
    waitUntil(
        "a newer snapshot",
        () -> old.raft().machine(GROUP).getLatestSnapshot().getIndex() > latest);
    lose(request -> false);
    assertNothingFailed();
  }

  private long checkpointsAfter(TestCluster.Node node, long index) {
    try {
      return checkpoints(node).stream()
          .map(Path::of)
          .filter(name -> CheckpointStorage.positionOf(name).getIndex() > index)
          .count();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** What has arrived and is not needed any more, since the follower got there by the log. */
  @Test
  void leftoversAreDeletedWithTheNextSnapshot() throws Exception {
    cluster = TestCluster.start(directory, 1, 1_000_000);
    TestCluster.Node node = cluster.node(0);
    Path arriving = node.groupDirectory(GROUP).resolve("tmp/snapshot-arriving/checkpoint.1_1");
    cluster.write(1, 2, 3);
    Files.createDirectories(arriving);
    node.stop(); // takes a snapshot
    assertThat(arriving).doesNotExist();
    Files.createDirectories(arriving);
    node.start();
    assertThat(arriving).doesNotExist();
  }

  /** Whoever asks for a file of a group that is not here, or not open, hears so. */
  @Test
  void replicaThatIsNotThereTakesNothing() throws Exception {
    cluster = TestCluster.start(directory, 1, 1_000_000);
    follower = cluster.node(0);
    Transfer unknown = new Transfer(new UUID(7, 7), 9, 1, 9, CheckpointCodec.NOBODY);
    assertThat(ask(CheckpointCodec.encode(new Ask(unknown, "CURRENT"))))
        .isEqualTo(new Refused(Refusal.NOT_OPEN, ""));
    follower.closeReplica(GROUP);
    Transfer closed = new Transfer(GROUP, 9, 1, 9, CheckpointCodec.NOBODY);
    assertThat(ask(CheckpointCodec.encode(new Begin(closed, Map.of()))))
        .isEqualTo(new Refused(Refusal.NOT_OPEN, ""));
  }
}
