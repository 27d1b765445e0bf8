package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.raft.CheckpointArrivals.RefusedException;
import io.raftkv.raft.CheckpointCodec.Answer;
import io.raftkv.raft.CheckpointCodec.Ask;
import io.raftkv.raft.CheckpointCodec.Begin;
import io.raftkv.raft.CheckpointCodec.Begun;
import io.raftkv.raft.CheckpointCodec.Done;
import io.raftkv.raft.CheckpointCodec.Install;
import io.raftkv.raft.CheckpointCodec.Piece;
import io.raftkv.raft.CheckpointCodec.Refusal;
import io.raftkv.raft.CheckpointCodec.Refused;
import io.raftkv.raft.CheckpointCodec.Request;
import io.raftkv.shard.PeerTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.impl.FileListSnapshotInfo;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A leader's checkpoint, a follower's directory, and a link between them that fails. */
class CheckpointSendingTest {
  private static final int PIECES = 5;
  private static final long ANSWER_MILLIS = 200;
  private static final int TABLE_BYTES = (PIECES - 1) * CheckpointSender.PIECE_BYTES + 100;

  @TempDir Path directory;
  private final List<Request> delivered = new ArrayList<>();
  private final Map<String, String> digests = new HashMap<>();
  private final List<Long> marks = new ArrayList<>();
  private SnapshotInfo checkpoint;
  private CheckpointArrivals arrivals;
  private boolean wanted = true;

  /** What becomes of a request on its way: null if it is lost, with or without its answer. */
  private Function<Request, Request> wire = request -> request;

  private boolean answersLost;
  private boolean neverAnswered;

  /** Given instead of the follower's own answer. */
  private Answer instead;

  private final CheckpointSender sender =
      new CheckpointSender(
          new PeerTransport() {
            @Override
            public CompletableFuture<byte[]> call(String node, Kind kind, byte[] request) {
              assertThat(kind).isEqualTo(Kind.CHECKPOINT);
              return deliver(request);
            }

            @Override
            public boolean isConnected(String node) {
              return true;
            }
          },
          0,
          ANSWER_MILLIS);

  @BeforeEach
  void takeCheckpoint() throws IOException {
    Path of = Files.createDirectories(directory.resolve("leader/checkpoint.2_9"));
    Random random = new Random(1);
    List<FileInfo> infos = new ArrayList<>();
    for (String name : List.of("000003.sst", "000004.sst", "000011.log", "CURRENT")) {
      byte[] content =
          new byte[name.endsWith(".sst") ? TABLE_BYTES : name.equals("CURRENT") ? 16 : 0];
      random.nextBytes(content);
      infos.add(new FileInfo(Files.write(of.resolve(name), content), null));
    }
    checkpoint = new FileListSnapshotInfo(infos, TermIndex.valueOf(2, 9));
    Files.createDirectories(directory.resolve("follower"));
    restartFollower();
  }

  @AfterEach
  void close() {
    sender.close();
  }

  private void restartFollower() {
    arrivals = new CheckpointArrivals(directory.resolve("follower/arriving"), () -> null);
  }

  private CompletableFuture<byte[]> deliver(byte[] message) {
    try {
      Request request = wire.apply(CheckpointCodec.decodeRequest(message));
      if (request == null) {
        return CompletableFuture.failedFuture(new IOException("lost"));
      }
      delivered.add(request);
      if (neverAnswered) {
        return new CompletableFuture<>();
      }
      Answer answer = instead == null ? follower(request) : instead;
      return answersLost
          ? CompletableFuture.failedFuture(new IOException("answer lost"))
          : CompletableFuture.completedFuture(CheckpointCodec.encode(answer));
    } catch (IOException failed) {
      return CompletableFuture.failedFuture(failed);
    }
  }

  private Answer follower(Request request) throws IOException {
    try {
      if (request instanceof Begin begin) {
        return new Begun(arrivals.begin(begin.transfer(), begin.files(), () -> Long.MAX_VALUE));
      } else if (request instanceof Ask ask) {
        return arrivals.have(ask.transfer(), ask.file());
      } else if (request instanceof Piece piece) {
        return arrivals.write(piece.transfer(), piece.file(), piece.offset(), piece.bytes());
      }
      arrivals.beginInstall(request.transfer(), ((Install) request).digest());
      arrivals.endInstall();
      return new Done(9);
    } catch (RefusedException refused) {
      return new Refused(refused.why(), refused.getMessage());
    }
  }

  private final CheckpointSending.Leader leader =
      new CheckpointSending.Leader() {
        @Override
        public UUID group() {
          return new UUID(0, 1);
        }

        @Override
        public String follower() {
          return "n1";
        }

        @Override
        public long term() {
          return 7;
        }

        @Override
        public boolean wants(SnapshotInfo which) {
          return wanted;
        }

        @Override
        public byte[] installMessage(TermIndex which, long term) {
          return new byte[] {42};
        }

        @Override
        public void arrived(SnapshotInfo which, long bytes) {
          marks.add(bytes);
        }
      };

  /** Returns how many bytes were sent. */
  private long attempt() throws IOException, InterruptedException {
    CheckpointSending attempt = new CheckpointSending(leader, sender, checkpoint, digests);
    attempt.run();
    return attempt.sentBytes();
  }

  private void failingAttempt() {
    assertThatThrownBy(this::attempt).isInstanceOf(IOException.class);
  }

  private long pieces() {
    return delivered.stream().filter(Piece.class::isInstance).count();
  }

  private void assertArrived() throws IOException {
    for (FileInfo file : checkpoint.getFiles()) {
      Path there =
          directory
              .resolve("follower/arriving/checkpoint.2_9")
              .resolve(file.getPath().getFileName());
      assertThat(Files.mismatch(file.getPath(), there)).as(there.toString()).isEqualTo(-1);
    }
    assertThat(delivered.get(delivered.size() - 1)).isInstanceOf(Install.class);
  }

  private static Function<Request, Request> onPiece(int number, Function<Piece, Request> what) {
    int[] seen = new int[1];
    return request ->
        request instanceof Piece piece && ++seen[0] == number ? what.apply(piece) : request;
  }

  @Test
  void everyByteGoesOnceAndEachPieceIsAnsweredBeforeTheNext() throws Exception {
    assertThat(attempt()).isEqualTo(2L * TABLE_BYTES + 16);
    assertArrived();
    assertThat(pieces()).isEqualTo(2 * PIECES + 2);
    assertThat(sender.sentBytes()).isEqualTo(2L * TABLE_BYTES + 16);
    assertThat(marks).isSorted().contains(0L, 2L * TABLE_BYTES + 16);
  }

  @Test
  void afterABreakOnlyTheRestIsSent() throws Exception {
    wire = onPiece(PIECES + 3, piece -> null);
    failingAttempt();
    wire = request -> request;
    assertThat(attempt()).isEqualTo(TABLE_BYTES + 16 - 2L * CheckpointSender.PIECE_BYTES);
    assertArrived();
  }

  /** It has come, and the follower says so when it is asked. */
  @Test
  void pieceWhoseAnswerIsLostIsNotSentAgain() throws Exception {
    wire =
        onPiece(
            3,
            piece -> {
              answersLost = true;
              return piece;
            });
    failingAttempt();
    answersLost = false;
    assertThat(attempt()).isEqualTo(2L * TABLE_BYTES + 16 - 3L * CheckpointSender.PIECE_BYTES);
    assertArrived();
  }

  @Test
  void afterAKillOfTheFollowerOnlyTheRestIsSent() throws Exception {
    wire =
        onPiece(
            PIECES + 2,
            piece -> {
              restartFollower();
              return piece;
            });
    failingAttempt();
    assertThat(attempt()).isEqualTo(TABLE_BYTES + 16 - (long) CheckpointSender.PIECE_BYTES);
    assertArrived();
  }

  /** Not those with it: whatever was right stays. */
  @Test
  void damagedFileIsSentAgainByItself() throws Exception {
    wire = onPiece(PIECES + 2, CheckpointSendingTest::damaged);
    assertThat(attempt()).isEqualTo(3L * TABLE_BYTES + 16);
    assertArrived();
  }

  private static Request damaged(Piece piece) {
    byte[] bytes = piece.bytes().clone();
    bytes[bytes.length / 2] ^= 1;
    return new Piece(piece.transfer(), piece.file(), piece.offset(), bytes);
  }

  @Test
  void fileThatAlwaysArrivesDamagedEndsTheAttemptAndNotTheOthers() throws Exception {
    wire =
        request ->
            request instanceof Piece piece && piece.file().equals("000004.sst")
                ? damaged(piece)
                : request;
    assertThatThrownBy(this::attempt).hasMessageContaining("000004.sst arrives damaged");
    long sentInVain = pieces();
    assertThat(sentInVain).isEqualTo(PIECES + 4 * PIECES);
    wire = request -> request;
    assertThat(attempt()).isEqualTo(TABLE_BYTES + 16);
    assertArrived();
  }

  @Test
  void followerThatHasItAllIsSentNothing() throws Exception {
    instead = new Done(9);
    assertThat(attempt()).isZero();
    assertThat(delivered).hasSize(1);
  }

  /** It got there in another way meanwhile. */
  @Test
  void sendingEndsWhenTheFollowerNeedsItNoMore() throws Exception {
    wire =
        onPiece(
            2,
            piece -> {
              instead = new Done(12);
              return piece;
            });
    assertThat(attempt()).isEqualTo(CheckpointSender.PIECE_BYTES);
  }

  @Test
  void refusalEndsTheAttemptAndIsNamed() {
    instead = new Refused(Refusal.NO_SPACE, "No space left on device");
    assertThatThrownBy(this::attempt)
        .isInstanceOfSatisfying(
            CheckpointSending.RefusedException.class,
            refused -> assertThat(refused.why()).isEqualTo(Refusal.NO_SPACE));
  }

  @Test
  void leaderThatLeadsNoMoreSendsNothingMore() {
    wire =
        onPiece(
            2,
            piece -> {
              wanted = false;
              return piece;
            });
    failingAttempt();
    assertThat(pieces()).isEqualTo(2);
  }

  /** The checkpoint was deleted. */
  @Test
  void fileThatIsGoneEndsTheAttempt() throws Exception {
    Files.delete(checkpoint.getFiles().get(1).getPath());
    failingAttempt();
  }

  /** The node of the follower is paused, or lost its power. */
  @Test
  void answerThatNeverComesEndsTheAttempt() {
    neverAnswered = true;
    assertThatThrownBy(this::attempt).hasMessageContaining("no answer in 200 ms");
  }

  @Test
  void stopOfTheNodeEndsAWaitForAnAnswer() {
    neverAnswered = true;
    Thread.currentThread().interrupt();
    assertThatThrownBy(this::attempt).isInstanceOf(InterruptedException.class);
  }
}
