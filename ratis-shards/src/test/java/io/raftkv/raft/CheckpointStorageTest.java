package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.Family;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.server.storage.RaftStorageDirectory;
import org.apache.ratis.server.storage.RaftStorageMetadataFile;
import org.apache.ratis.statemachine.SnapshotRetentionPolicy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStorageTest {
  @TempDir Path directory;

  private final StoreEnvironment environment = new StoreEnvironment(StoreOptions.defaults());
  private final CheckpointStorage checkpoints = new CheckpointStorage();
  private Path root;
  private Path live;
  private ShardStore store;

  @BeforeEach
  void open() throws IOException {
    root = Files.createDirectories(directory.resolve("group"));
    live = directory.resolve("live");
    store = ShardStore.open(live, environment);
    init(checkpoints);
  }

  @AfterEach
  void close() {
    store.close();
    environment.close();
  }

  private void init(CheckpointStorage storage) throws IOException {
    storage.init(
        new RaftStorage() {
          @Override
          public RaftStorageDirectory getStorageDir() {
            return new RaftStorageDirectory() {
              @Override
              public File getRoot() {
                return root.toFile();
              }

              @Override
              public boolean isHealthy() {
                return true;
              }
            };
          }

          @Override
          public void initialize() {}

          @Override
          public RaftStorageMetadataFile getMetadataFile() {
            throw new UnsupportedOperationException();
          }

          @Override
          public CorruptionPolicy getLogCorruptionPolicy() {
            return CorruptionPolicy.EXCEPTION;
          }

          @Override
          public void close() {}
        });
  }

  private void write(long index) {
    try (StoreBatch batch = store.begin(0)) {
      batch.put(Family.META, new byte[] {(byte) index}, new byte[] {1});
      batch.commit(1, index);
    }
  }

  private void take(long index) throws IOException {
    write(index);
    store.flush();
    checkpoints.take(store, TermIndex.valueOf(1, index));
    checkpoints.cleanupOldSnapshots(new SnapshotRetentionPolicy() {});
  }

  private List<String> names(Path of) throws IOException {
    return DurableFiles.list(of).stream().map(path -> path.getFileName().toString()).toList();
  }

  @Test
  void theLastTwoCheckpointsAreKept() throws IOException {
    assertThat(checkpoints.latestIndex()).isEqualTo(-1);
    for (long index = 8; index <= 11; index++) {
      take(index);
    }
    assertThat(names(root.resolve("sm"))).containsExactly("checkpoint.1_10", "checkpoint.1_11");
    assertThat(checkpoints.latestIndex()).isEqualTo(11);
    assertThat(checkpoints.getLatestSnapshot().getFiles())
        .extracting(FileInfo::getPath)
        .allMatch(path -> path.getParent().endsWith("checkpoint.1_11"))
        .hasSizeGreaterThan(3);
  }

  @Test
  void checkpointOfTheSameIndexIsTakenOnce() throws IOException {
    take(5);
    checkpoints.take(store, TermIndex.valueOf(1, 5));
    assertThat(names(root.resolve("sm"))).containsExactly("checkpoint.1_5");
  }

  @Test
  void restoredStoreIsThatOfTheCheckpointAndOwnsItsFiles() throws IOException {
    take(5);
    write(6);
    store.close();
    checkpoints.restoreTo(live);
    store = ShardStore.open(live, environment);
    assertThat(store.appliedIndex()).isEqualTo(5);
    for (long index = 6; index < 40; index++) {
      write(index);
      store.flush();
    }
    store.close();
    checkpoints.restoreTo(live);
    store = ShardStore.open(live, environment);
    assertThat(store.appliedIndex()).isEqualTo(5);
    assertThat(names(directory)).containsExactlyInAnyOrder("group", "live");
  }

  /** Digests are Ratis' own, written beside each file that it receives. */
  @Test
  void digestsOfAReceivedCheckpointAreNoPartOfTheStore() throws IOException {
    take(5);
    Path checkpoint = root.resolve("sm").resolve("checkpoint.1_5");
    for (String name : names(checkpoint)) {
      Files.writeString(checkpoint.resolve(name + ".md5"), "digest");
    }
    checkpoints.refresh();
    assertThat(checkpoints.getLatestSnapshot().getFiles())
        .noneMatch(file -> file.getPath().toString().endsWith(".md5"));
    store.close();
    checkpoints.restoreTo(live);
    assertThat(names(live)).noneMatch(name -> name.endsWith(".md5"));
    store = ShardStore.open(live, environment);
  }

  @Test
  void crashWhileRestoringLeavesAStoreOrNone() throws IOException {
    take(5);
    store.close();
    // What is there when power fails: while it is built, and between the two renames.
    Files.createDirectories(directory.resolve("live.restoring"));
    Files.writeString(directory.resolve("live.restoring").resolve("CURRENT"), "half");
    Files.move(live, directory.resolve("live.replaced"));
    CheckpointStorage.cleanUp(live);
    assertThat(names(directory)).containsExactly("group");
    checkpoints.restoreTo(live);
    store = ShardStore.open(live, environment);
    assertThat(store.appliedIndex()).isEqualTo(5);
  }

  @Test
  void crashBetweenRatisTwoRenamesDoesNotLoseTheCheckpoint() throws IOException {
    take(5);
    Path snapshots = root.resolve("sm");
    Files.move(snapshots, root.resolve("sm.tmp20260101"));
    CheckpointStorage again = new CheckpointStorage();
    init(again);
    assertThat(again.latestIndex()).isEqualTo(5);
    assertThat(names(root)).containsExactly("sm");
  }

  @Test
  void whatCrashesHaveLeftIsDeletedAtTheStart() throws IOException {
    take(5);
    Files.createDirectories(root.resolve("sm.tmp20260101").resolve("checkpoint.1_2"));
    Files.createDirectories(root.resolve("sm").resolve("unfinished"));
    Files.createDirectories(root.resolve("tmp").resolve("snapshot-abc").resolve("checkpoint.1_9"));
    CheckpointStorage again = new CheckpointStorage();
    init(again);
    assertThat(again.latestIndex()).isEqualTo(5);
    assertThat(names(root)).containsExactlyInAnyOrder("sm", "tmp");
    assertThat(names(root.resolve("tmp"))).isEmpty();
    assertThat(names(root.resolve("sm"))).containsExactly("checkpoint.1_5");
  }

  /** So that only the rest of it has to be sent. */
  @Test
  void whatHasArrivedOfACheckpointIsThereAfterTheStart() throws IOException {
    Path arrived = checkpoints.arrivingDirectory().resolve("checkpoint.1_9");
    Files.createDirectories(arrived);
    init(new CheckpointStorage());
    assertThat(arrived).exists();
  }
}
