package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.raft.CheckpointArrivals.RefusedException;
import io.raftkv.raft.CheckpointCodec.Has;
import io.raftkv.raft.CheckpointCodec.Refusal;
import io.raftkv.raft.CheckpointCodec.Transfer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointArrivalsTest {
  private static final UUID GROUP = new UUID(0, 1);
  private static final String TABLE = "000012.sst";

  /** What the leader has. */
  private static final Map<String, String> FILES =
      Map.of(TABLE, "rows of a table", "CURRENT", "MANIFEST-5", "000011.log", "");

  @TempDir Path directory;
  private Path own;
  private Path arriving;
  private long room = Long.MAX_VALUE;
  private CheckpointArrivals arrivals;

  @BeforeEach
  void open() throws IOException {
    own = Files.createDirectories(directory.resolve("sm/checkpoint.1_3"));
    arriving = directory.resolve("tmp/snapshot-arriving");
    Files.createDirectories(arriving.getParent());
    restart();
  }

  @Test
  void whatCannotBecomeWholeForWantOfRoomTakesNone() throws IOException {
    Transfer transfer = begin(2, 9, FILES);
    String name = FILES.keySet().iterator().next();
    send(transfer, name);
    long missing =
        FILES.values().stream().mapToLong(String::length).sum() - FILES.get(name).length();
    room = missing;
    begin(3, 9, FILES);
    assertThat(arrivals.bytes()).isEqualTo(FILES.get(name).length());
    room = missing - 1;
    assertRefused(Refusal.NO_SPACE, () -> begin(3, 9, FILES));
    assertThat(arrivals.bytes()).isZero();
    room = Long.MAX_VALUE;
    send(begin(3, 9, FILES), name);
  }

  private void restart() {
    arrivals = new CheckpointArrivals(arriving, () -> own);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Transfer begin(long term, long index, Map<String, String> files) throws IOException {
    Map<String, Long> sizes = new HashMap<>();
    files.forEach((name, content) -> sizes.put(name, (long) content.length()));
    Transfer to = new Transfer(GROUP, term, 1, index, CheckpointCodec.NOBODY);
    return new Transfer(GROUP, term, 1, index, arrivals.begin(to, sizes, () -> room));
  }

  private Has send(Transfer transfer, String name) throws IOException {
    return arrivals.write(transfer, name, 0, bytes(FILES.get(name)));
  }

  private Transfer sendAll() throws IOException {
    Transfer transfer = begin(2, 9, FILES);
    for (String name : FILES.keySet()) {
      send(transfer, name);
    }
    return transfer;
  }

  private String digestOfAll() throws IOException {
    Map<String, String> digests = new HashMap<>();
    for (Map.Entry<String, String> file : FILES.entrySet()) {
      digests.put(file.getKey(), digest(file.getValue()));
    }
    return FileDigest.ofAll(digests);
  }

  private String digest(String content) throws IOException {
    return FileDigest.of(Files.writeString(directory.resolve("other"), content));
  }

  private List<String> names(long index) throws IOException {
    return DurableFiles.list(arriving.resolve("checkpoint.1_" + index)).stream()
        .map(file -> file.getFileName().toString())
        .toList();
  }

  private static void assertRefused(Refusal why, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RefusedException.class, refused -> assertThat(refused.why()).isEqualTo(why));
  }

  @Test
  void filesArriveInPiecesAndAreWholeWithTheLastOne() throws IOException {
    Transfer transfer = begin(2, 9, FILES);
    assertThat(arrivals.have(transfer, TABLE)).isEqualTo(new Has(0, ""));
    assertThat(arrivals.write(transfer, TABLE, 0, bytes("rows "))).isEqualTo(new Has(5, ""));
    assertThat(arrivals.have(transfer, TABLE)).isEqualTo(new Has(5, ""));
    assertThat(arrivals.write(transfer, TABLE, 5, bytes("of a table")))
        .isEqualTo(new Has(15, digest(FILES.get(TABLE))));
    assertThat(send(transfer, "000011.log")).isEqualTo(new Has(0, digest("")));
    assertThat(arrivals.bytes()).isEqualTo(15);
  }

  /** Its answer was lost, or it comes by a connection that has broken since. */
  @Test
  void pieceThatComesTwiceOrTooEarlyChangesNothing() throws IOException {
    Transfer transfer = begin(2, 9, FILES);
    arrivals.write(transfer, TABLE, 0, bytes("rows "));
    arrivals.write(transfer, TABLE, 5, bytes("of a "));
    assertThat(arrivals.write(transfer, TABLE, 5, bytes("of a "))).isEqualTo(new Has(10, ""));
    assertThat(arrivals.write(transfer, TABLE, 12, bytes("ble"))).isEqualTo(new Has(10, ""));
    Has whole = arrivals.write(transfer, TABLE, 10, bytes("table"));
    assertThat(arrivals.write(transfer, TABLE, 10, bytes("table"))).isEqualTo(whole);
    assertThat(whole.digest()).isEqualTo(digest(FILES.get(TABLE)));
  }

  @Test
  void whatHasArrivedIsKnownAfterAKill() throws IOException {
    Transfer before = begin(2, 9, FILES);
    send(before, "CURRENT");
    arrivals.write(before, TABLE, 0, bytes("rows "));
    restart();
    assertRefused(Refusal.OTHER_TRANSFER, () -> arrivals.have(before, TABLE));
    Transfer after = begin(2, 9, FILES);
    assertThat(after.receiver()).isNotEqualTo(before.receiver());
    assertThat(arrivals.have(after, "CURRENT")).isEqualTo(new Has(10, digest("MANIFEST-5")));
    assertThat(arrivals.have(after, TABLE)).isEqualTo(new Has(5, ""));
    assertRefused(Refusal.OTHER_TRANSFER, () -> send(before, TABLE));
  }

  /** The process was killed between the last bytes and the name of a whole file. */
  @Test
  void partWithAllItsBytesIsWhole() throws IOException {
    begin(2, 9, FILES);
    Files.writeString(arriving.resolve("checkpoint.1_9/" + TABLE + ".part"), FILES.get(TABLE));
    restart();
    Transfer transfer = begin(2, 9, FILES);
    assertThat(arrivals.have(transfer, TABLE)).isEqualTo(new Has(15, digest(FILES.get(TABLE))));
    assertThat(names(9)).containsExactly(TABLE);
  }

  /** Power was lost before it was on the disk: the leader sees it by the digest. */
  @Test
  void digestIsThatOfWhatIsOnTheDiskAndAFileIsReplacedFromItsBeginning() throws IOException {
    sendAll();
    restart();
    Files.writeString(arriving.resolve("checkpoint.1_9/" + TABLE), "rows of a\0\0\0\0\0\0");
    Transfer transfer = begin(2, 9, FILES);
    assertThat(arrivals.have(transfer, TABLE).digest()).isNotEqualTo(digest(FILES.get(TABLE)));
    assertThat(arrivals.have(transfer, "CURRENT").digest()).isEqualTo(digest("MANIFEST-5"));
    arrivals.write(transfer, TABLE, 0, bytes("rows "));
    assertThat(arrivals.have(transfer, TABLE)).isEqualTo(new Has(5, ""));
    assertThat(arrivals.write(transfer, TABLE, 5, bytes("of a table")).digest())
        .isEqualTo(digest(FILES.get(TABLE)));
  }

  /** The files of the newer checkpoint that are those of the older one stay, and nothing else. */
  @Test
  void ofAnotherCheckpointOnlyWhatIsExpectedAgainIsKept() throws IOException {
    Transfer first = begin(2, 9, FILES);
    send(first, TABLE);
    send(first, "CURRENT");
    arrivals.write(first, TABLE, 0, bytes("rows "));
    send(first, "000011.log");
    Transfer second = begin(2, 12, Map.of("CURRENT", "MANIFEST-7", TABLE, "1", "9.sst", "x"));
    assertThat(DurableFiles.list(arriving)).containsExactly(arriving.resolve("checkpoint.1_12"));
    assertThat(names(12)).containsExactly("CURRENT");
    assertThat(arrivals.have(second, "CURRENT").digest())
        .as("same size, other content")
        .isEqualTo(digest("MANIFEST-5"));
    assertRefused(Refusal.OTHER_TRANSFER, () -> send(first, TABLE));
  }

  @Test
  void leaderOfAnEarlierTermDoesNotTakeOver() throws IOException {
    Transfer transfer = begin(3, 9, FILES);
    send(transfer, TABLE);
    assertRefused(Refusal.OTHER_TERM, () -> begin(2, 12, Map.of()));
    assertThat(arrivals.have(transfer, TABLE).bytes()).isEqualTo(15);
    assertThat(begin(4, 9, FILES).receiver()).isEqualTo(transfer.receiver());
    assertRefused(Refusal.OTHER_TRANSFER, () -> arrivals.have(transfer, TABLE));
  }

  @Test
  void tableThatTheReplicaHasIsLinkedAndNeverWrittenTo() throws IOException {
    Path ownTable = Files.writeString(own.resolve(TABLE), "rows of A table");
    Files.writeString(own.resolve("CURRENT"), "MANIFEST-4");
    Transfer transfer = begin(2, 9, FILES);
    assertThat(arrivals.have(transfer, TABLE)).isEqualTo(new Has(15, digest("rows of A table")));
    assertThat(arrivals.have(transfer, "CURRENT")).isEqualTo(new Has(0, ""));
    // It is not the leader's, though it has its name and size.
    arrivals.write(transfer, TABLE, 0, bytes("rows "));
    arrivals.write(transfer, TABLE, 5, bytes("of a table"));
    assertThat(ownTable).hasContent("rows of A table");
    assertThat(arriving.resolve("checkpoint.1_9/" + TABLE)).hasContent("rows of a table");
    // Nor is one that is longer with another leader continued.
    restart();
    Transfer longer = begin(3, 9, Map.of(TABLE, "rows of a table and more"));
    assertThat(arrivals.have(longer, TABLE)).isEqualTo(new Has(0, ""));
    arrivals.write(longer, TABLE, 0, bytes("rows of a table and more"));
    assertThat(ownTable).hasContent("rows of A table");
  }

  @Test
  void namesAndSizesOfOthersReachNoOtherFile() throws IOException {
    for (String name : List.of("../x", "a/b", "..", ".hidden", "", TABLE + ".part")) {
      assertThatThrownBy(() -> begin(2, 9, Map.of(name, "x")))
          .as(name)
          .isInstanceOf(IllegalArgumentException.class);
    }
    Transfer transfer = begin(2, 9, FILES);
    assertThatThrownBy(() -> arrivals.write(transfer, "other.sst", 0, bytes("x")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> arrivals.write(transfer, "CURRENT", 0, bytes("more than ten")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(names(9)).isEmpty();
  }

  @Test
  void onlyWholeFilesThatAreTheLeadersAreInstalled() throws IOException {
    Transfer transfer = begin(2, 9, FILES);
    send(transfer, TABLE);
    send(transfer, "CURRENT");
    assertRefused(Refusal.OTHER_TRANSFER, () -> arrivals.beginInstall(transfer, digestOfAll()));
    send(transfer, "000011.log");
    assertRefused(Refusal.OTHER_TRANSFER, () -> arrivals.beginInstall(transfer, "other"));
    arrivals.beginInstall(transfer, digestOfAll());
  }

  /** Ratis is about to rename the directory: whatever comes now, nothing in it changes. */
  @Test
  void nothingChangesWhileItIsInstalledAndAFailedInstallationLosesNothing() throws IOException {
    Transfer transfer = sendAll();
    arrivals.beginInstall(transfer, digestOfAll());
    assertRefused(Refusal.BUSY, () -> begin(3, 12, Map.of("CURRENT", "x")));
    assertRefused(Refusal.BUSY, () -> send(transfer, TABLE));
    assertRefused(Refusal.BUSY, () -> arrivals.have(transfer, TABLE));
    assertRefused(Refusal.BUSY, () -> arrivals.beginInstall(transfer, digestOfAll()));
    arrivals.dropUpTo(9);
    assertThat(names(9)).hasSize(3);

    arrivals.endInstall(); // and the directory is still there
    assertThat(begin(2, 9, FILES)).isEqualTo(transfer);
    assertThat(arrivals.have(transfer, TABLE).bytes()).isEqualTo(15);
    arrivals.beginInstall(transfer, digestOfAll());
  }

  @Test
  void installedFilesAreForgotten() throws IOException {
    Transfer transfer = sendAll();
    arrivals.beginInstall(transfer, digestOfAll());
    Files.move(arriving, directory.resolve("installed"));
    arrivals.endInstall();
    assertRefused(Refusal.OTHER_TRANSFER, () -> arrivals.have(transfer, TABLE));
    assertThat(arrivals.bytes()).isZero();
    Transfer next = begin(2, 12, FILES);
    assertThat(arrivals.have(next, TABLE)).isEqualTo(new Has(0, ""));
  }

  @Test
  void whatNobodyNeedsAnyMoreIsDropped() throws IOException {
    Transfer transfer = sendAll();
    arrivals.dropUpTo(8);
    assertThat(names(9)).hasSize(3);
    arrivals.dropUpTo(9);
    assertThat(DurableFiles.list(arriving)).isEmpty();
    assertRefused(Refusal.OTHER_TRANSFER, () -> send(transfer, TABLE));
  }

  /** The next replica of the group may use the same directory. */
  @Test
  void nothingIsWrittenForAReplicaThatHasStopped() throws IOException {
    Transfer transfer = begin(2, 9, FILES);
    arrivals.close();
    assertRefused(Refusal.NOT_OPEN, () -> send(transfer, TABLE));
    assertRefused(Refusal.NOT_OPEN, () -> begin(2, 9, FILES));
    assertThat(names(9)).isEmpty();
  }
}
